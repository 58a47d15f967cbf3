"""Write a compiled block as a stand-alone Python module that reads as if written by hand."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, fx

from odegraph._version import __version__
from odegraph.emit.operations.matrix_functions import helper_functions
from odegraph.emit.operations.propagator import propagator_functions
from odegraph.emit.rounding import Precision
from odegraph.emit.signature import signature
from odegraph.emit.slots import access, container_statements, norm_scales, slot_statement
from odegraph.emit.source.block import MARGIN, forward_statements
from odegraph.emit.source.evaluation import UnitNames
from odegraph.emit.source.function import write_function
from odegraph.emit.source.lines import exploded, indent
from odegraph.emit.source.solve import solver_functions, solvers_in_words
from odegraph.emit.unit_call import AGAIN, evaluation_call, training_call, units_by_part
from odegraph.ir import Evaluate, EvaluateBatch, Part, Solve, StepGraph
from odegraph.unit import Unit, hold_draws

IMPORTS = "import torch\nfrom torch import Tensor, nn\n"
FUNCTIONAL = "from torch.nn import functional as F\n"

BLEND = '''\
def blend(slots: list, weights: dict[int, float]) -> list[Tensor]:
    """The weighted sum of coefficients, slot by slot: theta(t) = sum_b phi_b(t) theta^b.

    Slots of integers count calls: they keep their first value.
    """
    (first, weight), *others = weights.items()
    values = [weight * one if one.is_floating_point() else one for one in slots[first]]
    for index, weight in others:
        values = [
            value + weight * one if value.is_floating_point() else value
            for value, one in zip(values, slots[index], strict=True)
        ]
    return values
'''


@dataclass(frozen=True)
class BlockParts:
    """What a generated block is made from.

    Attributes:
        unit: the traced residual unit.
        evaluation: the step graph in evaluation mode.
        training: the step graph in training mode; the same where the unit learns no statistics.
        theta: the stacked parameters by dotted path.
        state: the stacked buffers by dotted path.
        precision: the precision that the weights are rounded for.
    """

    unit: Unit
    evaluation: StepGraph
    training: StepGraph
    theta: Mapping[str, Tensor]
    state: Mapping[str, Tensor]
    precision: Precision


def python_source(parts: BlockParts) -> str:
    """The text of a module with the unit as a function and the block as a class `Block`."""
    functions = unit_functions(parts, name="unit")
    block = block_class(parts, class_name="Block", unit_name="unit")
    graphs = [parts.evaluation, parts.training]
    solvers = [*solver_functions(graphs), *helper_functions(block), *propagator_functions(block)]
    sections = [_docstring(parts, functions), imports_for("".join([*solvers, functions]))]
    if "blend(" in block:
        sections.append(f"\n{BLEND}")
    sections += [f"\n{text}" for text in solvers]
    return "\n".join([*sections, f"\n{functions}", f"\n{block}"])


def imports_for(code: str) -> str:
    """The import statements of a module with this code."""
    types = [name for name in ("Callable", "Sequence") if re.search(rf": {name}\b", code)]
    typing = f"from collections.abc import {', '.join(types)}\n\n" if types else ""
    return typing + IMPORTS + (FUNCTIONAL if re.search(r"\bF\.", code) else "")


def unit_functions(parts: BlockParts, *, name: str) -> str:
    """The unit, or its parts, as functions; one for each mode where that makes a difference."""
    units = units_by_part(parts.unit)
    evaluation = [
        _functions(units[part].evaluation, function)
        for part, function in function_names(parts, name).items()
    ]
    if parts.unit.training is parts.unit.evaluation:
        return "\n\n".join(evaluation)
    training = [
        _functions(units[part].training, function)
        for part, function in function_names(parts, name, "_training").items()
    ]
    return "\n\n".join([*evaluation, *training])


def _functions(graph: fx.GraphModule, name: str) -> str:
    """A graph as a function; where it draws random numbers, also as one that is given them."""
    held = hold_draws(graph)
    drawing = write_function(held.first, name=name).text
    if not held.count:
        return drawing
    return f"{drawing}\n\n{write_function(held.again, name=f'{name}{AGAIN}').text}"


def function_names(parts: BlockParts, name: str, suffix: str = "") -> dict[Part, str]:
    """The functions that the statements of a block call, by the part of the unit."""
    nodes = (node for _, node in parts.evaluation.nodes())
    called = {node.part for node in nodes if isinstance(node, Evaluate | EvaluateBatch | Solve)}
    if called <= {Part.WHOLE}:
        return {Part.WHOLE: f"{name}{suffix}"}
    return {part: f"{name}_{part.name.lower()}{suffix}" for part in Part if part in called}


def block_class(parts: BlockParts, *, class_name: str, unit_name: str) -> str:
    """The block as a class with the slots of the original, so that it loads its state dict."""
    lines = [
        f"class {class_name}(nn.Module):",
        f'    """{_summary(parts)}"""',
        "",
        "    def __init__(self) -> None:",
        *indent(["super().__init__()", *_slot_statements(parts)], 2),
        *indent(_reset_statements(parts), 1),
        "",
        *indent(_forward_methods(parts, unit_name), 1),
    ]
    return "\n".join(lines) + "\n"


def _summary(parts: BlockParts) -> str:
    manifestation = parts.evaluation.manifestation
    steps = "one step" if manifestation.steps == 1 else f"{manifestation.steps} steps"
    return f"dx/dt = {manifestation.span} R(x, theta(t)) over depth 0 to 1 in {steps}."


def _docstring(parts: BlockParts, functions: str) -> str:
    manifestation = parts.evaluation.manifestation
    steps = "One step" if manifestation.steps == 1 else f"{manifestation.steps} steps"
    hashed = signature(parts.training, unit_source=functions, precision=parts.precision)
    tableau = "\n".join(indent(manifestation.scheme.text().split("\n")))
    solver = "".join(f"solver {one}\n" for one in solvers_in_words(parts.evaluation))
    coefficients = "coefficient" if manifestation.basis.size == 1 else "coefficients"
    return (
        f'"""{steps} of `{manifestation.scheme.name}`, generated by odegraph {__version__}; '
        "do not edit.\n\n"
        f"basis {manifestation.basis.kind}, {manifestation.basis.size} {coefficients}\n"
        f"span {manifestation.span}\n"
        f"precision {parts.precision.name.lower()}\n{solver}\n"
        f'{tableau}\n\nsignature {hashed}\n"""\n'
    )


def _slot_statements(parts: BlockParts) -> list[str]:
    paths = {
        n.name: n.meta.get("path", "")
        for n in parts.unit.evaluation.graph.find_nodes(op="placeholder")
    }
    scales = norm_scales(parts.unit.evaluation.graph, paths)
    lines = []
    if parts.theta:
        lines += container_statements("self.theta", parts.theta)
    for path, slot in parts.theta.items():
        fill = 1 if path in scales else 0 if slot.dim() <= 2 else None
        lines += slot_statement("self.theta", path, slot, fill=fill, margin=MARGIN)
    if parts.state:
        lines += container_statements("self.state", parts.state)
    for path, slot in parts.state.items():
        fill = 1 if path in parts.unit.positive_slots else 0
        lines += slot_statement("self.state", path, slot, fill=fill, margin=MARGIN)
    return lines


def _reset_statements(parts: BlockParts) -> list[str]:
    # As torch starts its own linear and convolution layers; the coefficients start independently.
    if not any(slot.dim() > 2 for slot in parts.theta.values()):
        return []
    return [
        "    for slot in self.theta.parameters():",
        "        if slot.dim() > 2:",
        "            for coefficient in slot.detach():",
        "                nn.init.kaiming_uniform_(coefficient, a=5**0.5)",
    ]


def _forward_methods(parts: BlockParts, unit_name: str) -> list[str]:
    if parts.unit.training is parts.unit.evaluation:
        return _method("forward", parts, parts.evaluation, unit_name, learns=False)
    learns = bool(parts.unit.updated_buffers)
    return [
        *_coefficients_method(parts),
        "def forward(self, x: Tensor) -> Tensor:",
        '    """The state at depth 1 from the state `x` at depth 0."""',
        "    return self._train(x) if self.training else self._evaluate(x)",
        "",
        *_method("_evaluate", parts, parts.evaluation, unit_name, learns=False),
        "",
        *_method("_train", parts, parts.training, unit_name, suffix="_training", learns=learns),
    ]


def _method(
    name: str,
    parts: BlockParts,
    graph: StepGraph,
    unit_name: str,
    *,
    suffix: str = "",
    learns: bool,
) -> list[str]:
    functions = function_names(parts, unit_name, suffix)
    call = training_call(parts.unit) if suffix else evaluation_call(parts.unit)
    draws = {part: one.count for part, one in call.graphs.items()}
    names = UnitNames(functions, bool(parts.theta), bool(parts.state), learns, draws)
    docstring = ['    """The state at depth 1 from the state `x` at depth 0."""']
    return [
        f"def {name}(self, x: Tensor) -> Tensor:",
        *(docstring if name == "forward" else []),
        *indent(_bindings(parts, learns=learns)),
        *indent(forward_statements(graph, names, parts.precision)),
    ]


def _coefficients_method(parts: BlockParts) -> list[str]:
    names = _slot_names(parts)
    if not names:
        return []
    return [
        f"def _coefficients(self) -> {'list' if len(names) == 1 else 'tuple[list, list]'}:",
        *indent(_unbound_slots(parts)),
        f"    return {', '.join(names)}",
        "",
    ]


def _bindings(parts: BlockParts, *, learns: bool) -> list[str]:
    """Statements that bind `theta` and `state`, lists with one tuple of slots a coefficient."""
    names = _slot_names(parts)
    if not names:
        return []
    if parts.unit.training is parts.unit.evaluation:
        return [*_unbound_slots(parts), ""]
    lines = [f"{', '.join(names)} = self._coefficients()"]
    if learns:
        updated = [access("self.state", path) for path in parts.unit.updated_buffers]
        lines += exploded("updated_slots = [", updated, "]")
        lines.append("updated_state = list(zip(*updated_slots, strict=True))")
    return [*lines, ""]


def _slot_names(parts: BlockParts) -> list[str]:
    return [name for name in ("theta", "state") if getattr(parts, name)]


def _unbound_slots(parts: BlockParts) -> list[str]:
    lines = []
    if parts.theta:
        lines += _zipped("theta", [access("self.theta", path) for path in parts.theta])
    if parts.state:
        lines += _zipped("state", [access("self.state", path) for path in parts.state])
    return lines


def _zipped(name: str, slots: list[str]) -> list[str]:
    # theta[b] holds the coefficients theta^b of all slots, in the order of the unit's arguments.
    unbound = [f"{slot}.unbind()" for slot in slots]
    return [
        *exploded("slots = [", unbound, "]"),
        f"{name} = list(zip(*slots, strict=True))",
    ]
