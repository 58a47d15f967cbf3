"""Errors of one scheme over a sweep of step sizes."""

import math
from dataclasses import dataclass

import numpy as np

from odegraph._errors import OdegraphError


@dataclass(frozen=True)
class ErrorCurve:
    """Errors of one scheme over falling step sizes; `order` is None where no rate is expected."""

    scheme: str
    order: int | None
    step_sizes: tuple[float, ...]
    errors: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.step_sizes) != len(self.errors) or len(self.errors) < 2:
            raise OdegraphError(
                f"The error curve of `{self.scheme}` has {len(self.step_sizes)} step sizes and "
                f"{len(self.errors)} errors; it needs as many errors as step sizes, at least two."
            )
        if not all(a > b > 0 for a, b in zip(self.step_sizes, self.step_sizes[1:], strict=False)):
            raise OdegraphError(
                f"The step sizes of `{self.scheme}` are not positive and falling; sort them from "
                "the largest to the smallest."
            )
        if any(math.isnan(error) or error < 0 for error in self.errors):
            raise OdegraphError(
                f"The errors of `{self.scheme}` must be non-negative numbers; write `inf` for a "
                "run that did not stay finite."
            )

    def at(self, step_size: float) -> float:
        """The error at a step size, log-log interpolated between those measured; nan outside."""
        for h, error in zip(self.step_sizes, self.errors, strict=True):
            if math.isclose(h, step_size, rel_tol=1e-9):
                return error
        if not self.step_sizes[-1] < step_size < self.step_sizes[0]:
            return math.nan
        with np.errstate(divide="ignore", invalid="ignore"):
            steps, errors = np.log(self.step_sizes[::-1]), np.log(self.errors[::-1])
            return float(np.exp(np.interp(math.log(step_size), steps, errors)))

    @property
    def correction(self) -> float:
        """Richardson's estimate of e(0) - e(h) at the smallest step."""
        before, last = self.errors[-2:]
        if not math.isfinite(before + last):
            return math.inf
        ratio = (self.step_sizes[-2] / self.step_sizes[-1]) ** (self.order or 1)
        return (last - before) / (ratio - 1)

    @property
    def remainder(self) -> float:
        """Its size: how far the smallest step is from the limit."""
        return abs(self.correction)
