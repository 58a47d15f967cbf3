"""The first failing condition of every kind, against the proof of its order."""

from dataclasses import replace

import pytest

from odegraph._errors import SchemeError
from odegraph.scheme import (
    LinearMultistepScheme,
    RungeKuttaScheme,
    load_scheme,
    scheme_names,
    verify,
)
from odegraph.scheme.first_failure import Node, candidates, first_failure

CLAIMABLE = [name for name in scheme_names() if not name.endswith("-family")]


def nodes(tree: Node) -> int:
    return 1 + sum(map(nodes, tree.children))


@pytest.mark.parametrize("name", CLAIMABLE)
def test_it_is_a_tree_of_the_next_order_that_fails(name: str):
    scheme = load_scheme(name)
    failure = first_failure(scheme)
    if isinstance(scheme, LinearMultistepScheme):
        assert failure is None
        return
    assert failure is not None
    assert nodes(failure.tree) == scheme.order + 1
    assert failure.found != failure.required
    assert any(tree == failure.tree for tree, *_ in candidates(scheme))


@pytest.mark.parametrize(
    "name", ["euler", "heun-3", "rk4-classic", "dormand-prince", "rko-65", "lobatto-iiib-2"]
)
def test_it_is_the_condition_of_the_proof(name: str):
    scheme = load_scheme(name)
    assert isinstance(scheme, RungeKuttaScheme)
    failure, failed = first_failure(scheme), scheme.failed_condition
    assert failure is not None
    assert failed is not None
    assert (failure.required, failure.found) == (failed.required, failed.found)
    assert str(failure.tree).replace("τ[", "[") == str(failed.tree)


@pytest.mark.parametrize("name", ["ars-222", "strang", "velocity-verlet", "ros3p", "etd-2-rk"])
def test_a_claim_of_one_order_more_is_refused_with_the_same_tree(name: str):
    scheme = load_scheme(name)
    failure = first_failure(scheme)
    assert failure is not None
    claims = {"order": scheme.order + 1}
    with pytest.raises(SchemeError) as refused:
        verify(replace(scheme.spec, claims=claims))
    tree = str(failure.tree).replace("τ[", "[")
    assert f"tree {tree}: " in str(refused.value)
