"""Linear latent dynamics that are stable by construction: a generator and an A-stable scheme."""

from fractions import Fraction
from typing import Any

import torch
from torch import Tensor, nn

from odegraph._errors import GraphError
from odegraph._exact import to_float
from odegraph.models.generators import Dissipative
from odegraph.scheme import RungeKuttaScheme, Scheme, load_scheme
from odegraph.scheme.number_field import to_sympy
from odegraph.scheme.polynomials import Polynomial

EXAMPLE = -0.01 + 1j  # a slowly damped oscillation, in units of 1 / time
EXAMPLE_STEP = 0.1

NOT_A_STABLE = (
    "`{scheme}` is not A-stable, so it can blow up a system that decays: with lambda = {rate} and "
    "h = {step} one step multiplies by |R(h lambda)| = {growth:.4g}, more than 1. Choose an "
    "A-stable scheme such as `implicit-midpoint`, `gauss-2` or `radau-iia-2`, which cannot for any "
    "weights."
)


class StableLatent(nn.Module):
    """z -> Omega z with Omega = R(h L): one step of a scheme for dz/dt = L z, with L = J - R.

    R = P / Q is the stability function of the scheme, applied to a matrix: Q(hL) Omega = P(hL),
    with exact coefficients rounded once to float64. If |R(z)| <= 1 for all Re z <= 0 (an A-stable
    scheme), |Omega|_2 <= 1 for every J skew and R positive semi-definite (von Neumann 1951): not
    only do no eigenvalues leave the unit circle, no state ever grows. Implicit midpoint makes Omega
    the Cayley transform of hL / 2, orthogonal for a `Conservative` generator.

    The price: |z| is a Lyapunov function in the latent coordinates, and growth that is real, even
    a transient, is left to encoder and decoder.

    Args:
        size: of the latent space.
        scheme: an A-stable Runge-Kutta scheme, or its name.
        step: h, the time of one step in units of the generator.
        generator: a module without inputs that returns L [size, size]; by default `Dissipative`.

    Raises:
        GraphError: a scheme that is not A-stable, or a step that is not positive.
    """

    def __init__(
        self,
        size: int,
        scheme: Scheme | str = "implicit-midpoint",
        step: float = 1.0,
        *,
        generator: nn.Module | None = None,
    ) -> None:
        super().__init__()
        if not 0 < step < float("inf"):
            raise GraphError(f"step is `{step}`; a step of time is positive and finite.")
        self.size = size
        self.step = step
        self.scheme = require_a_stable(load_scheme(scheme) if isinstance(scheme, str) else scheme)
        self.P, self.Q = (_rounded(p) for p in (self.scheme.stability.P, self.scheme.stability.Q))
        self.generator = Dissipative(size) if generator is None else generator

    def omega(self, *, part: Fraction | int = 1) -> Tensor:
        """R(part * h L): the map of one step, or of a `part` of it: [size, size].

        A part of a step exists because L is a continuous system; two halves make the whole up to
        the error of the scheme.

        Raises:
            GraphError: a part that is not positive: backwards in time what decays would grow.
        """
        if not part > 0:
            raise GraphError(f"part is `{part}`; the part of a step is positive, such as 1/2.")
        rate = self.generator()
        wide, length = rate.to(torch.float64), float(part) * self.step
        scaled = wide if length == 1 else length * wide
        # An identity that follows dtype, device and symbolic trace of the matrix.
        identity = torch.ones_like(scaled[0]).diag()
        P, Q = (_polynomial(p, scaled, identity) for p in (self.P, self.Q))
        wide = torch.linalg.solve(Q, P)
        # By theory |Omega|_2 <= 1. Divided by what rounding adds to that, 10,000 steps stay there.
        excess = torch.linalg.matrix_norm(wide.detach(), ord=2).clamp(min=1)
        return (wide / excess).to(rate.dtype)

    def forward(self, z: Tensor) -> Tensor:
        """One step of states z [..., size]."""
        return z @ self.omega().mT

    def description(self) -> dict[str, Any]:
        """What a checkpoint says about the map, with the exact tableau of the scheme."""
        return {
            "class": "StableLatent",
            "size": self.size,
            "scheme": self.scheme.spec.to_dict(),
            "step": self.step,
            "generator": type(self.generator).__name__,
        }

    def extra_repr(self) -> str:
        """Show what a model summary should show."""
        return f"{self.size}, scheme={self.scheme.name}, step={self.step}"


def require_a_stable(scheme: Scheme) -> RungeKuttaScheme:
    """The scheme, if it damps whatever decays.

    Raises:
        GraphError: another one, with an example of what it blows up.
    """
    if not isinstance(scheme, RungeKuttaScheme):
        raise GraphError(
            f"`{scheme.name}` is of kind `{scheme.kind}`; a matrix function of hL is made from the "
            "stability function of a Runge-Kutta scheme. Choose one, such as `implicit-midpoint`."
        )
    if scheme.is_a_stable:
        return scheme
    rate, step = _witness(scheme)
    growth = growth_factor(scheme, step * rate)
    shown = f"{rate:.4g}".replace("+1j", "+i").replace("j", "i")
    shown = shown if rate.imag else f"{rate.real:.4g}"
    raise GraphError(NOT_A_STABLE.format(scheme=scheme.name, rate=shown, step=step, growth=growth))


def growth_factor(scheme: RungeKuttaScheme, z: complex) -> float:
    """|R(z)|, the growth of x' = lambda x over one step with z = h lambda; inf at a pole."""
    numerator, denominator = (
        sum(x * z**k for k, x in enumerate(_rounded(p)))
        for p in (scheme.stability.P, scheme.stability.Q)
    )
    return abs(numerator / denominator) if denominator else float("inf")


def _witness(scheme: RungeKuttaScheme) -> tuple[complex, float]:
    """A rate with Re <= 0 and a step that together grow."""
    along = [2.0**k / 8 for k in range(16)]
    rates = [EXAMPLE, *(complex(-x, 0) for x in along), *(complex(-x / 100, x) for x in along)]
    rates += [complex(0, x) for x in along]
    candidates = [(rate, step) for rate in rates for step in (EXAMPLE_STEP, 1.0)]
    grows = (one for one in candidates if growth_factor(scheme, one[0] * one[1]) > 1)
    return next(grows, candidates[0])


def _rounded(polynomial: Polynomial) -> tuple[float, ...]:
    return tuple(to_float(to_sympy(x)) for x in polynomial)


def _polynomial(coefficients: tuple[float, ...], matrix: Tensor, identity: Tensor) -> Tensor:
    """By Horner's rule."""
    value = coefficients[-1] * identity
    for coefficient in coefficients[-2::-1]:
        value = value @ matrix + (identity if coefficient == 1 else coefficient * identity)
    return value
