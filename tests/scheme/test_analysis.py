"""Analyses: against scans, other derivations of the same numbers, and the books."""

import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy
from catalogue_names import names_of_kind

from odegraph._errors import SchemeError
from odegraph.scheme import RungeKuttaScheme, SchemeSpec, load_scheme, verify
from odegraph.scheme.analysis.internal_stability import stage_stability_functions
from odegraph.scheme.analysis.modified_equation import cuts
from odegraph.scheme.enclosed_vectors import BITS, EnclosedVectors, enclosed
from odegraph.scheme.number_field import enclosure, to_sympy
from odegraph.scheme.order_conditions import StageVectors
from odegraph.scheme.rooted_trees import rooted_trees


def load(name: str) -> RungeKuttaScheme:
    scheme = load_scheme(name)
    assert isinstance(scheme, RungeKuttaScheme)
    return scheme


def proven(data: dict) -> RungeKuttaScheme:
    scheme = verify(SchemeSpec.from_dict(data))
    assert isinstance(scheme, RungeKuttaScheme)
    return scheme


NAMES = names_of_kind("runge-kutta")
EXPLICIT = [name for name in NAMES if load(name).is_explicit]


def growth(scheme: RungeKuttaScheme):
    P, Q = ([float(to_sympy(x)) for x in p] for p in (scheme.stability.P, scheme.stability.Q))
    return lambda z: np.abs(np.polyval(P[::-1], z) / np.polyval(Q[::-1], z))


def first_unstable(size, points) -> float:
    unstable = np.flatnonzero(size > 1 + 1e-11)
    return math.inf if len(unstable) == 0 else float(points[unstable[0]])


@pytest.mark.parametrize("name", NAMES)
def test_real_stability_interval_is_where_a_scan_leaves_the_region(name):
    scheme = load(name)
    x = np.linspace(1e-3, 25, 25_000)
    scanned = first_unstable(growth(scheme)(-x), x)
    exact = scheme.analysis.real_stability_decimal
    assert exact == pytest.approx(scanned, abs=5e-3)


@pytest.mark.parametrize("name", NAMES)
def test_imaginary_stability_interval_is_where_a_scan_leaves_the_region(name):
    scheme = load(name)
    y = np.linspace(0.25, 12, 12_000)
    scanned = first_unstable(growth(scheme)(1j * y), y)
    exact = scheme.analysis.imaginary_stability_decimal
    if exact:
        assert exact == pytest.approx(scanned, abs=5e-3)
    else:  # near 0 the excess is of the size y^(p + 1): a float does not show it for order 9
        # ... and what published decimals leave over hides it from smaller y.
        y = "0.5" if is_rough(scheme) else "0.01"
        assert growth_in_digits(scheme, mpmath.mpc(0, y)) > 1


def is_rough(scheme: RungeKuttaScheme) -> bool:
    """Whether the coefficients were published with no more digits than a float has."""
    return scheme.tableau.tolerance > 1e-20


def growth_in_digits(scheme: RungeKuttaScheme, z):
    """|R(z)| in 60 digits."""
    with mpmath.workdps(60):
        P, Q = (
            mpmath.polyval([mpmath.mpf(to_sympy(x).evalf(60)) for x in p[::-1]], z)
            for p in (scheme.stability.P, scheme.stability.Q)
        )
        return abs(P / Q)


@pytest.mark.parametrize(
    ("name", "real", "imaginary"),
    [
        ("euler", 2, 0), ("heun-2", 2, 0), ("kutta-3", 2.512745, math.sqrt(3)),
        ("rk4-classic", 2.785294, 2 * math.sqrt(2)), ("ssp-rk-4-2", 6, 0),
        ("gauss-2", math.inf, math.inf), ("dormand-prince", 3.306568, 0.997193),
    ],
)  # fmt: skip
def test_stability_intervals_of_the_books(name, real, imaginary):
    analysis = load(name).analysis
    assert float(analysis.real_stability_interval) == pytest.approx(real, abs=1e-5)
    assert float(analysis.imaginary_stability_interval) == pytest.approx(imaginary, abs=1e-5)


def test_intervals_are_exact_numbers():
    assert load("rk4-classic").analysis.imaginary_stability_interval == 2 * sympy.sqrt(2)
    assert load("kutta-3").analysis.imaginary_stability_interval == sympy.sqrt(3)
    x = load("rk4-classic").analysis.real_stability_interval
    assert sympy.simplify(1 - x + x**2 / 2 - x**3 / 6 + x**4 / 24 - 1).evalf(30, chop=True) == 0


@pytest.mark.parametrize("name", EXPLICIT)
def test_explicit_schemes_have_no_stability_angle(name):
    scheme = load(name)
    assert scheme.analysis.stability_angle == 0
    assert scheme.analysis.value_at_infinity == sympy.oo


@pytest.mark.parametrize("gamma", ["1/5", "6/25", "249/1000"])
def test_stability_angle_agrees_with_a_scan_of_rays(gamma):
    A = [["gamma"], ["1 - 2*gamma", "gamma"]]
    scheme = proven({"A": A, "b": ["1/2", "1/2"], "numbers": {"gamma": gamma}})
    alpha = scheme.analysis.stability_angle
    assert (alpha == 0) == (abs(scheme.analysis.value_at_infinity) > 1)
    r = 10 ** np.linspace(-3, 5, 20_000)
    size = growth(scheme)
    if alpha > 0:
        assert (size(-r * np.exp(1j * np.radians(alpha - 0.01))) <= 1 + 1e-12).all()
    assert (size(-r * np.exp(1j * np.radians(alpha + 0.5))) > 1).any()


@pytest.mark.parametrize(("root", "degrees"), [(0, 75.599), (1, 90), (2, 89.411)])
def test_stability_angle_of_the_three_sdirk_of_alexander(root, degrees):
    # Of the three gamma with order 3 and R(infinity) = 0 only the middle one is A-stable.
    data = load("alexander-3").spec.to_dict() | {"claims": {}}
    data["numbers"]["gamma"]["root"] = root
    scheme = proven(data)
    alpha = scheme.analysis.stability_angle
    assert alpha == pytest.approx(degrees, abs=1e-3)
    r = 10 ** np.linspace(-3, 5, 200_000)
    inside, outside = (r * np.exp(1j * np.radians(180 - alpha + x)) for x in (0.01, -0.01))
    assert (growth(scheme)(inside) <= 1 + 1e-12).all()
    assert (growth(scheme)(outside) > 1).any()


@pytest.mark.parametrize("name", NAMES)
def test_dissipation_and_dispersion_are_the_slopes_of_modulus_and_phase(name):
    from mpmath import mp, mpc, mpf

    scheme = load(name)
    errors = scheme.analysis.wave_errors
    with mp.workdps(80):
        P, Q = (
            [mpf(str(to_sympy(x).evalf(90))) for x in p]
            for p in (scheme.stability.P, scheme.stability.Q)
        )

        def defects(y):
            R = mp.polyval(P[::-1], mpc(0, y)) / mp.polyval(Q[::-1], mpc(0, y))
            return abs(abs(R) - 1), abs(y - mp.arg(R))

        # What published decimals leave over, some 1e-15 y, must stay small beside the defects.
        y = mpf(1) / (2 if is_rough(scheme) else 1000)
        coarse, fine = defects(y), defects(y / 2)
        slopes = [
            mp.log(c / f, 2) if c > mpf(10) ** -70 else mp.inf
            for c, f in zip(coarse, fine, strict=True)
        ]
    near = 0.5 if is_rough(scheme) else 0.05
    assert float(slopes[0]) == pytest.approx(float(errors.dissipation) + 1, abs=near)
    assert float(slopes[1]) == pytest.approx(float(errors.dispersion) + 1, abs=near)


def test_error_constants_of_the_books():
    # Ralston (1962) minimises a bound; Hairer, Norsett and Wanner, II.3 for the classic method.
    norms = {n: load(n).analysis.principal_error.norm for n in ("ralston-2", "heun-2", "midpoint")}
    assert norms["ralston-2"] == sympy.Rational(1, 6)
    assert norms["ralston-2"] < norms["midpoint"] < norms["heun-2"]
    error = load("rk4-classic").analysis.principal_error
    assert error.order == 5
    assert len(error.trees) == 9
    assert error.largest == sympy.Rational(1, 120)
    assert error.norm == sympy.sqrt(sum(to_sympy(e) ** 2 for e in error.coefficients))


@pytest.mark.parametrize("name", NAMES)
def test_linear_error_constant_is_the_coefficient_of_the_tall_tree(name):
    scheme = load(name)
    if scheme.linear_order == scheme.order and scheme.tableau.has_row_sum_nodes:
        error = scheme.analysis.principal_error
        tall = next(tree for tree in error.trees if is_tall(tree))
        assert scheme.analysis.linear_error_constant == to_sympy(-error.coefficient(tall))


@pytest.mark.parametrize("name", ["heun-3", "gauss-3", "kvaerno-3", "cooper-verner-8"])
def test_enclosed_error_coefficients_are_the_exact_ones(name):
    error = load(name).analysis.principal_error
    exact = [float(to_sympy(e)) for e in error.coefficients]
    assert error.decimals == pytest.approx(exact, rel=1e-14, abs=0)
    assert error.decimal_norm == pytest.approx(float(error.norm), rel=1e-14)


@pytest.mark.parametrize("name", ["gauss-3", "butcher-7"])
def test_enclosures_hold_the_exact_weights(name):
    tableau = load(name).tableau
    exact, short = StageVectors(tableau.A, tableau.c), EnclosedVectors(tableau.A, tableau.c)
    for tree in rooted_trees(6):
        sums = enclosed(tableau.b) @ short.phi(tree)
        low, high = enclosure(exact.weighted(tableau.b, tree), bits=1000)
        middle, radius = Fraction(int(sums.value), 2**BITS), Fraction(float(sums.error))
        assert middle - radius <= low <= high <= middle + radius
        assert 0 < radius < Fraction(1, 2**300)


@pytest.mark.parametrize("name", NAMES)
def test_intervals_of_stability_round_the_exact_ones(name):
    analysis = load(name).analysis
    if analysis.orders.order < 9:  # the polynomials of the others take long to factor
        real, imaginary = analysis.real_stability_interval, analysis.imaginary_stability_interval
        assert analysis.real_stability_decimal == pytest.approx(float(real), rel=1e-14)
        assert analysis.imaginary_stability_decimal == pytest.approx(float(imaginary), rel=1e-14)


def is_tall(tree) -> bool:
    return tree.is_leaf or (len(tree.children) == 1 and is_tall(tree.children[0]))


def test_controller_exponents():
    assert load("dormand-prince").analysis.controller_exponent == Fraction(1, 5)
    assert load("euler").analysis.controller_exponent is None


@pytest.mark.parametrize(
    ("name", "order"),
    [("pseudo-symplectic-2-4", 4), ("rk4-classic", 4), ("gauss-2", sympy.oo), ("euler", 1)],
)
def test_pseudo_symplectic_order(name, order):
    assert load(name).analysis.pseudo_symplectic_order == order


@pytest.mark.parametrize("name", NAMES)
def test_quadratic_invariants_are_kept_at_least_to_the_order(name):
    scheme = load(name)
    if scheme.order <= 6:
        assert scheme.analysis.pseudo_symplectic_order >= scheme.order
        assert (scheme.analysis.pseudo_symplectic_order == sympy.oo) == scheme.is_symplectic


def test_unneeded_and_equal_stages_are_removed():
    unneeded = proven({"A": [[], ["1/2"], ["0", "1"]], "b": ["0", "1", "0"]})
    assert unneeded.analysis.is_reducible
    assert unneeded.analysis.reduced_tableau == load("midpoint").tableau.propagated
    doubled = proven(
        {"A": [["0", "0", "0"], ["1/2", "0", "0"], ["1/2", "0", "0"]], "b": ["0", "1/3", "2/3"]}
    )
    assert doubled.analysis.reduced_tableau == load("midpoint").tableau.propagated
    mutual = proven({"A": [["1/4", "1/4"], ["1/8", "3/8"]], "b": ["1/2", "1/2"]})
    assert mutual.analysis.reduced_tableau == load("implicit-midpoint").tableau.propagated


@pytest.mark.parametrize("name", NAMES)
def test_catalogue_methods_are_irreducible_on_problems_with_time(name):
    assert load(name).analysis.reduced_tableau == load(name).tableau
    assert not load(name).analysis.is_reducible


@pytest.mark.parametrize("name", [n for n in NAMES if load(n).stages <= 5])
def test_internal_stability_functions_sum_to_the_growth(name):
    # R(z) = 1 + sum_j Q_j(z) with Q = z b^T (I - zA)^-1; and stage i grows by R_i(z).
    scheme = load(name)
    z = 0.3 - 0.4j
    total = 1 + sum(rational(q, z) for q in scheme.analysis.internal_stability_functions)
    expected = rational((scheme.stability.P, scheme.stability.Q), z)
    assert total == pytest.approx(expected, rel=1e-12)
    stages = [rational(r, z) for r in stage_stability_functions(scheme.tableau)]
    b = [float(x) for x in scheme.b.flat()]
    result = 1 + z * sum(w * k for w, k in zip(b, stages, strict=True))
    assert result == pytest.approx(expected, rel=1e-12)


def rational(function, z: complex) -> complex:
    numerator, denominator = ([float(to_sympy(x)) for x in p] for p in function)
    return complex(np.polyval(numerator[::-1], z) / np.polyval(denominator[::-1], z))


def test_sequential_depth():
    assert load("rk4-classic").analysis.sequential_depth == 4
    assert load("gauss-3").analysis.sequential_depth == 1
    assert load("extrapolated-euler(4)").analysis.sequential_depth == 4
    assert load("extrapolated-euler(4)").stages == 7
    assert load("lobatto-iiia-3").analysis.sequential_depth == 2


def test_nodes():
    assert load("nssp-3-3").analysis.nodes_outside_step == (2,)
    assert load("rk4-classic").analysis.nodes_outside_step == ()
    assert load("rk4-classic").analysis.confluent_nodes == ((2, 3),)
    assert load("cooper-verner-8").analysis.confluent_nodes == ((2, 3, 6, 9), (4, 5, 10), (7, 8))


def test_modified_equation_of_euler():
    # Hairer, Lubich and Wanner, IX.1: x' = f - h/2 f'f + h^2/3 f'f'f + h^2/12 f''(f, f) + ...
    found = load("euler").analysis.modified_equation(order=3)
    assert {str(tree): beta for tree, beta in found.items()} == {
        "τ": 1,
        "[τ]": Fraction(-1, 2),
        "[τ, τ]": Fraction(1, 6),
        "[[τ]]": Fraction(1, 3),
    }


@pytest.mark.parametrize("name", ["heun-2", "rk4-classic", "gauss-2", "alexander-2", "ssp-rk-4-3"])
def test_modified_equation_begins_with_the_principal_error(name):
    scheme = load(name)
    equation = scheme.analysis.modified_equation(order=scheme.order + 1)
    error = scheme.analysis.principal_error
    leading = {t: b for t, b in equation.items() if t.order > 1}
    assert leading == {
        t: e * t.symmetry for t, e in zip(error.trees, error.coefficients, strict=True) if e
    }


def test_modified_equation_of_symmetric_schemes_is_even_in_h():
    for name in ("implicit-midpoint", "crank-nicolson", "qin-zhang"):
        orders = {tree.order for tree in load(name).analysis.modified_equation(order=6)}
        assert orders == {1, 3, 5}


def test_cutting_every_edge_leaves_all_nodes():
    for tree in rooted_trees(6):
        pairs = list(cuts(tree))
        assert len(pairs) == tree.order - 1
        assert all(rest.order + branch.order == tree.order for rest, branch in pairs)


def test_powers_and_compositions():
    midpoint = load("implicit-midpoint")
    assert midpoint.power(2).A == load("qin-zhang").A
    crank_nicolson = load("euler").then(load("backward-euler"), fraction=Fraction(1, 2))
    assert crank_nicolson.A == load("crank-nicolson").A
    z = sympy.Rational(-3, 7)
    composed = load("gauss-2").then(load("alexander-2"), fraction=Fraction(1, 3))
    R = load("gauss-2").stability_function(z / 3)
    R *= load("alexander-2").stability_function(sympy.Rational(2, 3) * z)
    assert abs(sympy.N(composed.stability_function(z) - R, 30)) < 1e-25
    assert load("rk4-classic").power(3).order == 4
    with pytest.raises(SchemeError, match="The power 0 of `euler` does not exist"):
        load("euler").power(0)


def test_a_scheme_then_its_adjoint_is_symmetric():
    scheme = load("radau-iia-2")
    both = scheme.then(scheme.adjoint(), fraction=Fraction(1, 2))
    assert both.is_symmetric
    assert both.order == 4


def test_notes_name_the_reduced_tableau_and_the_nodes_outside():
    doubled = proven({"A": [["1/4", "1/4"], ["1/8", "3/8"]], "b": ["1/2", "1/2"]})
    assert doubled.notes == (
        "The tableau is reducible from 2 stages to 1: "
        "A = [['1/2']], b = ['1'] gives the same result.",
    )
    assert doubled.is_symplectic
    assert doubled.is_symmetric
    assert doubled.ssp_coefficient == 2
    (note,) = load("nssp-3-3").notes
    assert note.startswith("Stage 2 looks theta(t) up at c = -4/9, outside the step")
    assert load("rk4-classic").notes == ()
