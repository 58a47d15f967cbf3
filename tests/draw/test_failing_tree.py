"""The picture of the first failing condition: its text, and where its nodes stand."""

from pathlib import Path

import pytest

from odegraph._errors import EmitError
from odegraph.draw.condition_latex import condition_latex, failure_latex, multistep_failure_latex
from odegraph.draw.failing_tree import Placed, draw_failing_tree, failure_picture, placed
from odegraph.scheme import (
    LinearMultistepScheme,
    SchemeSpec,
    load_scheme,
    verify,
)
from odegraph.scheme.first_failure import Node, candidates, first_failure


@pytest.mark.parametrize(
    ("name", "required", "found"),
    [
        ("heun-2", r"\sum_{i} b_i\, c_i^{2} = \frac{1}{3}", r"\frac{1}{2}"),
        ("lobatto-iiib-2", r"\sum_{i,j,k} b_i\, a_{ij}\, a_{ik} = \frac{1}{3}", r"\frac{1}{4}"),
        (
            "strang",
            r"\sum_{i} b_i^{\mathrm{q}}\, (c_i^{\mathrm{p}})^{2} = \frac{1}{3}",
            r"\frac{1}{2}",
        ),
        (
            "ros3p",
            r"\sum_{i,j,k,l} b_i\, \alpha_{ij}\, \alpha_{ik}\, \alpha_{il} = \frac{1}{4}",
            r"\frac{1}{3}",
        ),
        ("velocity-verlet", r"\sum_{i,j} b_i\, \bar{a}_{ij} = \frac{1}{6}", r"\frac{1}{4}"),
        ("reversible-heun", r"\sum_{i} b_{1i}\, c_i^{2} = \frac{1}{3}", r"\frac{1}{2}"),
        ("etd-4-rk", r"\sum_{i} b_i^{(1)}\, c_i^{3} = \frac{1}{20}", r"\frac{1}{24}"),
    ],
)
def test_the_condition_in_the_letters_of_its_kind(name: str, required: str, found: str):
    scheme = load_scheme(name)
    failure = first_failure(scheme)
    assert failure is not None
    assert failure_latex(scheme, failure) == (required, found)


def test_multistep_schemes_have_a_condition_without_a_tree():
    scheme = load_scheme("bdf-2")
    assert isinstance(scheme, LinearMultistepScheme)
    left, found = multistep_failure_latex(scheme)
    assert r"\alpha_j j^{3} - 3 \beta_j j^{2}" in left
    assert found == r"- \frac{2}{9}"
    picture = failure_picture(scheme)
    assert picture is not None
    assert picture.tree is None


@pytest.mark.parametrize(
    "name", ["rk4-classic", "ars-343", "etd-4-rk", "nystrom-4", "lobatto-iiib-2"]
)
def test_different_trees_are_different_conditions(name: str):
    scheme = load_scheme(name)
    trees = [tree for tree, *_ in candidates(scheme)]
    assert len({condition_latex(scheme, tree) for tree in trees}) >= 0.5 * len(trees)
    assert all(condition_latex(scheme, tree) for tree in trees)


TURNING = [["0", "1"], ["1", "0"]]


@pytest.mark.parametrize(
    ("B", "V", "left", "found"),
    [
        # the second value stands still
        ([["1/2", "1/2"], ["0", "0"]], [["1", "0"], ["2", "-1"]], r"\sum_{i} b_{2i} = 1", "0"),
        # what a step conserves is the average of the values
        (
            [["1/2", "1/2"], ["3/4", "1/4"]],
            TURNING,
            r"\sum_{i} (w B)_{i}\, c_i = \frac{1}{2}",
            r"\frac{3}{8}",
        ),
    ],
)
def test_conditions_of_general_linear_schemes_name_their_weights(B, V, left, found):
    data = {"kind": "general-linear", "A": [[], ["1"]], "U": TURNING, "B": B, "V": V}
    scheme = verify(SchemeSpec.from_dict(data))
    failure = first_failure(scheme)
    assert failure is not None
    assert failure_latex(scheme, failure) == (left, found)
    assert failure_picture(scheme) is not None


def test_no_two_nodes_stand_in_one_place_and_children_stand_above():
    leaf = Node("τ")
    tree = Node("τ", (leaf, Node("τ", (leaf, Node("τ", (leaf, leaf)), leaf)), leaf))
    nodes = list(placed(tree).all())
    assert len({(node.x, node.y) for node in nodes}) == len(nodes) == 9

    def rises(node: Placed) -> bool:
        return all(child.y > node.y and rises(child) for child in node.children)

    assert rises(placed(tree))


def test_too_high_an_order_has_no_picture(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("odegraph.scheme.first_failure.MAX_ORDER", 4)
    message = r"`rk4-classic` has order 4; the trees of order 5 are too many"
    with pytest.raises(EmitError, match=message):
        draw_failing_tree(load_scheme("rk4-classic"), tmp_path / "tree.svg")


def test_same_scheme_same_bytes(tmp_path: Path):
    for stem in "ab":
        draw_failing_tree(load_scheme("ars-222"), tmp_path / f"{stem}.svg")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
