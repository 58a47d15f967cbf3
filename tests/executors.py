"""Everything that executes a block, under one signature: (block, unit, folder) -> function of x."""

import importlib.util
from collections.abc import Callable
from pathlib import Path

import numpy as np
import reference
import reference_linearised
import torch
from torch import Tensor, nn

import odegraph as og

Run = Callable[[Tensor], Tensor]
Executor = Callable[[og.OdeBlock, nn.Module], Run]


def interpreted(block: og.OdeBlock, unit: nn.Module, folder: Path) -> Run:
    """The numpy interpreter."""
    kind = block.manifestation.scheme.kind
    run = reference_linearised.run if kind in reference_linearised.KINDS else reference.run
    return lambda x: torch.as_tensor(np.asarray(run(block, unit, x.detach().numpy())))


def graph_module(block: og.OdeBlock, unit: nn.Module, folder: Path) -> Run:
    """The lowered torch.fx graph."""
    return block.eval().graph_module


def generated(block: og.OdeBlock, unit: nn.Module, folder: Path) -> Run:
    """The generated module, imported by path, with the block's state dict."""
    return generated_module(block, folder).eval()


def baked(block: og.OdeBlock, unit: nn.Module, folder: Path) -> Run:
    """The inference block with theta(t) folded to constants."""
    return og.bake(block.eval())


def reloaded(block: og.OdeBlock, unit: nn.Module, folder: Path) -> Run:
    """What a checkpoint gives back."""
    path = og.save(block, folder / "block.safetensors")
    return og.load(path, unit=unit).eval()


EXECUTORS = {
    "reference": interpreted,
    "graph": graph_module,
    "generated": generated,
    "baked": baked,
    "reloaded": reloaded,
}
DIFFERENTIABLE = {
    "block": lambda block, *_: block,
    "generated": generated,
    "reloaded": reloaded,
}


def generated_module(block: nn.Module, folder: Path, *, name: str = "Block") -> nn.Module:
    """The class of a freshly generated module, loaded with the state dict of `block`."""
    path = og.emit_python(block, folder / f"generated_{name.lower()}.py")
    module = imported(path)
    result = getattr(module, name)()
    result.load_state_dict(block.state_dict())
    return result.train(block.training)


def imported(path: Path):
    """The Python module in a file."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
