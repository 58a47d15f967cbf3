"""Count what gradients keep: saved tensors by autograd's hooks, and all live tensors."""

import contextlib
import weakref
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


@dataclass
class Peak:
    """The most bytes at a time; a storage that is held twice counts once."""

    bytes: int = 0
    held: dict[int, list[int]] = field(default_factory=dict)

    def hold(self, holder: object, tensor: Tensor) -> None:
        """Count the storage of a tensor until `holder` is gone."""
        storage = tensor.untyped_storage()
        key = storage.data_ptr()
        self.held.setdefault(key, [storage.nbytes(), 0])[1] += 1
        weakref.finalize(holder, self._let_go, key)
        self.bytes = max(self.bytes, sum(size for size, _ in self.held.values()))

    def _let_go(self, key: int) -> None:
        self.held[key][1] -= 1
        if not self.held[key][1]:
            del self.held[key]


class _Holder:
    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor


@contextlib.contextmanager
def saved_tensors(*, but: Iterable[Tensor] = ()) -> Iterator[Peak]:
    """Peak of what autograd saves in forward and backward; parameters are there anyway."""
    known = {tensor.untyped_storage().data_ptr() for tensor in but}
    peak = Peak()

    def pack(tensor: Tensor) -> _Holder:
        holder = _Holder(tensor.detach())
        if tensor.untyped_storage().data_ptr() not in known:
            peak.hold(holder, tensor)
        return holder

    with saved_tensors_hooks(pack, lambda holder: holder.tensor):
        yield peak


class LiveTensors(TorchDispatchMode):
    """Peak of all tensors that operations make, saved by autograd or held by anybody else."""

    def __init__(self) -> None:
        super().__init__()
        self.peak = Peak()
        self.seen: weakref.WeakSet = weakref.WeakSet()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(result):
            if isinstance(tensor, Tensor):
                storage = tensor.untyped_storage()
                if storage not in self.seen:
                    self.seen.add(storage)
                    self.peak.hold(storage, tensor)
        return result
