"""Which part of the complex plane a picture shows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from odegraph.draw.growth import ROUNDING_OF_DOUBLE_ROOTS, Growing

GRID = 401
HUGE = 1e6
SEARCH_GRID = 201


@dataclass(frozen=True)
class Window:
    """A square part of the complex plane, symmetric about the real axis."""

    centre: float
    reach: float

    def points(self, count: int = GRID) -> NDArray[np.complex128]:
        """A grid of count x count points z, rows from below to above."""
        offsets = np.linspace(-self.reach, self.reach, count)
        return self.centre + offsets[None, :] + 1j * offsets[:, None]

    def sizes(self, R: Growing, count: int = GRID) -> NDArray[np.float64]:
        """|growth| on the grid; at conjugate points it is the same, so half of them is enough."""
        upper = np.abs(R(self.points(count)[count // 2 :]))
        upper = np.minimum(np.nan_to_num(upper, nan=HUGE, posinf=HUGE), HUGE)
        return np.concatenate([upper[:0:-1], upper])

    def holding(self, *others: "Window") -> "Window":
        """The smallest window around this and the others."""
        windows = (self, *others)
        left = min(one.centre - one.reach for one in windows)
        right = max(one.centre + one.reach for one in windows)
        reach = max((right - left) / 2, *(one.reach for one in windows))
        return Window((left + right) / 2, reach)


def stability_window(R: Growing, *, stages: int) -> Window:
    """A window that shows the bounded one of the region and its complement, and the origin."""
    reach = 2.0 * stages**2 + 4.0
    shown = np.zeros(1, dtype=np.complex128)
    for _ in range(40):
        window = Window(0.0, reach)
        stable = window.sizes(R, SEARCH_GRID) <= 1 + ROUNDING_OF_DOUBLE_ROOTS
        shown = window.points(SEARCH_GRID)[_main_part(stable) if R.at_infinity > 1 else ~stable]
        extent = float(max(np.abs(shown.real).max(), np.abs(shown.imag).max()))
        if extent > 0.97 * reach:
            # Neither set is bounded: the whole half-plane is stable, and nothing more.
            return Window(0.0, 2.0 * stages + 1.0)
        if extent > 0.5 * reach:
            break
        reach *= 0.6
    return around(shown)


def around(points: NDArray[np.complex128]) -> Window:
    """The window that holds the points and the origin, with a margin."""
    left, right = min(0.0, float(points.real.min())), max(0.0, float(points.real.max()))
    half = max((right - left) / 2, float(np.abs(points.imag).max()))
    return Window(centre=(left + right) / 2, reach=1.25 * half)


def _main_part(stable: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The part that touches the origin from the left: small islands may lie far away."""
    from scipy import ndimage

    parts = np.asarray(ndimage.label(stable)[0])  # pyright: ignore[reportIndexIssue]
    middle = stable.shape[0] // 2
    main = parts[middle, middle - 1]
    return parts == main if main else stable
