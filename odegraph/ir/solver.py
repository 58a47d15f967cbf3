"""How the coupled stages of an implicit scheme are solved: an object, fixed at compile time.

The stages k_i = R(y_i + sum_j a_ij k_j, theta_i) are the fixed point of k = G(k). Every solver does
a fixed amount of work, so the graph stays static; `OdeBlock.residuals` shows what is left over.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import ClassVar, final

from odegraph._errors import GraphError
from odegraph._exact import shorten

MAX_ITERATIONS = 1000


@dataclass(frozen=True)
class Solver(ABC):
    """Solves coupled stages."""

    kind: ClassVar[str]

    @property
    @abstractmethod
    def evaluations(self) -> int:
        """How often one stage calls the unit."""

    def to_dict(self) -> dict[str, object]:
        """The solver as data."""
        return {"kind": self.kind, **asdict(self)}


@final
@dataclass(frozen=True)
class FixedPoint(Solver):
    """k <- G(k), from k = 0; converges where h |a| |dR/dx| < 1, so not for stiff units."""

    kind: ClassVar[str] = "fixed-point"
    iterations: int = 10

    def __post_init__(self) -> None:
        _check_count("iterations", self.iterations)

    @property
    def evaluations(self) -> int:
        """One an iteration."""
        return self.iterations


@final
@dataclass(frozen=True)
class NewtonKrylov(Solver):
    """Newton's method whose linear systems are solved by GMRES, for each sample by itself.

    Jacobian-free (Knoll and Keyes, 2004): products with the Jacobian are difference quotients of
    G. They only steer; the root is that of G itself.

    Attributes:
        iterations: Newton iterations, from k = 0.
        krylov: the dimension of each Krylov space; one as large as the stages of a sample together
            solves each linear system fully.
    """

    kind: ClassVar[str] = "newton-krylov"
    iterations: int = 4
    krylov: int = 6

    def __post_init__(self) -> None:
        _check_count("iterations", self.iterations)
        _check_count("krylov", self.krylov)

    @property
    def evaluations(self) -> int:
        """The residual and one difference quotient for each dimension, in each iteration."""
        return self.iterations * (1 + self.krylov)


@final
@dataclass(frozen=True)
class ExactLinear(Solver):
    """For R(x) = M x: k = (I - a (x) M)^-1 M y by one factorisation, exact to rounding.

    M is a dense matrix over all features of a sample. Where steps and theta are the same, it is
    computed once for all of them.
    """

    kind: ClassVar[str] = "exact-linear"

    @property
    def evaluations(self) -> int:
        """The product with the matrix."""
        return 1


_KINDS: Mapping[str, type[Solver]] = {
    kind.kind: kind for kind in (FixedPoint, NewtonKrylov, ExactLinear)
}


def checked_solver(solver: object) -> Solver | None:
    """A solver, or None for the default.

    Raises:
        GraphError: anything else.
    """
    if solver is None or isinstance(solver, Solver):
        return solver
    raise GraphError(
        f"`solver` is `{shorten(solver)}`; give `NewtonKrylov(iterations=4, krylov=6)`, "
        "`FixedPoint(iterations=10)` or `ExactLinear()`, or leave it out."
    )


def solver_from_dict(data: Mapping[str, object] | None) -> Solver | None:
    """The inverse of `Solver.to_dict`; None, as in checkpoints of old, is the default.

    Raises:
        GraphError: no such solver, or options that it does not have.
    """
    if data is None:
        return None
    options = {key: value for key, value in data.items() if key != "kind"}
    kind = _KINDS.get(str(data.get("kind")))
    if kind is None:
        raise GraphError(
            f"There is no solver `{shorten(data.get('kind'))}`. Known: {', '.join(_KINDS)}."
        )
    unknown = set(options) - set(kind.__dataclass_fields__)
    if unknown:
        raise GraphError(f"The solver `{kind.kind}` has no option `{shorten(min(unknown))}`.")
    return kind(**options)


def _check_count(name: str, value: object) -> None:
    is_integer = isinstance(value, int) and not isinstance(value, bool)
    if not is_integer or value not in range(1, MAX_ITERATIONS + 1):
        raise GraphError(
            f"`{name}` of a solver is `{shorten(value)}`; the graph is static, so it is an integer "
            f"between 1 and {MAX_ITERATIONS}."
        )
