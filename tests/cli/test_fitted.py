"""Coefficients in the width of a terminal: nothing is lost, whatever the width."""

import pytest

from odegraph.cli.fitted import fitted
from odegraph.scheme import load_scheme, scheme_names


def signs(text: str) -> list[str]:
    """Everything but bars, rules and blanks, in the order of reading."""
    words = (word for line in text.split("\n") for word in line.split())
    return [word for word in words if not set(word) <= set("|-+") or word in ("+", "-")]


@pytest.mark.parametrize("width", [70, 80])
def test_every_scheme_fits_with_all_of_its_numbers(width: int):
    for name in scheme_names():
        text = load_scheme(name).text()
        shown = fitted(text, width)
        assert max(map(len, shown.split("\n"))) <= width, name
        assert signs(shown) == signs(text), name


def test_what_fits_is_left_alone():
    text = load_scheme("rk4-classic").text()
    assert fitted(text, 80) == text


def test_columns_stay_aligned_where_narrow_gaps_are_enough():
    text = load_scheme("dormand-prince").text()
    shown = fitted(text, 80).split("\n")
    assert shown[4] == "8/9  | 19372/6561 -25360/2187 64448/6561 -212/729"
    assert shown[5] == "1    | 9017/3168  -355/33     46732/5247 49/176   -5103/18656"


def test_long_rows_go_on_below_their_first_entry():
    lines = fitted(load_scheme("kvaerno-3").text(), 80).split("\n")
    assert lines[3] == "1               | ≈0.308809969977  ≈1.49056338842  ≈-1.23523987991"
    assert lines[4] == "                | ≈0.435866521508"


def test_formulas_break_before_a_sign():
    lines = fitted(load_scheme("adams-moulton-4").text(), 80).split("\n")
    assert lines[1] == "    + 53/360 R[n+1] - 19/720 R[n])"
