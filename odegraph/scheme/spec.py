"""What a scheme file says: checked for form, not yet for truth."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, final

from odegraph._exact import shorten
from odegraph._toml import nearest
from odegraph.scheme.faults import Faults
from odegraph.scheme.kinds import KINDS, Kind

MAX_STAGES = 64
MAX_TITLE = 1_000
DEFAULT_KIND = "runge-kutta"
COMMON_KEYS = (
    *("title", "kind", "source", "decimal", "tolerance", "row_sums"),
    *("numbers", "parameters", "values", "claims"),
)
SYNONYMS = {"b_hat": "b_embedded", "bhat": "b_embedded", "b_star": "b_embedded", "name": "title"}


@final
@dataclass(frozen=True)
class SchemeSpec:
    """The contents of a scheme file, untrusted. `verify` makes a `Scheme` of it.

    `coefficients` holds nested tuples of text; `numbers` the named constants; `parameters` the free
    ones with their defaults, `values` what the caller chose for them; `texts` what a kind says in
    words, such as the name of another scheme.
    """

    name: str
    kind: str
    title: str
    source: str
    coefficients: Mapping[str, Any]
    claims: Mapping[str, Any] = field(default_factory=dict)
    numbers: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    tolerance: str | None = None
    row_sums: bool = True
    texts: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_exact(self) -> bool:
        """Whether the coefficients are exact, not published as decimals."""
        return self.tolerance is None

    def __hash__(self) -> int:
        return hash(json.dumps(self.to_dict(), sort_keys=True))

    def to_dict(self) -> dict[str, Any]:
        """The contents as JSON-able data, in the form of the file; `from_dict` reads it back."""
        data: dict[str, Any] = {"name": self.name, "title": self.title, "kind": self.kind}
        data |= {"source": self.source} if self.source else {}
        data |= {key: _lists(value) for key, value in self.coefficients.items()}
        data |= self.texts
        data |= {} if self.row_sums else {"row_sums": False}
        if self.tolerance is not None:
            data |= {"decimal": True, "tolerance": self.tolerance}
        for key in ("numbers", "parameters", "values", "claims"):
            if table := getattr(self, key):
                data[key] = {name: _lists(value) for name, value in table.items()}
        return data

    @staticmethod
    def from_dict(data: Mapping[str, Any], *, name: str | None = None) -> "SchemeSpec":
        """Read the form of a scheme file; `name` is the file stem, or the key `name` in the data.

        Raises:
            SchemeError: every key that is missing, unknown, or of the wrong type or size.
        """
        data = dict(data)
        name = str(data.pop("name", "scheme")) if name is None else name
        faults = Faults(shorten(name))
        spec = _read(data, name, faults)
        faults.raise_if_any()
        assert spec is not None
        return spec


def _lists(value: Any) -> Any:
    match value:
        case list() | tuple():
            return [_lists(item) for item in value]
        case Mapping():
            return {key: _lists(item) for key, item in value.items()}
    return value


def _read(data: Mapping[str, Any], name: str, faults: Faults) -> SchemeSpec | None:
    kind_name = _text(data, "kind", faults, default=DEFAULT_KIND)
    if kind_name not in KINDS:
        faults.add(f"there is no kind `{shorten(kind_name)}`. {nearest(kind_name, KINDS)}")
        return None
    kind = KINDS[kind_name]
    _check_keys(data, kind_name, faults)
    _check_decimal(data, faults)
    return SchemeSpec(
        name=name,
        kind=kind_name,
        title=_text(data, "title", faults, default=name),
        source=_text(data, "source", faults, default=""),
        coefficients={
            key: _array(data[key], key, depth, faults)
            for key, depth in kind.arrays.items()
            if key in data
        },
        claims=_claims(_table(data, "claims", faults), kind, faults),
        numbers={k: _number(k, v, faults) for k, v in _table(data, "numbers", faults).items()},
        parameters={
            k: _parameter(k, v, faults) for k, v in _table(data, "parameters", faults).items()
        },
        values={
            k: _entry(v, f"`values.{k}`", faults) for k, v in _table(data, "values", faults).items()
        },
        tolerance=str(data["tolerance"]) if data.get("decimal") and "tolerance" in data else None,
        row_sums=_flag(data, "row_sums", faults, default=True),
        texts={key: _text(data, key, faults, default="") for key in kind.texts if key in data},
    )


def _check_keys(data: Mapping[str, Any], kind_name: str, faults: Faults) -> None:
    kind = KINDS[kind_name]
    known = [*COMMON_KEYS, *kind.arrays, *kind.texts]
    for key in data:
        if key not in known:
            hint = f"Did you mean `{SYNONYMS[key]}`?" if key in SYNONYMS else nearest(key, known)
            faults.add(f"there is no key `{shorten(key)}`. {hint}")
    forms = (kind.required, *kind.alternatives)
    given = [form for form in forms if any(key in data for key in form)] or [kind.required]
    for key in (key for form in given for key in form if key not in data):
        faults.add(f"the key `{key}` is missing; a scheme of kind `{kind_name}` needs it.")


def _check_decimal(data: Mapping[str, Any], faults: Faults) -> None:
    decimal = _flag(data, "decimal", faults, default=False)
    if decimal and "tolerance" not in data:
        faults.add(
            "`decimal = true` needs a tolerance for the order conditions. "
            'Add, for instance, `tolerance = "1e-14"`.'
        )
    if not decimal and "tolerance" in data:
        faults.add("`tolerance` is only for `decimal = true`; exact coefficients have none.")


def _text(data: Mapping[str, Any], key: str, faults: Faults, *, default: str) -> str:
    value = data.get(key, default)
    if not isinstance(value, str):
        faults.add(f"`{key}` is `{shorten(value)}`; it must be text.")
        return default
    if len(value) > MAX_TITLE:
        faults.add(f"`{key}` has {len(value)} characters; at most {MAX_TITLE} are read.")
        return default
    return value


def _flag(data: Mapping[str, Any], key: str, faults: Faults, *, default: bool) -> bool:
    value = data.get(key, default)
    if not isinstance(value, bool):
        faults.add(f"`{key}` is `{shorten(value)}`; it must be true or false.")
        return default
    return value


def _table(data: Mapping[str, Any], key: str, faults: Faults) -> Mapping[str, Any]:
    value = data.get(key, {})
    if not isinstance(value, Mapping):
        faults.add(f"`{key}` is `{shorten(value)}`; it must be a table, `[{key}]`.")
        return {}
    if len(value) > MAX_STAGES:
        faults.add(f"`[{key}]` has {len(value)} entries; at most {MAX_STAGES} are read.")
        return {}
    return value


def _array(value: Any, key: str, depth: int, faults: Faults) -> tuple[Any, ...]:
    what = {1: "list of numbers", 2: "list of rows of numbers"}[depth]
    if not isinstance(value, list | tuple):
        faults.add(f"`{key}` is `{shorten(value)}`; it must be a {what}.")
        return ()
    if len(value) > MAX_STAGES:
        faults.add(f"`{key}` has {len(value)} entries; schemes have at most {MAX_STAGES} stages.")
        return ()
    if depth == 1:
        return tuple(_entry(x, f"`{key}[{i}]`", faults) for i, x in enumerate(value, start=1))
    return tuple(
        _array(row, f"{key}[{i}]", depth - 1, faults) for i, row in enumerate(value, start=1)
    )


def _entry(value: Any, where: str, faults: Faults) -> str:
    """Text of a number. Floats become their decimal text, which only decimal tableaus may hold."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        faults.add(f'{where} is `{shorten(value)}`; write a number as text, such as "1/2".')
        return "0"
    return str(value)


def _claims(table: Mapping[str, Any], kind: Kind, faults: Faults) -> dict[str, Any]:
    for key, value in table.items():
        if key not in kind.claims:
            faults.add(f"there is no claim `{shorten(key)}`. {nearest(key, kind.claims)}")
        elif type(value) is not kind.claims[key]:
            word = {int: "an integer", bool: "true or false", str: "text"}[kind.claims[key]]
            faults.add(f"the claim `{key}` is `{shorten(value)}`; it must be {word}.")
    return dict(table)


def _number(key: str, value: Any, faults: Faults) -> Any:
    if not isinstance(value, Mapping):
        return _entry(value, f"`numbers.{key}`", faults)
    if set(value) != {"polynomial", "root"} or type(value.get("root")) is not int:
        faults.add(
            f"the number `{shorten(key)}` must be text or a root of a polynomial, as in "
            f'`{{ polynomial = ["1", "0", "-2"], root = 1 }}` for sqrt(2).'
        )
        return "0"
    return {
        "polynomial": _array(value["polynomial"], f"numbers.{key}.polynomial", 1, faults),
        "root": value["root"],
    }


def _parameter(key: str, value: Any, faults: Faults) -> dict[str, Any]:
    known = ("default", "description")
    if not isinstance(value, Mapping) or not set(value) <= set(known):
        faults.add(
            f"the parameter `{shorten(key)}` must be a table with the keys {', '.join(known)}, "
            f'as in `alpha = {{ default = "2/3" }}`.'
        )
        return {}
    return {k: _entry(v, f"`parameters.{key}.{k}`", faults) for k, v in value.items()}


def with_values(spec: SchemeSpec, values: Mapping[str, str]) -> SchemeSpec:
    """The spec with chosen values of its parameters, without the claims about the defaults."""
    return replace(spec, values={**spec.values, **values}, claims={})
