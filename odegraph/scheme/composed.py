"""Steps composed of fractions of steps by a base scheme and by its adjoint.

    x_1 = base(alpha_s h) . adjoint(beta_s h) . ... . base(alpha_1 h) . adjoint(beta_1 h) (x_0)

with sum (alpha_i + beta_i) = 1; without adjoints of symmetric bases too (Yoshida 1990; Suzuki 1990;
McLachlan 1995; Hairer, Lubich and Wanner, II.4 and V.3). The composition of a Runge-Kutta scheme is
one with more stages, that of drifts and kicks one with more of them; the order of either is proven
anew, by its own conditions.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import Any, TypeVar, final

from odegraph._errors import OdegraphError, SchemeError
from odegraph._exact import shorten
from odegraph.scheme.adjoin import in_one_field
from odegraph.scheme.analysis.composition import composition
from odegraph.scheme.analysis.reducibility import reduced
from odegraph.scheme.checks import read_coefficients
from odegraph.scheme.composition import (
    CompositionScheme,
    Substeps,
    alternation,
    check_fractions,
    composed,
    merged,
    read_substeps,
    verify_composition,
)
from odegraph.scheme.families import FAMILIES, member_spec, parse_member
from odegraph.scheme.faults import Faults
from odegraph.scheme.file import parse_scheme, read_bytes
from odegraph.scheme.folder import find_scheme_file
from odegraph.scheme.number_field import Number
from odegraph.scheme.proofs import recorded_proof
from odegraph.scheme.properties import adjoint
from odegraph.scheme.runge_kutta import RungeKuttaScheme, verify_runge_kutta
from odegraph.scheme.spec import MAX_STAGES, SchemeSpec
from odegraph.scheme.tableau import Tableau
from odegraph.scheme.tableau_reader import read_tableau

Pairs = list[tuple[Number, Number]]
Of = TypeVar("Of")


@final
@dataclass(frozen=True)
class Base:
    """What the file of the base says, and whether the catalogue has proven just that."""

    spec: SchemeSpec
    is_on_record: bool


def verify_composed(
    spec: SchemeSpec, *, recorded: Mapping[str, Any] | None = None
) -> CompositionScheme | RungeKuttaScheme:
    """Prove a composition of steps by the base that its file names.

    Raises:
        SchemeError: no such base or one that cannot be composed, all faults of the coefficients, or
            all claims that are false.
    """
    base = _load_base(spec)
    # The record holds what follows from this file and from the base that the catalogue has.
    recorded = recorded if base.is_on_record else None
    if base.spec.kind == "runge-kutta":
        read = partial(_read_tableau, base.spec)
        return replace(verify_runge_kutta, read=read)(spec, recorded=recorded)
    read = partial(_read_substeps, base.spec)
    return replace(verify_composition, read=read)(spec, recorded=recorded)


def _load_base(spec: SchemeSpec) -> Base:
    faults = Faults(spec.name)
    if own := [key for key in ("drift", "kick") if key in spec.coefficients]:
        faults.add(f"`{own[0]}` and `base` both say what is composed. Remove one of them.")
    if "coefficients" not in spec.coefficients:
        faults.add("the key `coefficients` is missing: the fractions of the step by the base.")
    base = _find_base(spec.texts["base"], faults)
    faults.raise_if_any()
    assert base is not None
    return base


def _find_base(name: str, faults: Faults) -> Base | None:
    try:
        if member := parse_member(name, {}):
            return Base(member_spec(*member), is_on_record=True)
        path = find_scheme_file(name.removesuffix(".toml"), families=FAMILIES)
        content = read_bytes(path)
        spec = parse_scheme(content, name=path.stem)
    except SchemeError as error:
        faults.add(f"`base`: {error}")
        return None
    if spec.kind not in ("runge-kutta", "composition") or "base" in spec.texts:
        what = "itself a composition" if "base" in spec.texts else f"of kind `{spec.kind}`"
        faults.add(
            f"`base` is `{shorten(name)}`, which is {what}; steps by it are not composed. Take a "
            "Runge-Kutta scheme such as `implicit-midpoint`, or drifts and kicks such as `strang`."
        )
        return None
    return Base(spec, is_on_record=recorded_proof(content) is not None)


def _read_fractions(
    spec: SchemeSpec, base: SchemeSpec, faults: Faults
) -> tuple[Pairs, Fraction] | None:
    read = read_coefficients(spec, faults)
    if read is None:
        return None
    arrays, tolerance = read
    check_fractions(arrays, tolerance, faults)
    if spec.is_exact and not base.is_exact:
        faults.add(
            f"the coefficients of the base `{base.name}` are decimals, so the composition is no "
            f'more exact. Declare `decimal = true` and, for instance, `tolerance = "1e-14"`.'
        )
    return None if faults.found else (alternation(arrays), tolerance)


def _read_with_base(
    base: SchemeSpec,
    spec: SchemeSpec,
    faults: Faults,
    *,
    read: Callable[[SchemeSpec, Faults], Of | None],
) -> tuple[Pairs, Fraction, Of] | None:
    """The fractions and their tolerance, and what the file of the base says."""
    fractions = _read_fractions(spec, base, faults)
    own = Faults(base.name)
    found = read(base, own)
    own.raise_if_any()
    return None if fractions is None or found is None else (*fractions, found)


def _computed(compute: Callable[[], Of], faults: Faults) -> Of | None:
    """The result; None where numbers have no field in common, or one that is too large."""
    try:
        return compute()
    except OdegraphError as error:
        faults.add(str(error))
        return None


def _read_tableau(base: SchemeSpec, spec: SchemeSpec, faults: Faults) -> Tableau | None:
    found = _read_with_base(base, spec, faults, read=read_tableau)
    if found is None:
        return None
    pairs, tolerance, tableau = found
    one = replace(tableau.propagated, tolerance=max(tolerance, tableau.tolerance))
    steps = [part for x, y in pairs for part in ((adjoint(one), x), (one, y)) if part[1]]
    if len(steps) * one.stages > MAX_STAGES:
        faults.add(
            f"{len(steps)} steps of {one.stages} stages are {len(steps) * one.stages}; schemes "
            f"have at most {MAX_STAGES}. Take fewer coefficients, or a base with fewer stages."
        )
        return None
    whole = _computed(lambda: composition(steps), faults)
    if whole is None:
        return None
    # A step often begins with the stage at which the one before has ended.
    return replace(reduced(whole), fractions=tuple(fraction for _, fraction in steps))


def _read_substeps(base: SchemeSpec, spec: SchemeSpec, faults: Faults) -> Substeps | None:
    found = _read_with_base(base, spec, faults, read=read_substeps)
    if found is None:
        return None
    pairs, tolerance, substeps = found
    parts = tuple(part for part, _ in substeps.pairs)
    own = [[x for _, x in substeps.pairs], *pairs]
    numbers = _computed(lambda: in_one_field(own), faults)
    if numbers is None:
        return None
    flows, *moved = numbers
    sequence = composed(list(zip(parts, flows, strict=True)), [(x, y) for x, y in moved])
    return Substeps(merged(sequence), max(tolerance, substeps.tolerance))
