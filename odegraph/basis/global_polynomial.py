"""Polynomials on the whole of [0, 1]: Legendre and Chebyshev series."""

import math
from abc import abstractmethod
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import ClassVar, Self, final

from odegraph._errors import ProjectionError
from odegraph.basis.border import HIGHEST_DEGREE, checked_count
from odegraph.basis.mesh import Mesh, Side, make_mesh
from odegraph.basis.piecewise_polynomial import LocalFunctions, PiecewisePolynomial
from odegraph.basis.polynomial import CONSTANT, ONE, ZERO, Polynomial, add, multiply, scale

# x = 2 s - 1 maps [0, 1] to the interval [-1, 1] of the classical polynomials.
SHIFTED: Polynomial = (-ONE, Fraction(2))


class GlobalPolynomial(PiecewisePolynomial):
    """One polynomial over all depths, as a series of `degree` + 1 classical polynomials."""

    degree: int
    keys: ClassVar[tuple[str, ...]] = ("degree",)

    @abstractmethod
    def __init__(self, degree: int) -> None: ...

    @property
    def size(self) -> int:
        """The degree and one."""
        return self.degree + 1

    @property
    def jumps(self) -> tuple[Fraction, ...]:
        """None: theta is smooth."""
        return ()

    @property
    def nodes(self) -> tuple[tuple[Fraction, Side], ...]:
        """Rational points next to the Chebyshev points, where interpolation is well conditioned."""
        return tuple((t, "right" if t < 1 else "left") for t in clustered_points(self.size))

    def constant_coefficients(self) -> tuple[Fraction, ...]:
        """The first function is 1."""
        return (ONE,) + (ZERO,) * self.degree

    def refined(self, factor: int = 2) -> Self:
        """The degree for which there are `factor` times as many coefficients."""
        factor = checked_count(factor, name="factor", least=1)
        return type(self)(self.size * factor - 1)

    def coarsened(self, factor: int = 2) -> Self:
        """A number of coefficients divided by `factor`."""
        size = divided(self.size, factor=checked_count(factor, name="factor", least=1))
        return type(self)(size - 1)

    def to_dict(self) -> dict[str, object]:
        """The kind and the degree."""
        return {"kind": self.kind, "degree": self.degree}


@final
@dataclass(frozen=True, init=False, repr=False)
class Legendre(GlobalPolynomial):
    """Legendre polynomials P_k(2t - 1), orthogonal: the integral of P_k squared is 1 / (2k + 1).

    (k + 1) P_{k+1} = (2k + 1) x P_k - k P_{k-1} (Abramowitz and Stegun 1964, 22.7.10).
    """

    degree: int
    mesh: Mesh
    kind: ClassVar[str] = "legendre"
    is_orthogonal: ClassVar[bool] = True

    def __init__(self, degree: int) -> None:
        degree = checked_count(degree, name="degree", least=0, most=HIGHEST_DEGREE)
        object.__setattr__(self, "degree", degree)
        object.__setattr__(self, "mesh", make_mesh(1, None))

    def element_functions(self, element: int) -> LocalFunctions:
        """P_0 to P_degree."""
        return tuple((element + k, p) for k, p in enumerate(legendre_polynomials(self.degree)))


@final
@dataclass(frozen=True, init=False, repr=False)
class Chebyshev(GlobalPolynomial):
    """Chebyshev polynomials of the first kind T_k(2t - 1): cos(k arccos(2t - 1)).

    T_{k+1} = 2 x T_k - T_{k-1} (Abramowitz and Stegun 1964, 22.7.4).
    """

    degree: int
    mesh: Mesh
    kind: ClassVar[str] = "chebyshev"

    def __init__(self, degree: int) -> None:
        degree = checked_count(degree, name="degree", least=0, most=HIGHEST_DEGREE)
        object.__setattr__(self, "degree", degree)
        object.__setattr__(self, "mesh", make_mesh(1, None))

    def element_functions(self, element: int) -> LocalFunctions:
        """T_0 to T_degree."""
        return tuple((element + k, p) for k, p in enumerate(chebyshev_polynomials(self.degree)))


@lru_cache(maxsize=HIGHEST_DEGREE + 1)
def legendre_polynomials(degree: int) -> tuple[Polynomial, ...]:
    """P_0(2s - 1) to P_degree(2s - 1)."""
    family: list[Polynomial] = [CONSTANT, SHIFTED]
    for k in range(1, degree):
        forward = scale(multiply(SHIFTED, family[k]), Fraction(2 * k + 1, k + 1))
        family.append(add(forward, scale(family[k - 1], Fraction(-k, k + 1))))
    return tuple(family[: degree + 1])


@lru_cache(maxsize=HIGHEST_DEGREE + 1)
def chebyshev_polynomials(degree: int) -> tuple[Polynomial, ...]:
    """T_0(2s - 1) to T_degree(2s - 1)."""
    family: list[Polynomial] = [CONSTANT, SHIFTED]
    for k in range(1, degree):
        forward = scale(multiply(SHIFTED, family[k]), Fraction(2))
        family.append(add(forward, scale(family[k - 1], -ONE)))
    return tuple(family[: degree + 1])


def clustered_points(size: int) -> tuple[Fraction, ...]:
    """The Chebyshev points (1 - cos(pi i / (size - 1))) / 2, rounded to multiples of 1/4096.

    Any distinct points determine a polynomial, so that rounding them costs no exactness.
    """
    if size == 1:
        return (Fraction(1, 2),)
    angles = (math.pi * i / (size - 1) for i in range(size))
    return tuple(Fraction(round(2048 * (1 - math.cos(angle))), 4096) for angle in angles)


def divided(size: int, *, factor: int) -> int:
    """The number of coefficients `size` / `factor`, refused where it is not whole."""
    if size % factor:
        raise ProjectionError(
            f"A basis with {size} coefficients cannot be coarsened by `{factor}`: the factor must "
            "divide the number of coefficients. Project to a smaller basis instead."
        )
    return size // factor
