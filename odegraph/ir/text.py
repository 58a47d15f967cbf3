"""Step graphs as text: stable, one node a line, for golden files, signatures and eyes."""

from odegraph._exact import Exact
from odegraph.ir.adjoint_nodes import GivenDraws, KeptDraws, Pullback, SlotGradient
from odegraph.ir.graph import StepGraph
from odegraph.ir.matrix_nodes import Apply, FunctionOfJacobian, Jacobian, PhiFunctions, Propagator
from odegraph.ir.nodes import (
    BatchedRate,
    Combine,
    Edge,
    Evaluate,
    EvaluateBatch,
    Input,
    Matrix,
    Node,
    Output,
    Row,
    Solve,
    SolvedRate,
    StageMatrix,
    Theta,
    Update,
)
from odegraph.ir.part import Part


def to_text(graph: StepGraph) -> str:
    """One line a node: its name, what it is, and from which values it is computed."""
    return "\n".join(
        f"{name} = {_formula(node, graph.inputs(name))}" for name, node in graph.nodes()
    )


def _formula(node: Node, inputs: list[tuple[str, Edge]]) -> str:
    match node:
        case Input():
            return "input"
        case Theta():
            statistics = f", statistics {_row(node.state_row)}" if node.state_row else ""
            return f"theta({node.depth}): {_row(node.row)}{statistics}"
        case Evaluate():
            draws = "" if node.draws is None else f"; draws {node.draws}"
            return f"{_function(node.part)}({', '.join(source for source, _ in inputs)}{draws})"
        case EvaluateBatch():
            return f"{_function(node.part)}({_batch(inputs)})"
        case BatchedRate():
            return f"rate {node.position} of {inputs[0][0]}"
        case Jacobian():
            return f"dR/dx({', '.join(source for source, _ in inputs)})"
        case FunctionOfJacobian(function=PhiFunctions(scale, highest)):
            return f"phi_0 to phi_{highest} of ({scale}) {inputs[0][0]}"
        case FunctionOfJacobian(function=function):
            return f"1 / (1 - ({function.scale}) {inputs[0][0]})"
        case Apply():
            terms = [f"({edge.weight}) {source}" for source, edge in inputs[1:]]
            return f"{inputs[0][0]}[{node.order}] times {' + '.join(terms)}"
        case Propagator():
            P, Q = (_polynomial(one) for one in (node.numerator, node.denominator))
            ratio = f"({P})" if Q == "1" else f"(({P}) / ({Q}))"
            return f"{ratio}^{node.repeats} with M of {inputs[0][0]}"
        case StageMatrix():
            of_part = _of(node.part)
            return f"matrix of stages{of_part} {_matrix(node.coefficients)}: {_staged(inputs)}"
        case Solve():
            solver = ", ".join(f"{key} {value}" for key, value in node.solver.to_dict().items())
            stages = f"stages{_of(node.part)} {_matrix(node.coefficients)}"
            return f"solve {stages} by {solver}: {_staged(inputs)}"
        case SolvedRate():
            return f"rate {node.position} of {inputs[0][0]}"
        case Pullback():
            draws = "" if node.draws is None else f"; draws {node.draws}"
            return f"d{_function(node.part)}^T({', '.join(source for source, _ in inputs)}{draws})"
        case KeptDraws():
            return f"draws {node.draws} of {inputs[0][0]}"
        case GivenDraws():
            return f"draws {node.draws}"
        case SlotGradient():
            terms = [f"({edge.weight}) {source}" for source, edge in inputs]
            return f"gradient of [{node.index}]: {' + '.join(terms)}"
        case Combine():
            terms = " + ".join(f"({edge.weight}) {source}" for source, edge in inputs)
            return terms if node.fused else f"{terms}, products apart"
        case Update():
            terms = [f"({edge.weight}) {source}" for source, edge in inputs]
            return f"S^{node.index} <- {_row(node.retained)} + {' + '.join(terms)}"
        case Output():
            return f"output {node.tap}: {inputs[0][0]}"


def _function(part: Part) -> str:
    return "R" if part is Part.WHOLE else part.value


def _of(part: Part) -> str:
    return "" if part is Part.WHOLE else f" of {part.value}"


def _polynomial(coefficients: tuple[Exact, ...]) -> str:
    powers = ["", " M", *(f" M^{power}" for power in range(2, len(coefficients)))]
    pairs = zip(coefficients, powers, strict=False)
    return " + ".join(f"{c}{power}" for c, power in pairs if c != 0)


def _matrix(rows: Matrix) -> str:
    return f"[{'; '.join(', '.join(str(value) for value in row) for row in rows)}]"


def _staged(inputs: list[tuple[str, Edge]]) -> str:
    return ", ".join(f"{edge.role} {list(edge.stages)} {source}" for source, edge in inputs)


def _batch(inputs: list[tuple[str, Edge]]) -> str:
    """The states of a batch in order, and the theta that they share."""
    states = {place: source for source, edge in inputs for place in edge.stages}
    (theta,) = (source for source, edge in inputs if edge.role == "theta")
    return f"[{', '.join(states[place] for place in sorted(states))}], {theta}"


def _row(row: Row) -> str:
    return " + ".join(f"({value}) [{index}]" for index, value in row) or "0"
