"""What all proven schemes have in common."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from odegraph.scheme.spec import SchemeSpec


@dataclass(frozen=True)
class Scheme(ABC):
    """A time-integration method whose order has been proven. Only `verify` makes one.

    `spec` is what the file says; writing it out and verifying it again gives an equal scheme.
    """

    spec: SchemeSpec

    @property
    def name(self) -> str:
        """The file stem, the only name of the scheme."""
        return self.spec.name

    @property
    def title(self) -> str:
        """One line in words."""
        return self.spec.title

    @property
    def kind(self) -> str:
        """The class of schemes, which decides what the file holds and how order is proven."""
        return self.spec.kind

    @property
    def source(self) -> str:
        """Where the coefficients were published."""
        return self.spec.source

    @property
    def is_exact(self) -> bool:
        """Whether the proofs are exact; coefficients published as decimals have a tolerance."""
        return self.spec.is_exact

    @property
    @abstractmethod
    def stages(self) -> int:
        """Evaluations of the unit in one step."""

    @property
    @abstractmethod
    def order(self) -> int:
        """The order on x' = f(t, x)."""

    @property
    @abstractmethod
    def is_explicit(self) -> bool:
        """Whether every stage depends on earlier stages only."""

    @abstractmethod
    def facts(self) -> dict[str, object]:
        """What is proven, in words, beyond what all schemes have: for terminals and JSON."""

    @abstractmethod
    def text(self) -> str:
        """The coefficients as plain text of several lines, for terminals and docstrings."""

    @abstractmethod
    def record(self) -> dict[str, Any]:
        """What was proven when the scheme was verified, as JSON-able data."""
