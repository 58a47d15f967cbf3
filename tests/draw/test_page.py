"""One page of every kind: it can be drawn, and the same one each time."""

from pathlib import Path

import pytest

from odegraph.draw.page import _shown, draw_page
from odegraph.scheme import load_scheme

KINDS = [
    "rk4-classic",
    "gauss-2",
    "bdf-3",
    "strang",
    "ars-222",
    "ros2",
    "etd-2-rk",
    "velocity-verlet",
    "symplectic-euler",
]


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_has_a_page_and_the_same_one_each_time(tmp_path: Path, name: str):
    for stem in "ab":
        draw_page(load_scheme(name), tmp_path / f"{stem}.svg")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


@pytest.mark.parametrize("suffix", ["png", "pdf"])
def test_it_is_drawn_in_other_formats(tmp_path: Path, suffix: str):
    assert draw_page(load_scheme("heun-2"), tmp_path / f"page.{suffix}").stat().st_size > 10_000


def test_facts_read_as_mathematics():
    assert _shown("b1 = theta - 3/2 theta^2; b2 = 0") == "b1 = θ − 3/2 θ²; b2 = 0"
    assert _shown("z**4/24 - sqrt(2)") == "z⁴/24 − √2"
    assert _shown("stages 6, 7") == "stages 6, 7"
