"""Which execution of a model is fastest on this machine: measured once, then remembered."""

import hashlib
import json
import logging
import os
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from odegraph._version import __version__
from odegraph.block import bake, with_execution
from odegraph.block.transform import named_blocks
from odegraph.data.cache import cache_directory
from odegraph.emit.execution.compilation import CompiledSteps, CompiledWhole
from odegraph.emit.signature import signature

logger = logging.getLogger(__name__)

ROUNDS = 10
MOST_WHOLE = 64  # unit evaluations: beyond these, compiling everything takes minutes

Prepare = Callable[[nn.Module], nn.Module]


def _channels_last(model: nn.Module) -> nn.Module:
    return with_execution(model, memory_format=torch.channels_last)


def _steps(model: nn.Module) -> nn.Module:
    return with_execution(model, compilation=CompiledSteps())


EXECUTIONS: Mapping[str, Prepare] = MappingProxyType(
    {
        "eager": with_execution,
        "compiled-steps": _steps,
        "compiled-whole": lambda model: with_execution(model, compilation=CompiledWhole()),
        "channels-last": _channels_last,
        "channels-last-compiled-steps": lambda model: _steps(_channels_last(model)),
        "baked": bake,
        "baked-compiled-steps": lambda model: bake(_steps(model)),
    }
)
"""Names and what they make of a model: a copy that computes the same."""


@dataclass(frozen=True)
class SpeedReport:
    """What each execution takes, in milliseconds by its name.

    Attributes:
        forward: of one forward pass in evaluation mode, without gradients.
        training: of one forward and backward pass in training mode; baked models do not train.
        remembered: whether the numbers come from an earlier run.
    """

    forward: Mapping[str, float]
    training: Mapping[str, float]
    remembered: bool

    def fastest(self, model: nn.Module) -> nn.Module:
        """A copy of `model` that is executed in the way of the fastest forward pass."""
        return EXECUTIONS[min(self.forward, key=self.forward.__getitem__)](model).eval()

    def fastest_in_training(self, model: nn.Module) -> nn.Module:
        """The same for training; make the optimiser from the parameters of the copy."""
        return EXECUTIONS[min(self.training, key=self.training.__getitem__)](model)


def tune_speed(model: nn.Module, example: Tensor) -> SpeedReport:
    """Measure the executions of `model` on inputs like `example`, in turns, and remember them.

    The record lies in the user's cache folder under the signatures of the blocks, the shape of the
    example, the machine and the versions; machine code is kept by torch itself.

    Raises:
        GraphError: the model has no blocks.
    """
    key = json.dumps(_circumstances(model, example), sort_keys=True)
    path = cache_directory() / f"speed-{hashlib.sha256(key.encode()).hexdigest()[:16]}.json"
    record = _read(path, key)
    remembered = record is not None
    if record is None:
        record = {"key": key, **_measured(model, example)}
        _write(path, record)
    return SpeedReport(record["forward"], record["training"], remembered)


def _measured(model: nn.Module, example: Tensor) -> dict[str, dict[str, float]]:
    names = [name for name in EXECUTIONS if _suits(name, model, example)]
    trained = [name for name in names if not name.startswith("baked")]
    return {
        "forward": _in_turns({n: _forward(EXECUTIONS[n](model).eval(), example) for n in names}),
        "training": _in_turns(
            {n: _training_step(EXECUTIONS[n](model).train(), example) for n in trained}
        ),
    }


def _suits(name: str, model: nn.Module, example: Tensor) -> bool:
    if name.startswith("channels-last"):
        return example.dim() == 4
    evaluations = sum(block.evaluations for block in named_blocks(model).values())
    return name != "compiled-whole" or evaluations <= MOST_WHOLE


def _forward(model: nn.Module, example: Tensor) -> Callable[[], object]:
    @torch.no_grad()
    def work() -> None:
        _first_tensor(model(example))

    return work


def _training_step(model: nn.Module, example: Tensor) -> Callable[[], object]:
    def work() -> None:
        _first_tensor(model(example)).square().mean().backward()

    return work


def _first_tensor(output: Any) -> Tensor:
    while not isinstance(output, Tensor):
        output = next(iter(output.values() if isinstance(output, Mapping) else output))
    return output


def _in_turns(work: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Least milliseconds of each; taken in turns, so that other work disturbs all alike."""
    for one in work.values():
        one()  # what is done once is not measured
    times = [{name: _milliseconds(one) for name, one in work.items()} for _ in range(ROUNDS)]
    return {name: min(turn[name] for turn in times) for name in work}


def _milliseconds(work: Callable[[], object]) -> float:
    _wait_for_device()
    start = time.perf_counter()
    work()
    _wait_for_device()
    return 1000 * (time.perf_counter() - start)


def _wait_for_device() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def _circumstances(model: nn.Module, example: Tensor) -> dict[str, Any]:
    blocks = named_blocks(model)
    signatures = {
        name: signature(
            block.graphs.training, unit_source=block.unit.training.code, precision=block.precision
        )
        for name, block in blocks.items()
    }
    return {
        "blocks": signatures,
        "model": repr(model),
        "example": [list(example.shape), str(example.dtype), str(example.device)],
        "machine": [platform.machine(), platform.processor(), platform.node(), os.cpu_count()],
        "threads": torch.get_num_threads(),
        "versions": [__version__, torch.__version__, platform.python_version()],
    }


def _read(path: Path, key: str) -> dict[str, Any] | None:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    is_ours = isinstance(record, dict) and record.get("key") == key
    return record if is_ours and {"forward", "training"} <= set(record) else None


def _write(path: Path, record: Mapping[str, Any]) -> None:
    unfinished = path.with_suffix(f".{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_text(json.dumps(record), encoding="utf-8")
        unfinished.replace(path)
    except OSError as error:
        logger.warning("cannot remember timings in %s: %s", path, error)
