"""Step graphs with matrices: one box a node with its formula, laid out by dot.

The picture of steps as tableaus has no place for these; here every value is a box.
"""

from odegraph.draw import graph_style, style
from odegraph.draw.labels import typeset
from odegraph.ir import Evaluate, Input, Node, Output, StepGraph, Theta, to_text

WIDTH = 30  # characters
NEW_LINE = "\\n"


def plain_dot(graph: StepGraph, *, title: str) -> str:
    """The graph in the DOT language, without places."""
    lines = [
        "digraph {",
        f'  rankdir=LR; labelloc=t; labeljust=l; fontname="{style.GRAPH_FONT}"; fontsize=14;',
        f"  label={_quoted(title)}; nodesep=0.25; ranksep=0.45;",
        f'  node [shape=box, fontname="{style.GRAPH_FONT}", fontsize=11, margin="0.12,0.06"];',
        f'  edge [color="{style.INK}", arrowsize=0.6];',
    ]
    formulas = dict(line.split(" = ", 1) for line in to_text(graph).splitlines())
    for name, node in graph.nodes():
        look = _look(node)
        text = _wrapped(typeset(formulas[name]))
        lines.append(f"  {_quoted(name)} [label={_quoted(f'{name}{NEW_LINE}{text}')}, {look}];")
        for source, edge in graph.inputs(name):
            dashed = ", style=dashed" if edge.role in ("theta", "like") else ""
            lines.append(f"  {_quoted(source)} -> {_quoted(name)} [tooltip={edge.role}{dashed}];")
    return "\n".join([*lines, "}"]) + "\n"


def _look(node: Node) -> str:
    match node:
        case Input() | Output():
            return f'style=rounded, color="{style.INK}", penwidth=1.4'
        case Theta():
            fill = graph_style.depth_color(0.0)
            return f'style=filled, fillcolor="{fill}", color="{graph_style.darker(fill)}"'
        case Evaluate():
            fill = graph_style.depth_color(0.0)
            return f'style="rounded,filled", fillcolor="{fill}", color="{graph_style.darker(fill)}"'
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
