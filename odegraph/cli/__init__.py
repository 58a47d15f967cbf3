"""The command line: `odegraph schemes`, `show`, `verify`, `compile`, `draw`, `demo`."""

from odegraph.cli.app import main as main
