"""Step graphs with matrices: one box a node with its formula, laid out by dot.

The picture of steps as tableaus has no place for these; here every value is a box.
"""

from torch import fx

from odegraph.draw import graph_style, style
from odegraph.draw.labels import number, typeset
from odegraph.emit.lowering.fx_values import EXACT_WEIGHT
from odegraph.ir import Evaluate, EvaluateBatch, Input, Node, Output, StepGraph, Theta, to_text

WIDTH = 30  # characters
NEW_LINE = "\\n"
PALE, DARK = graph_style.RAMP[0], style.MUTED
THETA_LOOK = f'style=filled, fillcolor="{PALE}", color="{DARK}"'
UNIT_LOOK = f'style="rounded,filled", fillcolor="{PALE}", color="{DARK}"'


def plain_dot(graph: StepGraph, *, title: str) -> str:
    """The graph in the DOT language, without places."""
    lines = _opening(title)
    formulas = dict(line.split(" = ", 1) for line in to_text(graph).splitlines())
    for name, node in graph.nodes():
        text = _wrapped(typeset(formulas[name]))
        lines.append(_box(name, f"{name}{NEW_LINE}{text}", _look(node)))
        for source, edge in graph.inputs(name):
            lines.append(_wire(source, name, dashed=edge.role in ("theta", "like")))
    return "\n".join([*lines, "}"]) + "\n"


def unit_dot(unit: fx.Graph, *, title: str) -> str:
    """What the graph of a unit computes: its operations and the values that they read."""
    lines = _opening(title)
    for node in unit.nodes:
        if node.op == "placeholder" and not node.users:
            continue
        value = node.op == "placeholder" and node.meta["path"] != "x"
        text = node.meta["path"] if node.op == "placeholder" else _called(node)
        lines.append(_box(node.name, text, THETA_LOOK if value else UNIT_LOOK))
        for source in node.all_input_nodes:
            dashed = source.op == "placeholder" and source.meta["path"] != "x"
            lines.append(_wire(source.name, node.name, dashed=dashed))
    return "\n".join([*lines, "}"]) + "\n"


def _called(node: fx.Node) -> str:
    if node.op == "output":
        return node.op
    name = str(getattr(node.target, "__name__", node.target))
    weight = node.meta.get(EXACT_WEIGHT)
    return name if weight is None else f"{name}{NEW_LINE}{number(weight)}"


def _opening(title: str) -> list[str]:
    return [
        "digraph {",
        f'  rankdir=LR; labelloc=t; labeljust=l; fontname="{style.GRAPH_FONT}"; fontsize=14;',
        f"  label={_quoted(title)}; nodesep=0.25; ranksep=0.45;",
        f'  node [shape=box, fontname="{style.GRAPH_FONT}", fontsize=11, margin="0.12,0.06"];',
        f'  edge [color="{style.INK}", arrowsize=0.6];',
    ]


def _box(name: str, text: str, look: str) -> str:
    return f"  {_quoted(name)} [label={_quoted(text)}, {look}];"


def _wire(source: str, target: str, *, dashed: bool) -> str:
    return f"  {_quoted(source)} -> {_quoted(target)} [style={'dashed' if dashed else 'solid'}];"


def _look(node: Node) -> str:
    match node:
        case Input() | Output():
            return f'style=rounded, color="{style.INK}", penwidth=1.4'
        case Theta():
            return THETA_LOOK
        case Evaluate() | EvaluateBatch():
            return UNIT_LOOK
    return f'style="rounded,filled", fillcolor="{style.PALE_BLUE}", color="{style.MUTED}"'


def _wrapped(text: str) -> str:
    words, lines = text.split(" "), [""]
    for word in words:
        if len(lines[-1]) + len(word) > WIDTH and lines[-1]:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return NEW_LINE.join(lines)


def _quoted(text: str) -> str:
    escaped = text.replace('"', '\\"')
    return f'"{escaped}"'
