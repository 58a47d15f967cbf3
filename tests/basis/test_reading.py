import json
import pickle

import pytest

from odegraph._errors import ProjectionError
from odegraph.basis import DiscontinuousPolynomial, PiecewiseConstant, basis_from_dict


def test_every_basis_is_read_back_from_its_table(basis):
    table = json.loads(json.dumps(basis.to_dict()))
    assert basis_from_dict(table) == basis
    assert hash(basis_from_dict(table)) == hash(basis)
    assert pickle.loads(pickle.dumps(basis)) == basis


def test_tables_read_well():
    assert PiecewiseConstant(8).to_dict() == {"kind": "piecewise-constant", "elements": 8}
    uneven = DiscontinuousPolynomial(degree=2, breakpoints=[0, "1/4", 1])
    assert uneven.to_dict() == {
        "kind": "discontinuous-polynomial",
        "breakpoints": ["0", "1/4", "1"],
        "degree": 2,
    }
    assert repr(uneven) == "DiscontinuousPolynomial(breakpoints=['0', '1/4', '1'], degree=2)"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"kind": "piecewise-constnt", "elements": 8}, "Did you mean `piecewise-constant`?"),
        ({"elements": 8}, "needs a `kind`. Known kinds: b-spline, chebyshev"),
        ({"kind": 7}, "no basis `7`"),
        ({"kind": ["haar"]}, "no basis"),
        (
            {"kind": "piecewise-constant", "element": 8},
            "no key `element`. Did you mean `elements`?",
        ),
        ({"kind": "legendre", "elements": 8}, "no key `elements`. Its keys: degree"),
        ({"kind": "legendre"}, "`degree` is `None`"),
        ({"kind": "cosine"}, "`size` is `None`"),
        ({"kind": "b-spline", "elements": 4}, "`degree` is `None`"),
        ({"kind": "piecewise-constant"}, "exactly one of them"),
        ({"kind": "piecewise-constant", "elements": "8"}, "`elements` is `8`"),
        ({"kind": "piecewise-constant", "breakpoints": [0, 0.5, 1]}, "exact rational"),
        ("piecewise-constant", "described by a table"),
    ],
)
def test_bad_tables_are_refused(table, message):
    with pytest.raises(ProjectionError, match=message.replace("?", r"\?")):
        basis_from_dict(table)
