"""The span of known linear forms, with exact numbers: what follows from what is known."""

from collections.abc import Hashable, Mapping
from typing import Generic, TypeVar

from odegraph._exact import Exact, to_exact

Atom = TypeVar("Atom", bound=Hashable)
Value = TypeVar("Value", bound=Hashable)

ONE = to_exact(1)


class ExactSpan(Generic[Atom, Value]):
    """Equations `form in unknown atoms = sum of known values`, in reduced row echelon form."""

    def __init__(self) -> None:
        self.rows: dict[Atom, tuple[dict[Atom, Exact], dict[Value, Exact]]] = {}

    def learn(self, form: Mapping[Atom, Exact], value: Value) -> None:
        """Take note that `form` has the known value `value`."""
        rest, known = self._reduced(form, {value: ONE})
        if not rest:
            return
        pivot = next((atom for atom, weight in rest.items() if weight == 1), next(iter(rest)))
        scale = ONE / rest[pivot]
        row = _scaled(rest, scale), _scaled(known, scale)
        for atom, (other, expression) in list(self.rows.items()):
            if pivot in other:
                weight = -other[pivot]
                self.rows[atom] = _plus(other, row[0], weight), _plus(expression, row[1], weight)
        self.rows[pivot] = row

    def solve(self, form: Mapping[Atom, Exact]) -> dict[Value, Exact] | None:
        """`form` as a sum of known values; None where it does not follow."""
        rest, known = self._reduced(form, {})
        return None if rest else _scaled(known, -ONE)

    def _reduced(
        self, form: Mapping[Atom, Exact], known: Mapping[Value, Exact]
    ) -> tuple[dict[Atom, Exact], dict[Value, Exact]]:
        rest, known = dict(form), dict(known)
        for atom in list(form):
            if atom in self.rows:
                weight = -form[atom]
                rest = _plus(rest, self.rows[atom][0], weight)
                known = _plus(known, self.rows[atom][1], weight)
        return rest, known


def _plus(one: Mapping, other: Mapping, weight: Exact) -> dict:
    total = dict(one)
    for key, value in other.items():
        total[key] = (total.get(key, 0 * ONE) + weight * value).expand()
    return {key: value for key, value in total.items() if value.is_zero is not True}


def _scaled(form: Mapping, weight: Exact) -> dict:
    return {key: weight * value for key, value in form.items()}
