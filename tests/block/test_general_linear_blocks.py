"""Compiled general linear schemes: executors, evaluations, exact reading back, measured order."""

from fractions import Fraction
from itertools import pairwise

import pytest
import reference
import sympy
import torch
from catalogue_names import names_of_kind
from example_units import Growth, Normed, Tanh, randomized
from torch.testing import assert_close

import odegraph as og
from odegraph.emit.read_back import read_back, read_stability_function
from odegraph.emit.rounding import Precision
from odegraph.ir import Evaluate
from odegraph.scheme import GeneralLinearScheme

ZERO = Fraction(0)
NAMES = names_of_kind("general-linear")
BASES = [og.PiecewiseConstant(2), og.PiecewiseLinear(3), og.Legendre(2)]
GRID = (0, "1/6", "1/2", "2/3", 1)


def interpreted(block: og.OdeBlock, unit, x: torch.Tensor) -> torch.Tensor:
    return torch.as_tensor(reference.run(block, unit, x.numpy()))


@pytest.mark.parametrize("basis", BASES, ids=str)
@pytest.mark.parametrize("scheme", NAMES)
def test_all_executors_agree_with_the_reference_on_an_uneven_grid(executor, scheme, basis):
    unit = Tanh()
    block = randomized(og.OdeBlock(unit, scheme=scheme, basis=basis, grid=GRID, span="5/2"))
    x = torch.linspace(-1, 1, 6).reshape(3, 2)
    expected = interpreted(block, unit, x)
    assert_close(executor(block, unit)(x), expected, rtol=1e-13, atol=1e-14)


def test_running_statistics_are_read_at_the_depth_of_the_stage(executor):
    unit, hats = Normed(), og.PiecewiseLinear(2)
    block = og.OdeBlock(unit, scheme="reversible-heun", basis=hats, steps=4, state_basis=hats)
    randomized(block).eval()
    x = torch.randn(5, 3, generator=torch.Generator().manual_seed(1))
    assert_close(executor(block, unit)(x), interpreted(block, unit, x), rtol=1e-13, atol=1e-14)


def reversible_heun(rate, x, lengths):
    """Algorithm 1 of Kidger, Foster, Li and Lyons (2021), without noise."""
    y = other = x
    for h in lengths:
        made = 2 * y - other + h * rate(other)
        y = y + h / 2 * (rate(other) + rate(made))
        other = made
    return y


def test_reversible_heun_is_the_published_algorithm():
    unit = Tanh()
    block = og.OdeBlock(
        unit, scheme="reversible-heun", basis=og.PiecewiseConstant(1), grid=GRID, span=3
    )
    x = torch.randn(4, 2)
    lengths = [3 * float(b - a) for a, b in pairwise(block.manifestation.grid)]
    assert_close(block(x), reversible_heun(unit, x, lengths), rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize(
    ("basis", "evaluations"),
    [(og.PiecewiseConstant(1), 9), (og.PiecewiseLinear(3), 9), (og.PiecewiseConstant(4), 9 + 3)],
    ids=str,
)
def test_a_step_evaluates_the_unit_once_but_at_jumps(basis, evaluations):
    block = og.OdeBlock(Tanh(), scheme="reversible-heun", basis=basis, steps=8)
    assert block.evaluations == len(block.step_graph.of_type(Evaluate)) == evaluations


def exact(matrix: sympy.ImmutableMatrix) -> list[list[Fraction]]:
    return [[Fraction(int(x.p), int(x.q)) for x in row] for row in matrix.tolist()]


def as_runge_kutta(scheme: GeneralLinearScheme, lengths: list[Fraction]) -> tuple[list, list]:
    """From one state on, all steps together are a Runge-Kutta method: its A and b."""
    A, U, B, V = (exact(M) for M in (scheme.A, scheme.U, scheme.B, scheme.V))
    size = scheme.stages * len(lengths)
    values = [[ZERO] * size for _ in V]
    rows: list[list[Fraction]] = []

    def added(weights: list[Fraction], old: list[Fraction], h: Fraction, first: int):
        columns = zip(*values, strict=True)
        total = [sum((w * y for w, y in zip(old, x, strict=True)), ZERO) for x in columns]
        for j, weight in enumerate(weights):
            total[first + j] += h * weight
        return total

    for step, h in enumerate(lengths):
        first = step * scheme.stages
        rows += [added(a, u, h, first) for a, u in zip(A, U, strict=True)]
        values = [added(b, v, h, first) for b, v in zip(B, V, strict=True)]
    return rows, values[0]


@pytest.mark.parametrize("precision", list(Precision))
@pytest.mark.parametrize("name", NAMES)
def test_the_tableau_of_a_few_steps_is_read_back_exactly(name, precision):
    scheme = og.load_scheme(name)
    assert isinstance(scheme, GeneralLinearScheme)
    # theta jumps at every step: no rate is shared, and all stages are told apart
    block = og.OdeBlock(
        Growth(), scheme=scheme, basis=og.PiecewiseConstant(breakpoints=GRID), grid=GRID
    ).to(torch.float32 if precision is Precision.SINGLE else torch.float64)
    found = read_back(block.graph_module, precision=precision)
    lengths = [b - a for a, b in pairwise(block.manifestation.grid)]
    A, b = as_runge_kutta(scheme, lengths)
    assert [[Fraction(str(x)) for x in row] for row in found.A] == A
    assert [Fraction(str(x)) for x in found.b] == b


@pytest.mark.parametrize("name", NAMES)
def test_the_growth_of_a_few_steps_is_that_of_the_stability_matrix(name):
    scheme = og.load_scheme(name)
    assert isinstance(scheme, GeneralLinearScheme)
    block = og.OdeBlock(Growth(), scheme=scheme, basis=og.PiecewiseConstant(1), steps=3, span=3)
    z = sympy.Symbol("z")
    grown = (scheme.stability_matrix(z) ** 3 * sympy.ones(scheme.values, 1))[0]
    expected = sympy.Poly(sympy.expand(grown), z).all_coeffs()[::-1]
    assert list(read_stability_function(block.graph_module)) == expected


def test_there_is_no_dense_output():
    block = og.OdeBlock(Tanh(), scheme="reversible-heun", basis=og.PiecewiseConstant(1), steps=2)
    with pytest.raises(og.GraphError, match="`reversible-heun` has no dense output"):
        og.dense_output(block, times=["1/3"])
