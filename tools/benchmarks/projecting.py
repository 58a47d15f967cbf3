"""Moving a model of fifty million parameters to half of the elements: seconds, and bytes held."""

from collections.abc import Iterator

import odegraph as og
from benchmarks.row import Row, timed
from held_bytes import HeldBytes, bytes_of
from odegraph.models.units import ConvReluNorm

CHANNELS = 295


def rows(runs: int) -> Iterator[Row]:
    """Time, and the largest number of bytes held in units of the model."""
    basis = og.PiecewiseConstant(32)
    block = og.OdeBlock(ConvReluNorm(CHANNELS), scheme="euler", basis=basis, steps=32)
    millions = sum(p.numel() for p in block.parameters()) / 1e6
    case = f"{millions:.0f} million parameters from 32 to 16 elements"

    def work() -> None:
        og.project(block, basis=og.PiecewiseConstant(16))

    yield Row(f"project {case}", [timed(work) for _ in range(runs)], "s", "2 s")
    with HeldBytes() as held:
        work()
    most = (bytes_of(block) + held.peak) / bytes_of(block)
    yield Row("the same: bytes of old, new and workspace", [most], "models", "1.5 models")
