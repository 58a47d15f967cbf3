"""Which part of the unit a node calls."""

from enum import Enum


class Part(Enum):
    """R(x) as a whole, or one of its parts where R = f + g: f explicit, g implicit.

    The value is the letter of the rates: k, f, g.
    """

    WHOLE = "k"
    EXPLICIT = "f"
    IMPLICIT = "g"
