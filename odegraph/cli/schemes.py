"""`odegraph schemes`, `show` and `verify`: what the catalogue and scheme files hold."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

import typer
from rich.console import JustifyMethod
from rich.table import Table

from odegraph._errors import OdegraphError, SchemeError
from odegraph.cli.output import console, print_facts, print_json, shown
from odegraph.cli.scheme_filter import Filter
from odegraph.scheme import Scheme, load_scheme, scheme_names

COLUMNS: Mapping[str, JustifyMethod] = MappingProxyType(
    {"name": "left", "stages": "right", "order": "right", "explicit": "left"}
)
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
        table.add_row(row["name"], str(row["stages"]), str(row["order"]), answer, row["title"])
    console.print(table)
    console.print(f"{len(rows)} schemes", style="dim")


def compare(
    names: Annotated[list[str], typer.Argument(help="Catalogue names or scheme files.")],
    json: Json = False,
) -> None:
    """Show schemes side by side: orders, stability, errors."""
    found = {name: facts(load_scheme(name)) for name in names}
    if json:
        print_json(found)
        return
    labels = dict.fromkeys(label for one in found.values() for label in one)
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("", style="dim")
    for name in found:
        table.add_column(name, overflow="fold")
    for label in labels:
        table.add_row(label, *(shown(one.get(label)) for one in found.values()))
    console.print(table)


def show(name: Name, json: Json = False) -> None:
    """Show a scheme: its tableau and everything that is proven of it."""
    scheme = load_scheme(name)
    if json:
        print_json({**facts(scheme), "spec": scheme.spec.to_dict()})
        return
    console.print(f"[bold]{scheme.name}[/bold]  {scheme.title}")
    if scheme.source:
        console.print(scheme.source, style="dim")
    console.print()
    console.out(scheme.text(), highlight=False)
    console.print()
    print_facts(facts(scheme))


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
    faults = [str(result["error"]) for result in results if "error" in result]
    if faults:
        raise SchemeError("\n".join(faults))


def _verified(name: str) -> dict[str, object]:
    try:
        scheme = load_scheme(name)
    except OdegraphError as error:
        return {"name": name, "error": str(error)}
    return {"name": scheme.name, "order": scheme.order, "exact": scheme.is_exact}


def _row(scheme: Scheme) -> dict:
    return {
        "name": scheme.name,
        "kind": scheme.kind,
        "stages": scheme.stages,
        "order": scheme.order,
        "explicit": scheme.is_explicit,
        "title": scheme.title,
    }


def facts(scheme: Scheme) -> dict[str, object]:
    """What is proven of a scheme, in words."""
    return {
        "kind": scheme.kind,
        "stages": scheme.stages,
        "order": scheme.order,
        "exact": scheme.is_exact,
        "explicit": scheme.is_explicit,
        **scheme.facts(),
    }
