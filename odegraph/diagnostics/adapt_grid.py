"""Non-uniform time steps: where an embedded pair finds the error, on calibration data."""

import itertools
import math
import warnings
from collections.abc import Sequence
from fractions import Fraction

import torch
from torch import Tensor

from odegraph._errors import GraphError
from odegraph._exact import shorten
from odegraph.block import OdeBlock, manifest
from odegraph.block.transform import Model, replace_blocks
from odegraph.diagnostics.drift import evaluating, record
from odegraph.emit.fx_graph import lower_to_fx
from odegraph.emit.unit_call import evaluation_call
from odegraph.ir import OrderLossWarning, build_error_graph, uniform_grid
from odegraph.passes import DEFAULT_PASSES, run_passes
from odegraph.scheme import RungeKuttaScheme, Scheme, load_scheme

DENOMINATOR = 2**12  # depths of an adapted grid are multiples of its reciprocal
FINE_STEPS = 32
FLOOR = 1e-3  # of the mean error density: no step is longer than the errors can be trusted for


def adapt_grid(
    model: Model, inputs: Tensor, *, steps: int | None = None, pair: Scheme | str | None = None
) -> Model:
    """The same model with time steps that are short where its errors are large.

    The local error of a method of order q is about C(t) h^(q + 1). An embedded pair measures it on
    a fine grid over a batch of `inputs`; steps are then placed so that each holds the same part of
    the integral of C(t)^(1 / (q + 1)) (Hairer, Norsett and Wanner, 1993, section II.4). The graph
    is static again. Jumps of theta(t) stay on the grid where there are steps enough for that.

    Args:
        model: a block or a model that contains blocks.
        inputs: calibration data, [batch, ...]; no labels are needed.
        steps: of each block; by default as many as it has.
        pair: the scheme that measures; by default each block's own.

    Raises:
        GraphError: no blocks, a scheme without an embedded method, or steps that are no number.
    """
    measuring = load_scheme(pair) if isinstance(pair, str) else pair
    blocks = {n: m for n, m in model.named_modules() if isinstance(m, OdeBlock)}
    with torch.no_grad(), evaluating(model):
        seen, _ = record(model, blocks, inputs)
        grids = {
            id(block): _grid(block, seen[name][0], steps, measuring)
            for name, block in blocks.items()
        }
    return replace_blocks(model, lambda block: manifest(block, grid=grids[id(block)]))


def step_errors(block: OdeBlock, x: Tensor) -> Tensor:
    """|| h sum (b - b_embedded) k || of every step, relative to the state's size, in float64.

    Raises:
        GraphError: the scheme of the block has no embedded method.
    """
    lowered = lower_to_fx(
        run_passes(build_error_graph(block.manifestation), DEFAULT_PASSES),
        evaluation_call(block.unit),
        theta=block.theta,
        state=block.state,
        precision=block.precision,
    )
    errors = lowered(x)
    errors = errors if isinstance(errors, tuple) else (errors,)
    norms = torch.stack([torch.linalg.vector_norm(error.double()) for error in errors])
    return norms / torch.linalg.vector_norm(x.double()).clamp(min=1e-300)


def _grid(
    block: OdeBlock, x: Tensor, steps: int | None, pair: Scheme | None
) -> tuple[Fraction, ...]:
    form = block.manifestation
    count = len(uniform_grid(form.steps if steps is None else steps)) - 1
    fine = sorted({*uniform_grid(max(FINE_STEPS, 2 * form.steps)), *form.basis.jumps})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OrderLossWarning)
        measuring = manifest(block, grid=fine, scheme=pair)
    errors = step_errors(measuring, x)
    if not torch.isfinite(errors).all():
        raise GraphError(
            f"The states of a block of `{block.unit.name}` are not finite on the calibration data, "
            "so no error can be told. Check the model and the inputs."
        )
    order = _estimated_order(measuring.manifestation.scheme)
    amounts = errors.pow(1 / (order + 1)).tolist()
    return equidistributed(fine, amounts, steps=count, fixed=form.basis.jumps)


def _estimated_order(scheme: Scheme) -> int:
    """The order of the less accurate method of the pair: its error is what is measured."""
    assert isinstance(scheme, RungeKuttaScheme), "only Runge-Kutta pairs pass build_error_graph"
    embedded = scheme.embedded_order
    return min(scheme.order, scheme.order if embedded is None else embedded)


def equidistributed(
    depths: Sequence[Fraction],
    amounts: Sequence[float],
    *,
    steps: int,
    fixed: Sequence[Fraction] = (),
) -> tuple[Fraction, ...]:
    """The grid of `steps` steps that each hold the same part of `amounts`.

    `amounts[i]` lies, evenly spread, between depths[i] and depths[i + 1]. The depths in `fixed` are
    kept on the grid where there are at least as many steps as parts between them.

    Raises:
        GraphError: more steps than distinct depths.
    """
    if not 1 <= steps <= DENOMINATOR // 2:
        raise GraphError(
            f"`steps` is `{shorten(steps)}`; an adapted grid has 1 to {DENOMINATOR // 2} steps."
        )
    floor = FLOOR * max(sum(amounts), 1e-300) / len(amounts)
    raised = [max(amount, floor) for amount in amounts]
    ends = (
        [Fraction(0), *sorted(fixed), Fraction(1)]
        if steps > len(fixed)
        else [Fraction(0), Fraction(1)]
    )
    parts = list(itertools.pairwise(ends))
    shares = [_sum_between(depths, raised, start, end) for start, end in parts]
    counts = _apportioned(shares, steps)
    grid = [Fraction(0)]
    for (start, end), count in zip(parts, counts, strict=True):
        grid += _placed(depths, raised, Fraction(start), Fraction(end), count)
    return tuple(grid)


def _sum_between(
    depths: Sequence[Fraction], amounts: Sequence[float], start: Fraction, end: Fraction
) -> float:
    inside = zip(depths, amounts, strict=False)
    return math.fsum(amount for depth, amount in inside if start <= depth < end)


def _apportioned(shares: Sequence[float], total: int) -> list[int]:
    """At least one each, the rest one by one to the largest share a step (D'Hondt)."""
    counts = [1] * len(shares)
    for _ in range(total - len(shares)):
        largest = max(range(len(shares)), key=lambda i: shares[i] / counts[i])
        counts[largest] += 1
    return counts


def _placed(
    depths: Sequence[Fraction],
    amounts: Sequence[float],
    start: Fraction,
    end: Fraction,
    count: int,
) -> list[Fraction]:
    """The ends of `count` steps from `start` to `end`."""
    inside = [i for i in range(len(amounts)) if start <= depths[i] < end]
    total = math.fsum(amounts[i] for i in inside)
    unit = (end - start) / DENOMINATOR
    found, held, position = [], 0.0, 0
    for i in inside:
        length = depths[i + 1] - depths[i]
        while position < count - 1 and held + amounts[i] >= total * (position + 1) / count:
            fraction = (total * (position + 1) / count - held) / amounts[i]
            depth = depths[i] + length * Fraction(min(max(fraction, 0.0), 1.0))
            index = round((depth - start) / unit)
            lowest = position + 1 if not found else found[-1] + 1
            found.append(min(max(index, lowest), DENOMINATOR - (count - 1 - position)))
            position += 1
        held += amounts[i]
    return [*(start + index * unit for index in found), end]
