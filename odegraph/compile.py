"""The spine of the compiler: one line each for what happens to a manifestation."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from odegraph._errors import GraphError
from odegraph.emit.collector import paused_collector
from odegraph.ir import (
    EvaluateBatch,
    ExactLinear,
    Jacobian,
    Manifestation,
    NewtonKrylov,
    Propagator,
    Solver,
    StepGraph,
    build_step_graph,
    check,
)
from odegraph.passes import (
    DEFAULT_PASSES,
    Pass,
    as_discrete_map,
    draw_once_a_step,
    evaluate_apart,
    run_passes,
    track_statistics,
)
from odegraph.scheme import AdditiveRungeKuttaScheme, PartitionedRungeKuttaScheme
from odegraph.unit import Unit


@dataclass(frozen=True)
class CompiledGraphs:
    """The step graphs of one block; one object twice where training is no other.

    `called` is what their evaluations call: the unit, or the layer F of a unit F(x) - x where the
    graphs are those of x_{n+1} = F(x_n).
    """

    evaluation: StepGraph
    training: StepGraph
    called: Unit


@paused_collector()
def compile_manifestation(
    manifestation: Manifestation, *, unit: Unit, passes: Sequence[Pass] = DEFAULT_PASSES
) -> CompiledGraphs:
    """Build the step graph of a manifestation and run the passes over it.

    Raises:
        GraphError: the kind of scheme cannot be compiled, or its stages not be solved for `unit`.
    """
    _check_parts(manifestation, unit)
    built = build_step_graph(manifestation, solver=solver_for(manifestation, unit=unit))
    _check_linearised(built, unit)
    shared = (draw_once_a_step, *passes)
    in_evaluation = run_passes(built, shared if unit.is_random_in_evaluation else passes)
    _check_collapsed(in_evaluation, unit)
    _check_batched(in_evaluation, unit)
    evaluation, called = _with_layers(in_evaluation, unit)
    training = evaluation
    if unit.is_random and not unit.is_random_in_evaluation:
        training, _ = _with_layers(run_passes(built, shared), unit)
    if training.of_type(EvaluateBatch) and unit.least_dimensions_in_training is None:
        # Batch statistics, for example, are those of one stage.
        training = check(evaluate_apart(training))
    if unit.updated_buffers:
        training = check(track_statistics(training))
    return CompiledGraphs(evaluation, training, called)


def _check_parts(manifestation: Manifestation, unit: Unit) -> None:
    scheme = manifestation.scheme
    if not isinstance(scheme, AdditiveRungeKuttaScheme):
        return
    if unit.parts is None:
        raise GraphError(
            f"`{scheme.name}` treats two parts of a rate differently, and `{unit.name}` is one. "
            "Give `odegraph.SplitUnit(explicit, implicit)`, whose rate is the sum of both, or "
            "choose a scheme of another kind."
        )
    if unit.updated_buffers:
        raise GraphError(
            f"The unit `{unit.name}` learns running statistics (`{unit.updated_buffers[0]}`), and "
            f"`{scheme.name}` calls its parts at different depths. Take such layers out of the "
            "unit, or choose a scheme of another kind."
        )


def _check_collapsed(graph: StepGraph, unit: Unit) -> None:
    if graph.of_type(Propagator) and not unit.is_linear:
        raise GraphError(
            f"`collapse_linear` makes a matrix of the steps of units that are proven linear, "
            f"R(x) = A x, and `{unit.name}` is not (a bias counts, too). Leave the pass out."
        )


def _check_batched(graph: StepGraph, unit: Unit) -> None:
    if graph.of_type(EvaluateBatch) and unit.least_dimensions is None:
        raise GraphError(
            f"`batch_stages` evaluates stages together, as one batch, and nothing proves that "
            f"`{unit.name}` treats each sample of a batch by itself: it may mix them, or compute "
            "in a way that is not known here. Leave the pass out."
        )


def _check_linearised(graph: StepGraph, unit: Unit) -> None:
    if graph.of_type(Jacobian) and unit.training is not unit.evaluation:
        scheme = graph.manifestation.scheme
        raise GraphError(
            f"The scheme `{scheme.name}` takes the Jacobian of `{unit.name}` sample by sample, but "
            "the unit behaves differently in training (batch statistics or dropout). Take those "
            "layers out of the unit, or choose an explicit scheme such as `rk4-classic`."
        )


def _with_layers(graph: StepGraph, unit: Unit) -> tuple[StepGraph, Unit]:
    """x + (F(x) - x) is F(x), where the unit was made from a layer F and all steps are whole."""
    mapped = None if unit.layer is None else as_discrete_map(graph)
    return (graph, unit) if mapped is None or unit.layer is None else (check(mapped), unit.layer)


def solver_for(manifestation: Manifestation, *, unit: Unit) -> Solver | None:
    """The solver of implicit stages: the one asked for, else the best that the unit allows.

    Raises:
        GraphError: the unit does not allow it.
    """
    scheme, solver = manifestation.scheme, manifestation.solver
    if scheme.is_explicit:
        return None
    if isinstance(scheme, AdditiveRungeKuttaScheme) and unit.parts is not None:
        unit = dataclasses.replace(unit.parts[1], name=f"{unit.name}.implicit")
    if unit.is_random:
        raise GraphError(
            f"The unit `{unit.name}` draws random numbers, and `{scheme.name}` is implicit: its "
            "stages are solved for one rate at each state. Take the random layers (dropout) out of "
            "the unit, or choose an explicit scheme such as `rk4-classic`."
        )
    by_halves = isinstance(scheme, PartitionedRungeKuttaScheme)
    if solver is None:
        solver = ExactLinear() if unit.is_linear and not by_halves else NewtonKrylov()
    if isinstance(solver, ExactLinear) and by_halves:
        raise GraphError(
            f"`ExactLinear()` treats the state as one, and `{scheme.name}` does not. Use "
            "`NewtonKrylov(iterations=4, krylov=6)` instead."
        )
    if isinstance(solver, ExactLinear) and not unit.is_linear:
        raise GraphError(
            f"`ExactLinear()` solves units that are proven linear, R(x) = A x, and `{unit.name}` "
            "is not (a bias counts, too). Use `NewtonKrylov(iterations=4, krylov=6)` instead."
        )
    if isinstance(solver, NewtonKrylov) and unit.updated_buffers:
        raise GraphError(
            f"The unit `{unit.name}` normalises over the batch when it trains, and "
            "`NewtonKrylov()` solves for each sample by itself. Use "
            "`solver=FixedPoint(iterations=10)`, or a unit without running statistics."
        )
    return solver
