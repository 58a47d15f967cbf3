"""How much is measured: everything, or what fits into three minutes."""

from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True)
class Effort:
    """What a run takes on.

    Attributes:
        turns: how often everything that is measured side by side is measured.
        compiles: how often something is compiled from scratch.
        unrolled_steps: of the loop that is compiled whole.
        networks: the schemes of the networks beside hand-written loops.
        batches: of the convolution blocks.
        text: what a reader should know.
    """

    turns: int
    compiles: int
    unrolled_steps: int
    networks: tuple[str, ...]
    batches: tuple[int, ...]
    text: str

    @property
    def is_full(self) -> bool:
        """Whether the slow cases are measured, too."""
        return self is FULL


FULL = Effort(
    turns=11,
    compiles=3,
    unrolled_steps=40,
    networks=("euler", "rk4-classic"),
    batches=(32, 1),
    text="All cases; medians of 11 turns, compile times of 3.",
)
QUICK = Effort(
    turns=3,
    compiles=1,
    unrolled_steps=8,
    networks=("euler",),
    batches=(1,),
    text="A quick run: 3 turns; 8 unrolled steps instead of 40; networks of `euler` only, "
    "convolutions of single images only; one compilation each; without `CompiledWhole`, compiled "
    "baked blocks, compiled training of convolutions and the proof of the whole catalogue.",
)
