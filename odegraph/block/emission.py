"""Write blocks out as stand-alone Python modules."""

import os
from pathlib import Path

from torch import nn

from odegraph._errors import EmitError
from odegraph.block.baked_block import BakedBlock
from odegraph.block.ode_block import OdeBlock
from odegraph.emit.files import write_text
from odegraph.emit.python_source import python_source


def emit_python(model: nn.Module, path: str | os.PathLike[str]) -> Path:
    """Write `model` as a Python module that needs torch only and loads the same state dict.

    Raises:
        EmitError: not a block, a path that does not end in .py, or a folder that is not writable.
    """
    if not isinstance(model, OdeBlock | BakedBlock):
        raise EmitError(
            f"`{type(model).__name__}` is not a block; `emit_python` writes `OdeBlock`s and what "
            "`bake` makes of them."
        )
    target = Path(path)
    if target.suffix != ".py":
        raise EmitError(f"`{target}` is not a Python module; choose a name that ends in .py.")
    write_text(target, python_source(model.parts))
    return target
