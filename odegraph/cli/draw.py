"""`odegraph draw`: pictures of schemes and models."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from odegraph._errors import EmitError
from odegraph.cli.output import print_written
from odegraph.draw import draw as draw_picture
from odegraph.draw import draw_order_star, draw_stability_region, draw_tableau
from odegraph.models import read_model
from odegraph.scheme import Scheme, load_scheme


class Picture(StrEnum):
    """What to draw of a scheme."""

    STEP = "step"
    STABILITY = "stability"
    ORDER_STAR = "order-star"
    TABLEAU = "tableau"


def draw(
    what: Annotated[str, typer.Argument(help="A scheme name, or a scheme or model file.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The picture: .svg, .png, .pdf or .dot.")
    ],
    picture: Annotated[
        Picture, typer.Option(help="Of a scheme: its step graph, stability region or tableau.")
    ] = Picture.STEP,
    allow: Annotated[
        list[str] | None, typer.Option(help="For a model: also import layers from this package.")
    ] = None,
) -> None:
    """Draw one step of a scheme, or the graph of a model."""
    if _is_model_file(what):
        if picture is not Picture.STEP:
            raise EmitError(f"A model has no `{picture}` picture; draw its scheme instead.")
        model = read_model(what, allow=tuple(allow or ())).model
        print_written([draw_picture(model, output)])
        return
    print_written([_draw_scheme(load_scheme(what), output, picture)])


def _draw_scheme(scheme: Scheme, output: Path, picture: Picture) -> Path:
    match picture:
        case Picture.STEP:
            return draw_picture(scheme, output)
        case Picture.STABILITY:
            return draw_stability_region(scheme, output)
        case Picture.ORDER_STAR:
            return draw_order_star(scheme, output)
        case Picture.TABLEAU:
            return draw_tableau(scheme, output)


def _is_model_file(what: str) -> bool:
    # Both are TOML; only a model has layers.
    path = Path(what)
    try:
        return path.suffix == ".toml" and "[[layer]]" in path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False  # loading it as a scheme says what is wrong
