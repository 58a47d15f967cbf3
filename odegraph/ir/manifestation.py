"""A manifestation: one discrete form of a continuous block."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from odegraph._errors import GraphError, OdegraphError
from odegraph._exact import as_fraction, shorten
from odegraph.basis import Basis, PiecewiseConstant, basis_from_dict
from odegraph.ir.solver import Solver, checked_solver, solver_from_dict
from odegraph.scheme import Scheme, SchemeSpec, load_scheme, verify

MAX_STEPS = 100_000


@dataclass(frozen=True)
class Manifestation:
    """Scheme, basis and time grid of dx/dt = span * R(x, theta(t)), t in [0, 1].

    Made by `manifestation`, which checks; nobody downstream checks again.

    Attributes:
        scheme: the proven integration scheme.
        basis: the basis in depth of the unit's parameters.
        state_basis: the basis in depth of the unit's buffers (running statistics); None where the
            unit has none.
        grid: depths 0 = t_0 < t_1 < ... < t_K = 1, exact.
        span: length of the depth interval in the unit's own time.
        solver: solves the stages of an implicit scheme; None takes what suits the unit.
    """

    scheme: Scheme
    basis: Basis
    state_basis: Basis | None
    grid: tuple[Fraction, ...]
    span: Fraction
    solver: Solver | None = None

    @property
    def steps(self) -> int:
        """Number of time steps."""
        return len(self.grid) - 1

    @cached_property
    def intervals(self) -> tuple[tuple[Fraction, Fraction], ...]:
        """The steps as depth intervals (t_n, t_{n+1})."""
        return tuple(itertools.pairwise(self.grid))

    @property
    def is_uniform(self) -> bool:
        """Whether all steps have the same length."""
        return self.grid == uniform_grid(self.steps)

    @property
    def straddled_jumps(self) -> tuple[Fraction, ...]:
        """Depths where theta(t) jumps strictly inside a step: there the scheme may lose order."""
        on_grid = set(self.grid)
        return tuple(jump for jump in self.basis.jumps if jump not in on_grid)

    def __deepcopy__(self, memo: dict) -> "Manifestation":
        return self  # frozen all the way down

    def to_dict(self) -> dict[str, object]:
        """The manifestation as data: exact numbers as text, the tableau included."""
        solver: dict[str, object] = {} if self.solver is None else {"solver": self.solver.to_dict()}
        return solver | {
            "scheme": self.scheme.spec.to_dict(),
            "basis": self.basis.to_dict(),
            "state_basis": None if self.state_basis is None else self.state_basis.to_dict(),
            "grid": [str(depth) for depth in self.grid],
            "span": str(self.span),
        }


def manifestation(
    scheme: Scheme | str,
    *,
    basis: Basis,
    steps: int | None = None,
    grid: Sequence[Fraction | int | str] | None = None,
    span: Fraction | int | float | str = 1,
    state_basis: Basis | None = None,
    solver: Solver | None = None,
) -> Manifestation:
    """Check and build a `Manifestation`; exactly one of `steps` (uniform) and `grid` is given.

    Raises:
        GraphError: steps < 1, a grid that does not run from 0 to 1, a span that is not positive.
        SchemeError: no such scheme.
    """
    if (steps is None) == (grid is None):
        raise GraphError("Give either `steps` (a uniform grid) or `grid` (depths from 0 to 1).")
    return Manifestation(
        scheme=load_scheme(scheme) if isinstance(scheme, str) else _checked_scheme(scheme),
        basis=_checked_basis(basis),
        state_basis=None if state_basis is None else _checked_basis(state_basis),
        grid=uniform_grid(steps) if grid is None else checked_grid(grid),
        span=checked_span(span),
        solver=checked_solver(solver),
    )


def manifestation_from_dict(data: dict) -> Manifestation:
    """The inverse of `Manifestation.to_dict`; the tableau is proven again."""
    state = data["state_basis"]
    return manifestation(
        verify(SchemeSpec.from_dict(data["scheme"])),
        basis=basis_from_dict(data["basis"]),
        state_basis=None if state is None else basis_from_dict(state),
        grid=data["grid"],
        span=data["span"],
        solver=solver_from_dict(data.get("solver")),
    )


def statistics_basis(basis: Basis) -> Basis:
    """The basis of running statistics beside `basis`: piecewise constant on the same elements.

    Averages over elements keep a positive statistic positive.
    """
    if isinstance(basis, PiecewiseConstant):
        return basis
    return PiecewiseConstant(breakpoints=basis.breakpoints)


def uniform_grid(steps: object) -> tuple[Fraction, ...]:
    """Depths 0, 1/K, ..., 1.

    Raises:
        GraphError: `steps` is not an integer between 1 and 100,000.
    """
    if isinstance(steps, bool) or not isinstance(steps, int):
        raise GraphError(
            f"`steps` is `{shorten(steps)}`, a {type(steps).__name__}; it must be an integer."
        )
    if not 1 <= steps <= MAX_STEPS:
        raise GraphError(
            f"`steps` is `{steps}`; a block takes between 1 and {MAX_STEPS} steps over its depth."
        )
    return tuple(Fraction(n, steps) for n in range(steps + 1))


def checked_grid(grid: object) -> tuple[Fraction, ...]:
    """Depths as exact rationals that rise from 0 to 1.

    Raises:
        GraphError: floats, unsorted depths, or ends other than 0 and 1.
    """
    if isinstance(grid, str | bytes) or not isinstance(grid, Iterable):
        raise GraphError(
            f"`grid` is `{shorten(grid)}`, a {type(grid).__name__}; it must be a list of depths, "
            'such as [0, "1/4", 1].'
        )
    try:
        depths = tuple(as_fraction(depth, name="A depth of `grid`") for depth in grid)
    except OdegraphError as error:
        raise GraphError(str(error)) from error
    shown = ", ".join(str(depth) for depth in depths[:12]) + (", ..." if len(depths) > 12 else "")
    if len(depths) < 2 or depths[0] != 0 or depths[-1] != 1:
        raise GraphError(
            f"`grid` is [{shown}]; depth runs from 0 to 1, so it begins with 0 and ends with 1."
        )
    for before, after in itertools.pairwise(depths):
        if before >= after:
            raise GraphError(
                f"`grid` is [{shown}]; depths must rise, but {after} follows {before}."
            )
    if len(depths) > MAX_STEPS + 1:
        raise GraphError(f"`grid` has {len(depths) - 1} steps; at most {MAX_STEPS} are compiled.")
    return depths


def checked_span(span: object) -> Fraction:
    """The span as an exact positive rational; a float is read as the decimal that it prints as.

    Raises:
        GraphError: not a positive finite number.
    """
    try:
        is_float = isinstance(span, float)
        value = Fraction(repr(span)) if is_float else as_fraction(span, name="`span`")
    except (OdegraphError, ValueError) as error:
        raise GraphError(
            f"`span` is `{shorten(span)}`; it is the length of the depth interval in the unit's "
            'own time, a positive number such as 8 or "1/10".'
        ) from error
    if value <= 0:
        raise GraphError(f"`span` is `{shorten(span)}`; it must be positive.")
    return value


def _checked_scheme(scheme: object) -> Scheme:
    if isinstance(scheme, Scheme):
        return scheme
    raise GraphError(
        f"`scheme` is a {type(scheme).__name__}; give a catalogue name, a path that ends in .toml, "
        "or what `load_scheme` returned."
    )


def _checked_basis(basis: object) -> Basis:
    if isinstance(basis, Basis):
        return basis
    raise GraphError(
        f"`basis` is a {type(basis).__name__}; give a basis such as `PiecewiseConstant(8)`."
    )
