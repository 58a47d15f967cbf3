"""How many kernels a step calls: golden numbers, so that a change that adds one is seen."""

from collections import Counter
from collections.abc import Callable

import pytest
import torch
from example_units import Tanh
from torch.autograd.profiler_util import FunctionEvent
from torch.profiler import ProfilerActivity, profile

import odegraph as og
from odegraph.passes import batch_stages, separate_products

STEPS = 4
DEFAULT = og.Execution()

VIEWS = frozenset({"t", "view", "narrow"})
SUMS = ("mul", "add", "sub", "neg")

# One sum for each nonzero of A and b, and a product for the first of several terms. The last stage
# of dormand-prince is the first of the next step: six evaluations, not seven.
FORWARD = {
    "euler": {"linear": 2, "tanh": 1, "add": 1},
    "rk4-classic": {"linear": 8, "tanh": 4, "mul": 1, "add": 7},
    "dormand-prince": {"linear": 12, "tanh": 6, "mul": 5, "add": 20},
}

# An evaluation: two products and a sum over the batch for each bias, and four gradients added to
# those of the other evaluations. Each nonzero of A and b: one product and one sum.
BACKWARD = {
    "euler": {"mm": 4, "sum": 2, "tanh_backward": 1, "mul": 1, "add_": 4 + 1},
    "rk4-classic": {"mm": 16, "sum": 8, "tanh_backward": 4, "mul": 7, "add_": 16 + 7},
    "dormand-prince": {"mm": 24, "sum": 12, "tanh_backward": 6, "mul": 20, "add_": 24 + 20},
}

# Of two kernels for each nonzero, a product and a sum or difference.
PRODUCTS_APART = {
    "euler": ({"mul": 1, "add": 1}, {"mul": 1}),
    "rk4-classic": ({"mul": 7, "add": 7}, {"mul": 7}),
    "dormand-prince": ({"mul": 20, "add": 14, "sub": 6}, {"mul": 20, "neg": 6}),
}

# Seven stages of which three, and then two, do not need one another: four calls of the unit. The
# batch of three is joined and split, that of two as well.
BATCHED = (
    {"linear": 8, "tanh": 4, "mul": 4, "add": 16, "cat": 2, "chunk": 2},
    {"mm": 16, "sum": 8, "tanh_backward": 4, "mul": 16, "add_": 16 + 16, "cat": 2},
)


def is_outermost(event: FunctionEvent) -> bool:
    parent = event.cpu_parent
    return event.name.startswith("aten::") and not (parent and parent.name.startswith("aten::"))


def kernels(work: Callable[[], object]) -> Counter[str]:
    """Operations that `work` calls, not those that they call, by name."""
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        work()
    events = profiled.events()
    assert events is not None
    names = (one.name.removeprefix("aten::") for one in events if is_outermost(one))
    return Counter(name for name in names if name not in VIEWS)


def both_ways(
    scheme: str, steps: int, *, execution: og.Execution = DEFAULT
) -> tuple[Counter[str], Counter[str]]:
    """The kernels of a forward pass, and of the backward pass that follows it."""
    block = og.OdeBlock(
        Tanh(), scheme=scheme, basis=og.PiecewiseConstant(1), steps=steps, execution=execution
    )
    x = torch.randn(3, 2, requires_grad=True)
    block(x)  # what is checked once is not counted
    results: list[torch.Tensor] = []
    forward = kernels(lambda: results.append(block(x)))
    loss = results[0].sum()
    return forward, kernels(loss.backward)


def of_one_step(
    scheme: str, *, execution: og.Execution = DEFAULT
) -> tuple[dict[str, int], dict[str, int]]:
    """The kernels that one step more calls, forward and backward."""
    fewer, more = (both_ways(scheme, n, execution=execution) for n in (STEPS, STEPS + 1))
    for now, before in zip(more, fewer, strict=True):
        now.subtract(before)
    forward, backward = ({name: n for name, n in one.items() if n} for one in more)
    return forward, backward


@pytest.mark.parametrize("scheme", list(FORWARD))
def test_one_step_more_calls_as_many_kernels_as_its_formula_has_operations(scheme):
    assert of_one_step(scheme) == (FORWARD[scheme], BACKWARD[scheme])


@pytest.mark.parametrize("scheme", list(FORWARD))
def test_products_apart_are_kernels_of_their_own(scheme):
    apart = og.Execution(passes=(*og.DEFAULT_PASSES, separate_products))
    for found, golden in zip(
        of_one_step(scheme, execution=apart), PRODUCTS_APART[scheme], strict=True
    ):
        assert {name: found.get(name, 0) for name in SUMS if name in found} == golden


def test_stages_in_a_batch_share_their_kernels():
    batched = og.Execution(passes=(*og.DEFAULT_PASSES, batch_stages))
    assert of_one_step("extrapolated-euler(4)", execution=batched) == BATCHED


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
@pytest.mark.parametrize(
    ("layouts", "expected"),
    [
        (og.CompiledSteps().layouts, {"unbind": 4, "contiguous": 2}),
        # Each product is called with a copy of its bias.
        ((), {"unbind": 4, "copy_": 8 * STEPS, "expand": 8 * STEPS, "resolve_conj": 16 * STEPS}),
    ],
    ids=["columns", "rows"],
)
def test_a_compiled_segment_of_small_layers_calls_nothing(layouts, expected):
    torch.compiler.reset()
    block = og.OdeBlock(Tanh(), scheme="rk4-classic", basis=og.PiecewiseConstant(1), steps=STEPS)
    block.compile(og.CompiledSteps(layouts=layouts))
    x = torch.randn(3, 2)
    with torch.no_grad():
        block(x)
        assert kernels(lambda: block(x)) == expected
