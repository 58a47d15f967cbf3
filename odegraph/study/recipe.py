"""Which models are compared, and how they are trained."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from torch import Tensor, nn

from odegraph._errors import OdegraphError
from odegraph.models import (
    AgnosticPredictor,
    LyapunovAutoencoder,
    StableLatent,
    autoencoder_loss,
    prediction_loss,
)

LATENT = 15
WIDTHS = (40, 25)
TAPS = (1, 2)
MANY_TAPS = (1, 2, 3, 4, 5, 6, 7, 8)


@dataclass(frozen=True)
class Recipe:
    """How every model is trained: full batches, Adam, a learning rate that falls as a cosine.

    Attributes:
        epochs: steps of the optimizer.
        learning_rate: at the start.
        weight_decay: of Adam.
        seeds: how many models of each kind, with the seeds 0, 1, ...
        noise: standard deviations of the noise on the training frames, in root mean squares.
        reconstruction: weight lambda of |y - Phi Psi y|^2.
        kappa: weight of the Lyapunov prior in the kind that has it.
        gamma: its width.
        horizon: steps of a forecast, fewer where the test part is shorter.
    """

    epochs: int = 1000
    learning_rate: float = 1e-2
    weight_decay: float = 1e-4
    seeds: int = 5
    noise: tuple[float, ...] = (0.0, 0.3)
    reconstruction: float = 1.0
    kappa: float = 3.0
    gamma: float = 4.0
    horizon: int = 40
    device: str = "cpu"

    def __post_init__(self) -> None:
        positive = {"epochs": self.epochs, "seeds": self.seeds, "horizon": self.horizon}
        positive |= {"kappa": self.kappa, "gamma": self.gamma, "learning_rate": self.learning_rate}
        for name, value in positive.items():
            if not value > 0:
                raise OdegraphError(f"{name} is `{value}`; it must be positive.")
        if not self.noise or min(self.noise) < 0:
            raise OdegraphError(f"noise is `{self.noise}`; give one level or more, 0 or positive.")

    def to_dict(self) -> dict[str, Any]:
        """JSON-able, to tell whether a finished run was of this recipe."""
        return {**asdict(self), "noise": list(self.noise)}


@dataclass(frozen=True)
class Kind:
    """A kind of model: how it is built for a number of features, and its loss on windows."""

    title: str
    taps: tuple[int, ...]
    build: Callable[[int], nn.Module]
    loss: Callable[[Any, Tensor, Recipe], Tensor]


def _agnostic(model: nn.Module, window: Tensor, _: Recipe) -> Tensor:
    return prediction_loss(model, window)


def _gray_box(model: LyapunovAutoencoder, window: Tensor, recipe: Recipe) -> Tensor:
    return autoencoder_loss(model, window, reconstruction=recipe.reconstruction).total


def _lyapunov(model: LyapunovAutoencoder, window: Tensor, recipe: Recipe) -> Tensor:
    return autoencoder_loss(
        model,
        window,
        reconstruction=recipe.reconstruction,
        kappa=recipe.kappa,
        gamma=recipe.gamma,
    ).total


def _stable(features: int) -> nn.Module:
    return LyapunovAutoencoder(features, LATENT, WIDTHS, TAPS, dynamics=StableLatent(LATENT))


def _stable_longer(features: int) -> nn.Module:
    return LyapunovAutoencoder(features, LATENT, WIDTHS, MANY_TAPS, dynamics=StableLatent(LATENT))


KINDS: Mapping[str, Kind] = {
    "agnostic": Kind(
        "physics-agnostic", TAPS, lambda n: AgnosticPredictor(n, LATENT, WIDTHS, TAPS), _agnostic
    ),
    "gray-box": Kind(
        "gray box", TAPS, lambda n: LyapunovAutoencoder(n, LATENT, WIDTHS, TAPS), _gray_box
    ),
    "lyapunov": Kind(
        "Lyapunov prior", TAPS, lambda n: LyapunovAutoencoder(n, LATENT, WIDTHS, TAPS), _lyapunov
    ),
    "stable": Kind("stable by construction", TAPS, _stable, _gray_box),
    "gray-box-8": Kind(
        "gray box, taps 1 to 8",
        MANY_TAPS,
        lambda n: LyapunovAutoencoder(n, LATENT, WIDTHS, MANY_TAPS),
        _gray_box,
    ),
    "stable-8": Kind("stable, taps 1 to 8", MANY_TAPS, _stable_longer, _gray_box),
}
