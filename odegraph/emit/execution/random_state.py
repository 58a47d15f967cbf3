"""Where random number generators stand, so that a step that is computed again draws the same."""

import contextlib
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor


class RandomState:
    """The state of the generators of the CPU and of the devices of some tensors."""

    def __init__(self, tensors: Sequence[Tensor]) -> None:
        self.devices = sorted({one.device.index for one in tensors if one.device.type == "cuda"})
        self.cpu = torch.get_rng_state()
        self.cuda = [torch.cuda.get_rng_state(index) for index in self.devices]

    def restore(self) -> None:
        """Make the generators draw what they drew from here."""
        torch.set_rng_state(self.cpu)
        for index, state in zip(self.devices, self.cuda, strict=True):
            torch.cuda.set_rng_state(state, index)

    @staticmethod
    @contextlib.contextmanager
    def forked(states: Sequence["RandomState"]) -> Iterator[None]:
        """Leave the generators as they were, whatever is restored or drawn in between."""
        if not states:
            yield
            return
        devices = sorted({index for state in states for index in state.devices})
        with torch.random.fork_rng(devices=devices):
            yield
