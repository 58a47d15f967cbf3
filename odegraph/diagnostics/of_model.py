"""The convergence test of a trained model: re-manifest it, measure, judge."""

from collections.abc import Callable, Sequence
from fractions import Fraction

import torch
from torch import Tensor, nn

from odegraph._errors import GraphError
from odegraph.basis import PiecewiseConstant
from odegraph.block import OdeBlock, manifest
from odegraph.diagnostics.convergence import ConvergenceReport, measure_curves
from odegraph.diagnostics.verdict import Criteria
from odegraph.ir import checked_span
from odegraph.scheme import Scheme, load_scheme

SCHEMES = ("euler", "midpoint", "rk4-classic")

ErrorMeasure = Callable[[Tensor, Tensor], Tensor | float]


def end_point_distance(found: Tensor, expected: Tensor) -> Tensor:
    """The largest Euclidean distance of a state from its target, over the batch."""
    difference = (found - expected).reshape(found.shape[0], -1)
    return torch.linalg.vector_norm(difference, dim=1).max()


def error_rate(logits: Tensor, classes: Tensor) -> Tensor:
    """The fraction of inputs whose largest logit is not that of their class."""
    return (logits.argmax(dim=-1) != classes).double().mean()


def convergence_test(
    model: nn.Module,
    inputs: Tensor,
    targets: Tensor,
    *,
    steps: Sequence[int],
    schemes: Sequence[str | Scheme] = SCHEMES,
    duration: Fraction | int | float | str | None = None,
    exact: nn.Module | None = None,
    error: ErrorMeasure = end_point_distance,
    measure: str = "error",
    criteria: Criteria | None = None,
) -> ConvergenceReport:
    """Does the model behave as a continuous system? Run it in other schemes and steps, and see.

    Without `duration` the depth of the model's blocks is discretised by each number of `steps`.
    With it, the model is one block that was trained to advance a state by its span; it is rolled
    out over `duration`, in the unit's own time, in as many equal steps.

    Args:
        model: a trained block, or a model that contains blocks.
        inputs: a batch of states or inputs, [batch, ...].
        targets: what `error` compares the outputs with; for a rollout the states at its end.
        steps: the sweep; it should hold the training manifestation, coarser and finer ones.
        schemes: in which to run the model; the one it was trained in is added.
        duration: see above.
        exact: for a rollout: the exact right-hand side as a unit, for the dashed reference.
        error: from outputs and targets to a number; `error_rate` for classifiers.
        measure: what the error is called in tables and figures, with its unit.
        criteria: thresholds of the verdict.

    Raises:
        GraphError: no blocks, or a rollout of anything but a block that is constant in depth.
        OdegraphError: a sweep without the training step.
    """
    block = _first_block(model)
    trained = block.manifestation.scheme
    proven = _with(trained, [load_scheme(s) if isinstance(s, str) else s for s in schemes])
    by_name = {scheme.name: scheme for scheme in proven}
    orders = {scheme.name: scheme.order for scheme in proven}
    span = Fraction(1) if duration is None else checked_span(duration)

    def curves(module: nn.Module) -> tuple:
        def error_of(name: str, count: int) -> float:
            outputs = _run(module, by_name[name], count, inputs, None if duration is None else span)
            return float(error(outputs, targets))

        return measure_curves(error_of, orders=orders, steps=steps, span=float(span))

    return ConvergenceReport(
        trained_with=trained.name,
        training_step=_training_step(model, block, is_rollout=duration is not None),
        curves=curves(model),
        exact=() if exact is None else curves(_exact_block(exact, block)),
        measure=measure,
        criteria=criteria or Criteria(),
    )


@torch.no_grad()
def _run(
    model: nn.Module, scheme: Scheme, steps: int, inputs: Tensor, duration: Fraction | None
) -> Tensor:
    if duration is None:
        return manifest(model, scheme=scheme, steps=steps).eval()(inputs)
    stepper = manifest(model, scheme=scheme, steps=1, span=duration / steps).eval()
    state = inputs
    for _ in range(steps):
        state = stepper(state)
    return state


def _training_step(model: nn.Module, block: OdeBlock, *, is_rollout: bool) -> float:
    form = block.manifestation
    if not is_rollout:
        return 1 / form.steps
    if block is not model or form.basis.size != 1:
        raise GraphError(
            "A rollout over `duration` takes one `OdeBlock` whose theta does not depend on depth "
            f"(one coefficient); this is a `{type(model).__name__}` with the basis {form.basis!r}. "
            "Leave `duration` out to discretise the depth of the model instead."
        )
    return float(form.span / form.steps)


def _exact_block(exact: nn.Module, block: OdeBlock) -> OdeBlock:
    scheme = block.manifestation.scheme
    return OdeBlock(exact, scheme=scheme, basis=PiecewiseConstant(1), steps=1)


def _with(trained: Scheme, schemes: list[Scheme]) -> list[Scheme]:
    known = {scheme.name for scheme in schemes}
    return schemes if trained.name in known else [trained, *schemes]


def _first_block(model: nn.Module) -> OdeBlock:
    for module in model.modules():
        if isinstance(module, OdeBlock):
            return module
    raise GraphError(
        f"The model `{type(model).__name__}` has no `OdeBlock`, so it cannot be re-manifested."
    )
