"""Labels of logarithmic axes."""

from typing import final

from matplotlib.ticker import LogFormatterSciNotation

NARROW = 100.0


@final
class PlainWhereNarrow(LogFormatterSciNotation):
    """Plain numbers over less than two decades, powers of ten beyond."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        """The label of a tick; empty for those without one."""
        label = super().__call__(x, pos)
        low, high = sorted(self.axis.get_view_interval())  # pyright: ignore[reportOptionalMemberAccess]
        return f"{x:g}" if label and high < NARROW * low else label
