"""Linear multistep methods with proven order and stability, and the proof."""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import final

import sympy

from odegraph._errors import SchemeError
from odegraph._exact import exact_text, shorten
from odegraph.scheme import root_condition
from odegraph.scheme.base import Scheme, SingleOrder
from odegraph.scheme.checks import read_coefficients, show
from odegraph.scheme.faults import Faults
from odegraph.scheme.file import parse_scheme, read_bytes
from odegraph.scheme.folder import find_scheme_file
from odegraph.scheme.multistep import (
    Multistep,
    MultistepCondition,
    error_constant,
    formula,
    prove_multistep_order,
)
from odegraph.scheme.number_field import to_sympy
from odegraph.scheme.proofs import recorded_proof
from odegraph.scheme.runge_kutta import RungeKuttaScheme, verify_runge_kutta
from odegraph.scheme.spec import SchemeSpec
from odegraph.scheme.verifier import Failed, Verifier

DEFAULT_START = ("euler", "euler", "heun-2", "heun-3", "rk4-classic", "butcher-5")
HIGHEST_START = "butcher-6"


@final
@dataclass(frozen=True)
class LinearMultistepScheme(Scheme):
    """sum_j alpha_j x_{n+j} = h sum_j beta_j R_{n+j}, j = 0 .. k, on equal steps.

    The order holds with start values of order p - 1, which the scheme `start` makes.
    """

    orders: SingleOrder
    method: Multistep

    @property
    def stages(self) -> int:
        """One evaluation of the unit a step: the rates of earlier steps are kept."""
        return 1

    @property
    def history(self) -> int:
        """The number k of earlier states in the formula."""
        return self.method.history

    @property
    def start(self) -> str:
        """The scheme that makes the first states: that of the file, or one of order p."""
        return self.spec.texts.get("start") or _default_start(self.order)

    @cached_property
    def alpha(self) -> tuple[sympy.Expr, ...]:
        """The weights of the states, from the oldest to the newest."""
        return tuple(to_sympy(x) for x in self.method.alpha)

    @cached_property
    def beta(self) -> tuple[sympy.Expr, ...]:
        """The weights of the rates, from the oldest to the newest."""
        return tuple(to_sympy(x) for x in self.method.beta)

    @property
    def is_explicit(self) -> bool:
        """Whether the newest rate is not needed."""
        return self.method.is_explicit

    @cached_property
    def start_scheme(self) -> RungeKuttaScheme | None:
        """The explicit Runge-Kutta scheme that makes x_1 .. x_{k-1}; None for k = 1."""
        return load_start(self.start) if self.history > 1 else None

    @cached_property
    def failed_condition(self) -> MultistepCondition | None:
        """The first order condition that fails."""
        return prove_multistep_order(self.method).failed

    @cached_property
    def error_constant(self) -> sympy.Expr:
        """C_(p+1) / sigma(1), the size of the global error to leading order."""
        return to_sympy(error_constant(self.method, self.order))

    @cached_property
    def is_strongly_stable(self) -> bool:
        """Whether 1 is the only root of rho on the unit circle: nothing else lives on."""
        return root_condition.root_condition(self.method.rho, self.history).strongly

    @cached_property
    def is_a_stable(self) -> bool:
        """Whether the left half-plane is stable."""
        return root_condition.is_a_stable(self.method.rho, self.method.sigma)

    @cached_property
    def is_l_stable(self) -> bool:
        """Whether the scheme is A-stable and forgets infinitely stiff states in one step."""
        return self.is_a_stable and not any(self.method.beta[:-1])

    @cached_property
    def stability_angle(self) -> float | None:
        """A(alpha)-stability: alpha in degrees, measured; None where no sector is stable."""
        return root_condition.stability_angle(self.method.rho, self.method.sigma)

    def facts(self) -> dict[str, object]:
        """Order, error constant, stability and start."""
        angle = self.stability_angle
        return {
            "history": self.history,
            "start": self.start if self.history > 1 else None,
            "error constant": exact_text(self.error_constant),
            "zero-stable": True,
            "strongly stable": self.is_strongly_stable,
            "A-stable": self.is_a_stable,
            "L-stable": self.is_l_stable,
            "A(alpha) angle in degrees": None if angle is None else round(angle, 4),
        }

    def text(self) -> str:
        """The formula on one line, and how the first steps are made."""
        line = formula([exact_text(x) for x in self.alpha], [exact_text(x) for x in self.beta])
        return line if self.history == 1 else f"{line}\nstarted with {self.start}"


def load_start(name: str) -> RungeKuttaScheme:
    """The catalogue scheme that makes the first states.

    Raises:
        SchemeError: no such scheme, not a Runge-Kutta scheme, or an implicit one.
    """
    path = find_scheme_file(name)
    content = read_bytes(path)
    spec = parse_scheme(content, name=path.stem)
    if spec.kind == "runge-kutta":
        scheme = verify_runge_kutta(spec, recorded=recorded_proof(content))
        if scheme.is_explicit:
            return scheme
    raise SchemeError(
        f"`{shorten(name)}` cannot start a multistep scheme: it is "
        f"{'implicit' if spec.kind == 'runge-kutta' else f'of kind `{spec.kind}`'}. Take an "
        "explicit Runge-Kutta scheme, such as `rk4-classic`."
    )


def _read(spec: SchemeSpec, faults: Faults) -> Multistep | None:
    read = read_coefficients(spec, faults)
    if read is None:
        return None
    arrays, tolerance = read
    alpha, beta = arrays["alpha"], arrays["beta"]
    if len(alpha) != len(beta) or len(alpha) < 2:
        faults.add(
            f"`alpha` has {len(alpha)} entries and `beta` {len(beta)}; a scheme over k steps has "
            "k + 1 >= 2 of each, from the oldest to the newest."
        )
    elif not alpha[-1]:
        faults.add(
            "the last entry of `alpha` is 0; it is the weight of the newest state. The entries run "
            "from the oldest to the newest."
        )
    elif not alpha[0] and not beta[0]:
        faults.add("`alpha` and `beta` both begin with 0. Drop these entries: nothing is there.")
    if faults.found:
        return None
    method = Multistep(alpha, beta, tolerance)
    _check_consistency(method, faults)
    return method


def _check_consistency(method: Multistep, faults: Faults) -> None:
    if prove_multistep_order(method).order >= 1:
        return
    turned = Multistep(method.alpha[::-1], method.beta[::-1], method.tolerance)
    flipped = Multistep(tuple(-x for x in turned.alpha), turned.beta, method.tolerance)
    if max(prove_multistep_order(x).order for x in (turned, flipped)) > 1:
        faults.add(
            "`alpha` and `beta` seem to run from the newest to the oldest. Turn them around: the "
            "first entries belong to the oldest state."
        )
    elif not method.vanishes(total := sum(method.alpha, Fraction(0))):
        faults.add(f"`alpha` sums to {show(total)}; a consistent scheme has sum alpha_j = 0.")
    else:
        slope = sum((j * a for j, a in enumerate(method.alpha)), Fraction(0))
        faults.add(
            f"sum j alpha_j is {show(slope)}, but `beta` sums to "
            f"{show(sum(method.beta, Fraction(0)))}; a consistent scheme has both equal."
        )


def _prove(method: Multistep) -> tuple[SingleOrder, Failed]:
    proof = prove_multistep_order(method)
    return SingleOrder(proof.order), {"order": proof.failed}


def _check(scheme: LinearMultistepScheme, faults: Faults) -> None:
    _check_zero_stability(scheme.method, faults)
    _check_start(scheme, faults)


def _check_zero_stability(method: Multistep, faults: Faults) -> None:
    if not root_condition.root_condition(method.rho, method.history).holds:
        faults.add(
            "it is not zero-stable: rho(z) = sum_j alpha_j z^j has the root "
            f"{root_condition.worst_root(method.rho)}, so that errors grow with the number of "
            "steps, however short they are. No order helps; take a scheme of fewer steps."
        )


def _default_start(order: int) -> str:
    return DEFAULT_START[order] if order < len(DEFAULT_START) else HIGHEST_START


def _check_start(scheme: LinearMultistepScheme, faults: Faults) -> None:
    if scheme.history == 1:
        if scheme.spec.texts:
            faults.add("`start` is given, but a scheme over one step starts itself. Remove it.")
        return
    try:
        start = load_start(scheme.start)
    except SchemeError as error:
        faults.add(f"`start`: {error}")
        return
    if start.order < scheme.order - 1:
        faults.add(
            f"`start` is `{start.name}` of order {start.order}; start values of order "
            f"{scheme.order - 1} or more are needed to keep order {scheme.order}."
        )


verify_linear_multistep = Verifier(
    read=_read,
    prove=_prove,
    orders=SingleOrder,
    scheme=LinearMultistepScheme,
    check=_check,
)
