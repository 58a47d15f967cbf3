"""The stability report: what one step does to small differences, now and in the long run."""

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from odegraph._errors import GraphError
from odegraph.diagnostics.generator import (
    Generator,
    generator_of,
    linearised_generator,
    step_of,
)
from odegraph.draw.spectrum import Growth, draw_spectrum
from odegraph.dynamics import (
    TransientGrowth,
    eigenvalues,
    linearise,
    lyapunov_solve,
    perturbation_growth,
    transient_growth,
)
from odegraph.dynamics.transients import power_norms
from odegraph.models import LayeredModel, load_dynamics

ON_CIRCLE = 1e-6  # from |lambda| = 1, within rounding of float32
NO_MATRIX = (
    "The model `{name}` is not linear in its state, so its stability depends on where: give a "
    "state, `stability_report(model, state=x)`, to linearise it there."
)


@dataclass(frozen=True, eq=False)
class StabilityReport:
    """Spectrum, Lyapunov matrix and growth of one step x -> Omega x, perhaps linearised.

    Attributes:
        name: of the model.
        omega: the matrix, [n, n] in float64.
        eigenvalues: of Omega, the largest first.
        lyapunov: eigenvalues of P with Omega' P Omega - P = -I; None where it has no solution.
        transients: bounds of the largest |Omega^k|.
        growth: |Omega^k| over steps k or, along a rollout, the growth of perturbations.
        generator: where Omega is one step of a scheme.
        linearised: whether Omega is a derivative at a state.
    """

    name: str
    omega: Tensor
    eigenvalues: Tensor
    lyapunov: Tensor | None
    transients: TransientGrowth
    growth: tuple[float, ...]
    generator: Generator | None
    linearised: bool

    @property
    def spectral_radius(self) -> float:
        """The largest |lambda|."""
        return self.eigenvalues[0].abs().item()

    @property
    def outside(self) -> int:
        """How many eigenvalues lie outside of the unit circle."""
        return int((self.eigenvalues.abs() > 1 + ON_CIRCLE).sum())

    @property
    def is_stable(self) -> bool:
        """Whether no direction grows without end: all |lambda| <= 1, within rounding."""
        return self.outside == 0

    @property
    def verdict(self) -> str:
        """What the numbers say, in sentences."""
        said = [self._long_run(), self._transient(), self._certificate(), self._scheme()]
        return " ".join(sentence for sentence in said if sentence)

    @property
    def table(self) -> list[dict[str, Any]]:
        """One row an eigenvalue of Omega."""
        return [
            {
                "real": z.real,
                "imaginary": z.imag,
                "modulus": abs(z),
                "period": _period(z),
            }
            for z in self.eigenvalues.tolist()
        ]

    def facts(self) -> dict[str, str]:
        """The numbers of the report by name."""
        t = self.transients
        facts = {
            "dimensions": str(len(self.omega)),
            "largest |λ|": f"{self.spectral_radius:.6f}",
            "eigenvalues outside of the unit circle": str(self.outside),
            "largest growth |Ωᵏ|": f"{t.attained:.4g} after {t.attained_at} steps",
            "bound from below (Kreiss)": f"{t.lower:.4g}",
            "bound from above, √cond P": f"{t.upper:.4g}",
            "negative eigenvalues of P": _negative(self.lyapunov),
        }
        if self.generator is not None:
            facts |= {
                "scheme": self.generator.scheme.name,
                "A-stable": "yes" if self.generator.scheme.is_a_stable else "no",
                "step h": f"{self.generator.step:g}",
                "largest Re λ(L)": f"{self.generator.rates.real.max().item():.4g}",
                "numerical abscissa of L": f"{self.generator.abscissa:.4g}",
                "largest |R(hλ)|": f"{max(self.generator.growth):.6f}",
            }
        return facts

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON-able data."""
        return {
            "model": self.name,
            "stable": self.is_stable,
            "verdict": self.verdict,
            "facts": self.facts(),
            "eigenvalues": self.table,
            "growth": list(self.growth),
        }

    def plot(self, path: str | Path) -> Path:
        """Draw the spectrum on the unit circle and in the stability region, and growth."""
        generator = self.generator
        what = "perturbations" if self.linearised else r"$|\Omega^k|$"
        return draw_spectrum(
            path,
            eigenvalues=self.eigenvalues.cpu().numpy(),
            title=self.name,
            scheme=None if generator is None else generator.scheme,
            scaled_rates=None
            if generator is None
            else (generator.step * generator.rates).cpu().numpy(),
            growths=[Growth(what, self.growth)],
        )

    def _long_run(self) -> str:
        radius = self.spectral_radius
        if self.outside:
            return (
                f"Unstable: {self.outside} of {len(self.omega)} eigenvalues lie outside of the "
                f"unit circle, and differences grow by {radius:.4g} a step in the long run, ten "
                f"times in {math.log(10) / math.log(radius):.0f} steps."
            )
        if radius > 1 - ON_CIRCLE:
            return "Stable, with eigenvalues on the unit circle: some motion is kept for ever."
        steps = math.log(0.01) / math.log(radius) if radius > 0 else 0
        return f"Stable: all differences decay, the slowest to 1% in {steps:.0f} steps."

    def _transient(self) -> str:
        if self.transients.attained <= 1 + ON_CIRCLE:
            return "No state ever grows."
        grown = self.transients.attained
        return f"Within {len(self.growth) - 1} steps some state grows {grown:.3g} times."

    def _certificate(self) -> str:
        if self.lyapunov is None:
            return "The Lyapunov equation has no solution, as eigenvalues have the product 1."
        negative = _negative(self.lyapunov)
        if negative == "0":
            return "P is positive definite, so x'Px is a Lyapunov function."
        return f"P has {negative} negative eigenvalues, as many as grow."

    def _scheme(self) -> str:
        if self.generator is None:
            return ""
        scheme = self.generator.scheme
        if scheme.is_a_stable:
            return f"`{scheme.name}` is A-stable: it cannot blow up what decays, at any step."
        return f"`{scheme.name}` is not A-stable: with larger steps it can blow up what decays."


def stability_report(
    model: nn.Module | Tensor | str | os.PathLike[str],
    *,
    state: Tensor | None = None,
    steps: int = 200,
) -> StabilityReport:
    """Explain how a model treats small differences.

    Args:
        model: a dynamics model or latent map with a matrix `omega()`, a layered model with one such
            layer, a matrix itself, a checkpoint of one, or any module that maps a state to the
            next, such as an `OdeBlock`.
        state: where to linearise a model that is not linear, [*state] without a batch.
        steps: over which growth is followed.

    Raises:
        GraphError: a model that is not linear without a state.
        DataError: a checkpoint that cannot be read.
    """
    if isinstance(model, str | os.PathLike):
        model = load_dynamics(model)
    if isinstance(model, LayeredModel):
        model = _latent_layer(model)
    if isinstance(model, Tensor):
        return _of_matrix("matrix", model, generator=None, steps=steps)
    omega = getattr(model, "omega", None)
    if omega is not None:
        found = generator_of(model)
        return _of_matrix(type(model).__name__, omega().detach(), generator=found, steps=steps)
    if state is None:
        raise GraphError(NO_MATRIX.format(name=type(model).__name__))
    weights = next(model.parameters(), state)
    return _along_rollout(model, state.to(weights), steps=steps)


def _of_matrix(
    name: str, omega: Tensor, *, generator: Generator | None, steps: int
) -> StabilityReport:
    wide = omega.detach().to(torch.float64)
    return StabilityReport(
        name=name,
        omega=wide,
        eigenvalues=eigenvalues(wide),
        lyapunov=_lyapunov(wide),
        transients=transient_growth(wide, steps=steps),
        growth=tuple(power_norms(wide, steps=steps).tolist()),
        generator=generator,
        linearised=False,
    )


def _along_rollout(model: nn.Module, state: Tensor, *, steps: int) -> StabilityReport:
    step = step_of(model.eval())
    omega = linearise(step, state).detach().to(torch.float64)
    followed = perturbation_growth(step, state, steps=steps, directions=min(state.numel(), 8))
    return StabilityReport(
        name=f"{type(model).__name__} at a state",
        omega=omega,
        eigenvalues=eigenvalues(omega),
        lyapunov=_lyapunov(omega),
        transients=transient_growth(omega, steps=steps),
        growth=tuple(followed.log_growth.exp().tolist()),
        generator=linearised_generator(model, state),
        linearised=True,
    )


def _latent_layer(model: LayeredModel) -> nn.Module:
    layers = [layer for layer in model.children() if hasattr(layer, "omega")]
    return layers[0] if len(layers) == 1 else model


def _lyapunov(omega: Tensor) -> Tensor | None:
    try:
        return torch.linalg.eigvalsh(lyapunov_solve(omega))
    except GraphError:
        return None  # eigenvalues with the product 1, as on the unit circle: the report says so


def _negative(lyapunov: Tensor | None) -> str:
    return "no solution" if lyapunov is None else str(int((lyapunov < 0).sum()))


def _period(z: complex) -> float:
    angle = abs(math.atan2(z.imag, z.real))
    return 2 * math.pi / angle if angle > 0 else math.inf
