"""Nystrom schemes: their trees counted, their order against that of Runge-Kutta tableaus."""

from fractions import Fraction

import pytest
from catalogue_names import names_of_kind

from odegraph.scheme import NystromScheme, RungeKuttaScheme, load_scheme
from odegraph.scheme.nystrom_conditions import (
    NystromTableau,
    NystromWeights,
    is_symplectic,
    nystrom_trees,
    prove_nystrom_order,
)
from odegraph.scheme.order_conditions import dot
from odegraph.scheme.partitioned import PartitionedTableau, prove_general_order
from odegraph.scheme.tableau import Tableau

NAMES = names_of_kind("nystrom")


def load(name: str) -> NystromScheme:
    scheme = load_scheme(name)
    assert isinstance(scheme, NystromScheme)
    return scheme


def runge_kutta(name: str) -> Tableau:
    scheme = load_scheme(name)
    assert isinstance(scheme, RungeKuttaScheme)
    return scheme.tableau


def converted(A, b, A_hat, b_hat, *, velocity: bool = True) -> NystromTableau:
    """A partitioned Runge-Kutta method on q' = v, v' = f: A_bar = A A_hat, b_bar = b A_hat."""
    columns = list(zip(*A_hat, strict=True))
    A_bar = tuple(tuple(dot(row, column) for column in columns) for row in A)
    b_bar = tuple(dot(b, column) for column in columns)
    c = tuple(sum(row, Fraction(0)) for row in A)
    return NystromTableau(A_bar, A_hat if velocity else None, b_bar, b_hat, c, None)


def test_trees_are_as_many_as_in_the_literature():
    # Hairer, Norsett and Wanner, II.14: special Nystrom trees for q'' = f(q)
    counts = [len(nystrom_trees(k, velocity=False)) for k in range(1, 9)]
    assert counts == [1, 1, 2, 3, 6, 10, 20, 36]
    assert [len(nystrom_trees(k, velocity=True)) for k in range(1, 5)] == [1, 2, 6, 18]


def test_small_trees_and_their_densities():
    shown = {str(tree): tree.density for k in (1, 2, 3) for tree in nystrom_trees(k, velocity=True)}
    assert shown == {
        "v": 1,
        "v[v]": 2,
        "v[q]": 2,
        "v[v[v]]": 6,
        "v[v, v]": 3,
        "v[v[q]]": 6,
        "v[q[v]]": 6,
        "v[q, v]": 3,
        "v[q, q]": 3,
    }


@pytest.mark.parametrize(
    "name", ["euler", "heun-2", "heun-3", "rk4-classic", "butcher-5", "gauss-2"]
)
def test_a_runge_kutta_method_keeps_its_order_as_a_nystrom_method(name):
    tableau = runge_kutta(name)
    nystrom = converted(tableau.A, tableau.b, tableau.A, tableau.b)
    proof = prove_nystrom_order(nystrom, b_bar=nystrom.b_bar, b=nystrom.b)
    assert proof.order == load_scheme(name).order
    assert (proof.failed is None) == (proof.order == 2 * tableau.stages)


def test_lobatto_pairs_keep_their_order_too():
    q = Tableau(*_lobatto_iiia())
    p = runge_kutta_part_of("lobatto-iiia-iiib-3")
    nystrom = converted(q.A, q.b, p.A, p.b)
    proof = prove_nystrom_order(nystrom, b_bar=nystrom.b_bar, b=nystrom.b)
    assert proof.order >= prove_general_order(PartitionedTableau(q, p)) == 4
    assert is_symplectic(nystrom)


def _lobatto_iiia():
    q = load_scheme("lobatto-iiia-iiib-3").tableau.q  # type: ignore[attr-defined]
    return q.A, q.b, q.c


def runge_kutta_part_of(name: str) -> Tableau:
    return load_scheme(name).tableau.p  # type: ignore[attr-defined]


def test_velocity_verlet_is_stormer_verlet():
    q, p = load_scheme("stormer-verlet").tableau.parts  # type: ignore[attr-defined]
    nystrom = converted(q.A, q.b, p.A, p.b, velocity=False)
    verlet = load("velocity-verlet").tableau
    assert (nystrom.A_bar, nystrom.b_bar, nystrom.c) == (verlet.A_bar, verlet.b_bar, verlet.c)
    assert nystrom.b == verlet.b


def test_nystrom_4_has_fewer_rates_than_its_runge_kutta_method():
    # The stage A_bar[4, 3] = 1/2 is its own; the rest is rk4-classic squared.
    tableau = runge_kutta("rk4-classic")
    squared = converted(tableau.A, tableau.b, tableau.A, tableau.b)
    scheme = load("nystrom-4")
    assert scheme.tableau.A == squared.A
    assert scheme.tableau.b_bar == squared.b_bar
    assert scheme.tableau.A_bar != squared.A_bar
    assert scheme.order == 4


@pytest.mark.parametrize("name", NAMES)
def test_weights_are_literal_sums(name):
    tableau = load(name).tableau
    weights = NystromWeights(tableau)
    c, A_bar, stages = tableau.c, tableau.A_bar, range(tableau.stages)
    by_text = {str(t): t for k in range(1, 5) for t in nystrom_trees(k, velocity=False)}
    assert weights.phi(by_text["v[q, q]"]) == [x * x for x in c]
    assert weights.phi(by_text["v[q, q[v]]"]) == [
        c[i] * sum((A_bar[i][j] for j in stages), Fraction(0)) for i in stages
    ]


def test_structure_of_the_catalogue():
    assert {name: load(name).order for name in NAMES} == {
        "dormand-el-mikkawy-prince-4-3": 4,
        "dormand-prince-nystrom-5": 5,
        "nystrom-4": 4,
        "velocity-verlet": 2,
    }
    assert [name for name in NAMES if load(name).is_symplectic] == ["velocity-verlet"]
    assert [name for name in NAMES if load(name).uses_velocity] == ["nystrom-4"]
    assert load("dormand-el-mikkawy-prince-4-3").embedded_order == 3
    assert all(load(name).is_explicit for name in NAMES)
    matrices = load("velocity-verlet")
    assert (matrices.A_bar.shape, matrices.A) == ((2, 2), None)
    assert matrices.b_bar.shape == matrices.b.shape == matrices.c.shape == (2, 1)
