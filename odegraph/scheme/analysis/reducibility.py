"""Stages that a method could do without, and the tableau that is left.

Dahlquist and Jeltsch: stages that do not influence the result. Hundsdorfer and Spijker: stages that
always hold the same value. Hairer and Wanner, IV.12. Stages with different c are never the same for
x' = f(t, x), so classes are looked for among equal c.
"""

from collections.abc import Sequence
from fractions import Fraction

from odegraph.scheme.number_field import Number
from odegraph.scheme.tableau import Tableau, Vector


def needed_stages(tableau: Tableau) -> tuple[int, ...]:
    """Indices of the stages that influence the result, its error estimate or dense output."""
    rows = [row for row in (tableau.b, tableau.b_embedded) if row is not None]
    rows += zip(*(tableau.b_dense or ()), strict=True)
    pending = [i for i in range(tableau.stages) if any(row[i] for row in rows)]
    needed = set(pending)
    while pending:
        i = pending.pop()
        found = {j for j, a in enumerate(tableau.A[i]) if a} - needed
        needed |= found
        pending.extend(found)
    return tuple(sorted(needed))


def equal_stages(tableau: Tableau) -> tuple[tuple[int, ...], ...]:
    """The coarsest partition into stages that have equal values for every x' = f(t, x).

    Equal c, and equal sums of a_ij over every class: classes are split until that holds.
    """
    classes = _split(range(tableau.stages), [(c,) for c in tableau.c])
    while True:
        signatures = [
            (c, *(sum((row[j] for j in part), Fraction(0)) for part in classes))
            for c, row in zip(tableau.c, tableau.A, strict=True)
        ]
        finer = _split(range(tableau.stages), signatures)
        if len(finer) == len(classes):
            return finer
        classes = finer


def _split(stages: Sequence[int], signatures: Sequence[tuple]) -> tuple[tuple[int, ...], ...]:
    classes: dict[tuple, list[int]] = {}
    for i in stages:
        classes.setdefault(signatures[i], []).append(i)
    return tuple(tuple(part) for part in classes.values())


def reduced(tableau: Tableau) -> Tableau:
    """The irreducible tableau of the same method; the tableau itself if it is irreducible."""
    keep = needed_stages(tableau)
    tableau = _merge(tableau, tuple((i,) for i in keep))
    classes = equal_stages(tableau)
    return tableau if len(classes) == tableau.stages else reduced(_merge(tableau, classes))


def _merge(tableau: Tableau, classes: tuple[tuple[int, ...], ...]) -> Tableau:
    if len(classes) == tableau.stages:
        return tableau

    def merged(row: Sequence[Number]) -> Vector:
        return tuple(sum((row[j] for j in part), Fraction(0)) for part in classes)

    embedded, dense = tableau.b_embedded, tableau.b_dense
    columns = [merged(column) for column in zip(*(dense or ()), strict=True)]
    return Tableau(
        A=tuple(merged(tableau.A[part[0]]) for part in classes),
        b=merged(tableau.b),
        c=tuple(tableau.c[part[0]] for part in classes),
        b_embedded=None if embedded is None else merged(embedded),
        tolerance=tableau.tolerance,
        b_dense=tuple(zip(*columns, strict=True)) if dense else None,
    )
