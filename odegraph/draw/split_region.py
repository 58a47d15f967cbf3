"""Stability of methods that treat two parts differently: x' = lambda x + mu x.

The plane of z = h lambda, the explicit part, with one boundary for each of a few w = h mu <= 0.
Additive methods: w of the implicit part, from 0, the explicit method alone, to -infinity.
Exponential methods: w of the linear part, which they solve exactly.
"""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from odegraph._errors import EmitError
from odegraph.draw import style
from odegraph.draw.split_growth import SplitGrowth, additive_growth, exponential_growth
from odegraph.draw.window import stability_window
from odegraph.scheme import AdditiveRungeKuttaScheme, ExponentialScheme, Scheme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SPLIT = (AdditiveRungeKuttaScheme, ExponentialScheme)
FIXED: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {"additive-runge-kutta": (0.0, -1.0, -10.0, -math.inf), "exponential": (0.0, -1.0, -2.0, -5.0)}
)
PARTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {"additive-runge-kutta": ("E", "I"), "exponential": ("N", "L")}
)
COLORS = (style.BLUE, style.GREEN, style.AMBER, style.VERMILION)
DASHES = ("-", (0, (6, 2)), (0, (3, 1.5)), (0, (1, 1.2)))


def split_growths(scheme: Scheme) -> dict[float, SplitGrowth]:
    """R(., w) for each w that is drawn."""
    if isinstance(scheme, ExponentialScheme):
        return {w: exponential_growth(scheme, w) for w in FIXED[scheme.kind]}
    if not isinstance(scheme, AdditiveRungeKuttaScheme):
        raise EmitError(f"`{scheme.name}` of kind `{scheme.kind}` does not treat two parts.")
    if not (scheme.is_diagonally_implicit or scheme.is_explicit):
        raise EmitError(
            f"The implicit stages of `{scheme.name}` depend on each other; the region of additive "
            "schemes is drawn where they are solved one after the other."
        )
    return {w: additive_growth(scheme, w) for w in FIXED[scheme.kind]}


def plot_split_region(axes: "Axes", scheme: Scheme) -> str:
    """The boundaries of all w, and shaded what is stable for each of them."""
    from matplotlib.lines import Line2D

    growths = split_growths(scheme)
    windows = [stability_window(R, stages=scheme.stages) for R in growths.values()]
    window = windows[0].holding(*windows[1:])
    z, worst, entries = window.points(), np.zeros(1), []
    explicit, other = PARTS[scheme.kind]
    for (w, R), color, dashes in zip(growths.items(), COLORS, DASHES, strict=True):
        size = window.sizes(R)
        everywhere = " (all that is shown)" if size.max() <= 1 else ""
        look = {"color": color, "linestyle": dashes, "label": _label(other, w) + everywhere}
        entries.append(Line2D([], [], **look))
        worst = np.maximum(worst, size)
        contours = axes.contour(z.real, z.imag, size, levels=[1.0], colors=color, zorder=3)
        contours.set_linestyle([dashes])
    axes.contourf(z.real, z.imag, worst, levels=[0.0, 1.0], colors=[style.PALE_BLUE], zorder=1)
    axes.legend(handles=entries, loc="upper left", fontsize=8, handlelength=2.6)
    style.complex_plane(
        axes, centre=window.centre, reach=window.reach, name=f"z_{{\\mathrm{{{explicit}}}}}"
    )
    return (
        rf"$|R(z_\mathrm{{{explicit}}}, z_\mathrm{{{other}}})| \leq 1$; "
        rf"shaded: stable for every $z_\mathrm{{{other}}}$ drawn"
    )


def _label(part: str, w: float) -> str:
    value = r"\to -\infty" if math.isinf(w) else f"= {w:g}"
    return rf"$z_\mathrm{{{part}}} {value}$"
