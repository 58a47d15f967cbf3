import re
from pathlib import Path

import pytest
from catalogue_names import names_of_kind

from odegraph.draw.tableau import draw_tableau
from odegraph.draw.tableau_latex import scheme_arrays, tableau_latex
from odegraph.scheme import RungeKuttaScheme, load_scheme, scheme_names

ARRAY = re.compile(r"\\begin\{array\}\{c\|([c|]*)\}(.*?)\\end\{array\}", re.DOTALL)


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
    (array,) = scheme_arrays(scheme)
    stages, weights = array.rows[: scheme.stages], array.rows[scheme.stages :]
    assert array.rule == len(stages) == scheme.stages
    assert all(len(row) == scheme.stages + 1 for row in weights)
    for i, (_, *row) in enumerate(stages):
        assert all(scheme.A[i, j] == 0 for j in range(len(row), scheme.stages))
        for j, text in enumerate(row):
            plain = re.fullmatch(r"(-?)\\frac\{(\d+)\}\{(\d+)\}", text)
            if plain:
                sign, numerator, denominator = plain.groups()
                assert scheme.A[i, j] * int(denominator) == int(sign + numerator)


@pytest.mark.parametrize("name", scheme_names())
def test_every_scheme_is_an_array_of_full_columns(name: str):
    text = tableau_latex(load_scheme(name))
    for columns, body in ARRAY.findall(text):
        rows = [row for row in body.replace("\\hline", "").split(r" \\") if row.strip()]
        assert max(row.count("&") for row in rows) == columns.count("c")
    assert len(ARRAY.findall(text)) == text.count(r"\begin{array}") >= 1


def test_latex_of_other_kinds():
    assert r"\alpha_j & \frac{1}{3} & - \frac{4}{3} & 1" in tableau_latex(load_scheme("bdf-2"))
    assert r"\varphi_{1} - 3 \varphi_{2} + 4 \varphi_{3}" in tableau_latex(load_scheme("etd-4-rk"))
    assert tableau_latex(load_scheme("strang")).splitlines()[1:3] == [
        r"\mathrm{drift} & \frac{1}{2} &  & \frac{1}{2} \\",
        r"\mathrm{kick} &  & 1 & ",
    ]
    nystrom = tableau_latex(load_scheme("velocity-verlet"))
    assert r"\bar{b} & \frac{1}{2} & 0 \\" in nystrom
    assert tableau_latex(load_scheme("ars-222")).count(r"\begin{array}") == 2


def test_a_tex_file_is_one_displayed_formula(tmp_path: Path):
    written = draw_tableau(load_scheme("heun-2"), tmp_path / "heun.tex").read_text("utf-8")
    assert written.startswith("% ")
    assert written.count(r"\[") == written.count(r"\]") == 1
    assert tableau_latex(load_scheme("heun-2")) in written


@pytest.mark.parametrize(
    "name", ["backward-euler", "dormand-prince", "gauss-2", "bdf-3", "ros2", "etd-4-rk", "strang"]
)
def test_same_scheme_same_bytes(tmp_path: Path, name: str):
    scheme = load_scheme(name)
    for suffix in ("svg", "png"):
        draw_tableau(scheme, tmp_path / f"a.{suffix}")
        draw_tableau(scheme, tmp_path / f"b.{suffix}")
        first = (tmp_path / f"a.{suffix}").read_bytes()
        assert first == (tmp_path / f"b.{suffix}").read_bytes()
