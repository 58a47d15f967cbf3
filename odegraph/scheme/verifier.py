"""The border of every kind: from what a file says to what is proven."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, final

from odegraph.scheme.base import Orders, Scheme
from odegraph.scheme.claims import check_claims
from odegraph.scheme.faults import Faults
from odegraph.scheme.spec import SchemeSpec

C = TypeVar("C")
P = TypeVar("P", bound=Orders)
S = TypeVar("S", bound=Scheme)
Failed = Mapping[str, object | None]


@final
@dataclass(frozen=True)
class Verifier(Generic[C, P, S]):
    """How the specs of one kind are proven; calling it makes a scheme of a spec.

    `read` checks the coefficients, noting their faults; `prove` gives the orders and, for each
    claim about one, the first condition that fails; `check` notes faults that show after the proof.
    """

    read: Callable[[SchemeSpec, Faults], C | None]
    prove: Callable[[C], tuple[P, Failed]]
    orders: type[P]
    scheme: Callable[[SchemeSpec, P, C], S]
    check: Callable[[S, Faults], None] | None = None

    def __call__(self, spec: SchemeSpec, *, recorded: Mapping[str, Any] | None = None) -> S:
        """Prove what a spec says, unless the proof is on record.

        Raises:
            SchemeError: all faults of the coefficients, or all claims that are false.
        """
        faults = Faults(spec.name)
        coefficients = self.read(spec, faults)
        faults.raise_if_any()
        assert coefficients is not None
        if recorded is not None:
            return self.scheme(spec, self.orders(**recorded), coefficients)
        orders, failed = self.prove(coefficients)
        scheme = self.scheme(spec, orders, coefficients)
        if self.check is not None:
            self.check(scheme, faults)
        check_claims(scheme, failed, faults)
        faults.raise_if_any()
        return scheme
