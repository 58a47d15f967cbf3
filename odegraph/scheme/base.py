"""What all proven schemes have in common."""

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from typing import Any, final

from odegraph.scheme.spec import SchemeSpec


@dataclass(frozen=True)
class Orders(ABC):
    """The outcome of a proof; a kind adds the orders that its theory knows beside this one."""

    order: int


@final
@dataclass(frozen=True)
class SingleOrder(Orders):
    """The outcome of a proof that knows one order only."""


@dataclass(frozen=True)
class Scheme(ABC):
    """A time-integration method whose order has been proven. Only a `Verifier` makes one.

    `spec` is what the file says; writing it out and verifying it again gives an equal scheme.
    """

    spec: SchemeSpec
    orders: Orders

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
    def order(self) -> int:
        """The proven order, on the non-autonomous systems that the kind is for."""
        return self.orders.order

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user of the scheme should know, one sentence each."""
        return ()

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

    def record(self) -> dict[str, Any]:
        """What was proven when the scheme was verified, as data; see `odegraph.scheme.proofs`."""
        return asdict(self.orders)
