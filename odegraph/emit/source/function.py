"""A functional torch.fx graph as a Python function that reads as if written by hand."""

from __future__ import annotations

import builtins
import keyword
import math
import operator
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import fx

from odegraph._errors import EmitError
from odegraph.emit.slots import access
from odegraph.emit.source import expression as py
from odegraph.emit.source.call_style import public_name, styled
from odegraph.emit.source.expression import Expression
from odegraph.unit.operations import is_random, updates_statistics

INDENT = "    "
LONGEST_NAME = 32
DEEPEST_NESTING = 2

_TAKEN = {"torch", "Tensor", "F", "nn", "self", *dir(builtins), *keyword.kwlist}
_STEMS = {
    "multi_head_attention_forward": "attention",
    "scaled_dot_product_attention": "attention",
    "native_batch_norm_legit_functional": "batch_norm",
    "native_batch_norm_legit_no_training": "batch_norm",
    "native_dropout": "dropout",
    "getitem": "part",
    "iadd": "add",
    "isub": "sub",
    "imul": "mul",
    "itruediv": "div",
}


@dataclass(frozen=True)
class FunctionSource:
    """`text` is the function; `arguments` are its argument names in the graph's order."""

    text: str
    arguments: tuple[str, ...]


def function_source(graph_module: fx.GraphModule, *, name: str = "unit") -> str:
    """Source of a functional graph; needs `torch`, `Tensor` and `F` (torch.nn.functional) only."""
    return write_function(graph_module, name=name).text


def write_function(graph_module: fx.GraphModule, *, name: str = "unit") -> FunctionSource:
    """Source of a functional graph together with the names of its arguments."""
    graph = graph_module.graph
    placeholders = [node for node in graph.nodes if node.op == "placeholder"]
    paths = [node.meta.get("path", node.name) for node in placeholders]
    arguments = argument_names(paths)
    writer = _Writer(dict(zip(placeholders, arguments, strict=True)))
    for node in graph.nodes:
        writer.visit(node)
    lines = [*_signature(name, arguments, writer.outputs), *writer.lines]
    return FunctionSource("\n".join(lines) + "\n", tuple(arguments))


def body_lines(graph: fx.Graph, inputs: Mapping[str, str], *, indent: str) -> list[str]:
    """The statements of a graph up to its `return`; `inputs` says how each value is written.

    The keys of `inputs` are the paths that the placeholders stand for, and `x`. Submodules that
    the graph calls are attributes of `self`.
    """
    placeholders = graph.find_nodes(op="placeholder")
    writer = _Writer({n: inputs[n.meta.get("path", "x")] for n in placeholders}, indent=indent)
    for node in graph.nodes:
        writer.visit(node)
    return writer.lines


def argument_names(paths: Sequence[str]) -> list[str]:
    """The last component of each path where that says which one is meant, else the whole path."""
    last = [path.rpartition(".")[2] for path in paths]
    seen = Counter(last)
    names: list[str] = []
    for path, short in zip(paths, last, strict=True):
        candidate = short if seen[short] == 1 else path.replace(".", "_")
        if len(candidate) > LONGEST_NAME:
            candidate = short[:LONGEST_NAME]
        if not candidate.isidentifier():
            candidate = f"layer_{candidate}"
        names.append(_unused(candidate, taken=names))
    return names


def _unused(candidate: str, *, taken: Sequence[str]) -> str:
    if candidate in _TAKEN:
        candidate += "_"
    unique, number = candidate, 1
    while unique in taken:
        unique, number = f"{candidate}_{number}", number + 1
    return unique


def _signature(name: str, arguments: Sequence[str], outputs: int) -> list[str]:
    result = "Tensor" if outputs == 1 else f"tuple[{', '.join(['Tensor'] * outputs)}]"
    if outputs > 6:
        result = "tuple[Tensor, ...]"
    annotated = [Expression(f"{argument}: Tensor") for argument in arguments]
    return py.call(name, annotated).lines(indent="", prefix="def ", suffix=f" -> {result}:")


class _Writer:
    """Walks a graph once; a value that is read once waits until its reader takes it in."""

    def __init__(self, arguments: Mapping[fx.Node, str], *, indent: str = INDENT) -> None:
        self._indent = indent
        self.lines: list[str] = []
        self.outputs = 1
        self._names = [*arguments.values()]
        self._values = {node: py.name(text) for node, text in arguments.items()}
        self._waiting: dict[fx.Node, Expression] = {}

    def visit(self, node: fx.Node) -> None:
        match node.op:
            case "placeholder":
                return
            case "output":
                self._return(node)
            case "call_function" | "call_method" | "call_module":
                self._call(node)
            case _:
                raise EmitError(
                    f"The graph holds `{node.op}` of `{node.target}`. Source is written for "
                    "functional graphs only, as `trace_unit` makes them."
                )

    def _call(self, node: fx.Node) -> None:
        if not node.users:  # called for what it does
            self.lines += self._fitted(node, prefix="").lines(indent=self._indent)
            return
        value = self._fitted(node, prefix=f"{_stem(node)}_00 = ")
        if _is_shape(node):
            self._values[node] = value
        elif _is_result(node) or (
            _is_taken_in(node) and len(self._indent + value.text) <= py.WIDTH
        ):
            self._waiting[node] = value
        else:
            self._assign(node, value)

    def _assign(self, node: fx.Node, value: Expression) -> None:
        stem = _stem(node)
        if len(f"{INDENT}{stem}_00 = {value.head}") > py.WIDTH:
            stem = "y"  # the formatter would break the line before the bracket
        variable = _unused(stem, taken=self._names)
        self._names.append(variable)
        self._values[node] = py.name(variable)
        self.lines += value.lines(indent=self._indent, prefix=f"{variable} = ")

    def _return(self, node: fx.Node) -> None:
        result = node.args[0]
        if isinstance(result, tuple | list):
            self.outputs = len(result)
        # A lone call is returned as it is, however wide: its lines break inside of the brackets.
        lone = self._waiting.get(result) if isinstance(result, fx.Node) else None
        value = lone or self._fitted(node, prefix="return ")
        self.lines += value.lines(indent=self._indent, prefix="return ")

    def _fitted(self, node: fx.Node, *, prefix: str) -> Expression:
        """The value with as many waiting values taken in as fit on a line and stay readable."""
        value = self._expression(node)
        while len(self._indent + prefix + value.text) > py.WIDTH or value.depth > DEEPEST_NESTING:
            waiting = [n for n in node.all_input_nodes if n in self._waiting]
            if not waiting:
                break
            widest = max(
                waiting, key=lambda n: (self._waiting[n].depth, len(self._waiting[n].text))
            )
            self._assign(widest, self._waiting.pop(widest))
            value = self._expression(node)
        for taken in node.all_input_nodes:
            self._waiting.pop(taken, None)
        return value

    def _render(self, value: Any) -> Expression:
        if isinstance(value, fx.Node):
            return self._waiting[value] if value in self._waiting else self._values[value]
        return py.structure(value, self._render)

    def _expression(self, node: fx.Node) -> Expression:
        if node.op == "output":
            return self._result(node.args[0])
        args = [self._render(a) for a in node.args]
        if node.op == "call_module":
            return py.call(access("self", str(node.target)), args)
        if node.op == "call_method":
            receiver = args[0]
            named = [py.keyword(k, self._render(v)) for k, v in node.kwargs.items()]
            function = f"{receiver.within(py.ATOM)}.{node.target}"
            return py.call(function, [*args[1:], *named], depth=receiver.depth)
        if not node.kwargs:
            written = _operation(node, args)
            if written is not None:
                return written
        positional, named = styled(node.target, node.args, node.kwargs)
        arguments = [self._render(a) for a in positional]
        arguments += [py.keyword(k, self._render(v)) for k, v in named.items()]
        return py.call(public_name(node.target), arguments)

    def _result(self, result: Any) -> Expression:
        value = self._render(result)
        if isinstance(result, tuple | list):
            return py.unbracketed(value)
        return value


def _operation(node: fx.Node, args: list[Expression]) -> Expression | None:
    """Operators, subscripts and attributes; None for an ordinary call."""
    target = node.target
    if target in py.BINARY:
        symbol, binding = py.BINARY[target]
        return py.binary(symbol, binding, args[0], args[1])
    if target in py.PREFIX:
        return py.prefix(py.PREFIX[target], args[0])
    if target is operator.pow:
        return py.power(args[0], args[1])
    if target is operator.getitem:
        return py.subscript(args[0], args[1])
    if target is builtins.getattr:
        text = f"{args[0].within(py.ATOM)}.{node.args[1]}"
        return Expression(text, depth=args[0].depth, is_simple=args[0].is_simple)
    if target is math.sqrt:
        return py.call("torch.sym_sqrt", args)
    return None


def _is_shape(node: fx.Node) -> bool:
    """`x.shape`, `x.shape[0]`: short, and read wherever they are needed."""
    if node.target is operator.getitem:
        base = node.args[0]
        return isinstance(base, fx.Node) and _is_shape(base) and isinstance(node.args[1], int)
    return node.target is builtins.getattr and node.args[1] in ("shape", "dtype", "device", "ndim")


def _is_result(node: fx.Node) -> bool:
    """Whether the node is all that the function returns."""
    return [(user.op, user.args[0]) for user in node.users] == [("output", node)]


def _is_taken_in(node: fx.Node) -> bool:
    reads = sum(list(_flat(user)).count(node) for user in node.users)
    return reads == 1 and not is_random(node) and not updates_statistics(node)


def _flat(node: fx.Node) -> list[fx.Node]:
    found: list[fx.Node] = []
    fx.map_arg((node.args, node.kwargs), found.append)
    return found


def _stem(node: fx.Node) -> str:
    stem = re.sub(r"(_\d+)+$", "", node.name)
    return _STEMS.get(stem, stem)
