"""Step graphs as pictures: every node and every exact weight of the intermediate representation.

The state runs along the top; each unit has a row for its rate and a column for its state, so that
the wires of a step are its tableau: weight a_ij stands where column i leaves row j.
"""

from pathlib import Path

from odegraph._errors import EmitError
from odegraph.draw.backend import render_placed
from odegraph.draw.batch_frames import with_frames
from odegraph.draw.scene import Scene
from odegraph.draw.scene_dot import scene_to_dot
from odegraph.draw.spelled_out import spelled_out
from odegraph.draw.step_scene import step_scene
from odegraph.draw.step_texts import COEFFICIENTS, Notation, step_texts
from odegraph.draw.view import View, repeated_steps_left_out
from odegraph.ir import Manifestation, Propagator, Pullback, StepGraph


def to_dot(
    graph: StepGraph,
    *,
    title: str | None = None,
    view: View = repeated_steps_left_out,
    notation: Notation = COEFFICIENTS,
) -> str:
    """A step graph in the DOT language, with the place of everything; equal graphs, equal text.

    Args:
        graph: what to draw.
        title: the line above the picture; by default what the graph discretises.
        view: `repeated_steps_left_out`, or `every_step`.
        notation: `COEFFICIENTS`, or `CONSTANTS` for baked blocks.
    """
    return scene_to_dot(graph_scene(graph, title=title, view=view, notation=notation))


def draw_step_graph(
    graph: StepGraph,
    path: str | Path,
    *,
    title: str | None = None,
    view: View = repeated_steps_left_out,
    notation: Notation = COEFFICIENTS,
) -> Path:
    """Draw a step graph as .svg, .png, .pdf or .dot; see `to_dot`."""
    return render_placed(to_dot(graph, title=title, view=view, notation=notation), path)


def graph_scene(
    graph: StepGraph,
    *,
    title: str | None = None,
    view: View = repeated_steps_left_out,
    notation: Notation = COEFFICIENTS,
) -> Scene:
    """The picture before it is written; implicit stages are drawn as their equations.

    Raises:
        EmitError: many steps were made one matrix, which has no place in the picture.
    """
    if graph.of_type(Propagator):
        raise EmitError(
            "Steps that `collapse_linear` made a matrix of have no stages to draw. "
            "`odegraph.draw(block.step_graph, ...)` draws one box a value."
        )
    stages = spelled_out(graph)
    items = view(stages)
    texts = step_texts(stages, items, notation=notation)
    title = _title(graph) if title is None else title
    return with_frames(step_scene(items, texts, title=title), graph)


def _title(graph: StepGraph) -> str:
    text = summary(graph.manifestation)
    return f"adjoint of {text}" if graph.of_type(Pullback) else text


def summary(form: Manifestation) -> str:
    """One line: scheme, steps, basis and span."""
    steps = "1 step" if form.steps == 1 else f"{form.steps} steps"
    return f"{form.scheme.name}, {steps}, {form.basis!r}, span {form.span}"
