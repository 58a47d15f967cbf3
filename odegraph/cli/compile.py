"""`odegraph compile`: from a model file to generated modules and pictures."""

from pathlib import Path
from typing import Annotated

import torch
import typer

from odegraph.block import OdeBlock, emit_python, save
from odegraph.cli.output import MAX_SEED, console, print_json, print_written
from odegraph.cli.schemes import Json
from odegraph.draw import draw as draw_picture
from odegraph.models import ModelFile, read_model


def compile_model(
    model: Annotated[Path, typer.Argument(help="A model file (TOML).")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The folder for what is generated.")
    ] = Path("generated"),
    scheme: Annotated[
        str | None,
        typer.Option(help="Use this scheme in every block: a name, or a path ending in .toml."),
    ] = None,
    draw: Annotated[bool, typer.Option("--draw", help="Also draw the step graph.")] = False,
    checkpoint: Annotated[
        bool, typer.Option("--checkpoint", help="Also write the fresh parameters.")
    ] = False,
    seed: Annotated[
        int, typer.Option(min=0, max=MAX_SEED, help="Seed of the fresh parameters.")
    ] = 0,
    allow: Annotated[
        list[str] | None, typer.Option(help="Also import layers from this package.")
    ] = None,
    json: Json = False,
) -> None:
    """Compile a model file into a stand-alone Python module."""
    torch.manual_seed(seed)
    read = read_model(model, scheme=scheme, allow=tuple(allow or ()))
    written = [emit_python(read.model, output / f"{model.stem.replace('-', '_')}.py")]
    if draw:
        written.append(draw_picture(read.model, output / f"{model.stem}.svg"))
    if checkpoint:
        written.append(save(read.model, output / f"{model.stem}.safetensors"))
    description = _description(read)
    if json:
        print_json({**description, "written": [str(path) for path in written]})
        return
    console.print(f"{read.title or model.stem}: {description['parameters']:,} parameters")
    for name, block in description["blocks"].items():
        console.print(
            f"  {name}: {block['scheme']}, {block['basis']}, {block['steps']} steps, "
            f"{block['evaluations']} unit evaluations",
            soft_wrap=True,
        )
    print_written(written)


def _description(read: ModelFile) -> dict:
    blocks = {
        name: {
            "unit": block.unit.name,
            "scheme": block.manifestation.scheme.name,
            "basis": repr(block.manifestation.basis),
            "steps": block.manifestation.steps,
            "span": str(block.manifestation.span),
            "evaluations": block.evaluations,
        }
        for name, block in read.model.named_modules()
        if isinstance(block, OdeBlock)
    }
    parameters = sum(parameter.numel() for parameter in read.model.parameters())
    return {"title": read.title, "parameters": parameters, "blocks": blocks}
