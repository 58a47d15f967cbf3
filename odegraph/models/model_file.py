"""Model files: named layers, each a plain module or an ODE block."""

import importlib
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import torch
from torch import nn

from odegraph._errors import GraphError, OdegraphError
from odegraph._exact import shorten
from odegraph._toml import nearest, read_toml
from odegraph.basis import basis_from_dict
from odegraph.block import OdeBlock, block_of_units
from odegraph.models.layered import INPUT, LayeredModel
from odegraph.scheme import Scheme

ALLOWED = ("odegraph.models", "torch.nn")
MODEL_KEYS = ("title", "input", "layer", "outputs")
LAYER_KEYS = ("name", "inputs", "arguments")
PLAIN_KEYS = (*LAYER_KEYS, "module")
USE_KEYS = ("name", "inputs", "use")
BLOCK_KEYS = (
    *LAYER_KEYS,
    *("unit", "scheme", "basis", "state_basis", "steps", "grid", "span", "start"),
)
STARTS = ("constant", "independent")
MAX_LAYERS = 1_000


@dataclass(frozen=True)
class ModelFile:
    """A model file and the model that was built from it.

    Attributes:
        title: one line in words.
        input_shape: the shape of the input with a batch of two.
        model: the layers, with fresh parameters.
    """

    title: str
    input_shape: tuple[int, ...]
    model: LayeredModel


def read_model(
    path: str | Path, *, scheme: Scheme | str | None = None, allow: Sequence[str] = ()
) -> ModelFile:
    """Build the model that a TOML file describes.

    Args:
        path: the model file.
        scheme: takes the place of the scheme of every block.
        allow: packages that `module` and `unit` may come from, beside odegraph.models and torch.nn.

    Raises:
        GraphError: a fault of the file, named with its layer.
    """
    source = Path(path)
    table = read_toml(source, what="model file", error=GraphError)
    where = f"Model file `{shorten(source.name)}`"
    try:
        return _model(table, scheme, (*ALLOWED, *allow))
    except OdegraphError as error:
        raise GraphError(f"{where}: {error}") from error


def _model(
    table: Mapping[str, Any], scheme: Scheme | str | None, allowed: Sequence[str]
) -> ModelFile:
    _check_keys(table, MODEL_KEYS)
    shape = _input_shape(table.get("input"))
    layers, inputs, uses, order = {}, {}, {}, []
    for number, layer in enumerate(_layers(table), start=1):
        name = _layer_name(layer, number, order)
        order.append(name)
        try:
            if "use" in layer:
                uses[name] = _used(layer)
            else:
                layers[name] = _layer(layer, scheme, allowed)
        except OdegraphError as error:
            raise GraphError(f"layer `{name}`: {error}") from error
        if "inputs" in layer:
            inputs[name] = _names(layer["inputs"], f"`inputs` of layer `{name}`")
    outputs = _names(table["outputs"], "`outputs`") if "outputs" in table else None
    title = str(table.get("title", ""))
    model = LayeredModel(
        layers, inputs=inputs, outputs=outputs, uses=uses, order=order, title=title
    )
    check_shapes(model, shape)
    return ModelFile(title, shape, model)


def check_shapes(model: LayeredModel, shape: Sequence[int]) -> None:
    """Send a state without values through the layers.

    Raises:
        GraphError: the layer that does not take what the ones before give.
    """
    values = {INPUT: torch.empty(*shape, device="meta")}
    for wire in model.wiring:
        layer = model.get_submodule(wire.layer)
        given = [_meta(values, model, name) for name in wire.inputs]
        tensors = {**dict(layer.named_parameters()), **dict(layer.named_buffers())}
        meta = {path: tensor.detach().to("meta") for path, tensor in tensors.items()}
        try:
            values[wire.name] = torch.func.functional_call(layer, meta, tuple(given))
        except Exception as error:
            shapes = ", ".join(str(list(value.shape)) for value in given)
            raise GraphError(
                f"layer `{wire.name}` ({type(layer).__name__}) does not take what it is given, "
                f"{shapes}: {shorten(error, 200)}"
            ) from error


def _meta(values: Mapping[str, Any], model: LayeredModel, name: str) -> Any:
    return values[name] if name in values else model.weight(name).detach().to("meta")


def _used(layer: Mapping[str, Any]) -> str:
    _check_keys(layer, USE_KEYS)
    if not isinstance(layer["use"], str):
        raise GraphError(f"`use` is `{shorten(layer['use'])}`; write the name of an earlier layer.")
    return layer["use"]


def _input_shape(given: Any) -> tuple[int, ...]:
    valid = (
        isinstance(given, list)
        and len(given) > 1
        and given[0] == "batch"
        and all(isinstance(size, int) and size > 0 for size in given[1:])
    )
    if not valid:
        raise GraphError(
            f"`input` is `{shorten(given)}`; write the shape of one input after the word batch, "
            'such as input = ["batch", 3, 32, 32].'
        )
    return (2, *given[1:])


def _layers(table: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    layers = table.get("layer")
    if not isinstance(layers, list) or not all(isinstance(one, dict) for one in layers):
        raise GraphError("it has no layers; write one `[[layer]]` table for each.")
    if len(layers) > MAX_LAYERS:
        raise GraphError(f"it has {len(layers)} layers; at most {MAX_LAYERS} are read.")
    return layers


def _layer_name(layer: Mapping[str, Any], number: int, known: Sequence[str]) -> str:
    name = layer.get("name")
    if not isinstance(name, str) or not name.isidentifier() or name == INPUT:
        raise GraphError(
            f"layer {number} has the name `{shorten(name)}`; a name is a word such as `block1`, "
            "and "
            f"not `{INPUT}`."
        )
    if name in known or hasattr(nn.Module, name):
        raise GraphError(f"layer {number} has the name `{name}`, which is taken; choose another.")
    return name


def _layer(
    layer: Mapping[str, Any], scheme: Scheme | str | None, allowed: Sequence[str]
) -> nn.Module:
    if ("module" in layer) == ("unit" in layer):
        raise GraphError(
            "give either `module` (a plain layer) or `unit` (an ODE block), or `use` (an earlier "
            "layer, once more)."
        )
    if "module" in layer:
        _check_keys(layer, PLAIN_KEYS)
        return _instance(layer["module"], layer.get("arguments", {}), allowed)
    _check_keys(layer, BLOCK_KEYS)
    if "basis" not in layer or (scheme is None and "scheme" not in layer):
        missing = "basis" if "basis" not in layer else "scheme"
        raise GraphError(f"an ODE block needs the key `{missing}`.")
    return _block(layer, layer["scheme"] if scheme is None else scheme, allowed)


def _block(layer: Mapping[str, Any], scheme: Scheme | str, allowed: Sequence[str]) -> OdeBlock:
    basis, state_basis = basis_from_dict(layer["basis"]), layer.get("state_basis")
    form: dict[str, Any] = {
        "scheme": scheme,
        "basis": basis,
        "state_basis": None if state_basis is None else basis_from_dict(state_basis),
        "steps": layer.get("steps"),
        "grid": layer.get("grid"),
        "span": _span(layer.get("span", 1)),
    }
    start = layer.get("start", STARTS[0])
    if start not in STARTS:
        raise GraphError(
            f"`start` is `{shorten(start)}`; write `constant` (theta(t) starts equal at every "
            "depth) or `independent` (each coefficient starts for itself, as layers do)."
        )
    count = 1 if start == "constant" else basis.size
    units = [_instance(layer["unit"], layer.get("arguments", {}), allowed) for _ in range(count)]
    if start == "constant":
        return OdeBlock(units[0], **form)
    return block_of_units(units, **form)


def _span(given: Any) -> Any:
    return str(given) if isinstance(given, Decimal) else given


def _instance(reference: Any, arguments: Any, allowed: Sequence[str]) -> nn.Module:
    module_name, _, class_name = str(reference).partition(":")
    if not class_name or not isinstance(reference, str):
        raise GraphError(
            f"`{shorten(reference)}` is not a class; write `package.module:Class`, such as "
            "`torch.nn:Linear`."
        )
    if not any(module_name == one or module_name.startswith(f"{one}.") for one in allowed):
        raise GraphError(
            f"`{shorten(module_name)}` is not a package that may be imported from here. Allowed: "
            f"{', '.join(allowed)}; allow another with `--allow PACKAGE` if you trust it."
        )
    found = _class(module_name, class_name)
    if not isinstance(arguments, dict):
        raise GraphError(f"`arguments` is `{shorten(arguments)}`; write a table.")
    numbers = {k: float(v) if isinstance(v, Decimal) else v for k, v in arguments.items()}
    try:
        inspect.signature(found).bind(**numbers)
        return found(**numbers)
    except Exception as error:
        raise GraphError(
            f"`{reference}` cannot be made with these arguments: {shorten(error, 200)}"
        ) from error


def _class(module_name: str, class_name: str) -> type[nn.Module]:
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise GraphError(f"there is no module `{shorten(module_name)}` ({error}).") from error
    found = getattr(module, class_name, None)
    if not (isinstance(found, type) and issubclass(found, nn.Module)):
        classes = [
            name
            for name, value in vars(module).items()
            if isinstance(value, type) and issubclass(value, nn.Module)
        ]
        raise GraphError(
            f"`{module_name}` has no module class `{shorten(class_name)}`. "
            f"{nearest(class_name, classes)}"
        )
    return found


def _check_keys(table: Mapping[str, Any], known: Sequence[str]) -> None:
    for key in table:
        if key not in known:
            raise GraphError(f"there is no key `{shorten(key)}`. {nearest(key, known)}")


def _names(given: Any, what: str) -> list[str]:
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise GraphError(f'{what} is `{shorten(given)}`; write a list of names, such as ["stem"].')
    return given
