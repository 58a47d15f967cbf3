"""A model of named layers, each fed by the layers that it names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from odegraph._errors import GraphError

INPUT = "input"


@dataclass(frozen=True)
class Wiring:
    """Which values a layer takes: names of earlier layers, or ``input``."""

    name: str
    inputs: tuple[str, ...]


class LayeredModel(nn.Module):
    """Layers in sequence or as a graph without cycles; the state dict has their names as prefixes.

    Args:
        layers: the layers by name, in the order of evaluation.
        inputs: for layers that take something else than the output of the layer before.
        outputs: the layers whose values are returned; by default the last. One value is returned
            as a tensor, several as a tuple.

    Raises:
        GraphError: no layers, or an input that names no earlier layer.
    """

    def __init__(
        self,
        layers: Mapping[str, nn.Module],
        *,
        inputs: Mapping[str, Sequence[str]] | None = None,
        outputs: Sequence[str] | None = None,
    ) -> None:
        super().__init__()
        if not layers:
            raise GraphError("A model needs at least one layer.")
        self.wiring = tuple(_wire(list(layers), inputs or {}))
        self.outputs = tuple(outputs or [self.wiring[-1].name])
        for name in self.outputs:
            _check_known(name, "the outputs", list(layers))
        for name, layer in layers.items():
            self.add_module(name, layer)

    def forward(self, x: Tensor) -> Any:
        """The values of the output layers."""
        values = {INPUT: x}
        for wire in self.wiring:
            layer = self.get_submodule(wire.name)
            values[wire.name] = layer(*(values[name] for name in wire.inputs))
        if len(self.outputs) == 1:
            return values[self.outputs[0]]
        return tuple(values[name] for name in self.outputs)


def _wire(names: Sequence[str], inputs: Mapping[str, Sequence[str]]) -> list[Wiring]:
    wiring, known = [], [INPUT]
    for name in names:
        given = tuple(inputs.get(name, known[-1:]))
        for one in given:
            _check_known(one, f"layer `{name}`", known)
        wiring.append(Wiring(name, given))
        known.append(name)
    return wiring


def _check_known(name: str, where: str, known: Sequence[str]) -> None:
    if name not in known:
        raise GraphError(
            f"`{name}` in {where} names no earlier layer. Layers so far: {', '.join(known)}."
        )
