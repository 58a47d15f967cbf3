"""Write `docs/catalogue.md`: every scheme of the catalogue with its proven order and its source.

Run it after a scheme file changed: `python -m odegraph.scheme.write_catalogue`.
"""

import logging
from collections.abc import Iterable
from pathlib import Path

from odegraph.scheme.base import Scheme
from odegraph.scheme.catalogue import load_scheme, scheme_names
from odegraph.scheme.verify import VERIFIERS

PAGE = Path(__file__).parents[2] / "docs" / "catalogue.md"
HEAD = """# Catalogue

{count} named schemes, each a file in [`schemes/`](../schemes), each proven by `tools/test`.
Orders are those on x' = f(t, x); in brackets that of the embedded weights. `decimal` are
coefficients that were published as decimals or rounded: their orders are proven within the
tolerance of the file. `odegraph show NAME` prints everything else that is proven. This page is
written by `python -m odegraph.scheme.write_catalogue`.
"""


def catalogue_text() -> str:
    """The page: one table a kind of scheme."""
    schemes = [load_scheme(name) for name in scheme_names()]
    parts = [HEAD.format(count=len(schemes))]
    for kind in VERIFIERS:
        found = [scheme for scheme in schemes if scheme.kind == kind]
        parts.append(f"\n## {kind} ({len(found)})\n\n{_table(found)}")
    return "".join(parts)


def _table(schemes: Iterable[Scheme]) -> str:
    head = "| name | stages | order | | what it is | source |\n|---|---|---|---|---|---|\n"
    return head + "".join(f"| {' | '.join(_row(scheme))} |\n" for scheme in schemes)


def _row(scheme: Scheme) -> tuple[str, ...]:
    embedded = getattr(scheme, "embedded_order", None)
    order = f"{scheme.order}" if embedded is None else f"{scheme.order}({embedded})"
    kind = "explicit" if scheme.is_explicit else "implicit"
    exact = kind if scheme.is_exact else f"{kind}, decimal"
    file = f"[`{scheme.name}`](../schemes/{scheme.name}.toml)"
    return file, str(scheme.stages), order, exact, scheme.title, scheme.source


def main() -> None:
    """Write the page."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    PAGE.write_text(catalogue_text(), encoding="utf-8")
    logging.getLogger(__name__).info("written to %s", PAGE)


if __name__ == "__main__":
    main()
