"""How many evaluations have to wait for each other."""

import networkx as nx

from odegraph.scheme.tableau import Tableau


def sequential_depth(tableau: Tableau) -> int:
    """The longest chain of stages that need each other; the others could run side by side.

    Stages that are solved together count as one.
    """
    graph = nx.DiGraph()
    graph.add_nodes_from(range(tableau.stages))
    graph.add_edges_from((j, i) for i, row in enumerate(tableau.A) for j, a in enumerate(row) if a)
    return nx.dag_longest_path_length(nx.condensation(graph)) + 1
