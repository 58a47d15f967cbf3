"""IMEX methods: coupled orders by nested sums and by one measured step, parts by their own laws."""

import itertools
from fractions import Fraction
from functools import partial

import pytest
from catalogue_names import names_of_kind
from measured_order import order_of_one_step
from mpmath import mp, mpf

from odegraph.scheme import AdditiveRungeKuttaScheme, SchemeSpec, load_scheme, verify
from odegraph.scheme.coloured_conditions import AdditiveWeights
from odegraph.scheme.coloured_trees import coloured_trees
from odegraph.scheme.rooted_trees import rooted_trees

NAMES = names_of_kind("additive-runge-kutta")


def load(name: str) -> AdditiveRungeKuttaScheme:
    scheme = load_scheme(name)
    assert isinstance(scheme, AdditiveRungeKuttaScheme)
    return scheme


def test_trees_of_two_colours_are_counted():
    assert [len(coloured_trees(n, 2)) for n in range(1, 7)] == [2, 4, 14, 52, 214, 916]


def test_trees_of_one_colour_are_the_plain_ones():
    for order in range(1, 8):
        plain = sorted((t.density, t.symmetry) for t in rooted_trees(order))
        assert sorted((t.density, t.symmetry) for t in coloured_trees(order, 1)) == plain


def nested_sum(A, b, tree) -> Fraction:
    """sum b_i phi_i(tree), literally over all stage indices."""
    total = Fraction(0)
    for indices in itertools.product(range(len(b[0])), repeat=tree.order):
        labels = iter(indices)
        root = next(labels)
        total += b[tree.colour][root] * below(A, tree, root, labels)
    return total


def below(A, tree, index, labels):
    value = Fraction(1)
    for child in tree.children:
        j = next(labels)
        value *= A[child.colour][index][j] * below(A, child, j, labels)
    return value


@pytest.mark.parametrize("name", ["ars-233", "ars-121", "sil-3"])
def test_weights_of_trees_are_nested_sums(name):
    parts = load(name).tableau.parts
    A, b = [part.A for part in parts], [part.b for part in parts]
    stages = AdditiveWeights(A)
    for order in range(1, 4):
        for tree in coloured_trees(order, 2):
            assert stages.weighted(b, tree) == nested_sum(A, b, tree)


def one_step_error(scheme, h, t0):
    """Error of one step on x' = x^2 cos t, split into two nonlinear parts that depend on time."""
    parts = [
        [[[number(a) for a in row] for row in part.A.tolist()], *(list(map(number, v)) for v in vs)]
        for part in (scheme.explicit_part, scheme.implicit_part)
        for vs in [(part.b, part.c)]
    ]
    (A, b, c), (A_, b_, c_) = parts
    s, x0 = scheme.stages, 1 / (3 - mp.sin(t0))
    f, g = [mpf(0)] * s, [mpf(0)] * s
    for _ in range(20):
        for i in range(s):
            x = x0 + h * mp.fsum(A[i][j] * f[j] + A_[i][j] * g[j] for j in range(s))
            stiff = mp.sin(2 * x) + x * (t0 + c_[i] * h) ** 2
            g[i] = -stiff
            t = t0 + c[i] * h
            f[i] = x * x * mp.cos(t) + mp.sin(2 * x) + x * t**2
    x1 = x0 + h * mp.fsum(b[i] * f[i] + b_[i] * g[i] for i in range(s))
    return abs(x1 - 1 / (3 - mp.sin(t0 + h)))


def number(x):
    return mpf(str(x.evalf(60)))


@pytest.mark.parametrize("name", NAMES)
def test_proven_order_is_the_measured_one(name):
    scheme = load(name)
    error = partial(one_step_error, scheme)
    measured = order_of_one_step(error, inverse_h=10**4 if scheme.is_exact else 500)
    assert abs(measured - scheme.order) < 0.02


@pytest.mark.parametrize("name", NAMES)
def test_orders_of_parts_bound_the_coupled_order(name):
    scheme = load(name)
    assert scheme.order <= min(scheme.explicit_order, scheme.implicit_order)
    assert scheme.embedded_order is None or scheme.embedded_order < scheme.order
    assert scheme.is_diagonally_implicit
    assert not scheme.is_explicit
    if scheme.is_globally_stiffly_accurate:
        assert scheme.is_stiffly_accurate


def test_parts_of_the_literature():
    # Ascher, Ruuth and Spiteri (1997): all L-stable but the midpoint rule and (2,3,3).
    assert [n for n in NAMES if not load(n).is_l_stable] == ["ars-122", "ars-233"]
    assert all(load(name).is_a_stable for name in NAMES)
    recycling = ["ars-111", "ars-222", "ars-443", "sil-3"]
    assert [n for n in NAMES if load(n).is_globally_stiffly_accurate] == recycling
    assert not load("imex-ssp2-222").has_shared_nodes
    assert load("kennedy-carpenter-ark-4-3-6").has_shared_nodes
    assert (load("imex-ssp3-332").explicit_order, load("imex-ssp3-332").order) == (3, 2)


def test_an_explicit_method_in_both_parts_is_that_method():
    heun = {"A": [[], ["1"]], "b": ["1/2", "1/2"]}
    data = {f"{key}_{part}": heun[key] for key in heun for part in ("explicit", "implicit")}
    scheme = verify(SchemeSpec.from_dict({"kind": "additive-runge-kutta", **data}))
    assert isinstance(scheme, AdditiveRungeKuttaScheme)
    assert (scheme.order, scheme.is_explicit, scheme.stage_order) == (2, True, 1)


@pytest.mark.parametrize("name", NAMES)
def test_text_and_facts_and_data(name):
    scheme = load(name)
    assert scheme.text().startswith("explicit part\n")
    assert scheme.facts()["explicit part, order"] == scheme.explicit_order
    again = verify(SchemeSpec.from_dict(scheme.spec.to_dict()))
    assert again == scheme
