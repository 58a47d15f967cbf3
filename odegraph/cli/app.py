"""The typer application."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console

from odegraph._version import __version__
from odegraph.cli.compile import compile_model
from odegraph.cli.demo import demo
from odegraph.cli.draw import draw
from odegraph.cli.errors import errors_as_messages
from odegraph.cli.manifest import manifest
from odegraph.cli.schemes import compare, schemes, show, verify
from odegraph.cli.stability import show_stability
from odegraph.cli.train_dynamics import train_dynamics
from odegraph.cli.tune_speed import tune_speed

app = typer.Typer(
    name="odegraph",
    help="A graph compiler for continuous-depth networks and learned dynamics.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command()(schemes)
app.command()(show)
app.command()(compare)
app.command()(verify)
app.command(name="compile")(compile_model)
app.command()(draw)
app.command()(manifest)
app.command()(demo)
app.command(name="show-stability")(show_stability)
app.command(name="train-dynamics")(train_dynamics)
app.command(name="tune-speed")(tune_speed)


def _print_version(wanted: bool) -> None:
    if wanted:
        Console().print(f"odegraph {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="The version.")
    ] = False,
) -> None:
    pass


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; an error that the user can mend is one message and exit code 1."""
    with errors_as_messages():
        app(args=arguments)
