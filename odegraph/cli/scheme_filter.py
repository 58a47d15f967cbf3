"""Which schemes of the catalogue a user wants to see."""

from dataclasses import dataclass

from odegraph._errors import SchemeError
from odegraph._exact import shorten
from odegraph._toml import nearest
from odegraph.scheme import RungeKuttaScheme, Scheme
from odegraph.scheme.kinds import KINDS


@dataclass(frozen=True)
class Filter:
    """What is asked for; a property that a kind of scheme does not have is not admitted."""

    kind: str | None
    order: int | None
    explicit: bool
    l_stable: bool
    ssp: bool

    def check(self) -> None:
        """Refuse a kind that does not exist.

        Raises:
            SchemeError: with the nearest kind that does.
        """
        if self.kind is not None and self.kind not in KINDS:
            raise SchemeError(
                f"There is no kind `{shorten(self.kind)}`. {nearest(self.kind, KINDS)}"
            )

    def admits(self, scheme: Scheme) -> bool:
        """Whether `scheme` has everything that is asked for; the cheap questions come first."""
        return (
            (self.kind is None or scheme.kind == self.kind)
            and (self.order is None or scheme.order == self.order)
            and (not self.explicit or scheme.is_explicit)
            and (not self.l_stable or _is_l_stable(scheme))
            and (not self.ssp or _is_ssp(scheme))
        )


def _is_l_stable(scheme: Scheme) -> bool:
    return bool(getattr(scheme, "is_l_stable", False))


def _is_ssp(scheme: Scheme) -> bool:
    return isinstance(scheme, RungeKuttaScheme) and bool(scheme.ssp_coefficient > 0)
