"""Labels of logarithmic axes: plain over a short range."""

import pytest
from matplotlib.figure import Figure

from odegraph.draw import style


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0.02, 0.3, {"0.02", "0.1"}), (1e-4, 1e2, {"$\\mathdefault{10^{-2}}$"})],
)
def test_plain_numbers_over_less_than_two_decades(low, high, expected):
    axes = Figure().subplots()
    axes.plot([1, 2], [low, high])
    axes.set_yscale("log")
    style.logarithmic(axes.yaxis)
    axes.set_ylim(low, high)
    axes.figure.draw_without_rendering()
    labels = [label.get_text() for label in axes.get_yticklabels(which="both")]
    assert expected <= {*labels}
    assert any("mathdefault" in label for label in labels) == (high > 100 * low)
