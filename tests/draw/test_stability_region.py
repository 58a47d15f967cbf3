import math
from pathlib import Path

import numpy as np
import pytest
import sympy
from catalogue_names import names_of_kind

from odegraph._errors import EmitError
from odegraph.draw.growth import growth, imaginary_limit, real_limit
from odegraph.draw.stability_region import draw_order_star, draw_stability_region
from odegraph.draw.window import stability_window
from odegraph.scheme import RungeKuttaScheme, load_scheme

SCHEMES = names_of_kind("runge-kutta")


def runge_kutta(name: str) -> RungeKuttaScheme:
    scheme = load_scheme(name)
    if not isinstance(scheme, RungeKuttaScheme):
        pytest.skip(f"{name} is not a Runge-Kutta scheme")
    return scheme


@pytest.mark.parametrize("name", SCHEMES)
def test_growth_is_the_exact_stability_function(name: str):
    scheme = runge_kutta(name)
    z = sympy.Rational(-3, 7) + sympy.I * sympy.Rational(2, 5)
    exact = complex(scheme.stability_function(z).evalf(30))
    np.testing.assert_allclose(growth(scheme)(complex(z)), exact, rtol=1e-12)


@pytest.mark.parametrize("name", SCHEMES)
def test_limits_agree_with_a_scan_of_the_axes(name: str):
    R = growth(runge_kutta(name))
    for limit, direction in ((real_limit(R), -1.0), (imaginary_limit(R), 1j)):
        inside = np.abs(R(direction * np.linspace(0, min(limit, 1e3), 2001)))
        assert inside.max() <= 1 + 1e-6
        if 0 < limit < math.inf:
            assert abs(R(direction * limit * 1.01)) > 1


@pytest.mark.parametrize(
    ("name", "real", "imaginary"),
    [
        ("euler", 2.0, 0.0),
        ("midpoint", 2.0, 0.0),
        ("ssp-rk-3-3", 2.5127453, math.sqrt(3)),
        ("rk4-classic", 2.7852936, math.sqrt(8)),
        ("backward-euler", math.inf, math.inf),
        ("gauss-2", math.inf, math.inf),
        ("radau-iia-2", math.inf, math.inf),
    ],
)
def test_known_limits(name: str, real: float, imaginary: float):
    R = growth(runge_kutta(name))
    assert real_limit(R) == pytest.approx(real, rel=1e-7)
    assert imaginary_limit(R) == pytest.approx(imaginary, rel=1e-12)


@pytest.mark.parametrize("name", SCHEMES)
def test_window_holds_the_origin_and_something_to_see(name: str):
    scheme = runge_kutta(name)
    R = growth(scheme)
    window = stability_window(R, stages=scheme.stages)
    assert abs(window.centre) < window.reach
    share = float((np.abs(R(window.points(101))) <= 1).mean())
    assert 0.02 < share < 0.98


@pytest.mark.parametrize("draw", [draw_stability_region, draw_order_star])
def test_same_scheme_same_bytes(tmp_path: Path, draw):
    scheme = runge_kutta("rk4-classic")
    for suffix in ("svg", "png", "pdf"):
        draw(scheme, tmp_path / f"a.{suffix}")
        draw(scheme, tmp_path / f"b.{suffix}")
        first = (tmp_path / f"a.{suffix}").read_bytes()
        assert first == (tmp_path / f"b.{suffix}").read_bytes()


@pytest.mark.parametrize(
    "name",
    ["bdf-4", "ros3p", "ars-343", "etd-4-rk", "strang", "stormer-verlet", "velocity-verlet"],
)
def test_every_kind_has_a_picture_and_the_same_one_each_time(tmp_path: Path, name: str):
    for stem in "ab":
        draw_stability_region(load_scheme(name), tmp_path / f"{stem}.svg")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_multistep_schemes_have_no_order_star(tmp_path: Path):
    message = r"`bdf-2` is of kind `linear-multistep`; an order star compares a rational"
    with pytest.raises(EmitError, match=message):
        draw_order_star(load_scheme("bdf-2"), tmp_path / "star.svg")
    assert not list(tmp_path.iterdir())
