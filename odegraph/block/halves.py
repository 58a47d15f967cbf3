"""States of two halves [q, p]: what a block must see before it treats them differently."""

import warnings
from collections.abc import Sequence

import torch
from torch import Tensor

from odegraph._errors import GraphError
from odegraph.ir import HALVES_DIM, StepGraph
from odegraph.scheme import NystromScheme, Scheme
from odegraph.unit import Unit

PROBE = 0.5  # added to one half of a state, to see whether the rate of that half changes
TOLERANCE = 1e-5


class SeparabilityWarning(UserWarning):
    """The unit depends on more of the state than the order of the scheme allows for."""


def check_halves(graph: StepGraph, unit: Unit, x: Tensor, slots: Sequence[Tensor]) -> None:
    """Refuse a state without equal halves, and warn of a unit that the scheme is not for.

    `slots` are the unit's parameters and buffers at some depth. Does nothing for schemes that treat
    the state as one.

    Raises:
        GraphError: dimension 1 is missing or odd.
    """
    if not any(graph.splits_state(name) for name, _ in graph.nodes()):
        return
    scheme = graph.manifestation.scheme
    if x.dim() <= HALVES_DIM or x.shape[HALVES_DIM] % 2:
        raise GraphError(
            f"`{scheme.name}` treats the halves q and p of the state differently, and splits it "
            f"along dimension {HALVES_DIM}; a state of shape {list(x.shape)} has no such halves. "
            "Give states [batch, 2 n, ...]."
        )
    own = _halves_without_themselves(scheme)
    if any(_depends_on_itself(unit, x.detach(), slots, half) for half in own):
        _warn(scheme.name, unit.name, second_order=len(own) == 1)


def _halves_without_themselves(scheme: Scheme) -> tuple[int, ...]:
    """The halves whose rate must not depend on them."""
    if not isinstance(scheme, NystromScheme):
        return 0, 1
    return () if scheme.uses_velocity else (1,)


def _depends_on_itself(unit: Unit, x: Tensor, slots: Sequence[Tensor], half: int) -> bool:
    """Whether the rate of one half changes with that half, at this state."""
    halves = list(x.chunk(2, dim=HALVES_DIM))
    halves[half] = halves[half] + PROBE
    try:
        with torch.no_grad():
            rates = (unit.evaluation(y, *slots) for y in (x, torch.cat(halves, dim=HALVES_DIM)))
            before, after = (rate.chunk(2, dim=HALVES_DIM)[half] for rate in rates)
            return not torch.allclose(before, after, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True)
    except (RuntimeError, NotImplementedError):
        return False  # inside vmap, or on tensors without values, there is nothing to compare


def _warn(scheme: str, unit: str, *, second_order: bool) -> None:
    what, way_out = (
        ("the force f(q) must not depend on the velocity", "`nystrom-4`")
        if second_order
        else ("q' must not depend on q, nor p' on p", "`rk4-classic`")
    )
    warnings.warn(
        f"`{scheme}` is for units where {what}, but in `{unit}` it does: the order of the scheme "
        f"is lost. Take another unit, or a scheme such as {way_out}.",
        SeparabilityWarning,
        stacklevel=3,
    )
