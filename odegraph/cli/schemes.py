"""`odegraph schemes`, `show` and `verify`: what the catalogue and scheme files hold."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Annotated, Any

import typer
from rich.console import JustifyMethod
from rich.table import Table

from odegraph._errors import OdegraphError, SchemeError
from odegraph.cli.comparison import comparison
from odegraph.cli.fitted import fitted
from odegraph.cli.output import console, print_facts, print_json, shown
from odegraph.cli.scheme_filter import Filter
from odegraph.cli.unclaimed import without_claims
from odegraph.draw import tableau_latex
from odegraph.scheme import Scheme, load_scheme, read_scheme_file, scheme_names
from odegraph.scheme.summary import scheme_facts

COLUMNS: Mapping[str, JustifyMethod] = MappingProxyType(
    {"name": "left", "p": "right", "s": "right", "explicit": "left"}
)
LABEL_WIDTH, VALUE_WIDTH = 22, 14
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Name = Annotated[str, typer.Argument(help="A catalogue name, or a path that ends in .toml.")]


def schemes(
    kind: Annotated[str | None, typer.Option(help="Only schemes of this kind.")] = None,
    order: Annotated[int | None, typer.Option(help="Only schemes of exactly this order.")] = None,
    explicit: Annotated[bool, typer.Option("--explicit", help="Only explicit schemes.")] = False,
    l_stable: Annotated[bool, typer.Option("--l-stable", help="Only L-stable schemes.")] = False,
    ssp: Annotated[
        bool, typer.Option("--ssp", help="Only strong-stability-preserving schemes.")
    ] = False,
    json: Json = False,
) -> None:
    """List the catalogue: every scheme with its kind, stages and proven order."""
    wanted = Filter(kind=kind, order=order, explicit=explicit, l_stable=l_stable, ssp=ssp)
    wanted.check()
    found = [scheme for name in scheme_names() if wanted.admits(scheme := load_scheme(name))]
    rows = [_row(scheme) for scheme in found]
    if json:
        print_json(rows)
        return
    table = Table(box=None, padding=(0, 2, 0, 0), expand=True)
    for column, justify in COLUMNS.items():
        table.add_column(column, justify=justify, no_wrap=True)
    table.add_column("title", overflow="ellipsis", no_wrap=True, ratio=1)
    for row in rows:
        answer = "yes" if row["explicit"] else "no"
        table.add_row(row["name"], str(row["order"]), str(row["stages"]), answer, row["title"])
    if not rows:
        console.print("No scheme of the catalogue has all of this; leave a filter out.")
        return
    console.print(table)
    count = f"{len(rows)} scheme{'' if len(rows) == 1 else 's'}"
    console.print(f"{count}; p is the order, s the number of stages", style="dim")


def compare(
    names: Annotated[list[str], typer.Argument(help="Catalogue names or scheme files.")],
    json: Json = False,
) -> None:
    """Show schemes side by side: orders, stability, errors."""
    schemes = {name: load_scheme(name) for name in names}
    found = comparison(schemes)
    if json:
        print_json({name: {**scheme_facts(schemes[name]), **row} for name, row in found.items()})
        return
    for some in batched(found, columns_that_fit(found)):
        table = Table(box=None, padding=(0, 2, 0, 0))
        table.add_column("", style="dim", max_width=LABEL_WIDTH)
        for name in some:
            table.add_column(name, overflow="fold")
        for label in found[some[0]]:
            table.add_row(label, *(shown(found[name][label]) for name in some))
        console.print(table)
    console.print(
        "With N evaluations in a unit of time the leading error is (s^p norm) / N^p.", style="dim"
    )


def columns_that_fit(names: Collection[str]) -> int:
    """How many schemes stand beside each other in the width of the terminal."""
    width = max((len(name) for name in names), default=0)
    return max(1, (console.width - LABEL_WIDTH - 2) // (max(width, VALUE_WIDTH) + 2))


def batched(items: Iterable[str], size: int) -> Iterator[list[str]]:
    """The items in lists of at most `size`."""
    rest = list(items)
    for start in range(0, len(rest), size):
        yield rest[start : start + size]


def show(
    name: Name,
    json: Json = False,
    latex: Annotated[
        bool, typer.Option("--latex", help="Print the coefficients as LaTeX, and nothing else.")
    ] = False,
) -> None:
    """Show a scheme: its tableau and everything that is proven of it."""
    scheme = load_scheme(name)
    if json:
        print_json({**scheme_facts(scheme), "spec": scheme.spec.to_dict()})
        return
    if latex:
        console.out(tableau_latex(scheme), highlight=False)
        return
    console.print(f"[bold]{scheme.name}[/bold]  {scheme.title}")
    if scheme.source:
        console.print(scheme.source, style="dim")
    console.print()
    console.out(fitted(scheme.text(), console.width), highlight=False)
    console.print()
    print_facts(scheme_facts(scheme))


def verify(
    names: Annotated[list[str], typer.Argument(help="Scheme files, or catalogue names.")],
    json: Json = False,
) -> None:
    """Prove scheme files: coefficients, order, and every claim."""
    results = [_verified(name) for name in names]
    if json:
        print_json(results)
    else:
        for result in results:
            if "error" not in result:
                console.print(
                    f"{result['name']}: order {result['order']} proven"
                    + ("" if result["exact"] else " within the declared tolerance"),
                    soft_wrap=True,
                )
                for note in result["notes"]:
                    console.print(f"note: {note}", soft_wrap=True)
    faults = [str(result["error"]) for result in results if "error" in result]
    if faults:
        raise SchemeError("\n".join(faults))


def _verified(name: str) -> dict[str, Any]:
    try:
        scheme = load_scheme(name)
    except OdegraphError as error:
        return {"name": name, "error": f"{error}{_offer(name)}"}
    return {
        "name": scheme.name,
        "order": scheme.order,
        "exact": scheme.is_exact,
        "notes": list(scheme.notes),
    }


def _offer(name: str) -> str:
    """Where a claim about the order is false, how to see the tree that fails."""
    try:
        scheme = without_claims(name)
    except OdegraphError:
        return ""  # something else is wrong with it, and said already
    claimed = read_scheme_file(name).claims.get("order", 0)
    if not isinstance(claimed, int) or claimed <= scheme.order:
        return ""
    return f"\nSee the tree: odegraph draw {name} --picture failing-tree -o tree.svg"


def _row(scheme: Scheme) -> dict:
    return {
        "name": scheme.name,
        "kind": scheme.kind,
        "stages": scheme.stages,
        "order": scheme.order,
        "explicit": scheme.is_explicit,
        "title": scheme.title,
    }
