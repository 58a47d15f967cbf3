"""Where a scheme is stable: |R(z)| <= 1, and its order star |R(z) exp(-z)| > 1.

R is the growth over one step of x' = lambda x with z = h lambda (Hairer and Wanner, Solving ODEs
II, section IV.2); order stars are due to Wanner, Hairer and Norsett (1978).
"""

import itertools
import math
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.polynomial import polynomial
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from odegraph._exact import to_float
from odegraph.draw import style
from odegraph.draw.kinds import require_runge_kutta
from odegraph.scheme import RungeKuttaScheme, Scheme
from odegraph.scheme.number_field import to_sympy
from odegraph.scheme.polynomials import Polynomial

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GRID = 401
FIGURE_SIZE = MappingProxyType({"width": 4.8, "height": 5.0})
SHADES = ("#a9cfe6", "#bcdaec", "#cee4f1", "#e0eef6", "#f0f7fb")
SHADE_LEVELS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True)
class Growth:
    """R = P / Q, and E(y^2) = |Q(iy)|^2 - |P(iy)|^2, which is >= 0 where |R(iy)| <= 1.

    Exact coefficients, rounded once to float64, from the constant term upwards.
    """

    P: NDArray[np.float64]
    Q: NDArray[np.float64]
    E: NDArray[np.float64]

    def __call__(self, z: ArrayLike) -> NDArray[np.complex128]:
        """R at every z; poles give infinite values."""
        with np.errstate(divide="ignore", invalid="ignore"):
            points = np.asarray(z, dtype=np.complex128)
            return polynomial.polyval(points, self.P) / polynomial.polyval(points, self.Q)

    @property
    def at_infinity(self) -> float:
        """|R| far from the origin."""
        if len(self.P) == len(self.Q):
            return abs(self.P[-1] / self.Q[-1])
        return math.inf if len(self.P) > len(self.Q) else 0.0


@dataclass(frozen=True)
class Window:
    """A square part of the complex plane, symmetric about the real axis."""

    centre: float
    reach: float

    def points(self, count: int = GRID) -> NDArray[np.complex128]:
        """A grid of count x count points z, rows from below to above."""
        offsets = np.linspace(-self.reach, self.reach, count)
        return self.centre + offsets[None, :] + 1j * offsets[:, None]


def draw_stability_region(scheme: Scheme, path: str | Path) -> Path:
    """Draw the region |R(z)| <= 1, shaded darker where a step damps more."""
    scheme = require_runge_kutta(scheme, picture="stability region")
    R = growth(scheme)
    window = stability_window(R, stages=scheme.stages)
    z = window.points()
    with style.drawing(path, **FIGURE_SIZE) as figure:
        axes = figure.add_subplot()
        size = np.minimum(np.abs(R(z)), 1e6)
        axes.contourf(z.real, z.imag, size, levels=SHADE_LEVELS, colors=SHADES)
        axes.contour(
            z.real, z.imag, size, levels=[1.0], colors=style.BLUE, linewidths=1.6, zorder=3
        )
        _finish(axes, window)
        style.title(axes, scheme.title, subtitle=_summary(R))
    return Path(path)


def draw_order_star(scheme: Scheme, path: str | Path) -> Path:
    """Draw the set |R(z) exp(-z)| > 1: order p shows as p + 1 sectors at the origin."""
    scheme = require_runge_kutta(scheme, picture="order star")
    R = growth(scheme)
    window = Window(centre=0.0, reach=max(3.0, 1.25 * scheme.stages))
    z = window.points()
    with np.errstate(divide="ignore"):
        excess = np.clip(np.log(np.abs(R(z))) - z.real, -1e6, 1e6)
    with style.drawing(path, **FIGURE_SIZE) as figure:
        axes = figure.add_subplot()
        axes.contourf(z.real, z.imag, excess, levels=[0.0, 2e6], colors=[style.PALE_BLUE])
        axes.contour(
            z.real, z.imag, excess, levels=[0.0], colors=style.BLUE, linewidths=1.2, zorder=3
        )
        _finish(axes, window)
        style.title(axes, scheme.title, subtitle=r"order star: $|R(z)\,e^{-z}| > 1$ shaded")
    return Path(path)


def growth(scheme: RungeKuttaScheme) -> Growth:
    """R of a scheme in floating point."""
    exact = scheme.stability
    return Growth(*(_rounded(p) for p in (exact.P, exact.Q, exact.e_polynomial())))


def real_limit(R: Growth) -> float:
    """The largest x with |R| <= 1 on all of [-x, 0]; infinite where there is none."""
    crossings = [polynomial.polysub(R.P, R.Q), polynomial.polyadd(R.P, R.Q)]
    roots = np.concatenate([_positive_roots(_reflected(p)) for p in crossings])
    return _first_exit(R, roots, direction=-1.0)


def imaginary_limit(R: Growth) -> float:
    """The largest y with |R| <= 1 on all of [-iy, iy]; infinite where there is none."""
    nonzero = np.flatnonzero(R.E)
    if nonzero.size == 0:
        return math.inf
    if R.E[nonzero[0]] < 0:
        return 0.0
    return _first_exit(R, np.sqrt(_positive_roots(R.E)), direction=1j)


def stability_window(R: Growth, *, stages: int) -> Window:
    """A window that shows the bounded one of the region and its complement, and the origin."""
    reach = 2.0 * stages**2 + 4.0
    shown = np.zeros(1, dtype=np.complex128)
    for _ in range(40):
        z = Window(0.0, reach).points()
        stable = np.abs(R(z)) <= 1
        shown = z[_main_part(stable) if R.at_infinity > 1 else ~stable]
        extent = float(max(np.abs(shown.real).max(), np.abs(shown.imag).max()))
        if extent > 0.97 * reach:
            # Neither set is bounded: the whole half-plane is stable, and nothing more.
            return Window(0.0, 2.0 * stages + 1.0)
        if extent > 0.5 * reach:
            break
        reach *= 0.6
    left, right = min(0.0, float(shown.real.min())), max(0.0, float(shown.real.max()))
    half = max((right - left) / 2, float(shown.imag.max()))
    return Window(centre=(left + right) / 2, reach=1.25 * half)


def _main_part(stable: NDArray[np.bool_]) -> NDArray[np.bool_]:
    # The part that touches the origin from the left: small islands may lie far away.
    parts = np.asarray(ndimage.label(stable)[0])  # pyright: ignore[reportIndexIssue]
    middle = stable.shape[0] // 2
    main = parts[middle, middle - 1]
    return parts == main if main else stable


def _finish(axes: "Axes", window: Window) -> None:
    axes.axhline(0, color=style.LINE, linewidth=0.8, zorder=2)
    axes.axvline(0, color=style.LINE, linewidth=0.8, zorder=2)
    axes.set_aspect("equal")
    axes.set_xlim(window.centre - window.reach, window.centre + window.reach)
    axes.set_ylim(-window.reach, window.reach)
    axes.set_xlabel(r"Re $z$")
    axes.set_ylabel(r"Im $z$")


def _summary(R: Growth) -> str:
    real, imaginary = real_limit(R), imaginary_limit(R)
    on_real = "negative real axis" if math.isinf(real) else f"real axis to −{real:.2f}"
    on_imaginary = "all of it" if math.isinf(imaginary) else f"to ±{imaginary:.2f}"
    on_imaginary = on_imaginary if imaginary else "only at 0"
    return rf"$|R(z)| \leq 1$ shaded: {on_real}, imaginary axis {on_imaginary}"


def _rounded(p: Polynomial) -> NDArray[np.float64]:
    return np.array([to_float(to_sympy(x)) for x in p])


def _reflected(p: ArrayLike) -> NDArray[np.float64]:
    p = np.asarray(p, dtype=np.float64)
    return p * (-1.0) ** np.arange(len(p))


def _positive_roots(p: NDArray[np.float64]) -> NDArray[np.float64]:
    first = np.flatnonzero(p)
    if first.size == 0:
        return np.empty(0)
    roots = polynomial.polyroots(p[first[0] : first[-1] + 1])
    real = roots.real[np.abs(roots.imag) <= 1e-7 * np.abs(roots)]
    return real[real > 1e-6]


def _first_exit(R: Growth, roots: NDArray[np.float64], *, direction: complex) -> float:
    # The smallest root behind which |R| exceeds one; elsewhere the curve only touches.
    ends = np.append(np.sort(roots), np.inf)
    for root, following in itertools.pairwise(ends):
        beyond = min(1.001 * root, (root + following) / 2)
        if abs(R(direction * beyond)) > 1:
            return float(root)
    return math.inf
