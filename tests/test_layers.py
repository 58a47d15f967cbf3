"""Imports point down: one list, checked on the syntax tree; imports in functions count too."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

LAYERS = [
    {"__main__"},
    {"cli"},
    {"demo", "study"},
    {"report"},
    {"training"},
    {"diagnostics"},
    {"models"},
    {"data"},
    {"draw"},
    {"dynamics"},
    {"block"},
    {"compile"},
    {"emit"},
    {"passes"},
    {"ir"},
    {"unit"},
    {"scheme", "basis"},
    {"_toml"},
    {"_exact"},
    {"_errors", "_version"},
]
LEVEL = {name: -depth for depth, names in enumerate(LAYERS) for name in names}
BLOCK_AND_ABOVE = {name for name, level in LEVEL.items() if level >= LEVEL["block"]}
MAY_IMPORT = {
    "sympy": {"scheme", "basis", "ir", "_exact"},
    "torch": {"unit", "emit"} | BLOCK_AND_ABOVE,
    "graphviz": {"draw"},
}
PACKAGE = Path(__file__).parent.parent / "odegraph"
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")
NO_WORK = {"print", "mkdir", "makedirs", "parse_args", "open", "set_default_dtype", "manual_seed"}


def part_of(path: Path) -> str:
    """Layer name of a file: `odegraph/ir/build.py` -> ir, `odegraph/block.py` -> block."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def absolute(node: ast.ImportFrom, path: Path) -> str:
    if node.level == 0:
        return node.module or ""
    package = ("odegraph", *path.relative_to(PACKAGE).parts)[: -node.level]
    return ".".join((*package, node.module or "")).rstrip(".")


def imports(path: Path) -> Iterator[str]:
    """Dotted names that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = absolute(node, path)
            yield from (f"{module}.{alias.name}" for alias in node.names)


def calls_on_import(tree: ast.Module) -> Iterator[str]:
    """Names called by statements that run when the module is imported."""
    pending: list[ast.AST] = list(tree.body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func).rpartition(".")[2]
        is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        is_main = isinstance(node, ast.If) and "__main__" in ast.unparse(node.test)
        if not is_function and not is_main:
            pending.extend(ast.iter_child_nodes(node))


def test_every_part_has_its_place_in_the_list():
    assert {part_of(path) for path in MODULES} <= set(LEVEL)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down(path: Path):
    part = part_of(path)
    for name in imports(path):
        top, _, rest = name.partition(".")
        target = rest.partition(".")[0]
        if top == "odegraph" and target != part:
            assert target in LEVEL, (
                f"{part} imports `{name}`: name the module, not the public package"
            )
            assert LEVEL[target] < LEVEL[part], f"{part} imports `{name}`, which is not below it"
        assert part in MAY_IMPORT.get(top, {part}), f"{part} may not import {top} (`{name}`)"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_importing_does_nothing(path: Path):
    called = set(calls_on_import(ast.parse(path.read_text(encoding="utf-8"))))
    assert not called & NO_WORK
