"""Write blocks and models out as stand-alone Python modules."""

import os
from pathlib import Path

from torch import nn

from odegraph._errors import EmitError, UnitError
from odegraph.block.baked_block import BakedBlock
from odegraph.block.ode_block import OdeBlock
from odegraph.emit.files import write_text
from odegraph.emit.python_source import python_source
from odegraph.emit.source.model import ModelParts, model_source
from odegraph.unit import trace_around

BLOCKS = (OdeBlock, BakedBlock)


def emit_python(model: nn.Module, path: str | os.PathLike[str]) -> Path:
    """Write `model` as a Python module that needs torch only and loads the same state dict.

    A block becomes a class `Block`, any other model a class `Model`.

    Raises:
        EmitError: plain layers that torch.fx cannot trace, a path that does not end in
            .py, or a folder that is not writable.
    """
    target = Path(path)
    if target.suffix != ".py":
        raise EmitError(f"`{target}` is not a Python module; choose a name that ends in .py.")
    write_text(target, source_of(model))
    return target


def source_of(model: nn.Module) -> str:
    """The text that `emit_python` writes."""
    if isinstance(model, OdeBlock | BakedBlock):
        return python_source(model.parts)
    blocks = {path: one for path, one in model.named_modules() if isinstance(one, BLOCKS)}
    try:
        around = trace_around(model, blocks=BLOCKS)
    except UnitError as error:
        raise EmitError(f"{error} Blocks alone can be written one by one.") from error
    plain = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    parts = ModelParts(
        title=_title(model),
        surroundings=around,
        tensors={name: plain[name] for name in (*around.parameters, *around.buffers)},
        blocks={name: block.parts for name, block in blocks.items()},
    )
    return model_source(parts)


def _title(model: nn.Module) -> str:
    """That of a model file, or the name of the class."""
    title = getattr(model, "title", None)
    return title if isinstance(title, str) and title else type(model).__name__
