"""Autoencoders with linear latent dynamics, Phi Omega^k Psi, and the black box beside them.

Erichson, Muehlebach and Mahoney, Physics-informed Autoencoders for Lyapunov-stable Fluid Flow
Prediction (2019): widths 40-25-15, tanh.
"""

import itertools
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from odegraph._errors import GraphError
from odegraph.models.latent_map import LatentMap
from odegraph.models.layered import INPUT, Wiring
from odegraph.models.rollout import check_steps, linear_rollout

TAPS = (
    "taps are `{taps}`; write the steps after which there is an output, each once and in rising "
    "order, from 1 on: (1, 2) predicts the next two frames."
)


@runtime_checkable
class Latent(Protocol):
    """A linear latent map: a module z -> Omega z that can show its matrix."""

    def omega(self, *, part: Fraction | int = 1) -> Tensor:
        """The matrix of one step, or of a part of it, [size, size]."""
        ...

    def __call__(self, z: Tensor) -> Tensor:
        """One step of states z [..., size]."""
        ...


class TanhLayers(nn.Module):
    """Linear layers of the given sizes, with tanh between them and none at the end."""

    def __init__(self, sizes: Sequence[int]) -> None:
        super().__init__()
        for size in sizes:
            if not isinstance(size, int) or size < 1:
                raise GraphError(
                    f"A layer has the size `{size}`; sizes are whole numbers from 1 on."
                )
        self.names = tuple(f"layer{number}" for number in range(1, len(sizes)))
        for name, given, made in zip(self.names, sizes[:-1], sizes[1:], strict=True):
            self.add_module(name, nn.Linear(given, made))

    def forward(self, x: Tensor) -> Tensor:
        """Values [..., last size] for [..., first size]."""
        *inner, last = self.names
        for name in inner:
            x = torch.tanh(getattr(self, name)(x))
        return getattr(self, last)(x)


class Encoder(TanhLayers):
    """Psi: features -> widths -> latent, with tanh between the layers."""

    def __init__(self, features: int, latent: int = 15, widths: Sequence[int] = (40, 25)) -> None:
        super().__init__([features, *widths, latent])


class Decoder(TanhLayers):
    """Phi: latent -> widths reversed -> features, with tanh between the layers."""

    def __init__(self, features: int, latent: int = 15, widths: Sequence[int] = (40, 25)) -> None:
        super().__init__([latent, *reversed(widths), features])


class LyapunovAutoencoder(nn.Module):
    """y_{t+k} = Phi Omega^k Psi y_t: one encoder, a chain of Omega, one decoder shared by all taps.

    If Psi inverts Phi from the left, which the reconstruction term of `autoencoder_loss` asks for,
    a rollout stays in the latent space: linear, and k steps are one matrix power.

    Args:
        features: numbers in a frame y.
        latent: dimensions of the latent space.
        widths: of the hidden layers of the encoder; the decoder has them in reverse.
        taps: the steps after which there is an output.
        dynamics: the latent map; by default a `LatentMap`, a free matrix. With a `StableLatent` the
            model is stable for every value of its weights.
    """

    def __init__(
        self,
        features: int,
        latent: int = 15,
        widths: Sequence[int] = (40, 25),
        taps: Sequence[int] = (1, 2),
        *,
        dynamics: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.taps = checked_taps(taps)
        self.sizes = {"features": features, "latent": latent, "widths": list(widths)}
        self.encoder = Encoder(features, latent, widths)
        self.dynamics = _checked(LatentMap(latent) if dynamics is None else dynamics, latent)
        self.decoder = Decoder(features, latent, widths)

    def forward(self, y: Tensor) -> tuple[Tensor, ...]:
        """The predictions after each tap: a tuple of frames [..., features] for frames y."""
        z, transition = self.encoder(y), self.omega().mT
        predictions = []
        for step in range(1, self.taps[-1] + 1):
            z = z @ transition
            if step in self.taps:
                predictions.append(self.decoder(z))
        return tuple(predictions)

    def description(self) -> dict[str, Any]:
        """What a checkpoint says about the model, so that it can be built again."""
        described = getattr(self.dynamics, "description", None)
        dynamics = {"class": type(self.dynamics).__name__} if described is None else described()
        return {
            "class": "LyapunovAutoencoder",
            **self.sizes,
            "taps": list(self.taps),
            "dynamics": dynamics,
        }

    @property
    def wiring(self) -> tuple[Wiring, ...]:
        """The graph by its values, for pictures: encoder, chain of Omega, a decoder at each tap."""
        wires, before = [Wiring("encoder", (INPUT,), "encoder")], "encoder"
        for step in range(1, self.taps[-1] + 1):
            wires.append(Wiring(f"z{step}", (before,), "dynamics"))
            before = f"z{step}"
            if step in self.taps:
                wires.append(Wiring(f"y{step}", (before,), "decoder"))
        return tuple(wires)

    @property
    def outputs(self) -> tuple[str, ...]:
        """The values that `forward` returns."""
        return tuple(f"y{tap}" for tap in self.taps)

    def omega(self, *, part: Fraction | int = 1) -> Tensor:
        """The latent matrix of one step, or of a `part` of it: [latent, latent].

        Raises:
            GraphError: a part of a discrete map that has no real logarithm.
        """
        return self.dynamics.omega() if part == 1 else self.dynamics.omega(part=part)

    def reconstruct(self, y: Tensor) -> Tensor:
        """Phi Psi y."""
        return self.decoder(self.encoder(y))

    def rollout(self, y: Tensor, *, steps: int, part: Fraction | int = 1) -> Tensor:
        """Phi Omega^k Psi y for k = 0 to `steps`: [steps + 1, ..., features].

        With a `part` of 1/2 they are half steps: frames between those of the training data.
        """
        return self.decoder(linear_rollout(self.omega(part=part), self.encoder(y), steps=steps))


class AgnosticPredictor(nn.Module):
    """The black box y_{t+1} = F(y_t), the same layers without a latent space to stay in.

    F = Phi Omega Psi as a network; a rollout goes through all of it at every step.
    """

    def __init__(
        self,
        features: int,
        latent: int = 15,
        widths: Sequence[int] = (40, 25),
        taps: Sequence[int] = (1,),
    ) -> None:
        super().__init__()
        self.taps = checked_taps(taps)
        self.sizes = {"features": features, "latent": latent, "widths": list(widths)}
        self.encoder = Encoder(features, latent, widths)
        self.middle = LatentMap(latent)
        self.decoder = Decoder(features, latent, widths)

    def description(self) -> dict[str, Any]:
        """What a checkpoint says about the model, so that it can be built again."""
        return {"class": "AgnosticPredictor", **self.sizes, "taps": list(self.taps)}

    def step(self, y: Tensor) -> Tensor:
        """F(y)."""
        return self.decoder(self.middle(self.encoder(y)))

    def forward(self, y: Tensor) -> tuple[Tensor, ...]:
        """F composed as often as each tap says."""
        predictions = []
        for step in range(1, self.taps[-1] + 1):
            y = self.step(y)
            if step in self.taps:
                predictions.append(y)
        return tuple(predictions)

    def rollout(self, y: Tensor, *, steps: int) -> Tensor:
        """F composed 0 to `steps` times: [steps + 1, ..., features]."""
        check_steps(steps)
        states = [y]
        for _ in range(steps):
            states.append(self.step(states[-1]))
        return torch.stack(states)


def _checked(dynamics: nn.Module, latent: int) -> Latent:
    if not isinstance(dynamics, Latent):
        raise GraphError(
            f"The dynamics `{type(dynamics).__name__}` have no `omega()`; give a `LatentMap`, a "
            "`StableLatent`, or a module z -> Omega z with that method."
        )
    shape = list(dynamics.omega().shape)
    if shape != [latent, latent]:
        raise GraphError(
            f"The dynamics have the matrix `{shape}` and the latent space has `{latent}` "
            "dimensions; give both the same size."
        )
    return dynamics


def checked_taps(taps: Sequence[int]) -> tuple[int, ...]:
    """The taps, rising whole numbers from 1 on.

    Raises:
        GraphError: anything else.
    """
    given = tuple(taps) if isinstance(taps, Sequence) else (taps,)
    whole = all(type(tap) is int and tap >= 1 for tap in given)
    if not given or not whole or any(a >= b for a, b in itertools.pairwise(given)):
        raise GraphError(TAPS.format(taps=given))
    return given
