"""Split a lowered graph into regions of a few steps each, of which equal ones are one module.

What does not depend on the state (theta(t)) comes first, what belongs to no step (the update of
running statistics) last. Between them stands a chain of regions; what one hands to the next are
the values that later steps read. Two regions are of one form where they do the same to their
inputs. Weights that differ between regions of one form, because their steps differ in length, are
inputs too.
"""

import operator
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import fx

from odegraph.emit.fx_graph import STEP

STEPS_PER_REGION = (8, 4, 2)
"""Lengths that are tried, the longest first: long regions cost compile time, short ones calls."""

MOST_FORMS = 2
"""A start, such as the first step of a multistep scheme, and what is repeated."""

WEIGHTS = "region_weights"


@dataclass(frozen=True)
class Region:
    """Consecutive nodes of a graph.

    Attributes:
        nodes: what it computes, in order.
        inputs: what it reads from outside, in the order of first use.
        outputs: which of its nodes others read.
        form: equal for regions that do the same to their inputs.
        weights: the numbers that `form` leaves open.
    """

    nodes: tuple[fx.Node, ...]
    inputs: tuple[fx.Node, ...]
    outputs: tuple[fx.Node, ...]
    form: Hashable
    weights: tuple[float, ...]


def split_into_regions(module: fx.GraphModule) -> fx.GraphModule:
    """A GraphModule of the same values that calls its regions, `region1` and so on, as modules.

    Slots and submodules are shared with `module`.
    """
    steps = _steps(module.graph)
    return _Assembly(module, steps, _longest_regions(module.graph, steps)).assembled()


def regions_of(module: fx.GraphModule) -> dict[str, fx.GraphModule]:
    """The distinct regions of a graph that `split_into_regions` made, by name."""
    return {
        name: child
        for name, child in module.named_children()
        if name.startswith("region") and isinstance(child, fx.GraphModule)
    }


def _steps(graph: fx.Graph) -> dict[fx.Node, int]:
    """The step of each node that belongs to one: its own, else the first that reads it."""
    moving = _dependent_on_state(graph)
    steps: dict[fx.Node, int] = {}
    for node in reversed(graph.nodes):
        readers = [steps[user] for user in node.users if user in steps]
        step = node.meta.get(STEP, min(readers, default=None))
        if node in moving and step is not None:
            steps[node] = step
    return steps


def _dependent_on_state(graph: fx.Graph) -> set[fx.Node]:
    moving: set[fx.Node] = set()
    for node in graph.nodes:
        reads = node.all_input_nodes
        if any(one in moving or one.op == "placeholder" for one in reads) and node.op != "output":
            moving.add(node)
    return moving


def _longest_regions(graph: fx.Graph, steps: Mapping[fx.Node, int]) -> list[Region]:
    """The longest regions that come in at most two forms; else single steps."""
    count = max(steps.values(), default=0) + 1
    for length in STEPS_PER_REGION:
        regions = _regions(graph, steps, length=length)
        # A shorter block would be one region: compiled whole, it would cost what its length asks.
        if count > length and len({region.form for region in regions}) <= MOST_FORMS:
            return regions
    return _regions(graph, steps, length=1)


def _regions(graph: fx.Graph, steps: Mapping[fx.Node, int], *, length: int) -> list[Region]:
    members: dict[int, list[fx.Node]] = {}
    for node in graph.nodes:
        if node in steps:
            members.setdefault(steps[node] // length, []).append(node)
    return [_region(nodes) for _, nodes in sorted(members.items())]


def _region(nodes: Sequence[fx.Node]) -> Region:
    inside = {node: position for position, node in enumerate(nodes)}
    inputs: dict[fx.Node, int] = {}

    def known(value: Any) -> Hashable:
        if isinstance(value, fx.Node):
            if value in inside:
                return "node", inside[value]
            return "input", inputs.setdefault(value, len(inputs))
        if isinstance(value, tuple | list):
            return tuple(known(one) for one in value)
        return value

    operations, weights = [], []
    for node in nodes:
        arguments = node.args
        if _is_scaled(node):
            arguments, weight = arguments[:1], arguments[1]
            weights.append(weight)
        named = tuple((name, known(value)) for name, value in node.kwargs.items())
        operations.append((node.op, node.target, known(arguments), named))
    outputs = tuple(node for node in nodes if any(user not in inside for user in node.users))
    form = tuple(operations), tuple(inside[node] for node in outputs)
    return Region(tuple(nodes), tuple(inputs), outputs, form, tuple(weights))


def _is_scaled(node: fx.Node) -> bool:
    return node.target is operator.mul and isinstance(node.args[1], float)


class _Assembly:
    """Puts the graph together again, with its regions as calls."""

    def __init__(
        self, source: fx.GraphModule, steps: Mapping[fx.Node, int], regions: Sequence[Region]
    ) -> None:
        self.source = source
        self.outside = [node for node in source.graph.nodes if node not in steps]
        self.by_form: dict[Hashable, list[Region]] = {}
        for region in regions:
            self.by_form.setdefault(region.form, []).append(region)
        self.regions = regions
        self.open = {form: _open_weights(group) for form, group in self.by_form.items()}
        self.graph = fx.Graph()
        self.values: dict[fx.Node, fx.Node] = {}

    def assembled(self) -> fx.GraphModule:
        moving = _dependent_on_state(self.source.graph)
        last = [node for node in self.outside if node in moving or node.op == "output"]
        for node in self.outside:
            if node not in last:
                self._copy(node)
        self._call_regions()
        for node in last:
            self._copy(node)
        return self._with_modules()

    def _copy(self, node: fx.Node) -> None:
        self.values[node] = self.graph.node_copy(node, self.values.__getitem__)

    def _call_regions(self) -> None:
        weights = self._weight_nodes()
        names = {form: f"region{n}" for n, form in enumerate(self.by_form, start=1)}
        for region in self.regions:
            numbers = [next(weights) for _ in self.open[region.form]]
            arguments = (*(self.values[one] for one in region.inputs), *numbers)
            result = self.graph.call_module(names[region.form], arguments)
            if len(region.outputs) == 1:
                self.values[region.outputs[0]] = result
                continue
            for position, node in enumerate(region.outputs):
                item = self.graph.call_function(operator.getitem, (result, position))
                self.values[node] = item

    def _weight_nodes(self) -> Any:
        if not any(self.open.values()):
            return iter(())
        unbound = self.graph.call_method("unbind", (self.graph.get_attr(WEIGHTS),))
        count = sum(len(self.open[region.form]) for region in self.regions)
        return iter([self.graph.call_function(operator.getitem, (unbound, i)) for i in range(count)])

    def _with_modules(self) -> fx.GraphModule:
        root = torch.nn.Module()
        shared = dict(self.source.named_children())
        for name, child in shared.items():
            root.add_module(name, child)
        for number, group in enumerate(self.by_form.values(), start=1):
            root.add_module(f"region{number}", self._region_module(group[0]))
        numbers = [r.weights[i] for r in self.regions for i in self.open[r.form]]
        root.register_buffer(WEIGHTS, torch.tensor(numbers, dtype=torch.float64))
        module = fx.GraphModule(root, self.graph, class_name="OdeRegions")
        # GraphModule copied the path to each slot; put the containers themselves there.
        for name in ("theta", "state"):
            module.add_module(name, shared[name])
        return module

    def _region_module(self, region: Region) -> fx.GraphModule:
        graph = fx.Graph()
        values = {one: graph.placeholder(f"value{i}") for i, one in enumerate(region.inputs)}
        weights = list(region.weights)
        for position in self.open[region.form]:
            weights[position] = graph.placeholder(f"weight{position}")
        remaining = iter(weights)
        for node in region.nodes:
            copy = graph.node_copy(node, values.__getitem__)
            if _is_scaled(node):
                copy.args = (copy.args[0], next(remaining))
            values[node] = copy
        outputs = tuple(values[node] for node in region.outputs)
        graph.output(outputs[0] if len(outputs) == 1 else outputs)
        return fx.GraphModule(self.source, graph, class_name="Region")


def _open_weights(group: Sequence[Region]) -> list[int]:
    """The positions of the weights that are not the same in all regions of one form."""
    columns = zip(*(region.weights for region in group), strict=True)
    return [position for position, column in enumerate(columns) if len(set(column)) > 1]
