"""What every test shares: float64, one thread, operator schemas of an optional package."""

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from executors import DIFFERENTIABLE, EXECUTORS, Executor
from hypothesis import settings
from torch import nn

DECLARED = pytest.StashKey[torch.library.Library]()

# The same examples in every run, and no deadline on a machine that others use too.
settings.register_profile("odegraph", derandomize=True, deadline=None)
settings.load_profile("odegraph")


@pytest.fixture(autouse=True)
def float64_by_default() -> Iterator[None]:
    """Laws are tested to rounding of float64; a test that needs float32 asks for it."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


@pytest.fixture(autouse=True)
def same_random_numbers() -> None:
    """Every test draws the same numbers, alone or in company."""
    torch.manual_seed(0)


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """One thread: no oversubscription under xdist, and sums in the same order every time."""
    torch.set_num_threads(1)


def pytest_configure(config: pytest.Config) -> None:
    """Let torchvision, and with it Lightning, be imported beside any build of torch.

    Beside another build than its own, such as a CPU build, its compiled operators do not load, and
    its Python part fails on import, for it says how `nms` and `qnms` behave, which are not there.
    """
    spec = importlib.util.find_spec("torchvision")
    compiled = spec and spec.origin and Path(spec.origin).with_name("_C.so")
    if not compiled or _loads(compiled):
        return
    library = torch.library.Library("torchvision", "FRAGMENT")
    for operator in ("nms", "qnms"):
        library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    config.stash[DECLARED] = library  # declared for as long as this is alive


def _loads(compiled: Path) -> bool:
    try:
        torch.ops.load_library(compiled)
    except OSError:
        return False
    return True


@pytest.fixture(scope="session")
def torchvision():
    """The package, part of the extra `dev`."""
    return pytest.importorskip("torchvision", reason="pip install odegraph[vision]")


@pytest.fixture(params=list(EXECUTORS))
def executor(request: pytest.FixtureRequest, tmp_path: Path) -> Executor:
    """Runs a test on everything that executes: `executor(block, unit)` is a function of x."""
    return lambda block, unit: EXECUTORS[request.param](block, unit, tmp_path)


@pytest.fixture(params=list(DIFFERENTIABLE))
def differentiable(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., nn.Module]:
    """The executors that train, as modules with the state dict of the block."""
    return lambda block, unit: DIFFERENTIABLE[request.param](block, unit, tmp_path)
