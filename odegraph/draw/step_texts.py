"""What stands in the boxes of a step graph."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from odegraph._exact import Exact, to_exact, to_float
from odegraph.draw import labels
from odegraph.draw.view import Item, LeftOut
from odegraph.ir import (
    Evaluate,
    FunctionOfJacobian,
    Jacobian,
    Manifestation,
    Output,
    Part,
    Pullback,
    Resolvent,
    SlotGradient,
    StepGraph,
    Theta,
    Update,
)
from odegraph.ir.matrix_nodes import MatrixFunction
from odegraph.scheme import (
    GeneralLinearScheme,
    LinearMultistepScheme,
    RosenbrockScheme,
    RungeKuttaScheme,
    Scheme,
)
from odegraph.scheme.number_field import to_sympy

Number = labels.Number
ThetaText = Callable[[Theta, Sequence[Number]], str]
Symbol = Callable[[int], str]
READERS = Evaluate | Pullback | Jacobian
NO_NAMES: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Notation:
    """How theta(t) is written, and what stands for entry b of the slots."""

    theta: ThetaText
    entry: Symbol


@dataclass(frozen=True)
class StepTexts:
    """The texts of one graph.

    Attributes:
        graph: what is drawn.
        depth_of: the depth of each unit.
        read_at: the depths at which units read each theta(t), drawn or not.
        notation: how theta(t) is written.
        step_title: how a step is called.
        output_names: texts of outputs that are not states after a number of steps.
    """

    graph: StepGraph
    depth_of: Mapping[str, Number]
    read_at: Mapping[str, Sequence[Number]]
    notation: Notation
    step_title: Callable[[int], str]
    output_names: Mapping[str, str]

    def theta(self, name: str) -> str:
        """The formula of the parameters that a unit reads."""
        node = self.graph.node(name)
        assert isinstance(node, Theta)
        return self.notation.theta(node, self.read_at[name])

    def shade(self, theta: str) -> float:
        """Where in [0, 1] a theta(t) stands: the mean of the depths that read it."""
        depths = [to_float(depth) for depth in self.read_at[theta]]
        return sum(depths) / len(depths)

    def unit(self, name: str, node: Evaluate) -> str:
        """Stage and theta(t) of one call of the unit."""
        function = "R" if node.part is Part.WHOLE else node.part.value
        rate = labels.subscript(node.part.value, node.stage)
        return f"{rate} = {function}\n{labels.theta_at(self.depth_of[name])}"

    def jacobian(self, name: str) -> str:
        """The derivative of the unit, and theta(t) that it is taken at."""
        return f"J = dR/dx\n{labels.theta_at(self.depth_of[name])}"

    def left_out(self, left_out: LeftOut) -> str:
        """What an ellipsis stands for."""
        return left_out_text(self.graph.manifestation, left_out, entry=self.notation.entry)

    def pullback(self, name: str, node: Pullback) -> str:
        """The transposed derivative of a stage, at the state that was kept."""
        function = "R" if node.part is Part.WHOLE else node.part.value
        result, at = (labels.subscript(letter, node.stage) for letter in "ℓy")
        return f"{result} = {function}′ᵀ at {at}\n{labels.theta_at(self.depth_of[name])}"

    def update(self, update: Update | SlotGradient) -> str:
        """What is learned."""
        if isinstance(update, SlotGradient):
            return f"gradient\nof {_coefficient(update.index)}"
        return update_text(update)

    def state(self, tap: int) -> str:
        """The state after `tap` steps, or the gradient with respect to it."""
        symbol = "λ" if self.graph.of_type(Pullback) else "x"
        return f"{symbol}({labels.number(self.graph.manifestation.grid[tap])})"

    def input(self, name: str) -> str:
        """Where the graph begins: at depth 0, or at the end where it is the way back."""
        number = name.removesuffix(".cotangent").removeprefix("output").removeprefix("x")
        return self.state(int(number) if number.isdigit() else 0)

    def output(self, name: str, output: Output) -> str:
        """What is handed out."""
        return self.output_names.get(name) or self.state(output.tap)


def step_texts(
    graph: StepGraph,
    items: Sequence[Item],
    *,
    notation: Notation,
    step_title: Callable[[int], str] | None = None,
    output_names: Mapping[str, str] = NO_NAMES,
) -> StepTexts:
    """The texts of what is drawn of a graph."""
    drawn = {theta_of(item) for item in items if isinstance(item.node, READERS)}
    depth_of: dict[str, Number] = {}
    read_at: dict[str, list[Number]] = {}
    for name, node in graph.nodes():
        if isinstance(node, READERS) and (theta := graph.input(name, "theta")) in drawn:
            depth_of[name] = _depth(graph, node, theta)
            read_at.setdefault(theta, []).append(depth_of[name])
    titles = step_title or partial(numbered_step_title, graph.manifestation)
    return StepTexts(graph, depth_of, read_at, notation, titles, output_names)


def theta_of(unit: Item) -> str:
    """The name of the theta(t) that a unit reads."""
    return next(source for source, edge in unit.inputs if edge.role == "theta")


def coefficients_text(theta: Theta, depths: Sequence[Number]) -> str:
    """``θ(1/4)`` over ``= 1/2 θ⁰ + 1/2 θ¹``; a coefficient itself with the depths that read it."""
    if labels.is_one_coefficient(theta.row):
        symbol = labels.superscript("θ", theta.row[0][0])
        return f"{symbol}\nat t = {labels.depths(depths)}"
    return "\n".join([labels.theta_at(theta.depth), *labels.combination(theta.row)])


def constants_text(theta: Theta, depths: Sequence[Number]) -> str:
    """For folded parameters: the number of the constant, and the depths that it holds for."""
    return f"{_constant(theta.row[0][0])}\nθ at t = {labels.depths(depths)}"


def depths_text(theta: Theta, depths: Sequence[Number]) -> str:  # noqa: ARG001
    """Without a basis: the depth alone."""
    return labels.theta_at(theta.depth)


def numbered_step_title(form: Manifestation, step: int) -> str:
    """``step 1: depth 0 to 1/8, h = 1``."""
    start, end = form.intervals[step]
    h = labels.number(form.span * (end - start))
    return f"step {step + 1}: depth {start} to {end}, h = {h}"


def left_out_text(form: Manifestation, left_out: LeftOut, *, entry: Symbol) -> str:
    """How many steps are left out, from where to where, and what they read."""
    intervals = form.intervals[left_out.step : left_out.last + 1]
    lengths = [form.span * (end - start) for start, end in intervals]
    h = labels.number(min(lengths))
    if min(lengths) != max(lengths):
        h = f"{h} to {labels.number(max(lengths))}"
    lines = [
        f"… {left_out.count} more steps",
        "of the same form",
        f"depth {intervals[0][0]} to {intervals[-1][1]}",
        f"h = {h}",
    ]
    read = sorted({index for theta in left_out.thetas for index, _ in theta.row})
    if read:
        lines.append(f"reading {_entries(read, entry)}")
    return "\n".join(lines)


def update_text(update: Update) -> str:
    """Which coefficient of the running statistics is learned, and what it keeps of the old ones."""
    kept = sorted(index for index, _ in update.retained)
    text = f"new {_statistics(update.index)}"
    return f"{text}\nkeeps part of {_entries(kept, _statistics)}" if kept else text


def _entries(indices: Sequence[int], entry: Symbol) -> str:
    """``θ²``; ``θ², θ³``; ``θ² … θ⁶`` where none is missing between them."""
    first, last = entry(indices[0]), entry(indices[-1])
    if len(indices) <= 2:
        return ", ".join(dict.fromkeys((first, last)))
    if len(indices) == indices[-1] - indices[0] + 1:
        return f"{first} … {last}"
    return f"{len(indices)} of {first} … {last}"


def _coefficient(index: int) -> str:
    return labels.superscript("θ", index)


def _constant(index: int) -> str:
    return f"constant {index}"


def _statistics(index: int) -> str:
    return labels.superscript("S", index)


def function_text(function: MatrixFunction) -> str:
    """``(1 − 1/2 J)⁻¹``; ``φ₀ … φ₃ of 1/2 J``."""
    if isinstance(function, Resolvent):
        return f"(1 − {_times_j(function.scale)})⁻¹"
    ends = [labels.subscript("φ", order) for order in sorted({0, function.highest})]
    between = " … " if function.highest > 1 else ", "
    return f"{between.join(ends)} of {_times_j(function.scale)}"


def product_text(matrix: Jacobian | FunctionOfJacobian, order: int) -> str:
    """``J ·``; ``(1 − 1/2 J)⁻¹ ·``; ``φ₁(1/2 J) ·``."""
    if isinstance(matrix, Jacobian):
        return "J ·"
    if isinstance(matrix.function, Resolvent):
        return f"{function_text(matrix.function)} ·"
    return f"{labels.subscript('φ', order)}({_times_j(matrix.function.scale)}) ·"


def _times_j(scale: Exact) -> str:
    text = labels.number(scale)
    if scale == 1:
        return "J"
    return f"({text}) J" if " " in text else f"{text} J"


def _depth(graph: StepGraph, reader: Evaluate | Pullback | Jacobian, theta: str) -> Number:
    # Units that share theta(t) may read it at different depths, of which the theta knows the first.
    times = _stage_times(graph.manifestation.scheme, reader.step)
    if times is None or isinstance(reader, Jacobian):
        node = graph.node(theta)
        assert isinstance(node, Theta)
        return node.depth
    start, end = (to_exact(depth) for depth in graph.manifestation.intervals[reader.step])
    return start + times[reader.stage - 1] * (end - start)


def _stage_times(scheme: Scheme, step: int) -> Sequence[Exact] | None:
    """c of the stages of a step, for the kinds whose stages are told apart by it."""
    match scheme:
        case RungeKuttaScheme():
            return [to_exact(to_sympy(c)) for c in scheme.tableau.c]
        case RosenbrockScheme() | GeneralLinearScheme():
            return [to_exact(c) for c in scheme.c.flat()]
        case LinearMultistepScheme():
            start = scheme.start_scheme
            if start is not None and step < scheme.history - 1:
                return _stage_times(start, step)
            # The rates of the two ends of the step; an explicit scheme has the first alone.
            return [to_exact(0), to_exact(1)]
    return None


COEFFICIENTS = Notation(coefficients_text, _coefficient)
CONSTANTS = Notation(constants_text, _constant)
DEPTHS = Notation(depths_text, _coefficient)
