"""The spine of the compiler: one line each for what happens to a manifestation."""

from dataclasses import dataclass

from odegraph.ir import Manifestation, StepGraph, build_step_graph, check
from odegraph.passes import DEFAULT_PASSES, run_passes, track_statistics
from odegraph.unit import Unit


@dataclass(frozen=True)
class CompiledGraphs:
    """The step graphs of one block; one object twice where the unit keeps no statistics."""

    evaluation: StepGraph
    training: StepGraph


def compile_manifestation(manifestation: Manifestation, *, unit: Unit) -> CompiledGraphs:
    """Build the step graph of a manifestation and run the passes over it."""
    built = build_step_graph(manifestation)
    evaluation = run_passes(built, DEFAULT_PASSES)
    training = check(track_statistics(evaluation)) if unit.updated_buffers else evaluation
    return CompiledGraphs(evaluation, training)
