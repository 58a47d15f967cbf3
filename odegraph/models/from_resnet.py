"""From a residual network to the continuous model with the same outputs, bit for bit."""

import copy
from collections.abc import Sequence

from torch import nn

from odegraph._errors import UnitError
from odegraph.basis import PiecewiseConstant
from odegraph.block import OdeBlock
from odegraph.block.units_in_depth import describe, first_difference, of_values
from odegraph.ir import manifestation
from odegraph.unit import Unit, trace_unit, unit_of_layer


def from_resnet(module: nn.Module) -> nn.Module:
    """The continuous model of a residual network: its runs of equal layers become blocks.

    In every `nn.Sequential`, neighbouring layers x -> x + f(x) that keep the shape of the state
    become one block: forward Euler, one step a layer, on a piecewise-constant basis with the
    layers' values as coefficients. It computes what the layers did, bit for bit, in training and
    evaluation, and can be projected and re-manifested. A block has the name of its first layer.

    Layers with an activation after the sum, x -> relu(x + f(x)), such as those of torchvision,
    become the rate R(x) = F(x) - x of the whole layer F. While the manifestation is forward Euler
    with whole steps, F itself is called, so that nothing is rounded; in any other one the rate is.

    Everything else stays as it is: stems, heads, and layers that change the shape. Layers are
    found in `nn.Sequential` only, with the sum as the last thing they do before an activation.
    Hooks on layers that become a block do not go along.

    Raises:
        UnitError: no such layers, or neighbours of unequal structure, named with the difference.
    """
    model = copy.deepcopy(module)
    found = False
    for path, chain in list(model.named_modules()):
        if type(chain).forward is nn.Sequential.forward and isinstance(chain, nn.Sequential):
            found |= _replace_runs(chain, path)
    if not found:
        raise UnitError(
            f"`{type(module).__name__}` has no residual layers x + f(x) that keep the shape of "
            "their state in an `nn.Sequential`, so there is nothing to make continuous. Put the "
            "layers of a stage into one `nn.Sequential`."
        )
    return model


def _replace_runs(chain: nn.Sequential, path: str) -> bool:
    """Put one block in place of each run of residual layers; whether there were any."""
    children = dict(chain.named_children())
    units = {name: _unit_of(child) for name, child in children.items()}
    runs = _runs(units)
    for run in runs:
        layers = [children[name] for name in run]
        _refuse_unequal_layers(path, run, layers)
        unit = units[run[0]]
        assert unit is not None
        children[run[0]] = _block(unit, layers)
    kept = {name: one for name, one in children.items() if not _is_swallowed(name, runs)}
    chain._modules.clear()
    chain._modules.update(kept)
    return bool(runs)


def _runs(units: dict[str, Unit | None]) -> list[list[str]]:
    """Names of neighbouring residual layers."""
    runs: list[list[str]] = []
    before: Unit | None = None
    for name, unit in units.items():
        if unit is not None and before is not None:
            runs[-1].append(name)
        elif unit is not None:
            runs.append([name])
        before = unit
    return runs


def _is_swallowed(name: str, runs: list[list[str]]) -> bool:
    return any(name in run[1:] for run in runs)


def _unit_of(layer: nn.Module) -> Unit | None:
    """The unit of a residual layer that keeps the shape; None for any other layer."""
    if not any(layer.children()) or isinstance(layer, OdeBlock):
        return None
    try:
        return unit_of_layer(trace_unit(layer))
    except UnitError:
        return None  # not a map of a state to one like it, so no residual layer


def _refuse_unequal_layers(path: str, names: Sequence[str], layers: Sequence[nn.Module]) -> None:
    prefix = f"{path}." if path else ""
    first = describe(layers[0])
    for name, layer in zip(names[1:], layers[1:], strict=True):
        difference = first_difference(first, describe(layer))
        if difference is not None:
            raise UnitError(
                f"The residual layers `{prefix}{names[0]}` and `{prefix}{name}` follow each other "
                f"but are not equal in structure: {difference}. Coefficients of one theta(t) have "
                "one shape; make the layers equal, or put them into two `nn.Sequential`s."
            )


def _block(unit: Unit, layers: Sequence[nn.Module]) -> OdeBlock:
    count = len(layers)
    basis = PiecewiseConstant(count)
    form = manifestation(
        "euler",
        basis=basis,
        state_basis=basis if unit.buffers else None,
        steps=count,
        span=count,
    )
    return of_values(unit, form, layers).train(layers[0].training)
