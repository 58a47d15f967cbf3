"""What every test shares: float64, one thread, operator schemas of an optional package."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from executors import DIFFERENTIABLE, EXECUTORS, Executor
from hypothesis import settings
from torch import nn

from odegraph.data.any_torchvision import allow_any_torchvision

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


def pytest_configure(config: pytest.Config) -> None:  # pyright: ignore[reportUnusedParameter]
    """Tests import torchvision, and with it Lightning, beside any build of torch."""
    allow_any_torchvision()


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
