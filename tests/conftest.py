"""What every test shares: float64, one thread, operator schemas of an optional package."""

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from executors import DIFFERENTIABLE, EXECUTORS, Executor
from hypothesis import settings
from torch import nn

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


@pytest.fixture(scope="session")
def torchvision():
    """Torchvision, also beside a CPU build of torch for which its compiled operators do not load.

    Its Python part registers fake kernels for `nms` and `qnms` on import, which fails
    when their schemas are missing.
    """
    if importlib.util.find_spec("torchvision") is None:
        pytest.skip("torchvision is not installed (pip install odegraph[vision])")
    schema = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
    library = torch.library.Library("torchvision", "FRAGMENT")
    for operator in ("nms", "qnms"):
        if not hasattr(torch.ops.torchvision, operator):
            library.define(operator + schema)
    import torchvision  # pyright: ignore[reportMissingImports]

    yield torchvision
    del library


@pytest.fixture(params=list(EXECUTORS))
def executor(request: pytest.FixtureRequest, tmp_path: Path) -> Executor:
    """Runs a test on everything that executes: `executor(block, unit)` is a function of x."""
    return lambda block, unit: EXECUTORS[request.param](block, unit, tmp_path)


@pytest.fixture(params=list(DIFFERENTIABLE))
def differentiable(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., nn.Module]:
    """The executors that train, as modules with the state dict of the block."""
    return lambda block, unit: DIFFERENTIABLE[request.param](block, unit, tmp_path)
