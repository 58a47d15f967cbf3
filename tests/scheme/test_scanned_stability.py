"""A-stability of linearly implicit schemes against a scan of the left half-plane."""

import numpy as np
import pytest
from catalogue_names import names_of_kind

from odegraph.scheme import load_scheme
from odegraph.scheme.number_field import to_sympy

NAMES = names_of_kind("rosenbrock")


@pytest.mark.parametrize("name", NAMES)
def test_a_stability_agrees_with_a_scan_of_the_left_half_plane(name):
    scheme = load_scheme(name)
    P, Q = ([float(to_sympy(x)) for x in p] for p in (scheme.stability.P, scheme.stability.Q))
    radius = np.logspace(-2, 4, 600)[:, None]
    z = radius * np.exp(1j * np.linspace(np.pi / 2, np.pi, 91))
    growth = np.abs(np.polyval(P[::-1], z) / np.polyval(Q[::-1], z))
    assert (growth <= 1 + 1e-9).all() == scheme.is_a_stable
    if scheme.is_l_stable:
        assert growth[-1].max() < 0.01
