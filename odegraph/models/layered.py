"""A model of named layers, each fed by the layers that it names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from odegraph._errors import GraphError

INPUT = "input"


@dataclass(frozen=True)
class Wiring:
    """A value: which layer makes it, and of what.

    Attributes:
        name: of the value.
        inputs: names of earlier values, ``input``, or dotted paths of parameters.
        layer: the name of the layer; several values may share one, with its weights.
    """

    name: str
    inputs: tuple[str, ...]
    layer: str


class LayeredModel(nn.Module):
    """Layers in sequence or as a graph without cycles; the state dict has their names as prefixes.

    Args:
        layers: the layers by name, in the order of evaluation.
        inputs: for layers that take something else than the output of the layer before.
        outputs: the layers whose values are returned; by default the last. One value is returned
            as a tensor, several as a tuple.
        uses: for names that apply an earlier layer once more, with the same weights: the name of
            that layer. They stand in `order`.
        order: of all names, where some of them use layers of others.
        title: one line in words, for pictures.

    An input may also be the path of a parameter, such as ``omega.weight``: what only depends on
    those is a part of the graph that reads weights alone.

    Raises:
        GraphError: no layers, or an input that names no earlier layer.
    """

    def __init__(
        self,
        layers: Mapping[str, nn.Module],
        *,
        inputs: Mapping[str, Sequence[str]] | None = None,
        outputs: Sequence[str] | None = None,
        uses: Mapping[str, str] | None = None,
        order: Sequence[str] | None = None,
        title: str = "",
    ) -> None:
        super().__init__()
        self.title = title or type(self).__name__
        if not layers:
            raise GraphError("A model needs at least one layer.")
        for name, layer in layers.items():
            self.add_module(name, layer)
        names = list(order or layers)
        parameters = [path for path, _ in self.named_parameters()]
        self.wiring = tuple(_wire(names, inputs or {}, uses or {}, parameters))
        self.outputs = tuple(outputs or [self.wiring[-1].name])
        for name in self.outputs:
            _check_known(name, "the outputs", names)

    def forward(self, x: Tensor) -> Any:
        """The values of the output layers."""
        values = {INPUT: x}
        for wire in self.wiring:
            layer = self.get_submodule(wire.layer)
            given = (values[one] if one in values else self.weight(one) for one in wire.inputs)
            values[wire.name] = layer(*given)
        if len(self.outputs) == 1:
            return values[self.outputs[0]]
        return tuple(values[name] for name in self.outputs)

    def weight(self, path: str) -> Tensor:
        """The parameter at a dotted path."""
        owner, _, name = path.rpartition(".")
        return getattr(self.get_submodule(owner), name)


def _wire(
    names: Sequence[str],
    inputs: Mapping[str, Sequence[str]],
    uses: Mapping[str, str],
    parameters: Sequence[str],
) -> list[Wiring]:
    wiring, known = [], [INPUT]
    for name in names:
        given = tuple(inputs.get(name, known[-1:]))
        layer = uses.get(name, name)
        if layer != name:
            _check_known(layer, f"`use` of layer `{name}`", known[1:])
            layer = uses.get(layer, layer)
        for one in given:
            if one not in parameters:
                _check_known(one, f"layer `{name}`", known)
        wiring.append(Wiring(name, given, layer))
        known.append(name)
    return wiring


def _check_known(name: str, where: str, known: Sequence[str]) -> None:
    if name not in known:
        raise GraphError(
            f"`{name}` in {where} names no earlier layer. Layers so far: {', '.join(known)}."
        )
