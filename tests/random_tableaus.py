"""Random explicit tableaus for hypothesis: zeros, equal stages, weights that cancel, roots."""

from fractions import Fraction

from hypothesis import strategies as st

from odegraph.scheme import RungeKuttaScheme, SchemeSpec, verify

NUMBERS = ["0", "0", "1", "-1", "1/2", "1/3", "-2/3", "5/4", "sqrt(2)/2", "1/2 - sqrt(3)/6"]
RATIONAL = [text for text in NUMBERS if "sqrt" not in text]


@st.composite
def explicit_tableaus(draw, *, most: int = 4) -> RungeKuttaScheme:
    """An explicit scheme of order 1 at least: the last weight makes the sum one."""
    stages = draw(st.integers(1, most))
    rows = [draw(st.lists(st.sampled_from(NUMBERS), min_size=i, max_size=i)) for i in range(stages)]
    for i in range(1, stages):
        if draw(st.booleans()):  # a stage that repeats an earlier one
            rows[i] = [*rows[i - 1], *["0"] * (i - len(rows[i - 1]))]
    weights = draw(st.lists(st.sampled_from(RATIONAL), min_size=stages - 1, max_size=stages - 1))
    last = 1 - sum(Fraction(text) for text in weights)
    spec = {"title": "Random", "kind": "runge-kutta", "A": rows, "b": [*weights, str(last)]}
    scheme = verify(SchemeSpec.from_dict(spec, name="random"))
    assert isinstance(scheme, RungeKuttaScheme)
    return scheme
