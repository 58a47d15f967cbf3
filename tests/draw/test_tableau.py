import re
from pathlib import Path

import pytest
from catalogue_names import names_of_kind

from odegraph.draw.tableau import draw_tableau, tableau_cells, tableau_latex
from odegraph.scheme import RungeKuttaScheme, load_scheme


def runge_kutta(name: str) -> RungeKuttaScheme:
    scheme = load_scheme(name)
    if not isinstance(scheme, RungeKuttaScheme):
        pytest.skip(f"{name} is not a Runge-Kutta scheme")
    return scheme


def test_latex_of_rk4():
    assert tableau_latex(runge_kutta("rk4-classic")) == "\n".join(
        [
            r"\begin{array}{c|cccc}",
            r"0 \\",
            r"\frac{1}{2} & \frac{1}{2} \\",
            r"\frac{1}{2} & 0 & \frac{1}{2} \\",
            r"1 & 0 & 0 & 1 \\",
            r"\hline",
            r" & \frac{1}{6} & \frac{1}{3} & \frac{1}{3} & \frac{1}{6}",
            r"\end{array}",
        ]
    )


def test_latex_of_gauss_keeps_the_roots():
    text = tableau_latex(runge_kutta("gauss-2"))
    assert r"\frac{1}{4} - \frac{\sqrt{3}}{6}" in text
    assert "0." not in text


@pytest.mark.parametrize("name", names_of_kind("runge-kutta"))
def test_what_is_left_out_is_zero_and_what_is_shown_reads_back(name: str):
    scheme = runge_kutta(name)
    cells = tableau_cells(scheme)
    assert len(cells.rows) == len(cells.nodes) == scheme.stages
    assert all(len(row) == scheme.stages for row in cells.weights)
    for i, row in enumerate(cells.rows):
        assert all(scheme.A[i, j] == 0 for j in range(len(row), scheme.stages))
        for j, text in enumerate(row):
            plain = re.fullmatch(r"(-?)\\frac\{(\d+)\}\{(\d+)\}", text)
            if plain:
                sign, numerator, denominator = plain.groups()
                assert scheme.A[i, j] * int(denominator) == int(sign + numerator)


@pytest.mark.parametrize("name", ["backward-euler", "dormand-prince", "gauss-2"])
def test_same_scheme_same_bytes(tmp_path: Path, name: str):
    scheme = runge_kutta(name)
    for suffix in ("svg", "png"):
        draw_tableau(scheme, tmp_path / f"a.{suffix}")
        draw_tableau(scheme, tmp_path / f"b.{suffix}")
        first = (tmp_path / f"a.{suffix}").read_bytes()
        assert first == (tmp_path / f"b.{suffix}").read_bytes()
