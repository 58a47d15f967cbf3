"""Checks what a scheme file claims against what is proven."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import sympy

from odegraph._errors import OdegraphError
from odegraph._exact import parse_exact, shorten
from odegraph.scheme.base import Scheme
from odegraph.scheme.faults import Faults

RULES: Mapping[str, str] = MappingProxyType(
    {
        "explicit": "an explicit scheme has zeros on and above the diagonal of A",
        "diagonally_implicit": "A must be lower triangular with a nonzero on its diagonal",
        "fsal": "the last row of A must be b, with c = 1, and the first row zero, with c = 0",
        "stiffly_accurate": "the last row of A must be b, with c = 1",
        "a_stable": "|R(z)| <= 1 must hold in the whole left half-plane",
        "l_stable": "the scheme must be A-stable with R(infinity) = 0",
        "symplectic": "b_i a_ij + b_j a_ji = b_i b_j must hold for all i, j",
        "symmetric": "the adjoint scheme must be the scheme itself",
        "stage_order": "B(q) and C(q) must hold for it and fail for the next q",
        "additive-runge-kutta: stiffly_accurate": (
            "the last row of A_implicit must be b_implicit, with c = 1"
        ),
        "additive-runge-kutta: a_stable": "the implicit part alone must be A-stable",
        "additive-runge-kutta: l_stable": "the implicit part alone must be L-stable",
        "globally_stiffly_accurate": (
            "the last row of A must be b, with c = 1, in both parts; else the last stage is not "
            "the result"
        ),
        "rosenbrock: stiffly_accurate": (
            "b_i = alpha_si + gamma_si must hold for all i, with alpha_s = 1"
        ),
        "stiff_order": "it is the order whose conditions hold for every L, however stiff",
        "nystrom: explicit": "an explicit scheme has zeros on and above the diagonals",
        "nystrom: symplectic": (
            "b_bar_i = b_i (1 - c_i), and b_i (b_bar_j - A_bar[i, j]) must be symmetric in i, j"
        ),
        "composition: symmetric": "the substeps must read the same from both ends",
        "has_negative_substeps": "a substep below 0 runs its flow backward",
        "partitioned-runge-kutta: explicit": (
            "on separable systems no rate may need itself, in whatever order they are computed"
        ),
        "partitioned-runge-kutta: symplectic": (
            "b_q[i] A_p[i, j] + b_p[j] A_q[j, i] = b_q[i] b_p[j] must hold for all i, j"
        ),
        "generally_symplectic": "the scheme must be symplectic, with b_q = b_p",
        "linear-multistep: explicit": "an explicit scheme has 0 as the last entry of beta",
        "linear-multistep: a_stable": "Re(rho / sigma) >= 0 must hold outside the unit circle",
        "linear-multistep: l_stable": (
            "the scheme must be A-stable, with a last entry of beta only: all roots of sigma are 0"
        ),
        "strongly_stable": "1 must be the only root of rho on the unit circle",
        "general-linear: strongly_stable": "1 must be the only eigenvalue of V on the unit circle",
        "general-linear: fsal": (
            "the first stage must be an external value, and the last one its new value, with c = 1"
        ),
        "general-linear: values": "it is the number of rows of V",
        "uneven_order": (
            "it is the order if 1 is the only eigenvalue of V on the unit circle, or if "
            "w B U V = w B U for every w with w V = w; else the least order of a row of B"
        ),
        "dense_order": "without `b_dense` there is no dense output",
        "history": "it is the number of earlier states in the formula",
        "error_constant": "it is C_(p+1) / sigma(1), with the first defect that does not vanish",
        "ssp_coefficient": "it is the radius of absolute monotonicity of the tableau",
    }
)


def check_claims(scheme: Scheme, failed: Mapping[str, object | None], faults: Faults) -> None:
    """Note every claim that is not what is proven; `failed` holds the conditions that fail."""
    claims = dict(scheme.spec.claims)
    if _swapped(scheme, claims):
        faults.add(
            f"`b` and `b_embedded` seem to be swapped: the file claims order = {claims['order']}, "
            f"but `b` has order {proven(scheme, 'order')} and `b_embedded` has order "
            f"{proven(scheme, 'embedded_order')}. The weights of the result go into `b`."
        )
        claims = {k: v for k, v in claims.items() if k not in ("order", "embedded_order")}
    for claim, claimed in claims.items():
        truth = proven(scheme, claim)
        if not _equal(claimed, truth):
            faults.add(_false_claim(scheme, claim, claimed, failed.get(claim)))


def proven(scheme: Scheme, claim: str) -> Any:
    """The proven value of what a claim names."""
    attribute = claim if hasattr(scheme, claim) else f"is_{claim}"
    return getattr(scheme, attribute)


def _swapped(scheme: Scheme, claims: Mapping[str, Any]) -> bool:
    """Whether the claims become true when the two rows of weights change places."""
    if "order" not in claims or not hasattr(type(scheme), "embedded_order"):
        return False
    if proven(scheme, "embedded_order") is None:
        return False
    order, embedded = proven(scheme, "order"), proven(scheme, "embedded_order")
    return claims["order"] == embedded != order == claims.get("embedded_order", order)


def _equal(claimed: Any, truth: Any) -> bool:
    if not isinstance(claimed, str):
        return claimed == truth
    try:
        return sympy.simplify(parse_exact(claimed) - truth) == 0
    except OdegraphError:
        return claimed == str(truth)


def _false_claim(scheme: Scheme, claim: str, claimed: Any, condition: object | None) -> str:
    truth = proven(scheme, claim)
    within = f" within {scheme.spec.tolerance}" if scheme.spec.tolerance else ""
    says = f"the file claims {claim} = {_show(claimed)}, but {_show(truth)} is proven{within}"
    if isinstance(truth, int) and not isinstance(truth, bool) and claimed < truth:
        return f"{says}. Claim what is proven: {claim} = {truth}."
    if condition is not None:
        return f"{says}. The first condition that fails is {condition}."
    rule = RULES.get(f"{scheme.kind}: {claim}", RULES.get(claim))
    return f"{says}: {rule}." if rule else f"{says}."


def _show(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool | None) else shorten(value)
