"""Cut a lowered graph where one step ends and the next begins.

What is computed before all steps, from the slots alone, is the prologue; what needs the results of
many steps, such as new statistics, is the epilogue. Between them each step is a graph of its own;
steps of one form share one.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from torch import Tensor, fx

from odegraph.emit.execution.submodules import sharing
from odegraph.emit.lowering.fx_values import STEP, VALUE

Values = dict[str, Tensor]


@dataclass(frozen=True)
class Segment:
    """A step, or a few in a row: `reads` values made before it and constants, and `makes` new ones.

    Attributes:
        step: its number.
        function: the values made, from the values read.
        reads: names of values, in the order of the arguments.
        makes: names of the values that later steps or the epilogue need.
    """

    step: int
    function: Callable[..., tuple[Tensor, ...]]
    reads: tuple[str, ...]
    makes: tuple[str, ...]

    def run(self, values: Mapping[str, Tensor]) -> Values:
        """The values made."""
        made = self.function(*(values[name] for name in self.reads))
        return dict(zip(self.makes, made, strict=True))


@dataclass(frozen=True)
class StepSegments:
    """A lowered graph in pieces: `epilogue(results of steps(x, *prologue()))`.

    Attributes:
        inputs: the names of the arguments of the graph: the state at depth 0.
        prologue: makes the values called `constants`.
        constants: coefficients of the slots.
        steps: the steps in order.
        results: what the epilogue takes.
        differentiable: the results that the output of the graph reads directly.
        epilogue: the output of the graph.
        values: by the name of a value in the step graph its name here.
    """

    inputs: tuple[str, ...]
    prologue: Callable[[], tuple[Tensor, ...]]
    constants: tuple[str, ...]
    steps: tuple[Segment, ...]
    results: tuple[str, ...]
    differentiable: frozenset[str]
    epilogue: Callable[..., Any]
    values: Mapping[str, str]

    @cached_property
    def crossing(self) -> tuple[tuple[str, ...], ...]:
        """For each step what it, or a later one, reads of what was before it; at the end nothing.

        The constants, which all steps may read, do not count.
        """
        fixed = {*self.constants}
        alive: dict[str, None] = {}
        crossing: list[tuple[str, ...]] = [()]
        for step in reversed(self.steps):
            for name in step.makes:
                alive.pop(name, None)
            alive |= dict.fromkeys(name for name in step.reads if name not in fixed)
            crossing.append(tuple(alive))
        return tuple(reversed(crossing))


def cut_into_steps(module: fx.GraphModule, *, length: int = 1) -> StepSegments:
    """The pieces of a graph that `lower_to_fx` made; they share its slots and submodules.

    Each segment holds `length` steps, the last one the rest of them.
    """
    *nodes, output = module.graph.nodes
    inputs = [node for node in nodes if node.op == "placeholder"]
    before, steps, after = _regions(nodes, length)
    constants = [node for node in before if _is_read(node, outside=before)]
    inside = {node for region in steps.values() for node in region}
    results = _read_by([*after, output], inside | {*inputs})
    graphs: dict[Hashable, fx.GraphModule] = {}
    segments = []
    for step, region in steps.items():
        own = set(region)
        reads = _inputs_of(region)
        makes = [node for node in region if any(user not in own for user in node.users)]
        key = _form(region, reads, makes)
        if key not in graphs:
            graphs[key] = _piece(module, region, reads, makes)
        segments.append(Segment(step, graphs[key], _names(reads), _names(makes)))
    return StepSegments(
        inputs=_names(inputs),
        prologue=_prologue(module, before, constants, stored=_stored(after)),
        constants=_names(constants),
        steps=tuple(segments),
        results=_names(results),
        differentiable=frozenset(_names(_read_by([output], inside | {*inputs}))),
        epilogue=_epilogue(module, after, output, results),
        values={node.meta[VALUE]: node.name for node in nodes if VALUE in node.meta},
    )


def _regions(
    nodes: Sequence[fx.Node], length: int
) -> tuple[list[fx.Node], dict[int, list[fx.Node]], list[fx.Node]]:
    before, steps, after = [], {}, []
    early: set[fx.Node] = set()
    for node in nodes:
        if node.op == "placeholder":
            continue
        step = node.meta.get(STEP)
        if step is not None:
            steps.setdefault(step // length, []).append(node)
        elif node.op == "get_attr" or (
            node.all_input_nodes and early.issuperset(node.all_input_nodes)
        ):
            early.add(node)
            before.append(node)
        else:
            after.append(node)
    return before, steps, after


def _is_read(node: fx.Node, *, outside: Sequence[fx.Node]) -> bool:
    return any(user not in outside for user in node.users)


def _read_by(readers: Iterable[fx.Node], values: set[fx.Node]) -> list[fx.Node]:
    read = (one for reader in readers for one in reader.all_input_nodes)
    return list(dict.fromkeys(one for one in read if one in values))


def _inputs_of(region: Sequence[fx.Node]) -> list[fx.Node]:
    own = set(region)
    read = (one for node in region for one in node.all_input_nodes)
    return list(dict.fromkeys(one for one in read if one not in own))


def _names(nodes: Iterable[fx.Node]) -> tuple[str, ...]:
    return tuple(node.name for node in nodes)


def _form(
    region: Sequence[fx.Node], reads: Sequence[fx.Node], makes: Sequence[fx.Node]
) -> Hashable:
    """Equal for two steps that are computed alike, from other values."""
    numbers = {node: number for number, node in enumerate([*reads, *region])}

    def numbered(argument: Any) -> Hashable:
        return repr(fx.map_arg(argument, lambda node: f"%{numbers[node]}"))

    lines = [(node.op, node.target, numbered(node.args), numbered(node.kwargs)) for node in region]
    return len(reads), tuple(lines), tuple(numbers[node] for node in makes)


def _piece(
    module: fx.GraphModule,
    region: Sequence[fx.Node],
    reads: Sequence[fx.Node],
    makes: Sequence[fx.Node],
) -> fx.GraphModule:
    graph = fx.Graph()
    copies = {node: graph.placeholder(node.name) for node in reads}
    for node in region:
        copies[node] = graph.node_copy(node, copies.__getitem__)
    graph.output(tuple(copies[node] for node in makes))
    return sharing(module, graph, "OdeStep")


def _stored(after: Sequence[fx.Node]) -> set[fx.Node]:
    """The slots that the epilogue writes to."""
    return {node.all_input_nodes[0] for node in after if node.target == "copy_"}


def _prologue(
    module: fx.GraphModule,
    region: Sequence[fx.Node],
    makes: Sequence[fx.Node],
    *,
    stored: set[fx.Node],
) -> fx.GraphModule:
    graph = fx.Graph()
    copies: dict[fx.Node, fx.Node] = {}
    for node in region:
        copies[node] = graph.node_copy(node, copies.__getitem__)
        if node in stored:
            # Steps that are computed again must read what they read before it was changed.
            copies[node] = graph.call_method("clone", (copies[node],))
    graph.output(tuple(copies[node] for node in makes))
    return sharing(module, graph, "OdePrologue")


def _epilogue(
    module: fx.GraphModule,
    region: Sequence[fx.Node],
    output: fx.Node,
    results: Sequence[fx.Node],
) -> fx.GraphModule:
    graph = fx.Graph()
    copies = {node: graph.placeholder(node.name) for node in results}

    def copied(node: fx.Node) -> fx.Node:
        # The slots and their coefficients are read again.
        if node not in copies:
            copies[node] = graph.node_copy(node, copied)
        return copies[node]

    for node in region:
        copied(node)
    graph.output(fx.map_arg(output.args[0], copied))
    return sharing(module, graph, "OdeEpilogue")
