"""One step made of several: first a fraction of it by one method, then the rest by others."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import islice

from odegraph.scheme.adjoin import in_one_field
from odegraph.scheme.number_field import Number
from odegraph.scheme.tableau import Tableau, Vector


def composition(parts: Sequence[tuple[Tableau, Number]]) -> Tableau:
    """The tableau of steps of size f h by each (tableau, f) in turn; the fractions sum to 1."""
    rows: list[Vector] = []
    weights: list[Number] = []
    nodes: list[Number] = []
    start: Number = Fraction(0)
    stages = sum(tableau.stages for tableau, _ in parts)
    for tableau, fraction in _in_one_field(parts):
        before = tuple(weights)
        after = (Fraction(0),) * (stages - len(before) - tableau.stages)
        rows += [(*before, *(fraction * a for a in row), *after) for row in tableau.A]
        weights += [fraction * b for b in tableau.b]
        nodes += [start + fraction * c for c in tableau.c]
        start = start + fraction
    tolerance = max(tableau.tolerance for tableau, _ in parts)
    return Tableau(tuple(rows), tuple(weights), tuple(nodes), tolerance=tolerance)


def _in_one_field(parts: Sequence[tuple[Tableau, Number]]) -> list[tuple[Tableau, Number]]:
    """The same tableaus with all surds in one number field."""
    rows = [row for tableau, f in parts for row in (*tableau.A, tableau.b, tableau.c, (f,))]
    moved = iter(in_one_field(rows))
    result = []
    for tableau, _ in parts:
        A = tuple(islice(moved, tableau.stages))
        b, c, (fraction,) = islice(moved, 3)
        result.append((Tableau(A, b, c, tolerance=tableau.tolerance), fraction))
    return result
