"""How step graphs look: one ramp of colours for depth, and the boxes and wires of each sort.

The ramp goes from pale yellow over green to blue with falling luminance, so that depth can be told
apart with any colour vision and in grey; dark text stays readable on all of it.
"""

from odegraph.draw import style
from odegraph.draw.scene import Ink, Look, RegionLook

RAMP = ("#f7efb2", "#cbe5ae", "#98d3b6", "#6fbcc8", "#7ba3da")
DARKER = 0.62

STATE = Ink(style.INK, width=1.7)
RATE = Ink(style.INK, width=0.9)
IMPLICIT = Ink(style.VERMILION, width=1.1)
MATRIX = Ink(style.PURPLE, width=1.0)

STATE_LOOK = Look(shape="box", style="rounded,filled", border=style.INK)
SUM_LOOK = Look(shape="circle", style="filled", border=style.INK, size=12.0)
ELLIPSIS_LOOK = Look(style="rounded,filled,dashed", border=style.MUTED, size=11.0)
MATRIX_LOOK = Look(fill="#f8eef5", border=style.PURPLE)
UPDATE_LOOK = Look(shape="box", style="filled", fill="#f6e3ee", border=style.PURPLE, size=9.5)
UPDATE = Ink(style.PURPLE, width=0.9, style="dotted")
STEP_REGION = RegionLook(fill="#f3f5f7", border=style.FAINT, text=style.MUTED)
BATCH_REGION = RegionLook(fill="#e7ebef", border=style.MUTED, text=style.MUTED)
BLOCK_REGION = RegionLook(fill="#fbfcfd", border=style.LINE, text=style.INK)
LAYER_LOOK = Look(border=style.MUTED)


def unit_look(depth: float) -> Look:
    """A unit, in the colour of the theta that it reads."""
    return Look(fill=depth_color(depth), border=darker(depth_color(depth)))


def theta_look(depth: float) -> Look:
    """theta(t), in the colour of its depth."""
    return Look(
        style="filled", fill=depth_color(depth), border=darker(depth_color(depth)), size=10.0
    )


def theta_ink(depth: float) -> Ink:
    """From theta(t) to the units that read it."""
    return Ink(darker(depth_color(depth)), width=1.2, style="dashed")


def depth_color(depth: float) -> str:
    """The colour of a depth in [0, 1]; depths beyond take the colour of the end."""
    position = min(max(depth, 0.0), 1.0) * (len(RAMP) - 1)
    index = min(int(position), len(RAMP) - 2)
    part = position - index
    start, end = _channels(RAMP[index]), _channels(RAMP[index + 1])
    return _hex([a + part * (b - a) for a, b in zip(start, end, strict=True)])


def darker(color: str) -> str:
    """The same hue for borders and wires."""
    return _hex([DARKER * channel for channel in _channels(color)])


def _channels(color: str) -> list[int]:
    return [int(color[start : start + 2], 16) for start in (1, 3, 5)]


def _hex(channels: list[float]) -> str:
    return "#" + "".join(f"{round(channel):02x}" for channel in channels)
