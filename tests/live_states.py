"""Count the tensors of the size of the state that are alive whenever the unit is called."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class _LiveStates(TorchDispatchMode):
    """At each call of `sin`, with which the unit begins: how many new states are alive."""

    def __init__(self, bytes: int) -> None:
        super().__init__()
        self.bytes = bytes
        self.alive: dict[int, StorageWeakRef] = {}
        self.found: list[int] = []

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Run the operation, after a count where it is a sine."""
        del types
        if func is torch.ops.aten.sin.default:
            self.found.append(sum(not one.expired() for one in self.alive.values()))
        result = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(result):
            if isinstance(leaf, Tensor) and leaf.untyped_storage().nbytes() == self.bytes:
                storage = leaf.untyped_storage()
                self.alive[storage._cdata] = StorageWeakRef(storage)
        return result


def live_states(run: Callable[[Tensor], Tensor], x: Tensor) -> list[int]:
    """How many states but x are alive at each evaluation of a unit that begins with one sine."""
    with _LiveStates(x.untyped_storage().nbytes()) as counted:
        run(x)
    return counted.found
