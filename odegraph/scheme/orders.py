"""The proofs of the orders of a tableau, and their outcome."""

from dataclasses import dataclass, replace
from typing import final

from odegraph.scheme.base import Orders
from odegraph.scheme.dense_output import prove_dense
from odegraph.scheme.order_conditions import (
    Condition,
    StageVectors,
    prove_linear_order,
    prove_order,
)
from odegraph.scheme.order_proof import OrderProof, first_failures
from odegraph.scheme.rooted_trees import rooted_trees, timed_trees
from odegraph.scheme.tableau import Tableau, Vector


@final
@dataclass(frozen=True)
class ProvenOrders(Orders):
    """The orders of a tableau; `embedded` and `dense` are None where it has no such weights."""

    autonomous: int
    linear: int
    embedded: int | None
    dense: int | None = None


def prove_tableau(tableau: Tableau) -> tuple[ProvenOrders, dict[str, object | None]]:
    """The orders, and the first condition that fails for each claim about one."""
    proofs = prove_orders(tableau)
    failed = first_failures(proofs)
    orders = proven_orders(tableau, proofs)
    if tableau.b_dense is None:
        return orders, failed
    dense = prove_dense(tableau, StageVectors(tableau.A, tableau.c))
    return replace(orders, dense=dense.order), {**failed, "dense_order": dense.failed}


def prove_orders(tableau: Tableau) -> dict[str, OrderProof[Condition]]:
    """The proofs of `order`, `autonomous_order` and, if it exists, `embedded_order`."""
    vectors = StageVectors(tableau.A, tableau.c)
    proofs = {"order": prove_weights(tableau, tableau.b, vectors)}
    proofs["autonomous_order"] = proofs["order"]
    if not tableau.has_row_sum_nodes:
        autonomous = StageVectors(tableau.A, tableau.row_sums)
        proofs["autonomous_order"] = prove_order(autonomous, tableau.b, vanishes=tableau.vanishes)
    if tableau.b_embedded is not None:
        proofs["embedded_order"] = prove_weights(tableau, tableau.b_embedded, vectors)
    return proofs


def prove_weights(
    tableau: Tableau, weights: Vector, vectors: StageVectors, *, proven: int = 0
) -> OrderProof[Condition]:
    """The order on x' = f(t, x) of the stages of a tableau with these weights."""
    # With c = A 1, time is one more component of an autonomous state: the plain trees are proof
    # enough.
    trees = rooted_trees if tableau.has_row_sum_nodes else timed_trees
    return prove_order(vectors, weights, trees=trees, vanishes=tableau.vanishes, proven=proven)


def proven_orders(tableau: Tableau, proofs: dict[str, OrderProof[Condition]]) -> ProvenOrders:
    """The outcome of the proofs."""
    embedded = proofs.get("embedded_order")
    return ProvenOrders(
        order=proofs["order"].order,
        autonomous=proofs["autonomous_order"].order,
        linear=prove_linear_order(tableau.A, tableau.b, vanishes=tableau.vanishes),
        embedded=embedded.order if embedded else None,
    )
