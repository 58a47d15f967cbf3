from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from drawn_blocks import block
from example_units import Normed, Tanh

from odegraph._errors import EmitError
from odegraph.basis import PiecewiseConstant, PiecewiseLinear
from odegraph.block import OdeBlock, project, refine
from odegraph.draw import draw_parameters_in_depth
from odegraph.draw.parameters_in_depth import slot_in_depth


@pytest.fixture
def trained() -> OdeBlock:
    torch.manual_seed(0)
    made = block("midpoint", PiecewiseConstant(4), steps=4)
    with torch.no_grad():
        for slot in made.parameters():
            slot += torch.randn_like(slot)
    return made


def test_pieces_hold_the_coefficients(trained: OdeBlock):
    slot = slot_in_depth(trained, "theta.f.weight")
    coefficients = trained.state_dict()["theta.f.weight"]
    assert len(slot.pieces) == 4
    for piece, coefficient in zip(slot.pieces, coefficients, strict=True):
        assert np.array_equal(piece.values, np.tile(coefficient.flatten(), (len(piece.depths), 1)))


def test_hats_are_interpolated(trained: OdeBlock):
    hats = project(trained, basis=PiecewiseLinear(3))
    slot = slot_in_depth(hats, "theta.g.bias")
    nodes = hats.state_dict()["theta.g.bias"].numpy()
    for piece in slot.pieces:
        for column in range(nodes.shape[1]):
            expected = np.interp(piece.depths, np.arange(4) / 3, nodes[:, column])
            assert np.allclose(piece.values[:, column], expected, rtol=0, atol=1e-14)


def test_refinement_changes_no_value(trained: OdeBlock):
    coarse, fine = (slot_in_depth(b, "theta.f.bias") for b in (trained, refine(trained)))
    for n, piece in enumerate(fine.pieces):
        assert np.array_equal(piece.values[0], coarse.pieces[n // 2].values[0])
    assert fine.breakpoints[1] == Fraction(1, 8)


def test_the_entries_that_vary_most_are_shown(trained: OdeBlock):
    weight = trained.state_dict()["theta.f.weight"]
    widths = (weight.max(0).values - weight.min(0).values).flatten()
    shown = slot_in_depth(trained, "theta.f.weight").most_varying(3)
    threshold = widths.sort(descending=True).values[2]
    assert [bool(widths[2 * i + j] >= threshold) for i, j in shown] == [True] * 3


def test_statistics_have_their_own_basis():
    normed = block("euler", PiecewiseLinear(2), unit=Normed(2), steps=2)
    slot = slot_in_depth(normed, "state.norm.running_var")
    assert [piece.values.tolist()[0] for piece in slot.pieces] == [[1.0, 1.0]] * 2


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_before_and_after_are_drawn(trained: OdeBlock, tmp_path: Path, suffix: str):
    path = tmp_path / f"theta.{suffix}"
    after = project(trained, basis=PiecewiseLinear(2))
    drawn = draw_parameters_in_depth(
        after, path, slot="theta.f.weight", entries=[(0, 1)], before=trained
    )
    assert drawn == path
    first = path.read_bytes()
    draw_parameters_in_depth(after, path, slot="theta.f.weight", entries=[(0, 1)], before=trained)
    assert path.read_bytes() == first
    if suffix == "svg":
        assert "dasharray" in first.decode()
        ElementTree.fromstring(first)


def test_unknown_slots_are_refused(trained: OdeBlock):
    with pytest.raises(EmitError, match=r"no slot `theta.f.wieght`. Did you mean `theta.f.weight`"):
        slot_in_depth(trained, "theta.f.wieght")
    with pytest.raises(EmitError, match=r"no slot `x`. It has: theta.f.weight, theta.f.bias"):
        slot_in_depth(trained, "x")


def test_entries_lie_inside_the_tensor(trained: OdeBlock, tmp_path: Path):
    message = r"`theta.f.bias` has no entry `\(9,\)`: .* has the shape \[5\]"
    with pytest.raises(EmitError, match=message):
        draw_parameters_in_depth(trained, tmp_path / "a.svg", slot="theta.f.bias", entries=[(9,)])


def test_only_blocks_of_one_unit_are_compared(trained: OdeBlock, tmp_path: Path):
    other = block("euler", PiecewiseConstant(1), unit=Tanh(2, 7), steps=1)
    message = r"`theta.f.bias` has the shape \[5\] in the block and \[7\] in `before`"
    with pytest.raises(EmitError, match=message):
        draw_parameters_in_depth(trained, tmp_path / "a.svg", slot="theta.f.bias", before=other)
