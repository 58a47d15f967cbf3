"""Checkpoints: safetensors with a JSON manifest in the header; nothing is pickled.

The manifest holds, for each block, its manifestation with the exact tableau, which is proven
again on loading, and a reference to the unit's class.
"""

import copy
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from odegraph._errors import DataError, EmitError, GraphError, OdegraphError
from odegraph._exact import shorten
from odegraph._version import __version__
from odegraph.block.baked_block import BakedBlock
from odegraph.block.execution import DEFAULT_EXECUTION, Execution
from odegraph.block.ode_block import OdeBlock
from odegraph.block.transform import replace_blocks
from odegraph.emit.files import write_file
from odegraph.emit.slots import slot_module, slots_of
from odegraph.ir import Manifestation, manifestation_from_dict
from odegraph.unit import Unit, trace_unit

FORMAT = "1"
MANIFEST = "odegraph"


def save(model: nn.Module, path: str | os.PathLike[str]) -> Path:
    """Write a block or a model as one .safetensors file.

    A model with a method `description` (JSON-able) is described by it in the manifest.

    Raises:
        EmitError: the file cannot be written, or does not end in .safetensors.
        GraphError: the model was baked.
    """
    target = Path(path)
    if target.suffix != ".safetensors":
        raise EmitError(
            f"`{target}` is not a checkpoint name; choose one that ends in .safetensors."
        )
    _refuse_baked(model)
    blocks = blocks_of(model)
    described = getattr(model, "description", None)
    manifest = {
        "format": FORMAT,
        "odegraph": __version__,
        "torch": torch.__version__,
        "blocks": {name: _description(block) for name, block in blocks.items()},
        "model": None if described is None else described(),
    }
    # Contiguous copies: safetensors refuses views and shared memory, which tied weights have.
    tensors = {
        key: value.detach().clone().contiguous() for key, value in model.state_dict().items()
    }
    # Not sorted: the numbers of a scheme are declared in an order, each before its use.
    metadata = {MANIFEST: json.dumps(manifest)}
    write_file(target, lambda file: _write_tensors(file, tensors, metadata))
    return target


def _refuse_baked(model: nn.Module) -> None:
    if any(isinstance(module, BakedBlock) for module in model.modules()):
        raise GraphError(
            f"`{type(model).__name__}` is what `bake` made: its constants belong to one graph, "
            "and no checkpoint could give them back. Save the model that was baked."
        )


def _write_tensors(file: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    try:
        safetensors.torch.save_file(tensors, file, metadata)
    except safetensors.SafetensorError as error:  # a full disk, for example
        raise OSError(str(error)) from error


def load(
    path: str | os.PathLike[str],
    *,
    unit: nn.Module | None = None,
    model: nn.Module | None = None,
    example: Tensor | None = None,
) -> Any:
    """Read a checkpoint back: the block, or `model` with the blocks and values of the checkpoint.

    Args:
        path: a file that `save` wrote.
        unit: a module of the class that the block was compiled from; its values do not
            matter.
        model: for a checkpoint of a model: a model of the same architecture, in any manifestation.
        example: a state, needed only for units that torch.fx cannot trace.

    Raises:
        DataError: the file is missing, cut off, or not a checkpoint of odegraph.
        GraphError: `unit` or `model` do not fit what was saved.
    """
    source = Path(path)
    manifest, tensors = _read(source)
    forms = {name: _form(source, name, block) for name, block in manifest["blocks"].items()}
    if model is not None:
        loaded = _into_model(source, model, forms)
    elif set(forms) == {""} and isinstance(unit, nn.Module):
        loaded = _empty_block(trace_unit(unit, example=example), unit, forms[""])
    else:
        raise GraphError(_what_to_give(source, manifest["blocks"]))
    try:
        loaded.load_state_dict(tensors)
    except RuntimeError as error:  # missing keys and other sizes, one a line
        raise GraphError(f"The values in `{source}` do not fit what was given. {error}") from error
    return loaded


def read_description(path: str | os.PathLike[str]) -> dict[str, Any] | None:
    """What the model said about itself when it was saved; None where it said nothing.

    Raises:
        DataError: the file is missing, cut off, or not a checkpoint of odegraph.
    """
    return _read(Path(path))[0].get("model")


def blocks_of(model: nn.Module) -> dict[str, OdeBlock]:
    """The blocks of a model by dotted path; a model that is a block has the path ``""``."""
    return {name: one for name, one in model.named_modules() if isinstance(one, OdeBlock)}


def _description(block: OdeBlock) -> dict[str, object]:
    return {"unit": block.unit.reference, "manifestation": block.manifestation.to_dict()}


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except FileNotFoundError as error:
        raise DataError(f"There is no checkpoint `{path}`.") from error
    except (safetensors.SafetensorError, OSError) as error:
        raise DataError(
            f"`{path}` is not a whole safetensors file ({shorten(error)}). It may have been cut "
            "off while it was copied; save it again."
        ) from error
    if MANIFEST not in metadata:
        raise DataError(f"`{path}` holds no manifest of odegraph; read it with safetensors alone.")
    return _checked_manifest(path, metadata[MANIFEST]), tensors


def _checked_manifest(path: Path, text: str) -> dict[str, Any]:
    try:
        manifest = json.loads(text)
        format_, blocks = manifest["format"], manifest["blocks"]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"The manifest in `{path}` cannot be read ({shorten(error)}).") from error
    if format_ != FORMAT or not isinstance(blocks, dict):
        raise DataError(
            f"`{path}` has the checkpoint format `{shorten(format_)}`; this version reads "
            f"{FORMAT}. It was written by odegraph {shorten(manifest.get('odegraph'))}."
        )
    return manifest


def _form(path: Path, name: str, block: Any) -> tuple[str, Manifestation]:
    try:
        return str(block["unit"]), manifestation_from_dict(block["manifestation"])
    except (KeyError, TypeError, OdegraphError) as error:
        raise DataError(f"The manifest of block `{name}` in `{path}` is broken: {error}") from error


def _into_model(
    path: Path, model: nn.Module, forms: Mapping[str, tuple[str, Manifestation]]
) -> nn.Module:
    blocks = blocks_of(model)
    if set(blocks) != set(forms):
        raise GraphError(
            f"`{path}` holds the blocks {_names(forms)}, but the model has {_names(blocks)}."
        )
    if not blocks:
        return copy.deepcopy(model)
    names = {id(block): name for name, block in blocks.items()}
    return replace_blocks(model, lambda block: _reshaped(block, forms[names[id(block)]]))


def _reshaped(block: OdeBlock, form: tuple[str, Manifestation]) -> OdeBlock:
    _refuse_other_unit(block.unit, form[0])
    theta = {path: slot[0] for path, slot in slots_of(block.theta).items()}
    state = {path: slot[0] for path, slot in slots_of(block.state).items()}
    trainable = {path for path, slot in slots_of(block.theta).items() if slot.requires_grad}
    return _block_like(block.unit, form[1], theta, state, trainable, execution=block.execution)


def _empty_block(unit: Unit, module: nn.Module, form: tuple[str, Manifestation]) -> OdeBlock:
    _refuse_other_unit(unit, form[0])
    theta, state = dict(module.named_parameters()), dict(module.named_buffers())
    trainable = {path for path, value in theta.items() if value.requires_grad}
    return _block_like(unit, form[1], theta, state, trainable)


def _block_like(
    unit: Unit,
    form: Manifestation,
    theta: Mapping[str, Tensor],
    state: Mapping[str, Tensor],
    trainable: set[str],
    *,
    execution: Execution = DEFAULT_EXECUTION,
) -> OdeBlock:
    size = form.basis.size
    state_size = 0 if form.state_basis is None else form.state_basis.size
    slots = {
        path: nn.Parameter(value.new_empty((size, *value.shape)), path in trainable)
        for path, value in theta.items()
    }
    buffers = {path: value.new_empty((state_size, *value.shape)) for path, value in state.items()}
    return OdeBlock.of_slots(
        unit,
        form,
        theta=slot_module(slots),
        state=slot_module(buffers),
        execution=execution,
    )


def _refuse_other_unit(unit: Unit, reference: str) -> None:
    if unit.reference != reference:
        raise GraphError(
            f"The checkpoint was saved with the unit `{reference}`, but `{unit.reference}` was "
            "given. Give a module of the class that the block was compiled from."
        )


def _what_to_give(path: Path, blocks: Mapping[str, Any]) -> str:
    if set(blocks) == {""}:
        unit = shorten(blocks[""].get("unit"))
        return f"`{path}` holds one block; give its unit: `load(path, unit=...)` with a `{unit}`."
    if not blocks:
        return f"`{path}` holds a model without blocks; give a model: `load(path, model=...)`."
    return (
        f"`{path}` holds a model with the blocks {_names(blocks)}; give a model of the same "
        "architecture: `load(path, model=...)`."
    )


def _names(blocks: Mapping[str, object]) -> str:
    return ", ".join(f"`{name}`" for name in blocks) or "none"
