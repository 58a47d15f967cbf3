"""`odegraph.draw`: one door to the pictures of schemes, blocks and models."""

from pathlib import Path

from torch import nn

from odegraph._errors import EmitError
from odegraph.block import BakedBlock, OdeBlock
from odegraph.draw.backend import FORMATS, render_dot, render_placed
from odegraph.draw.model_graph import block_scene, model_scene
from odegraph.draw.output import picture_format
from odegraph.draw.plain_graph import plain_dot
from odegraph.draw.scene import Scene
from odegraph.draw.scene_dot import scene_to_dot
from odegraph.draw.scheme_graph import scheme_scene
from odegraph.draw.step_graph import graph_scene, summary
from odegraph.draw.view import View, repeated_steps_left_out
from odegraph.ir import Propagator, StepGraph
from odegraph.scheme import Scheme

Drawable = Scheme | OdeBlock | BakedBlock | StepGraph | nn.Module


def draw(what: Drawable, path: str | Path, *, view: View = repeated_steps_left_out) -> Path:
    """Draw one step of a scheme, the step graph of a block, or the layers of a model.

    Args:
        what: a `Scheme`, an `OdeBlock` or `BakedBlock`, a `StepGraph`, or a model of several
            layers.
        path: the picture; its suffix decides the format: .svg, .png, .pdf, or .dot for the text
            that Graphviz reads.
        view: of many steps of the same form the first two and the last
            (`repeated_steps_left_out`), or all of them (`every_step`).

    Raises:
        EmitError: nothing that can be drawn, an unknown suffix, no layout program, or a folder
            that cannot be written.
    """
    picture_format(path, formats=FORMATS)
    if isinstance(what, StepGraph) and what.of_type(Propagator):
        return render_dot(plain_dot(what, title=summary(what.manifestation)), path)
    return render_placed(scene_to_dot(scene_of(what, view=view)), path)


def scene_of(what: object, *, view: View = repeated_steps_left_out) -> Scene:
    """The picture of anything that can be drawn.

    Raises:
        EmitError: nothing that can be drawn.
    """
    match what:
        case Scheme():
            return scheme_scene(what)
        case StepGraph():
            return graph_scene(what, view=view)
        case OdeBlock() | BakedBlock():
            return block_scene(what, view=view)
        case nn.Module():
            return model_scene(what, view=view)
    raise EmitError(
        f"A `{type(what).__name__}` cannot be drawn; give a scheme (`load_scheme` returns one), an "
        "`OdeBlock`, what `bake` makes of it, a `StepGraph`, or a model that contains blocks."
    )
