"""Steps of Runge-Kutta schemes.

k_i = R(x_n + h sum_j a_ij k_j, theta(t_n + c_i dt)) and x_{n+1} = x_n + h sum_i b_i k_i.

Stages that need one another, or themselves, are solved together; what is left is explicit. So a
diagonally implicit scheme is a chain of solves of one stage each, and an explicit scheme has none.
"""

from collections.abc import Sequence

import networkx as nx
import sympy

from odegraph._exact import Exact
from odegraph.ir.builder import GraphBuilder
from odegraph.scheme import RungeKuttaScheme

ONE = sympy.Integer(1)


def build_runge_kutta(builder: GraphBuilder, scheme: RungeKuttaScheme) -> str:
    """Add all steps; the name of the last state is returned."""
    state = builder.input()
    coupled = coupled_stages(scheme.entries[0])
    for step in range(builder.manifestation.steps):
        state = runge_kutta_step(builder, scheme, step, state, coupled=coupled)
    return state


def runge_kutta_step(
    builder: GraphBuilder,
    scheme: RungeKuttaScheme,
    step: int,
    state: str,
    *,
    coupled: Sequence[tuple[int, ...]] | None = None,
) -> str:
    """Add one step from `state`; the rate of stage i is `step<n>.k<i>`.

    `coupled` are the `coupled_stages` of A, for who adds many steps.
    """
    A, b, c = scheme.entries
    rates: dict[int, str] = {}
    for stages in coupled_stages(A) if coupled is None else coupled:
        states = [_stage_state(builder, step, state, A[i], rates, i) for i in stages]
        numbers, nodes = [i + 1 for i in stages], [c[i] for i in stages]
        if any(A[i][j] != 0 for i in stages for j in stages):
            coefficients = tuple(
                tuple(builder.scaled(step, A[i][j]) for j in stages) for i in stages
            )
            solved = builder.solve(
                step, numbers, states=states, nodes=nodes, coefficients=coefficients
            )
            rates.update(zip(stages, solved, strict=True))
        else:
            rates[stages[0]] = builder.evaluate(step, numbers[0], states[0], nodes[0])
    terms = _increments(builder, step, b, rates)
    return builder.combine(f"x{step + 1}", step, [(state, ONE), *terms])


def coupled_stages(A: Sequence[Sequence[Exact]]) -> list[tuple[int, ...]]:
    """Groups of stages that need one another, counted from 0, each after all that it needs."""
    needs = nx.DiGraph()
    needs.add_nodes_from(range(len(A)))
    needs.add_edges_from((j, i) for i, row in enumerate(A) for j, a in enumerate(row) if a != 0)
    groups = nx.condensation(needs)
    members = {group: tuple(sorted(groups.nodes[group]["members"])) for group in groups}
    order = nx.lexicographical_topological_sort(groups, key=lambda group: members[group])
    return [members[group] for group in order]


def _stage_state(
    builder: GraphBuilder,
    step: int,
    state: str,
    row: Sequence[Exact],
    rates: dict[int, str],
    i: int,
) -> str:
    """x_n and what the stages before contribute: all that is explicit in a stage."""
    terms = _increments(builder, step, row, rates)
    return builder.combine(f"step{step}.x{i + 1}", step, [(state, ONE), *terms])


def _increments(
    builder: GraphBuilder, step: int, coefficients: Sequence[Exact], rates: dict[int, str]
) -> list[tuple[str, Exact]]:
    return [(rates[j], builder.scaled(step, coefficients[j])) for j in sorted(rates)]
