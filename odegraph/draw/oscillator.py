"""Stability on the harmonic oscillator q' = w p, p' = -w q: half the trace of a step over h w.

A symplectic step is a rotation where |trace| < 2, and its angle replaces h w: compare the cosine.
"""

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.polynomial import polynomial
from numpy.typing import ArrayLike, NDArray

from odegraph._exact import to_float
from odegraph.draw import style
from odegraph.draw.growth import rounded
from odegraph.scheme import (
    CompositionScheme,
    NystromScheme,
    PartitionedRungeKuttaScheme,
)
from odegraph.scheme.analysis.oscillator import OscillatorStep
from odegraph.scheme.polynomials import Polynomial

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Oscillating = CompositionScheme | NystromScheme | PartitionedRungeKuttaScheme
POINTS = 1201
WIDEST = 2 * math.pi
MARGIN = 1.3


def half_trace(step: OscillatorStep, y: ArrayLike) -> NDArray[np.float64]:
    """Half the trace of the step matrix at y = h w."""
    z = -(np.asarray(y, dtype=np.float64) ** 2)
    return _value(step.trace, z) / (2 * _value(step.denominator, z))


def spectral_radius(step: OscillatorStep, y: ArrayLike) -> NDArray[np.float64]:
    """The largest modulus of an eigenvalue of the step matrix at y = h w."""
    z = -(np.asarray(y, dtype=np.float64) ** 2)
    half, determinant = half_trace(step, y), _value(step.determinant, z)
    determinant = determinant / _value(step.denominator, z) ** 2
    root = np.sqrt((half**2 - determinant).astype(np.complex128))
    return np.maximum(np.abs(half + root), np.abs(half - root))


def plot_oscillator(axes: "Axes", scheme: Oscillating) -> str:
    """Half the trace, the spectral radius where it is not 1, and the stable interval."""
    step = scheme.oscillator
    limit = step.interval
    end = to_float(limit) if limit.is_finite else math.inf
    width = min(max(MARGIN * end, 2.6), WIDEST) if end else 3.0
    y = np.linspace(0, width, POINTS)
    half, radius = half_trace(step, y), spectral_radius(step, y)
    if end:
        axes.axvspan(0, min(end, width), color=style.PALE_BLUE, zorder=0, linewidth=0)
    axes.axhline(0, color=style.LINE, linewidth=0.8, zorder=1)
    for bound in (-1.0, 1.0):
        axes.axhline(bound, color=style.LINE, linewidth=0.8, zorder=1)
    axes.plot(
        y,
        np.cos(y),
        color=style.MUTED,
        linestyle=(0, (4, 2.5)),
        linewidth=1.1,
        label=r"$\cos h\omega$, exact",
    )
    axes.plot(y, half, color=style.BLUE, label=r"$\frac{1}{2}\,\mathrm{tr}\,M(h\omega)$")
    if _is_dissipative(step):
        axes.plot(y, radius, color=style.VERMILION, linewidth=1.2, label="spectral radius")
    axes.set_xlim(0, width)
    axes.set_ylim(-1.6, 1.6)
    axes.set_xlabel(r"$h\omega$")
    axes.legend(loc="lower left", fontsize=8)
    if not end:
        return r"harmonic oscillator: no interval $[0, y]$ is stable"
    on = "every step" if math.isinf(end) else rf"$h\omega \leq {end:.4g}$"
    return rf"stable on $q'' = -\omega^2 q$ for {on}"


def _is_dissipative(step: OscillatorStep) -> bool:
    y = np.linspace(0, 1, 11)
    z = -(y**2)
    return not np.allclose(_value(step.determinant, z), _value(step.denominator, z) ** 2)


def _value(p: Polynomial, z: NDArray[np.float64]) -> NDArray[np.float64]:
    coefficients = rounded(p) if p else np.zeros(1)
    return np.asarray(polynomial.polyval(z, coefficients), dtype=np.float64)
