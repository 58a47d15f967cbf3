"""How many dimensions the values of a unit have, at the states that it was called with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, fx

from odegraph.unit.unit import Unit

SAMPLES = 2


class _Ranks(fx.Interpreter):
    """Counts the dimensions of each node in a call on tensors without values."""

    def __init__(self, module: fx.GraphModule) -> None:
        super().__init__(module)
        self.found: dict[fx.Node, set[int]] = {}

    def run_node(self, n: fx.Node) -> Any:
        result = super().run_node(n)
        if isinstance(result, Tensor):
            self.found.setdefault(n, set()).add(result.dim())
        return result


def ranks(unit: Unit, shapes: Iterable[tuple[int, ...]]) -> dict[fx.Node, set[int]]:
    """The numbers of dimensions of each node of the evaluation graph, over states [batch, *shape].

    Nothing where an operation needs the values themselves.
    """
    dtype = next((one.dtype for one in unit.value_shapes if one.is_floating_point()), None)
    counted = _Ranks(unit.evaluation)
    try:
        with torch.no_grad():
            for shape in shapes:
                state = torch.empty((SAMPLES, *shape), dtype=dtype, device="meta")
                counted.run(state, *unit.value_shapes)
    except (RuntimeError, NotImplementedError):
        return {}
    return counted.found
