"""Partitioned schemes and compositions: orders and structure, each proven in another way too."""

import itertools
from fractions import Fraction
from math import prod

import pytest
import sympy
from catalogue_names import names_of_kind

from odegraph.scheme import (
    CompositionScheme,
    PartitionedRungeKuttaScheme,
    RungeKuttaScheme,
    SchemeSpec,
    load_scheme,
    verify,
)
from odegraph.scheme.composition import as_tableau, merged
from odegraph.scheme.number_field import Number, to_sympy
from odegraph.scheme.partitioned import (
    AlternatingWeights,
    P,
    PartitionedTableau,
    Q,
    evaluation_order,
    prove_general_order,
    prove_separable_order,
)
from odegraph.scheme.rooted_trees import rooted_trees
from odegraph.scheme.tableau import Tableau

PARTITIONED = names_of_kind("partitioned-runge-kutta")
COMPOSITIONS = names_of_kind("composition")


def composition(name: str, **parameters: object) -> CompositionScheme:
    scheme = load_scheme(name, **parameters)
    assert isinstance(scheme, CompositionScheme)
    return scheme


def tableau_of(name: str) -> PartitionedTableau:
    scheme = load_scheme(name)
    assert isinstance(scheme, PartitionedRungeKuttaScheme | CompositionScheme)
    return scheme.tableau


def twice(tableau: Tableau) -> PartitionedTableau:
    return PartitionedTableau(tableau, tableau)


@pytest.mark.parametrize(
    "name", ["euler", "heun-3", "rk4-classic", "butcher-5", "gauss-2", "butcher-6"]
)
def test_two_equal_parts_have_the_order_of_the_tableau(name):
    scheme = load_scheme(name)
    assert isinstance(scheme, RungeKuttaScheme)
    proof = prove_separable_order(twice(scheme.tableau))
    assert proof.order == scheme.order
    assert (proof.failed is None) == (proof.order == 2 * scheme.stages)
    if scheme.order <= 4:
        assert prove_general_order(twice(scheme.tableau)) == scheme.order


def nested_sum(tableau: PartitionedTableau, tree, part: int) -> Number:
    """sum_i b_i phi_i(tree), literally as the sum over all stage indices."""
    total: Number = Fraction(0)
    for indices in itertools.product(range(tableau.stages), repeat=tree.order):
        labels = iter(indices)
        root = next(labels)
        total = total + tableau.parts[part].b[root] * below(tableau, tree, root, labels, part)
    return total


def below(tableau, tree, index, labels, part):
    value: Number = Fraction(1)
    for child in tree.children:
        child_index = next(labels)
        weight = tableau.parts[1 - part].A[index][child_index]
        value = value * weight * below(tableau, child, child_index, labels, 1 - part)
    return value


@pytest.mark.parametrize("name", ["stormer-verlet", "lobatto-iiia-iiib-3", "ruth-3"])
def test_weights_are_the_nested_sums(name):
    tableau = tableau_of(name)
    weights = AlternatingWeights(tableau)
    for order in range(1, 5):
        for tree in rooted_trees(order):
            for part in (Q, P):
                assert weights.weighted(tree, part) == nested_sum(tableau, tree, part)


@pytest.mark.parametrize("name", PARTITIONED)
def test_the_order_on_general_systems_is_not_higher(name):
    scheme = load_scheme(name)
    assert isinstance(scheme, PartitionedRungeKuttaScheme)
    assert scheme.general_order <= scheme.order
    assert scheme.is_symplectic
    assert scheme.stages == 2 or scheme.name != "stormer-verlet"


def words(substeps, length: int):
    """The coefficients of all words in A and B of one length, in the product of exponentials."""
    series = {(): Fraction(1)}
    for part, x in substeps:
        grown = {}
        for word, value in series.items():
            power: Number = Fraction(1)
            for n in range(length - len(word) + 1):
                key = word + (part,) * n
                grown[key] = grown.get(key, Fraction(0)) + value * power
                power = power * x * Fraction(1, n + 1)
        series = grown
    return series


def order_by_words(substeps) -> int:
    """exp(h(A + B)) has the coefficient 1/n! at every word of n letters: Taylor, without trees."""
    series = words(substeps, 6)
    for n in range(1, 7):
        needed = Fraction(1, prod(range(1, n + 1)))
        letters = itertools.product((Q, P), repeat=n)
        if any(series.get(word, Fraction(0)) != needed for word in letters):
            return n - 1
    return 6


@pytest.mark.parametrize("name", COMPOSITIONS)
def test_order_of_a_composition_by_the_series_of_its_exponentials(name):
    scheme = composition(name)
    assert order_by_words(scheme.substeps) == scheme.order


@pytest.mark.parametrize("name", COMPOSITIONS)
def test_coefficients_add_up_and_order_3_needs_negative_ones(name):
    scheme = composition(name)
    assert sympy.expand(sum(scheme.drift)) == sympy.expand(sum(scheme.kick)) == 1
    assert scheme.has_negative_substeps == (scheme.order >= 3)
    assert scheme.is_symplectic
    assert len(scheme.substeps) == scheme.stages


@pytest.mark.parametrize(("name", "count"), [("yoshida-4", 3), ("suzuki-4", 5)])
def test_power_sums_raise_the_order_of_strang(name, count):
    # A symmetric base of order 2 gets order 4 where the fractions have sum 1 and cubes of sum 0.
    fractions = composition(name).kick
    assert len(fractions) == count
    assert sympy.expand(sum(fractions)) == 1
    assert sympy.simplify(sympy.expand(sum(x**3 for x in fractions))) == 0


def test_lie_trotter_is_symplectic_euler_with_the_parts_exchanged():
    trotter, euler = tableau_of("lie-trotter"), tableau_of("symplectic-euler")
    assert prove_separable_order(trotter).order == prove_separable_order(euler).order == 1
    assert composition("lie-trotter").text() == "drift 1\nkick 1"


def test_substeps_of_one_part_are_merged():
    half = Fraction(1, 2)
    assert merged([(P, half), (P, half), (Q, Fraction(0)), (P, Fraction(-1))]) == ()
    assert merged([(Q, half), (P, Fraction(1)), (Q, half), (Q, half)]) == (
        (Q, half),
        (P, Fraction(1)),
        (Q, Fraction(1)),
    )


def test_the_tableau_of_a_composition_takes_one_kick_and_one_drift_a_stage():
    tableau = as_tableau(composition("strang").substeps, Fraction(0))
    half = Fraction(1, 2)
    assert (tableau.q.b, tableau.p.b) == ((half, half), (Fraction(0), Fraction(1)))
    assert ((0, 0), (half, 0)) == tableau.q.A
    assert tableau.p.A == ((0, 0), (0, 1))
    assert evaluation_order(tableau) is not None


def test_rates_that_nothing_needs_are_not_evaluated():
    assert evaluation_order(tableau_of("strang")) == ((Q, 0), (P, 1), (Q, 1))
    assert evaluation_order(tableau_of("lobatto-iiia-iiib-3")) is None


def test_a_family_of_compositions():
    # McLachlan (1995): every symmetric composition with two kicks of 1/2 has order 2.
    data = {
        "kind": "composition",
        "drift": ["lambda", "1 - 2*lambda", "lambda"],
        "kick": ["0", "1/2", "1/2"],
        "parameters": {"lambda": {"default": "1/6"}},
        "claims": {"order": 2, "symmetric": True},
    }
    scheme = verify(SchemeSpec.from_dict(data))
    assert (scheme.order, scheme.stages) == (2, 5)


def test_symplectic_schemes_keep_it_through_the_condition_alone():
    for name in [*PARTITIONED, *COMPOSITIONS]:
        q, p = tableau_of(name).parts
        stages = range(q.stages)
        for i, j in itertools.product(stages, stages):
            defect = q.b[i] * p.A[i][j] + p.b[j] * q.A[j][i] - q.b[i] * p.b[j]
            assert to_sympy(defect) == 0
