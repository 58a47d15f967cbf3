"""The Butcher tableau as sympy matrices, for whoever computes with them."""

from abc import ABC
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, final

import sympy

from odegraph.scheme.tableau import Tableau, Vector, column, matrix


class WeightsAndTimes(Protocol):
    """A tableau of any kind with one row of weights."""

    @property
    def b(self) -> Vector:
        """The weights."""
        ...

    @property
    def c(self) -> Vector:
        """The stage times."""
        ...


class StageColumns(ABC):
    """What has stages with weights and times shows them as b and c."""

    tableau: WeightsAndTimes

    @cached_property
    def b(self) -> sympy.ImmutableMatrix:
        """The weights, an s x 1 column."""
        return column(self.tableau.b)

    @cached_property
    def c(self) -> sympy.ImmutableMatrix:
        """The stage times in units of h, an s x 1 column."""
        return column(self.tableau.c)


@dataclass(frozen=True)
class ButcherMatrices(StageColumns):
    """What has a Butcher tableau shows it as A, b, c and b_embedded."""

    tableau: Tableau  # pyright: ignore[reportIncompatibleVariableOverride]

    @cached_property
    def A(self) -> sympy.ImmutableMatrix:
        """The s x s matrix of the stages."""
        return matrix(self.tableau.A)

    @cached_property
    def b_embedded(self) -> sympy.ImmutableMatrix | None:
        """The weights of the embedded method, an s x 1 column, if there is one."""
        embedded = self.tableau.b_embedded
        return None if embedded is None else column(embedded)


@final
@dataclass(frozen=True)
class TableauPart(ButcherMatrices):
    """The tableau of one part of a method with several."""
