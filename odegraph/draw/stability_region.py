"""Where a scheme is stable: |growth| <= 1, and its order star |R(z) exp(-z)| > 1.

One-step methods: R(z) with z = h lambda (Hairer and Wanner, Solving ODEs II, IV.3). Multistep
methods: the largest root, with the root locus and the sector of A(alpha)-stability (V.1). General
linear methods: the spectral radius of the stability matrix, with the locus. Methods
that treat two parts differently: the plane of the explicit part, at fixed points of the other one.
Order stars are due to Wanner, Hairer and Norsett (1978).
"""

import math
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from odegraph._errors import EmitError
from odegraph.draw import style
from odegraph.draw.growth import (
    ROUNDING_OF_DOUBLE_ROOTS,
    Growing,
    general_linear_growth,
    growth,
    imaginary_limit,
    multistep_growth,
    real_limit,
    scanned_limit,
)
from odegraph.draw.oscillator import Oscillating, plot_oscillator
from odegraph.draw.split_region import SPLIT, plot_split_region
from odegraph.draw.window import Window, around, stability_window
from odegraph.scheme import (
    GeneralLinearScheme,
    LinearMultistepScheme,
    RosenbrockScheme,
    RungeKuttaScheme,
    Scheme,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FIGURE_SIZE = MappingProxyType({"width": 4.8, "height": 5.0})
SHADES = ("#a9cfe6", "#bcdaec", "#cee4f1", "#e0eef6", "#f0f7fb")
SHADE_LEVELS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
FAR_LOCUS = 60.0
LEFT_SHARE = 0.6
SHORTEST = 0.02
RATIONAL = (RungeKuttaScheme, RosenbrockScheme)


def draw_stability_region(scheme: Scheme, path: str | Path) -> Path:
    """Draw where a scheme is stable, darker where a step damps more.

    Schemes on states of two halves have an interval of h omega on the harmonic oscillator instead.
    """
    with style.drawing(path, **FIGURE_SIZE) as figure:
        axes = figure.add_subplot()
        subtitle = plot_stability(axes, scheme)
        style.title(axes, scheme.title, subtitle=subtitle)
    return Path(path)


def plot_stability(axes: "Axes", scheme: Scheme) -> str:
    """The picture of the scheme's kind on these axes; what it shows, in one line.

    Raises:
        EmitError: a kind without such a picture.
    """
    if isinstance(scheme, RATIONAL):
        return _plot_rational(axes, scheme)
    if isinstance(scheme, LinearMultistepScheme):
        return _plot_multistep(axes, scheme)
    if isinstance(scheme, GeneralLinearScheme):
        return _plot_general_linear(axes, scheme)
    if isinstance(scheme, SPLIT):
        return plot_split_region(axes, scheme)
    if isinstance(scheme, Oscillating):
        return plot_oscillator(axes, scheme)
    raise EmitError(f"There is no picture of the stability of kind `{scheme.kind}`.")


def draw_order_star(scheme: Scheme, path: str | Path) -> Path:
    """Draw the set |R(z) exp(-z)| > 1: order p shows as p + 1 sectors at the origin."""
    require_order_star(scheme)
    with style.drawing(path, **FIGURE_SIZE) as figure:
        axes = figure.add_subplot()
        subtitle = plot_order_star(axes, scheme)
        style.title(axes, scheme.title, subtitle=subtitle)
    return Path(path)


def require_order_star(scheme: Scheme) -> RungeKuttaScheme | RosenbrockScheme:
    """The scheme, if it has a rational stability function.

    Raises:
        EmitError: another kind.
    """
    if isinstance(scheme, RATIONAL):
        return scheme
    raise EmitError(
        f"`{scheme.name}` is of kind `{scheme.kind}`; an order star compares a rational stability "
        "function R(z) with exp(z), which Runge-Kutta and Rosenbrock schemes have. Draw its "
        "stability region instead."
    )


def plot_order_star(axes: "Axes", scheme: Scheme) -> str:
    """The order star on these axes; what it shows, in one line."""
    R = growth(require_order_star(scheme))
    window = Window(centre=0.0, reach=max(3.0, 1.25 * scheme.stages))
    z = window.points()
    with np.errstate(divide="ignore"):
        excess = np.clip(np.log(np.abs(R(z))) - z.real, -1e6, 1e6)
    axes.contourf(z.real, z.imag, excess, levels=[0.0, 2e6], colors=[style.PALE_BLUE])
    axes.contour(z.real, z.imag, excess, levels=[0.0], colors=style.BLUE, linewidths=1.2, zorder=3)
    style.complex_plane(axes, centre=window.centre, reach=window.reach)
    return r"order star: $|R(z)\,e^{-z}| > 1$ shaded"


def plot_region(axes: "Axes", R: Growing, window: Window, *, boundary: float = 1.0) -> None:
    """The region in shades of how much a step damps, and its boundary."""
    z, size = window.points(), window.sizes(R)
    axes.contourf(z.real, z.imag, size, levels=SHADE_LEVELS, colors=SHADES)
    axes.contour(
        z.real, z.imag, size, levels=[boundary], colors=style.BLUE, linewidths=1.6, zorder=3
    )


def _plot_rational(axes: "Axes", scheme: RungeKuttaScheme | RosenbrockScheme) -> str:
    R = growth(scheme)
    window = stability_window(R, stages=scheme.stages)
    plot_region(axes, R, window)
    style.complex_plane(axes, centre=window.centre, reach=window.reach)
    angle = scheme.analysis.stability_angle if isinstance(scheme, RungeKuttaScheme) else 0.0
    if 0 < angle < 90:
        _sector(axes, angle, window)
    return _summary(real_limit(R), imaginary_limit(R), of="|R(z)|")


def _plot_multistep(axes: "Axes", scheme: LinearMultistepScheme) -> str:
    R = multistep_growth(scheme)
    locus = R.locus()
    near = locus[np.isfinite(locus) & (np.abs(locus) < FAR_LOCUS)]
    window = _multistep_window(R, near, history=scheme.history)
    plot_region(axes, R, window, boundary=1.0 + ROUNDING_OF_DOUBLE_ROOTS)
    dashes = {"color": style.INK, "linewidth": 0.9, "linestyle": (0, (3, 2)), "zorder": 3.5}
    axes.plot(near.real, near.imag, label="root locus", **dashes)
    axes.legend(loc="lower right", fontsize=8)
    style.complex_plane(axes, centre=window.centre, reach=window.reach)
    angle = scheme.stability_angle
    if angle is not None and 0 < angle < 90:
        _sector(axes, angle, window)
    real, imaginary = (scanned_limit(R, direction=direction) for direction in (-1.0, 1j))
    return _summary(real, imaginary, of=r"\max |\zeta|")


def _plot_general_linear(axes: "Axes", scheme: GeneralLinearScheme) -> str:
    R = general_linear_growth(scheme)
    locus = R.locus()
    near = locus[np.isfinite(locus) & (np.abs(locus) < FAR_LOCUS)]
    window = around(near)
    plot_region(axes, R, window, boundary=1.0 + ROUNDING_OF_DOUBLE_ROOTS)
    # The locus has a branch for each stage: points, as lines would join them.
    axes.plot(near.real, near.imag, ".", markersize=1.2, color=style.INK, label="root locus")
    axes.legend(loc="lower right", fontsize=8, markerscale=5)
    style.complex_plane(axes, centre=window.centre, reach=window.reach)
    real, imaginary = (scanned_limit(R, direction=direction) for direction in (-1.0, 1j))
    return _summary(real, imaginary, of=r"\rho(M(z))")


def _multistep_window(R: Growing, locus: NDArray[np.complex128], *, history: int) -> Window:
    if np.abs(locus).max() > 0.9 * FAR_LOCUS:
        return Window(0.0, 2.0 * history + 1.0)
    found = around(locus)
    if R.at_infinity > 1:
        return found
    # What is stable surrounds the locus: show enough of the left half-plane.
    right = found.centre + found.reach
    left = min(found.centre - found.reach, -LEFT_SHARE * right)
    return Window((left + right) / 2, max((right - left) / 2, found.reach))


def _sector(axes: "Axes", angle: float, window: Window) -> None:
    """The sector |arg(-z)| < alpha, as wide as the window."""
    length = 3 * window.reach
    slope = math.tan(math.radians(angle))
    axes.fill(
        [0, -length, -length],
        [0, length * slope, -length * slope],
        facecolor="none",
        edgecolor=style.VERMILION,
        linewidth=1.2,
        zorder=4,
    )
    left = window.centre - window.reach
    axes.annotate(
        rf"$\alpha = {angle:.2f}$°",
        (0.6 * left, 0.0),
        xytext=(0, 9),
        textcoords="offset points",
        color=style.VERMILION,
        ha="center",
        zorder=5,
    )


def _summary(real: float, imaginary: float, *, of: str) -> str:
    on_real = _extent(real, whole="negative real axis", part="real axis", sign="−")
    on_imaginary = _extent(
        imaginary, whole="imaginary axis all of it", part="imaginary axis", sign="±"
    )
    return rf"${of} \leq 1$ shaded: {on_real}, {on_imaginary}"


def _extent(limit: float, *, whole: str, part: str, sign: str) -> str:
    if math.isinf(limit):
        return whole
    return f"{part} to {sign}{limit:.2f}" if limit > SHORTEST else f"{part} only at 0"
