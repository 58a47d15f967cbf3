"""The spine of the compiler: one line each for what happens to a manifestation."""

from dataclasses import dataclass

from odegraph.ir import Manifestation, StepGraph, build_step_graph, check
from odegraph.passes import DEFAULT_PASSES, as_discrete_map, run_passes, track_statistics
from odegraph.unit import Unit


@dataclass(frozen=True)
class CompiledGraphs:
    """The step graphs of one block; one object twice where the unit keeps no statistics.

    `called` is what their evaluations call: the unit, or the layer F of a unit F(x) - x where the
    graphs are those of x_{n+1} = F(x_n).
    """

    evaluation: StepGraph
    training: StepGraph
    called: Unit


def compile_manifestation(manifestation: Manifestation, *, unit: Unit) -> CompiledGraphs:
    """Build the step graph of a manifestation and run the passes over it."""
    built = build_step_graph(manifestation)
    evaluation, called = _with_layers(run_passes(built, DEFAULT_PASSES), unit)
    training = check(track_statistics(evaluation)) if unit.updated_buffers else evaluation
    return CompiledGraphs(evaluation, training, called)


def _with_layers(graph: StepGraph, unit: Unit) -> tuple[StepGraph, Unit]:
    """x + (F(x) - x) is F(x), where the unit was made from a layer F and all steps are whole."""
    mapped = None if unit.layer is None else as_discrete_map(graph)
    return (graph, unit) if mapped is None or unit.layer is None else (check(mapped), unit.layer)
