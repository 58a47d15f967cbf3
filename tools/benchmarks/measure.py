"""Clocks, and measurements in turns."""

import math
import os
import time
from collections.abc import Callable, Mapping

import torch
from torch._inductor.utils import fresh_cache

Work = Callable[[], object]
Clock = Callable[[Work], float]

SHORTEST = 0.005  # seconds that one measurement lasts at least


def wall_seconds(work: Work) -> float:
    """Seconds on the clock."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def processor_seconds(work: Work) -> float:
    """Seconds of the processor, which other work on the machine changes less."""
    start = time.process_time()
    work()
    return time.process_time() - start


def device_seconds(work: Work) -> float:
    """Seconds on the clock until the CUDA device has finished."""
    torch.cuda.synchronize()
    start = time.perf_counter()
    work()
    torch.cuda.synchronize()
    return time.perf_counter() - start


def in_turns(
    work: Mapping[str, Work], *, turns: int, clock: Clock = processor_seconds
) -> dict[str, tuple[float, ...]]:
    """Milliseconds of a call of each, in turns: other work disturbs all alike.

    What takes less than 5 ms is called several times in a measurement.
    """
    calls = {name: _calls(one, clock) for name, one in work.items()}
    times: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(turns):
        for name, one in work.items():
            times[name].append(1000 * clock(_repeated(one, calls[name])) / calls[name])
    return {name: tuple(values) for name, values in times.items()}


def _calls(work: Work, clock: Clock) -> int:
    for _ in range(2):  # what is done once, or only at the second call, is not measured
        work()
    return max(1, math.ceil(SHORTEST / max(clock(work), 1e-6)))


def _repeated(work: Work, calls: int) -> Work:
    if calls == 1:
        return work

    def repeated() -> None:
        for _ in range(calls):
            work()

    return repeated


def compile_seconds(work: Work) -> float:
    """Processor seconds that the first call takes more than the next, the C++ compiler included.

    The caches on disk are empty at the start; torch's compiler itself is loaded before.
    """
    with fresh_cache():
        _load_compiler()
        first = _seconds_with_children(work)
        return first - processor_seconds(work)


def _load_compiler() -> None:
    torch.compile(lambda x: torch.tanh(x) + 1)(torch.ones(8))


def _seconds_with_children(work: Work) -> float:
    start = os.times()
    work()
    end = os.times()
    return sum(end[:4]) - sum(start[:4])
