"""Reports about schemes, blocks and whole models."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from torch import nn

from odegraph._exact import exact_text
from odegraph._version import __version__
from odegraph.block import BakedBlock, OdeBlock
from odegraph.draw import (
    draw,
    draw_parameters_in_depth,
    draw_stability_region,
    draw_tableau,
)
from odegraph.draw.labels import formula
from odegraph.emit.python_source import python_source, unit_functions
from odegraph.emit.signature import signature
from odegraph.report.page import write_page
from odegraph.report.sections import Code, Heading, Paragraph, Row, Section, Table, drawn
from odegraph.scheme import RungeKuttaScheme, Scheme
from odegraph.scheme.summary import scheme_facts

Block = OdeBlock | BakedBlock


def write_report(
    model: nn.Module,
    path: str | Path,
    *,
    title: str | None = None,
    sections: Sequence[Section] = (),
) -> Path:
    """Write one page about a block or a model: its graph, schemes, parameters and generated code.

    Args:
        model: a block, or a model that contains blocks.
        path: the HTML file.
        title: the heading of the page; by default the class of the model.
        sections: what else there is to say, such as a convergence test; it comes first.

    Raises:
        EmitError: nothing that can be drawn, no layout program, or a file that cannot be written.
    """
    name = type(model).__name__ if title is None else title
    about = block_sections(model) if isinstance(model, Block) else model_sections(model)
    return write_page(path, name, [*sections, *about, *environment_sections()])


def model_sections(model: nn.Module) -> list[Section]:
    """The graph of a model, and each of its blocks under a heading of its own."""
    picture = drawn(lambda path: draw(model, path), caption="The layers in order.")
    sections: list[Section] = [Heading("Graph"), picture]
    for name, module in model.named_modules():
        if isinstance(module, Block):
            sections += [Heading(f"Block `{name}`"), *block_sections(module, level=3)]
    return sections


def block_sections(block: Block, *, level: int = 2) -> list[Section]:
    """What a block computes, by which scheme, from which parameters; and its source."""
    caption = "The step graph: R is one call of the unit, + a weighted sum. Weights include h."
    sections: list[Section] = [
        Table(("", ""), list(_summary(block))),
        Heading("Step graph", level),
        drawn(lambda path: draw(block, path), caption=caption),
        *scheme_sections(block.manifestation.scheme, level=level),
        Heading("Parameters", level),
        _slots(block),
    ]
    if isinstance(block, OdeBlock):
        sections += _in_depth(block)
    source = Code(python_source(block.parts), title="Stand-alone Python module")
    return [*sections, Heading("Generated module", level), source]


def scheme_sections(scheme: Scheme, *, level: int = 2) -> list[Section]:
    """A scheme: its tableau, what was proven about it, and where it is stable."""
    heading = Heading(f"Scheme: {scheme.title}", level)
    source = [Paragraph(f"{scheme.source}.")] if scheme.source else []
    tableau = drawn(lambda path: draw_tableau(scheme, path), caption="The coefficients.")
    region = drawn(
        lambda path: draw_stability_region(scheme, path), caption="Where the scheme is stable."
    )
    facts = list(_facts(scheme)) if isinstance(scheme, RungeKuttaScheme) else _other_facts(scheme)
    return [heading, *source, tableau, Row([Table(("", ""), facts), region])]


def environment_sections() -> list[Section]:
    """Which versions wrote the page."""
    return [
        Heading("Versions"),
        Table(("", ""), [("odegraph", __version__), ("torch", torch.__version__)]),
    ]


def _summary(block: Block) -> Iterator[tuple[str, object]]:
    form = block.manifestation
    yield "scheme", form.scheme.name
    yield "basis in depth", repr(form.basis)
    grid = "equal" if form.is_uniform else ", ".join(map(str, form.grid))
    yield "time steps", f"{form.steps} ({grid})"
    yield "span", str(form.span)
    yield "unit", block.unit.reference
    yield "unit evaluations", block.step_graph.evaluations
    yield "numbers in slots", f"{sum(slot.numel() for slot in block.state_dict().values()):,}"
    jumps = ", ".join(map(str, form.straddled_jumps))
    if jumps and form.scheme.order > 1:
        yield "jumps inside steps", f"at depth {jumps}: the order falls to 1 there"
    parts = block.parts
    functions = unit_functions(parts, name="unit")
    yield "signature", signature(parts.training, unit_source=functions, precision=parts.precision)


def _facts(scheme: RungeKuttaScheme) -> Iterator[tuple[str, object]]:
    proof = "exactly" if scheme.is_exact else "up to the tolerance of its decimals"
    yield "order", f"{scheme.order}, proven {proof}"
    if scheme.autonomous_order != scheme.order:
        yield "order, autonomous problems", scheme.autonomous_order
    if scheme.embedded_order is not None:
        yield "order of the embedded method", scheme.embedded_order
    yield "stage order", scheme.stage_order
    yield "stages", scheme.stages
    yield "explicit", _yes_or_no(scheme.is_explicit)
    if not scheme.is_explicit:
        yield "diagonally implicit", _yes_or_no(scheme.is_diagonally_implicit)
    yield "first same as last", _yes_or_no(scheme.is_fsal)
    yield "stiffly accurate", _yes_or_no(scheme.is_stiffly_accurate)
    yield "A-stable", _yes_or_no(scheme.is_a_stable)
    yield "L-stable", _yes_or_no(scheme.is_l_stable)
    yield "symplectic", _yes_or_no(scheme.is_symplectic)
    yield "symmetric", _yes_or_no(scheme.is_symmetric)
    yield "SSP coefficient", exact_text(scheme.ssp_coefficient)
    yield "stability function", formula(str(scheme.stability))


def _other_facts(scheme: Scheme) -> list[tuple[str, object]]:
    facts = scheme_facts(scheme).items()
    return [(name, _yes_or_no(x) if isinstance(x, bool) else formula(str(x))) for name, x in facts]


def _yes_or_no(value: bool) -> str:  # noqa: FBT001
    # Not as a boolean, which the table colours: a property is no verdict.
    return "yes" if value else "no"


def _slots(block: Block) -> Table:
    rows = [
        (name, slot.shape[0], " x ".join(map(str, slot.shape[1:])) or "scalar", f"{slot.numel():,}")
        for name, slot in block.state_dict().items()
    ]
    first = "coefficients" if isinstance(block, OdeBlock) else "constants"
    return Table(("slot", first, "shape of each", "numbers"), rows)


def _in_depth(block: OdeBlock) -> list[Section]:
    """The largest parameter over depth, where there is something to see."""
    slots = dict(block.theta.named_parameters())
    if block.manifestation.basis.size == 1 or not slots:
        return []
    largest = max(slots, key=lambda name: slots[name].numel())
    return [
        drawn(
            lambda path: draw_parameters_in_depth(block, path, slot=f"theta.{largest}"),
            caption="The entries of the largest slot that vary most, and its norm, over depth.",
        )
    ]
