"""A slow, obvious interpreter of dx/dt = span R(x, theta(t)): numpy, one formula after the other.

It knows schemes by (A, b, c) and bases by their values only, and shares no code with the step
graph, the passes or the emitters.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
import torch
from torch import nn
from torch.func import functional_call

from odegraph.basis import Basis
from odegraph.block import OdeBlock

Rate = Callable[[np.ndarray, Mapping[str, np.ndarray]], np.ndarray]


@dataclass(frozen=True)
class Slots:
    """Stacked coefficients with their basis."""

    basis: Basis
    values: Mapping[str, np.ndarray]

    def at(self, t, interval: tuple[Fraction, Fraction]) -> dict[str, np.ndarray]:
        """theta(t) as seen from inside the interval of a step."""
        start, end = interval
        if start <= t <= end:
            weights = self.basis.evaluate(t, side="left" if t == end else "right")
        else:
            weights = [Fraction(0)] * self.basis.size
            for b, weight in self.basis.row_within(t, interval=interval):
                weights[b] = weight
        return {path: _combined(weights, stack) for path, stack in self.values.items()}


def _combined(weights, stack: np.ndarray) -> np.ndarray:
    if not np.issubdtype(stack.dtype, np.floating):
        return stack[0]
    total = np.zeros_like(stack[0])
    for weight, value in zip(weights, stack, strict=True):
        total = total + float(weight) * value
    return total


def integrate(
    rate: Rate, x: np.ndarray, *, scheme, grid, span, slots: tuple[Slots, ...]
) -> np.ndarray:
    """x at depth 1."""
    A, b, c = scheme.A, scheme.b, scheme.c
    s = scheme.stages
    for start, end in pairwise(grid):
        h = float(span * (end - start))
        thetas = []
        for i in range(s):
            t = start + _rational(c[i]) * (end - start)
            theta = {}
            for one in slots:
                theta |= one.at(t, (start, end))
            thetas.append(theta)

        def stage(i: int, k, x=x, h=h, thetas=thetas) -> np.ndarray:
            y = x + h * sum((float(A[i, j]) * one for j, one in enumerate(k)), start=0 * x)
            return rate(y, thetas[i])

        if all(A[i, j] == 0 for i in range(s) for j in range(i, s)):
            k = []
            for i in range(s):
                k.append(stage(i, k))
        else:
            k = newton(lambda k: np.stack([stage(i, k) for i in range(s)]), np.stack([0 * x] * s))
        x = x + h * sum((float(b[i]) * k[i] for i in range(scheme.stages)), start=0 * x)
    return x


def integrate_multistep(
    rate: Rate, x: np.ndarray, *, scheme, grid, span, slots: tuple[Slots, ...]
) -> np.ndarray:
    """x at depth 1, by the formula alpha . x = h beta . R on a uniform grid."""
    k = scheme.history
    alpha, beta = ([float(w) for w in weights] for weights in (scheme.alpha, scheme.beta))
    states, rates = [x], []
    for n, (start, end) in enumerate(pairwise(grid)):
        h = float(span * (end - start))
        theta = {}
        for one in slots:
            theta |= one.at(start, (start, end))
        rates.append(rate(states[-1], theta))
        if n < k - 1:
            made = integrate(
                rate,
                states[-1],
                scheme=scheme.start_scheme,
                grid=[start, end],
                span=span,
                slots=slots,
            )
        else:
            past = zip(alpha[:k], beta[:k], states[-k:], rates[-k:], strict=True)
            made = sum((h * b * r - a * y for a, b, y, r in past), start=0 * x) / alpha[k]
        states.append(made)
    return states[-1]


INTEGRATORS = {"runge-kutta": integrate, "linear-multistep": integrate_multistep}


def newton(G: Callable[[np.ndarray], np.ndarray], k: np.ndarray) -> np.ndarray:
    """The fixed point k = G(k), by Newton's method with a dense matrix of difference quotients."""
    step = 1e-7
    for _ in range(8):
        value = G(k)
        columns = [
            (G(k + step * unit.reshape(k.shape)) - value).flatten() / step
            for unit in np.eye(k.size)
        ]
        left = np.eye(k.size) - np.stack(columns, axis=1)
        k = k + np.linalg.solve(left, (value - k).flatten()).reshape(k.shape)
    return k


def _rational(number):
    return Fraction(int(number.p), int(number.q)) if number.is_Rational else number


def run(block: OdeBlock, unit: nn.Module, x: np.ndarray) -> np.ndarray:
    """What `block`, compiled from `unit`, must compute in evaluation mode."""
    form = block.manifestation
    slots = [Slots(form.basis, _arrays(block.theta))]
    if form.state_basis is not None:
        slots.append(Slots(form.state_basis, _arrays(block.state)))
    integrate_kind = INTEGRATORS[form.scheme.kind]
    return integrate_kind(
        rate_of(unit), x, scheme=form.scheme, grid=form.grid, span=form.span, slots=tuple(slots)
    )


def rate_of(unit: nn.Module) -> Rate:
    """The eager module as a numpy function of the state and its parameters and buffers."""
    unit = unit.eval()

    def rate(x: np.ndarray, theta: Mapping[str, np.ndarray]) -> np.ndarray:
        tensors = {path: torch.as_tensor(value) for path, value in theta.items()}
        with torch.no_grad():
            return functional_call(unit, tensors, (torch.as_tensor(x),)).numpy()

    return rate


def _arrays(container: nn.Module) -> dict[str, np.ndarray]:
    return {path: value.detach().numpy() for path, value in container.state_dict().items()}
