"""Fewest registers: against ranks found by brute force, and against tensors that are alive."""

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import sympy
import torch
from example_units import Normed, Tanh, randomized
from executors import generated_module
from hypothesis import given, settings
from live_states import live_states
from random_tableaus import explicit_tableaus
from torch import nn
from torch.testing import assert_close

import odegraph as og
from odegraph.emit.read_back import read_back
from odegraph.emit.rounding import Precision
from odegraph.ir import Combine, Evaluate, StepGraph, build_step_graph, manifestation, to_text
from odegraph.passes import order_registers, registers, run_passes
from odegraph.scheme import RungeKuttaScheme, SchemeSpec, verify
from odegraph.scheme.file import read_scheme_file

PASSES = (*og.DEFAULT_PASSES, order_registers)

# Published: forms of Williamson (1980), Shu and Osher (1988), Ketcheson (2008), Wray's two
# registers (Kennedy, Carpenter and Lewis 2000), Gill's scheme (1951: x, q and the rate), and three
# for the classic scheme (Blum 1962).
KNOWN = {
    "euler": 1,
    "midpoint": 2,
    "heun-2": 2,
    "williamson-3": 2,
    "carpenter-kennedy-5-4": 2,
    "wray-3": 2,
    "ssp-rk-3-3": 2,
    "ssp-rk-9-3": 2,
    "ssp-rk-10-4": 2,
    "rk4-classic": 3,
    "gill-4": 2,
    "gauss-2": 1,
    "leapfrog": 2,
}


def one_step(scheme, *, passes=PASSES, steps: int = 1) -> StepGraph:
    form = manifestation(scheme, basis=og.PiecewiseConstant(1), steps=steps)
    return run_passes(build_step_graph(form), passes)


def fewest_by_brute_force(A: np.ndarray, b: np.ndarray) -> int:
    """Over all orders of the stages."""
    orders = itertools.permutations(range(len(b)))
    return min(
        most_held(A, b, order)
        for order in orders
        if all(A[i, j] == 0 for n, i in enumerate(order) for j in order[n:])
    )


def most_held(A: np.ndarray, b: np.ndarray, order: Sequence[int]) -> int:
    """The greatest rank of what is known of the states to come."""
    rows = np.hstack([np.ones((len(b) + 1, 1)), np.vstack([A, b])])

    def held(done: int) -> int:
        known = [0, *(j + 1 for j in order[:done])]
        later = rows[[*order[done:], len(b)]][:, known]
        return int(np.linalg.matrix_rank(later, tol=1e-9))

    return max(map(held, range(len(b) + 1)))


def floats(scheme: RungeKuttaScheme) -> tuple[np.ndarray, np.ndarray]:
    return np.array(scheme.A.tolist(), float), np.array(scheme.b.tolist(), float).ravel()


@given(explicit_tableaus(most=5))
@settings(max_examples=60)
def test_no_order_and_no_rewriting_needs_fewer(scheme):
    graph = one_step(scheme, passes=(order_registers,))
    assert registers(graph).count == fewest_by_brute_force(*floats(scheme))


@given(explicit_tableaus(most=5))
@settings(max_examples=40)
def test_the_tableau_read_back_from_the_kernels_is_the_declared_one(scheme):
    block = og.OdeBlock(
        nn.Linear(1, 1),
        scheme=scheme,
        basis=og.PiecewiseConstant(1),
        steps=1,
        execution=og.Execution(passes=(order_registers,)),
    )
    found = read_back(block.graph_module, precision=Precision.DOUBLE)
    order = [int(name.rsplit("k", 1)[1]) - 1 for name in found.stages]
    A, b, _ = scheme.entries
    assert_equal(found.A, [[A[i][j] for j in order] for i in order])
    assert_equal([found.b], [[b[j] for j in order]])


def assert_equal(found, expected):
    difference = sympy.Matrix(found) - sympy.Matrix(expected)
    assert difference.applyfunc(sympy.expand).is_zero_matrix


@pytest.mark.parametrize(("scheme", "count"), KNOWN.items())
def test_schemes_need_what_the_literature_says(scheme, count):
    assert registers(one_step(scheme, steps=3)).count == count


@pytest.mark.parametrize("scheme", ["williamson-3", "carpenter-kennedy-5-4"])
def test_the_recursion_of_a_2n_form_is_found_from_the_tableau(scheme):
    spec = read_scheme_file(Path("schemes") / f"{scheme}.toml")
    found = one_step(scheme)
    sums = [
        [edge.exact for _, edge in found.inputs(name)]
        for name, node in found.nodes()
        if isinstance(node, Combine) and name.startswith("step0.sum")
    ]
    # dx <- A_i dx + k; the last of them goes into the result at once.
    assert [[str(w) for w in weights] for weights in sums] == [
        [str(a), "1"] for a in spec.coefficients["A_2N"][1:-1]
    ]


def test_stages_are_put_in_an_order_that_holds_less():
    rows = [["0"] * 5, ["2"], ["0", "2"], ["0", "1"], ["0", "0", "2", "1/2"]]
    rows = [[*row, *["0"] * (5 - len(row))] for row in rows]
    spec = {
        "title": "Branches",
        "kind": "runge-kutta",
        "A": rows,
        "b": ["0", "0", "0", "1/2", "1/2"],
    }
    scheme = verify(SchemeSpec.from_dict(spec, name="branches"))
    assert isinstance(scheme, RungeKuttaScheme)
    graph = one_step(scheme)
    stages = [graph.node(name) for name in graph.of_type(Evaluate)]
    assert [one.stage for one in stages if isinstance(one, Evaluate)] == [1, 2, 4, 3, 5]
    assert registers(graph).count == fewest_by_brute_force(*floats(scheme)) == 2
    assert most_held(*floats(scheme), range(5)) == 3


HATS = og.PiecewiseLinear(2)


class Sine(nn.Module):
    """R(x) = w sin(x): one call of `sin` for each evaluation."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.tensor(0.3))

    def forward(self, x):
        return self.w * torch.sin(x)


@pytest.mark.parametrize("passes", [og.DEFAULT_PASSES, PASSES], ids=["default", "ordered"])
@pytest.mark.parametrize(
    "scheme", ["euler", "williamson-3", "rk4-classic", "ssp-rk-10-4", "dormand-prince", "leapfrog"]
)
def test_the_graph_holds_the_values_in_its_registers(scheme, passes):
    block = sine_block(scheme, passes=passes)
    expected = registers(block.step_graph)
    with torch.no_grad():
        found = live_states(block.graph_module, torch.randn(7, 3))
    assert found == [len({*expected.held(event)} - {"x0"}) for event in range(len(expected.events))]


@pytest.mark.parametrize("scheme", ["euler", "williamson-3", "rk4-classic", "dormand-prince"])
def test_generated_modules_hold_the_values_in_registers(scheme, tmp_path):
    block = sine_block(scheme, passes=PASSES)
    expected = registers(block.step_graph)
    with torch.no_grad():
        found = live_states(generated_module(block, tmp_path), torch.randn(7, 3))
    assert found == [len({*expected.held(event)} - {"x0"}) for event in range(len(expected.events))]


def sine_block(scheme: str, *, passes) -> og.OdeBlock:
    return og.OdeBlock(
        Sine(),
        scheme=scheme,
        basis=og.PiecewiseConstant(1),
        steps=3,
        execution=og.Execution(passes=passes),
    ).eval()


SEVERAL = [
    "williamson-3",
    "carpenter-kennedy-5-4",
    "rk4-classic",
    "ssp-rk-10-4",
    "gill-4",
    "dormand-prince",
    "gauss-2",
]


@pytest.mark.parametrize("scheme", SEVERAL)
def test_all_executors_agree_with_the_reference(executor, scheme):
    unit = Tanh()
    block = ordered_block(unit, scheme)
    x = torch.linspace(-1, 1, 6).reshape(3, 2)
    import reference

    expected = torch.as_tensor(reference.run(block, unit, x.numpy()))
    assert_close(executor(block, unit)(x), expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("scheme", ["ros3p", "etd-4-rk", "bdf-3", "milne-simpson"])
def test_other_kinds_compute_what_they_did(executor, scheme):
    unit = Tanh()
    execution = og.Execution(passes=PASSES)
    block = og.OdeBlock(
        unit, scheme=scheme, basis=og.PiecewiseConstant(1), steps=6, execution=execution
    )
    randomized(block)
    x = torch.linspace(-1, 1, 6).reshape(3, 2)
    expected = og.with_execution(block, passes=og.DEFAULT_PASSES)(x)
    assert_close(executor(block, unit)(x), expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(
    "gradients", [og.Backpropagation(), og.Checkpoints(), og.DiscreteAdjoint()], ids=str
)
@pytest.mark.parametrize("scheme", SEVERAL[:4])
def test_gradients_are_those_of_the_plain_graph(differentiable, scheme, gradients):
    unit = Tanh()
    block = ordered_block(unit, scheme)
    plain = og.with_execution(block, passes=og.DEFAULT_PASSES)
    ordered = og.with_execution(block, gradients=gradients)
    x = torch.randn(3, 2)

    def gradient(run):
        return torch.autograd.grad(run(x).square().sum(), list(run.parameters()))

    pairs = zip(gradient(differentiable(ordered, unit)), gradient(plain), strict=True)
    for one, other in pairs:
        assert_close(one, other, rtol=1e-12, atol=1e-13)


def test_running_statistics_learn_the_same():
    unit = Normed()
    block = ordered_block(unit, "rk4-classic").train()
    plain = og.with_execution(block, passes=og.DEFAULT_PASSES)
    x = torch.randn(5, 3)
    assert_close(block(x), plain(x), rtol=1e-12, atol=1e-13)
    for one, other in zip(block.buffers(), plain.buffers(), strict=True):
        assert_close(one, other, rtol=1e-12, atol=1e-13)


def ordered_block(unit: nn.Module, scheme: str, *, basis: og.Basis = HATS) -> og.OdeBlock:
    return randomized(
        og.OdeBlock(
            unit,
            scheme=scheme,
            basis=basis,
            grid=[0, "1/4", "1/2", "2/3", 1],
            span="3/2",
            execution=og.Execution(passes=PASSES),
        )
    )


@pytest.mark.parametrize("scheme", ["stormer-verlet", "nystrom-4"])
def test_steps_of_halves_stay_as_they_are(scheme):
    before = one_step(scheme, passes=og.DEFAULT_PASSES, steps=2)
    assert to_text(order_registers(before)) == to_text(before)


@pytest.mark.parametrize("scheme", ["rk4-classic", "ssp-rk-10-4", "dormand-prince"])
def test_no_two_values_of_a_register_overlap(scheme):
    found = registers(one_step(scheme, steps=2))
    for event in range(len(found.events) + 1):
        taken = [found.allocation[name] for name in found.held(event)]
        assert len(set(taken)) == len(taken)
        assert set(taken) <= set(range(found.count))


@pytest.mark.parametrize("scheme", ["nystrom-5", "extrapolated-euler(4)"])
def test_stages_that_are_evaluated_together_are_ordered_as_one(executor, scheme):
    unit = Tanh()
    batched = (*og.DEFAULT_PASSES, og.passes.batch_stages)
    block = ordered_block(unit, scheme, basis=og.PiecewiseConstant(1))
    together = og.with_execution(block, passes=(*batched, order_registers))
    before = og.with_execution(block, passes=batched).step_graph
    assert registers(together.step_graph).count < registers(before).count
    x = torch.linspace(-1, 1, 6).reshape(3, 2)
    assert_close(executor(together, unit)(x), block(x), rtol=1e-12, atol=1e-13)


class Dropped(nn.Module):
    """A unit that draws random numbers in training."""

    def __init__(self) -> None:
        super().__init__()
        self.f = nn.Linear(3, 3)
        self.drop = nn.Dropout(0.4)

    def forward(self, x):
        return torch.tanh(self.drop(self.f(x)))


def test_stages_of_a_step_share_the_random_numbers_that_they_shared():
    block = ordered_block(Dropped(), "ssp-rk-10-4").train()
    plain = og.with_execution(block, passes=og.DEFAULT_PASSES)
    x = torch.randn(5, 3)
    found = []
    for one in (block, plain):
        torch.manual_seed(4)
        found.append(one(x))
    assert_close(*found, rtol=1e-12, atol=1e-13)
