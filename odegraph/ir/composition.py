"""Steps of compositions of drifts and kicks, on separable systems x = [q, p].

Each substep calls the unit at the newest state and moves one half of it: q by the half q of the
rate, at the time that the kicks have reached, or p, at the time that the drifts have reached.
"""

from odegraph._exact import Exact, to_exact
from odegraph.ir.builder import GraphBuilder
from odegraph.ir.halves import Halves
from odegraph.scheme import CompositionScheme
from odegraph.scheme.number_field import to_sympy

ZERO, ONE = to_exact(0), to_exact(1)


def build_composition(builder: GraphBuilder, scheme: CompositionScheme) -> str:
    """Add all steps; the name of the last state is returned."""
    substeps = [(part, to_sympy(x)) for part, x in scheme.substeps]
    state = builder.input()
    for step in range(builder.manifestation.steps):
        state = _step(builder, substeps, step, state)
    return state


def _step(builder: GraphBuilder, substeps: list[tuple[int, Exact]], step: int, state: str) -> str:
    reached = [ZERO, ZERO]
    for position, (part, fraction) in enumerate(substeps, start=1):
        rate = builder.evaluate(step, position, state, reached[1 - part], reads=1 - part)
        reached[part] = reached[part] + fraction
        weight = Halves.on(part, part, builder.scaled(step, fraction))
        is_last = position == len(substeps)
        name = f"x{step + 1}" if is_last else f"step{step}.x{position + 1}"
        state = builder.combine(name, step, [(state, ONE), (rate, weight)])
    return state
