from types import SimpleNamespace
from typing import cast

import pytest

from odegraph._errors import EmitError
from odegraph.draw.kinds import require_runge_kutta
from odegraph.scheme import RungeKuttaScheme, Scheme, load_scheme


def test_a_runge_kutta_scheme_has_a_tableau():
    assert isinstance(
        require_runge_kutta(load_scheme("euler"), picture="tableau"), RungeKuttaScheme
    )


def test_other_kinds_are_refused():
    other = cast(Scheme, SimpleNamespace(name="leapfrog", kind="multistep"))
    message = r"`leapfrog` is of kind `multistep`; a tableau is drawn of Runge-Kutta schemes only"
    with pytest.raises(EmitError, match=message):
        require_runge_kutta(other, picture="tableau")
