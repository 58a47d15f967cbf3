"""The order of a scheme, measured in many digits."""

from collections.abc import Callable
from typing import Any

from mpmath import mp, mpf

DIGITS = 60


def order_of_one_step(error: Callable[[Any, Any], Any], *, inverse_h: int) -> float:
    """p where the error of one step from t = 3/10, `error(h, t)`, falls like h^(p + 1)."""
    with mp.workdps(DIGITS):
        h, t0 = mpf(1) / inverse_h, mpf(3) / 10
        return float(mp.log(error(h, t0) / error(h / 2, t0), 2)) - 1
