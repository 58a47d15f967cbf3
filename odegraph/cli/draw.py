"""`odegraph draw`: pictures of schemes and models."""

from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from odegraph._errors import EmitError, GraphError
from odegraph.cli.output import print_written
from odegraph.cli.unclaimed import without_claims
from odegraph.draw import draw as draw_picture
from odegraph.draw import (
    draw_failing_tree,
    draw_order_star,
    draw_page,
    draw_scheme_registers,
    draw_stability_region,
    draw_tableau,
)
from odegraph.models import read_model
from odegraph.report import drawn, scheme_sections, write_page
from odegraph.scheme import Scheme, load_scheme


class Picture(StrEnum):
    """What to draw of a scheme."""

    STEP = "step"
    STABILITY = "stability"
    ORDER_STAR = "order-star"
    TABLEAU = "tableau"
    FAILING_TREE = "failing-tree"
    REGISTERS = "registers"
    PAGE = "page"


def draw(
    what: Annotated[str, typer.Argument(help="A scheme name, or a scheme or model file.")],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help=".svg, .png, .pdf; also .dot (step), .tex (tableau), .html (page).",
        ),
    ],
    picture: Annotated[Picture, typer.Option(help="Of a scheme: which picture.")] = Picture.STEP,
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
    # A tree that fails is drawn of schemes whose claims are false, too.
    load = without_claims if picture is Picture.FAILING_TREE else load_scheme
    print_written([_draw_scheme(load(what), output, picture)])


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
        case Picture.FAILING_TREE:
            return draw_failing_tree(scheme, output)
        case Picture.REGISTERS:
            return draw_scheme_registers(scheme, output)
        case Picture.PAGE if output.suffix.lower() == ".html":
            return _write_html(scheme, output)
        case Picture.PAGE:
            return draw_page(scheme, output)


def _write_html(scheme: Scheme, output: Path) -> Path:
    sections = scheme_sections(scheme)
    # A few schemes can be verified and shown, but not compiled.
    with suppress(GraphError):
        sections.append(drawn(lambda path: draw_picture(scheme, path), caption="One step."))
    return write_page(output, scheme.title, sections)


def _is_model_file(what: str) -> bool:
    # Both are TOML; only a model has layers.
    path = Path(what)
    try:
        return path.suffix == ".toml" and "[[layer]]" in path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False  # loading it as a scheme says what is wrong
