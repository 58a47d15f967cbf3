"""Dynamics models back from checkpoints, which say how they were built."""

import os
from collections.abc import Callable, Mapping
from typing import Any

import safetensors
import torch
from torch import nn

from odegraph._errors import DataError, OdegraphError
from odegraph._exact import shorten
from odegraph.block import load, read_description
from odegraph.models.generators import Conservative, Dissipative
from odegraph.models.latent_map import LatentMap
from odegraph.models.lyapunov_autoencoder import AgnosticPredictor, LyapunovAutoencoder
from odegraph.models.stable_latent import StableLatent
from odegraph.scheme import SchemeSpec, verify


def load_dynamics(path: str | os.PathLike[str]) -> nn.Module:
    """The model of a checkpoint that `odegraph.save` wrote of an autoencoder or a latent map.

    Raises:
        DataError: the file is broken, or does not say how the model is built.
    """
    description = read_description(path)
    if description is None:
        raise DataError(
            f"`{path}` does not say how its model is built, as checkpoints of autoencoders and "
            "latent maps do. Give the model: a model file on the command line, or `model=...`."
        )
    try:
        model = _built(description)
    except (KeyError, TypeError, OdegraphError) as error:
        raise DataError(f"The description of the model in `{path}` is broken: {error}.") from error
    return load(path, model=model.to(_dtype(path)))


def _dtype(path: str | os.PathLike[str]) -> torch.dtype:
    with safetensors.safe_open(path, framework="pt") as file:
        tensors = (file.get_tensor(key) for key in file.keys())  # noqa: SIM118
        return next((t.dtype for t in tensors if t.is_floating_point()), torch.float32)


def _built(description: Mapping[str, Any]) -> nn.Module:
    arguments = dict(description)
    name = arguments.pop("class")
    if name not in _BUILDERS:
        raise TypeError(f"there is no class `{shorten(name)}`; known are {', '.join(_BUILDERS)}")
    return _BUILDERS[name](arguments)


def _autoencoder(arguments: dict[str, Any]) -> nn.Module:
    dynamics = _built(arguments.pop("dynamics"))
    return LyapunovAutoencoder(**arguments, dynamics=dynamics)


def _stable(arguments: dict[str, Any]) -> nn.Module:
    generator = _GENERATORS[arguments["generator"]](arguments["size"])
    scheme = verify(SchemeSpec.from_dict(arguments["scheme"]))
    return StableLatent(arguments["size"], scheme, arguments["step"], generator=generator)


_GENERATORS: Mapping[str, Callable[[int], nn.Module]] = {
    "Dissipative": Dissipative,
    "Conservative": Conservative,
}
_BUILDERS: Mapping[str, Callable[[dict[str, Any]], nn.Module]] = {
    "LyapunovAutoencoder": _autoencoder,
    "AgnosticPredictor": lambda arguments: AgnosticPredictor(**arguments),
    "StableLatent": _stable,
    "LatentMap": lambda arguments: LatentMap(**arguments),
}
