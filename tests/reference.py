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
from odegraph.scheme import RungeKuttaScheme
from odegraph.scheme.number_field import to_sympy

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
            known = sum((h * b * r - a * y for a, b, y, r in past), start=0 * x) / alpha[k]
            made = known
            if beta[k]:
                own, at_end = h * beta[k] / alpha[k], _theta_at(slots, end, (start, end))

                def newest(R, known=known, own=own, at_end=at_end):
                    return rate(known + own * R, at_end)

                made = known + own * newton(newest, 0 * x)
        states.append(made)
    return states[-1]


def _theta_at(slots: tuple[Slots, ...], t, interval) -> dict[str, np.ndarray]:
    theta = {}
    for one in slots:
        theta |= one.at(t, interval)
    return theta


def integrate_partitioned(
    rate: Rate, x: np.ndarray, *, scheme, grid, span, slots: tuple[Slots, ...]
) -> np.ndarray:
    """x = [q, p] at depth 1: sweeps over all stages until nothing changes, on separable rates."""
    A_q, b_q, A_p, b_p = scheme.A_q, scheme.b_q, scheme.A_p, scheme.b_p
    stages = range(scheme.stages)
    for start, end in pairwise(grid):
        h = float(span * (end - start))
        q, p = np.split(x, 2, axis=1)
        f, g = ([0 * q] * scheme.stages for _ in range(2))
        for _ in range(2 * scheme.stages if scheme.is_explicit else 60):
            Q = [q + h * sum(float(A_q[i, j]) * f[j] for j in stages) for i in stages]
            P = [p + h * sum(float(A_p[i, j]) * g[j] for j in stages) for i in stages]
            for i in stages:
                of_q, of_p = (
                    _theta_at(slots, start + _rational(sum(A[i, :])) * (end - start), (start, end))
                    for A in (A_p, A_q)
                )
                f[i] = np.split(rate(np.concatenate([q, P[i]], axis=1), of_q), 2, axis=1)[0]
                g[i] = np.split(rate(np.concatenate([Q[i], p], axis=1), of_p), 2, axis=1)[1]
        q = q + h * sum(float(b_q[i]) * f[i] for i in stages)
        p = p + h * sum(float(b_p[i]) * g[i] for i in stages)
        x = np.concatenate([q, p], axis=1)
    return x


def integrate_composition(
    rate: Rate, x: np.ndarray, *, scheme, grid, span, slots: tuple[Slots, ...]
) -> np.ndarray:
    """x = [q, p] at depth 1, one exact flow of a half after the other."""
    for start, end in pairwise(grid):
        h = float(span * (end - start))
        reached = [0, 0]
        for half, fraction in scheme.substeps:
            fraction = to_sympy(fraction)
            t = start + _rational(reached[1 - half] + fraction * 0) * (end - start)
            k = np.split(rate(x, _theta_at(slots, t, (start, end))), 2, axis=1)
            k[1 - half] = 0 * k[1 - half]
            x = x + h * float(fraction) * np.concatenate(k, axis=1)
            reached[half] += fraction
    return x


def integrate_nystrom(
    rate: Rate, x: np.ndarray, *, scheme, grid, span, slots: tuple[Slots, ...]
) -> np.ndarray:
    """x = [q, v] at depth 1, by the formulas for q'' = f."""
    A = 0 * scheme.A_bar if scheme.A is None else scheme.A
    for start, end in pairwise(grid):
        h = float(span * (end - start))
        q, v = np.split(x, 2, axis=1)
        k = []
        for i in range(scheme.stages):
            t = start + _rational(scheme.c[i]) * (end - start)
            Q = q + float(scheme.c[i]) * h * v
            Q = Q + h * h * sum((float(scheme.A_bar[i, j]) * k[j] for j in range(i)), start=0 * q)
            V = v + h * sum((float(A[i, j]) * k[j] for j in range(i)), start=0 * v)
            full = rate(np.concatenate([Q, V], axis=1), _theta_at(slots, t, (start, end)))
            k.append(np.split(full, 2, axis=1)[1])
        moved = sum(float(w) * one for w, one in zip(scheme.b_bar, k, strict=True))
        kicked = sum(float(w) * one for w, one in zip(scheme.b, k, strict=True))
        x = np.concatenate([q + h * v + h * h * moved, v + h * kicked], axis=1)
    return x


def integrate_additive(
    rates: tuple[Rate, Rate], x: np.ndarray, *, scheme, grid, span, slots: tuple[Slots, ...]
) -> np.ndarray:
    """x at depth 1 for x' = f + g, stage by stage; the implicit rate of a stage by Newton."""
    parts = (scheme.explicit_part, scheme.implicit_part)
    for start, end in pairwise(grid):
        h = float(span * (end - start))
        k: tuple[list, list] = ([], [])
        for i in range(scheme.stages):
            thetas = [
                _theta_at(slots, start + _rational(part.c[i]) * (end - start), (start, end))
                for part in parts
            ]
            known = x + h * sum(
                (float(part.A[i, j]) * k[n][j] for n, part in enumerate(parts) for j in range(i)),
                start=0 * x,
            )
            own = h * float(parts[1].A[i, i])

            def implicit(g, known=known, own=own, theta=thetas[1]):
                return rates[1](known + own * g, theta)

            g = newton(implicit, 0 * x)
            k[0].append(rates[0](known + own * g, thetas[0]))
            k[1].append(g)
        x = x + h * sum(
            (
                float(part.b[i]) * k[n][i]
                for n, part in enumerate(parts)
                for i in range(scheme.stages)
            ),
            start=0 * x,
        )
    return x


def integrate_general_linear(
    rate: Rate, x: np.ndarray, *, scheme, grid, span, slots: tuple[Slots, ...]
) -> np.ndarray:
    """The first of the values [values, *x.shape] at depth 1, by matrices of floats."""
    A, U, B, V = (np.array(M.tolist(), float) for M in (scheme.A, scheme.U, scheme.B, scheme.V))
    y = np.stack([x] * scheme.values)
    for start, end in pairwise(grid):
        h = float(span * (end - start))
        k = np.zeros((scheme.stages, *x.shape))
        for i in range(scheme.stages):
            t = start + _rational(scheme.c[i]) * (end - start)
            state = h * np.tensordot(A[i], k, 1) + np.tensordot(U[i], y, 1)
            k[i] = rate(state, _theta_at(slots, t, (start, end)))
        y = h * np.tensordot(B, k, 1) + np.tensordot(V, y, 1)
    return y[0]


INTEGRATORS = {
    "runge-kutta": integrate,
    "linear-multistep": integrate_multistep,
    "partitioned-runge-kutta": integrate_partitioned,
    "composition": integrate_composition,
    "nystrom": integrate_nystrom,
    "general-linear": integrate_general_linear,
}


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
    if form.scheme.kind == "additive-runge-kutta":
        rates = (part_of(unit, "explicit"), part_of(unit, "implicit"))
        return integrate_additive(
            rates, x, scheme=form.scheme, grid=form.grid, span=form.span, slots=tuple(slots)
        )
    kind = "runge-kutta" if isinstance(form.scheme, RungeKuttaScheme) else form.scheme.kind
    integrate_kind = INTEGRATORS[kind]
    return integrate_kind(
        rate_of(unit), x, scheme=form.scheme, grid=form.grid, span=form.span, slots=tuple(slots)
    )


def part_of(unit: nn.Module, part: str) -> Rate:
    """The rate of one part of a split unit, which reads its own parameters."""
    rate = rate_of(unit.get_submodule(part))
    own = f"{part}."

    def of_own(x: np.ndarray, theta: Mapping[str, np.ndarray]) -> np.ndarray:
        return rate(x, {k.removeprefix(own): v for k, v in theta.items() if k.startswith(own)})

    return of_own


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
