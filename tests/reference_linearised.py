"""The slow, obvious interpreter of exponential and Rosenbrock steps: numpy, one sample at a time.

Jacobians come from reverse-mode differentiation of the eager module, phi functions from their
power series after scaling by hand; no code is shared with the emitters.
"""

from itertools import pairwise
from math import factorial

import numpy as np
import torch
from reference import Slots, _arrays
from torch import nn
from torch.func import functional_call

from odegraph.block import OdeBlock

KINDS = ("exponential", "rosenbrock")


def run(block: OdeBlock, unit: nn.Module, x: np.ndarray) -> np.ndarray:
    """What `block`, compiled from `unit`, must compute in evaluation mode."""
    form = block.manifestation
    slots = [Slots(form.basis, _arrays(block.theta))]
    if form.state_basis is not None:
        slots.append(Slots(form.state_basis, _arrays(block.state)))
    step = {"exponential": exponential_step, "rosenbrock": rosenbrock_step}[form.scheme.kind]
    for start, end in pairwise(form.grid):

        def theta(c, start=start, end=end):
            t = start + c * (end - start)
            values = {}
            for one in slots:
                values |= one.at(t, (start, end))
            return {path: torch.as_tensor(value) for path, value in values.items()}

        h = float(form.span * (end - start))
        x = np.stack([step(form.scheme, unit.eval(), one, h, theta) for one in x])
    return x


def rate(unit, x, theta, shape) -> np.ndarray:
    with torch.no_grad():
        state = torch.as_tensor(x).reshape(1, *shape)
        return functional_call(unit, theta, (state,)).numpy().ravel()


def jacobian(unit, x, theta, shape) -> np.ndarray:
    def flat(state):
        return functional_call(unit, theta, (state.reshape(1, *shape),)).reshape(-1)

    return torch.autograd.functional.jacobian(flat, torch.as_tensor(x)).numpy()


def phi(k: int, Z: np.ndarray) -> np.ndarray:
    """phi_k by its series, of a matrix that is small enough for it."""
    assert np.linalg.norm(Z) < 4
    terms = (np.linalg.matrix_power(Z, m) / factorial(m + k) for m in range(40))
    return sum(terms, start=0 * Z)


def exponential_step(scheme, unit, sample, h, theta) -> np.ndarray:
    shape, x = sample.shape, sample.ravel()
    J = jacobian(unit, x, theta(0), shape)

    def combined(row, c, rest):
        state = phi(0, float(c) * h * J) @ x
        for a, n in zip(row, rest, strict=False):
            for (k, scale), q in a.terms:
                state = state + h * float(q) * phi(k, float(scale) * h * J) @ n
        return state

    rest = []
    for row, c in zip(scheme.A, scheme.c, strict=True):
        U = combined(row, c, rest)
        rest.append(rate(unit, U, theta(c), shape) - J @ U)
    return combined(scheme.b, 1, rest).reshape(shape)


def rosenbrock_step(scheme, unit, sample, h, theta) -> np.ndarray:
    shape, x = sample.shape, sample.ravel()
    J = jacobian(unit, x, theta(0), shape)
    alpha, Gamma = (np.array(m.tolist(), dtype=float) for m in (scheme.alpha, scheme.Gamma))
    k = []
    for i in range(scheme.stages):
        state = x + h * sum((alpha[i, j] * k[j] for j in range(i)), start=0 * x)
        coupling = h * J @ sum((Gamma[i, j] * k[j] for j in range(i)), start=0 * x)
        right = rate(unit, state, theta(0), shape) + coupling
        k.append(np.linalg.solve(np.eye(len(x)) - h * Gamma[i, i] * J, right))
    weights = [float(w) for w in scheme.b]
    return (x + h * sum(w * one for w, one in zip(weights, k, strict=True))).reshape(shape)
