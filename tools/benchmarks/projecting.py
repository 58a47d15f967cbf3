"""Moving a model of fifty million parameters to half of the elements: seconds, and bytes held."""

from collections.abc import Iterator

import odegraph as og
from benchmarks.effort import Effort
from benchmarks.measure import wall_seconds
from benchmarks.row import AtMost, Row
from held_bytes import HeldBytes, bytes_of
from odegraph.models.units import ConvReluNorm

CHANNELS = 295


def rows(effort: Effort) -> Iterator[Row]:
    """Time, and the largest number of bytes held in units of the model."""
    basis = og.PiecewiseConstant(32)
    block = og.OdeBlock(ConvReluNorm(CHANNELS), scheme="euler", basis=basis, steps=32)
    millions = sum(p.numel() for p in block.parameters()) / 1e6
    case = f"{millions:.0f} million parameters from 32 to 16 elements"

    def work() -> None:
        og.project(block, basis=og.PiecewiseConstant(16))

    seconds = [wall_seconds(work) for _ in range(min(3, effort.turns))]
    yield Row(f"project {case}", seconds, unit="s", goal=AtMost(2))
    with HeldBytes() as held:
        work()
    most = (bytes_of(block) + held.peak) / bytes_of(block)
    yield Row("the same: bytes of old, new and workspace", [most], unit="models", goal=AtMost(1.51))
