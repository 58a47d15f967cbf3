r"""Order conditions in LaTeX, read off their trees: `\sum_{i,j} b_i\, c_i\, a_{ij}\, c_j`.

A notation says what the root weighs and what each branch multiplies, in the letters of the kind.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import singledispatch
from typing import NamedTuple

from odegraph.draw.tableau_latex import number_latex
from odegraph.scheme import (
    AdditiveRungeKuttaScheme,
    CompositionScheme,
    ExponentialScheme,
    GeneralLinearScheme,
    LinearMultistepScheme,
    NystromScheme,
    PartitionedRungeKuttaScheme,
    RosenbrockScheme,
    RungeKuttaScheme,
    Scheme,
)
from odegraph.scheme.first_failure import TIME, FirstFailure, Node

INDICES = "ijklmnpqrsuvwxyz"


class Factor(NamedTuple):
    """What a branch multiplies, and the node at whose stage the product goes on, if it does.

    `latex` holds {i} and {j} for the indices of the stages below and above.
    """

    latex: str
    above: Node | None


@dataclass(frozen=True)
class Notation:
    """The letters of a kind of scheme: the weight of the root, and the factor of a branch."""

    root: Callable[[Node], Factor]
    branch: Callable[[Node, Node], Factor]


def condition_latex(scheme: Scheme, tree: Node) -> str:
    """The left-hand side of the condition of a tree."""
    rule = notation(scheme)
    letters = iter(INDICES)
    weight, start = rule.root(tree)
    if start is None:
        return weight
    index = next(letters)
    factors = [weight.format(i=index), *_factors(rule, start, index, letters)]
    used = INDICES[: len(INDICES) - len(list(letters))]
    return rf"\sum_{{{','.join(used)}}} " + r"\, ".join(factors)


def failure_latex(scheme: Scheme, failure: FirstFailure) -> tuple[str, str]:
    """The condition as it is required, and what it is instead."""
    left = condition_latex(scheme, failure.tree)
    return f"{left} = {number_latex(failure.required)}", number_latex(failure.found)


def multistep_failure_latex(scheme: LinearMultistepScheme) -> tuple[str, str]:
    """The same for a multistep scheme, whose conditions have no trees."""
    failed = scheme.failed_condition
    assert failed is not None, "2k + 1 conditions decide"
    q = failed.q
    left = (
        rf"\frac{{1}}{{{q}!}} \sum_j \left( \alpha_j j^{{{q}}} - {q} \beta_j j^{{{q - 1}}} \right)"
    )
    return f"{left} = 0", number_latex(failed.found)


def _factors(rule: Notation, node: Node, index: str, letters: Iterator[str]) -> Iterator[str]:
    branches = [rule.branch(node, child) for child in node.children]
    closed = Counter(latex.format(i=index) for latex, above in branches if above is None)
    for latex, times in closed.items():
        yield _power(latex, times)
    for latex, above in branches:
        if above is not None:
            letter = next(letters)
            yield latex.format(i=index, j=letter)
            yield from _factors(rule, above, letter, letters)


def _power(latex: str, times: int) -> str:
    if times == 1:
        return latex
    return f"({latex})^{{{times}}}" if "^" in latex else f"{latex}^{{{times}}}"


@singledispatch
def notation(scheme: Scheme) -> Notation:
    """The notation of a kind of scheme."""
    raise AssertionError(f"conditions of kind {scheme.kind} have no trees")


@notation.register
def _(scheme: RungeKuttaScheme) -> Notation:
    row_sums = scheme.tableau.has_row_sum_nodes

    def branch(_: Node, child: Node) -> Factor:
        if child.name == TIME or (row_sums and not child.children):
            return Factor("c_{i}", None)
        return Factor("a_{{{i}{j}}}", child)

    return Notation(lambda root: Factor("b_{i}", root), branch)


@notation.register
def _(_scheme: RosenbrockScheme) -> Notation:
    def branch(node: Node, child: Node) -> Factor:
        letter = r"\beta" if len(node.children) == 1 else r"\alpha"
        return Factor(letter + "_{{{i}{j}}}", child)

    return Notation(lambda root: Factor("b_{i}", root), branch)


@notation.register(AdditiveRungeKuttaScheme)
@notation.register(PartitionedRungeKuttaScheme)
@notation.register(CompositionScheme)
def _(_scheme: Scheme) -> Notation:
    def branch(_: Node, child: Node) -> Factor:
        if child.children:
            return Factor("a_{{{i}{j}}}" + _part(child), child)
        return Factor("c_{i}" + _part(child), None)

    return Notation(lambda root: Factor("b_{i}" + _part(root), root), branch)


@notation.register
def _(_scheme: NystromScheme) -> Notation:
    def root(node: Node) -> Factor:
        return (
            Factor("b_{i}", node)
            if node.name == "v"
            else Factor(r"\bar{{b}}_{i}", node.children[0])
        )

    def branch(_: Node, child: Node) -> Factor:
        if child.name == "v":
            return Factor("a_{{{i}{j}}}", child)
        if child.children:
            return Factor(r"\bar{{a}}_{{{i}{j}}}", child.children[0])
        return Factor("c_{i}", None)

    return Notation(root, branch)


@notation.register
def _(scheme: GeneralLinearScheme) -> Notation:
    # w B for the average w y that a step conserves: a row of B where this is one of the values.
    (w, *others) = scheme.tableau.invariants
    row = w.index(1) + 1 if not others and sorted(w)[:-1] == [0] * (len(w) - 1) else None
    conserved = "(w B)_{{{i}}}" if row is None else f"b_{{{{{row}{{i}}}}}}"

    def root(node: Node) -> Factor:
        if node.name.isdigit():
            return Factor(f"b_{{{{{node.name}{{i}}}}}}", node.children[0])
        return Factor(conserved, node)

    def branch(_: Node, child: Node) -> Factor:
        return Factor("a_{{{i}{j}}}", child) if child.children else Factor("c_{i}", None)

    return Notation(root, branch)


@notation.register
def _(_scheme: ExponentialScheme) -> Notation:
    def root(node: Node) -> Factor:
        length, end = _chain(node)
        return Factor(rf"b_{{i}}^{{{{({length})}}}}", end)

    def branch(_: Node, child: Node) -> Factor:
        length, end = _chain(child)
        if end is None:
            power = "c_{i}" if length == 1 else rf"c_{{i}}^{{{{{length}}}}}"
            return Factor(power if length == 1 else rf"\frac{{{{{power}}}}}{{{{{length}!}}}}", None)
        return Factor(rf"a_{{{{{{i}}{{j}}}}}}^{{{{({length})}}}}", end)

    return Notation(root, branch)


def _chain(node: Node) -> tuple[int, Node | None]:
    """How many linear nodes there are below the first other one, and that one."""
    length, end = 0, node
    while end.name == "L":
        length += 1
        if not end.children:
            return length, None
        (end,) = end.children
    return length, end


def _part(node: Node) -> str:
    return rf"^{{{{\mathrm{{{{{node.name}}}}}}}}}"
