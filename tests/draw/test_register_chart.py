"""Register charts: what stands in them, and what has none."""

from pathlib import Path

import pytest

import odegraph as og
from odegraph.draw import draw_scheme_registers
from odegraph.draw.register_chart import symbol


def test_the_same_scheme_has_the_same_bytes_and_others_have_others(tmp_path: Path):
    one, again, other = (
        draw_scheme_registers(og.load_scheme(scheme), tmp_path / name).read_bytes()
        for name, scheme in (("one.svg", "euler"), ("again.svg", "euler"), ("other.svg", "heun-2"))
    )
    assert one == again
    assert one != other


def test_values_are_named_as_in_the_books():
    names = ["x0", "step0.x3", "step0.k12", "step1.sum2", "step0.J"]
    assert [symbol(name) for name in names] == ["x₀", "y₃", "k₁₂", "s₂", "J"]


def test_schemes_of_halves_have_no_chart(tmp_path: Path):
    with pytest.raises(og.EmitError, match=r"`nystrom-4` treats the halves.*`--picture step`"):
        draw_scheme_registers(og.load_scheme("nystrom-4"), tmp_path / "chart.svg")
