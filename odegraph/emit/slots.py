"""Slots: the stacked coefficient tensors of a block, as modules and as source that makes them."""

from collections.abc import Iterable, Mapping

from torch import Tensor, fx, nn

from odegraph.emit.source.lines import call


class Slots(nn.Module):
    """A container of slots, nested as the unit's own modules are."""

    def extra_repr(self) -> str:
        """One slot a line with its shape."""
        slots = {**self._parameters, **self._buffers}
        shapes = [f"{name}: {list(slot.shape)}" for name, slot in slots.items() if slot is not None]
        return ", ".join(shapes)


NORM_FUNCTIONS = frozenset({"batch_norm", "layer_norm", "group_norm", "instance_norm", "rms_norm"})


def slot_module(tensors: Mapping[str, Tensor]) -> nn.Module:
    """Nested modules that hold each tensor at its dotted path, parameters and buffers alike."""
    root = Slots()
    for path, tensor in tensors.items():
        owner, _, name = path.rpartition(".")
        module = root
        for part in owner.split(".") if owner else ():
            if part not in module._modules:
                module.add_module(part, Slots())
            module = module.get_submodule(part)
        if isinstance(tensor, nn.Parameter):
            module.register_parameter(name, tensor)
        else:
            module.register_buffer(name, tensor)
    return root


def slots_of(container: nn.Module) -> dict[str, Tensor]:
    """All slots of a container by dotted path."""
    return {**dict(container.named_parameters()), **dict(container.named_buffers())}


def slot_of(container: nn.Module, path: str) -> Tensor:
    """The slot at a dotted path."""
    owner, _, name = path.rpartition(".")
    return getattr(container.get_submodule(owner), name)


def access(base: str, path: str) -> str:
    """Source that reads a dotted path: ``self.theta.f.weight``; layers with numbers by getattr."""
    text = base
    for part in path.split("."):
        text = f"{text}.{part}" if part.isidentifier() else f'getattr({text}, "{part}")'
    return text


def container_statements(base: str, paths: Iterable[str]) -> list[str]:
    """Statements that make the nested modules for `paths` under `base`."""
    lines, made = [f"{base} = nn.Module()"], set()
    for path in paths:
        parts = path.split(".")[:-1]
        for depth in range(1, len(parts) + 1):
            owner = ".".join(parts[:depth])
            if owner not in made:
                made.add(owner)
                lines.append(_child_statement(base, owner))
    return lines


def _child_statement(base: str, owner: str) -> str:
    parent, _, name = owner.rpartition(".")
    target = access(base, parent) if parent else base
    if name.isidentifier():
        return f"{target}.{name} = nn.Module()"
    return f'{target}.add_module("{name}", nn.Module())'


def slot_statement(
    base: str, path: str, tensor: Tensor, *, fill: int | None, margin: int
) -> list[str]:
    """The statement that makes one slot: a parameter or a buffer with its first values."""
    owner, _, name = path.rpartition(".")
    target = access(base, owner) if owner else base
    # The dtype is always said: weights in the text are rounded for it.
    sizes = [str(size) for size in tensor.shape] or ["()"]
    maker = {None: "empty", 0: "zeros", 1: "ones"}[fill]
    value = f"torch.{maker}({', '.join([*sizes, f'dtype={tensor.dtype}'])})"
    if not isinstance(tensor, nn.Parameter):
        return call(f"{target}.register_buffer", [f'"{name}"', value], margin=margin)
    frozen = [] if tensor.requires_grad else ["requires_grad=False"]
    if name.isidentifier():
        return call(f"{target}.{name} = nn.Parameter", [value, *frozen], margin=margin)
    parameter = f"nn.Parameter({', '.join([value, *frozen])})"
    return call(f"{target}.register_parameter", [f'"{name}"', parameter], margin=margin)


def norm_scales(graph: fx.Graph, paths: Mapping[str, str]) -> set[str]:
    """The parameters that scale a normalised value; they start at one, as torch starts them.

    `paths` maps placeholder names to slot paths.
    """
    found = set()
    for node in graph.nodes:
        if node.op == "call_function" and getattr(node.target, "__name__", "") in NORM_FUNCTIONS:
            weight = node.kwargs.get("weight")
            candidates = [weight] if weight is not None else list(node.args)
            for one in candidates:
                if isinstance(one, fx.Node) and paths.get(one.name, "").endswith("weight"):
                    found.add(paths[one.name])
    return found
