"""Spectra: eigenvalues on the unit circle and in a stability region, and growth over steps."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from odegraph.draw import style
from odegraph.draw.growth import growth
from odegraph.draw.stability_region import SHADE_LEVELS, SHADES
from odegraph.draw.window import Window
from odegraph.scheme import RungeKuttaScheme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PANEL = 4.2
HEIGHT = 4.3
BEYOND = 1e-9  # eigenvalues this far outside of the circle are marked


@dataclass(frozen=True)
class Growth:
    """|Omega^k| or its like over k = 0, 1, ...; `name` says which."""

    name: str
    values: Sequence[float]


def draw_spectrum(
    path: str | Path,
    *,
    eigenvalues: ArrayLike,
    title: str,
    scheme: RungeKuttaScheme | None = None,
    scaled_rates: ArrayLike | None = None,
    growths: Sequence[Growth] = (),
) -> Path:
    """Draw up to three panels beside each other.

    Args:
        path: the picture.
        eigenvalues: of the discrete map.
        title: one line.
        scheme: that made the map from a generator, for the second panel.
        scaled_rates: h lambda for the eigenvalues lambda of the generator.
        growths: curves for the third panel.
    """
    with_region = scheme is not None and scaled_rates is not None
    panels = 1 + with_region + bool(growths)
    with style.drawing(path, width=PANEL * panels, height=HEIGHT) as figure:
        axes = list(np.atleast_1d(figure.subplots(1, panels)))
        unit_circle(axes[0], eigenvalues)
        style.title(axes[0], title, subtitle=_count(eigenvalues))
        if scheme is not None and scaled_rates is not None:
            _region(axes[1], scheme, np.asarray(scaled_rates))
        if growths:
            _growth(axes[-1], growths)
    return Path(path)


def unit_circle(axes: "Axes", eigenvalues: ArrayLike, *, largest: float | None = None) -> None:
    """The unit circle with eigenvalues: inside and on it blue, outside of it vermilion crosses.

    Axes reach to the modulus `largest`, by default that of these eigenvalues.
    """
    values = np.asarray(eigenvalues, dtype=np.complex128)
    angle = np.linspace(0, 2 * np.pi, 361)
    axes.fill(np.cos(angle), np.sin(angle), color=style.PALE_BLUE, zorder=1)
    axes.plot(np.cos(angle), np.sin(angle), color=style.BLUE, linewidth=1.2, zorder=2)
    outside = np.abs(values) > 1 + BEYOND
    for chosen, color, marker in ((~outside, style.BLUE, "o"), (outside, style.VERMILION, "X")):
        axes.plot(
            np.real(values[chosen]),
            np.imag(values[chosen]),
            linestyle="none",
            color=color,
            marker=marker,
            markersize=5.5,
            markeredgecolor=style.PAPER,
            markeredgewidth=0.5,
            zorder=4,
        )
    reach = float(np.abs(values).max(initial=0.0)) if largest is None else largest
    style.complex_plane(axes, centre=0.0, reach=1.12 * max(1.0, reach), name=r"\lambda")


def _count(eigenvalues: ArrayLike) -> str:
    sizes = np.abs(np.asarray(eigenvalues))
    outside = int((sizes > 1 + BEYOND).sum())
    return (
        rf"{outside} of {sizes.size} outside of the circle, largest $|\lambda|$ {sizes.max():.4f}"
    )


def _region(axes: "Axes", scheme: RungeKuttaScheme, z: np.ndarray) -> None:
    reach = 1.25 * max(1.0, float(np.abs(z).max(initial=0.0)))
    window = Window(0.0, reach)
    points = window.points()
    size = np.minimum(np.abs(growth(scheme)(points)), 1e6)
    axes.contourf(points.real, points.imag, size, levels=SHADE_LEVELS, colors=SHADES)
    axes.contour(points.real, points.imag, size, levels=[1.0], colors=style.BLUE, linewidths=1.2)
    axes.plot(np.real(z), np.imag(z), linestyle="none", marker="o", color=style.INK, markersize=4.5)
    style.complex_plane(axes, centre=window.centre, reach=window.reach, name=r"h\lambda")
    style.title(axes, scheme.name, subtitle=r"eigenvalues of $hL$; $|R(z)| \leq 1$ shaded")


def _growth(axes: "Axes", growths: Sequence[Growth]) -> None:
    for index, one in enumerate(growths):
        axes.plot(one.values, label=one.name, color=style.SERIES[(index + 2) % len(style.SERIES)])
    axes.axhline(1.0, color=style.LINE, linewidth=0.8)
    axes.set_yscale("log")
    style.logarithmic(axes.yaxis)
    axes.set_xlabel("steps")
    axes.legend(loc="best")
    style.grid(axes)
    style.title(axes, "Growth", subtitle="of the worst perturbation over steps")
