"""The first failing condition as a picture: its rooted tree, root below, and the equation.

Two colours where a theory has two (Hairer, Lubich and Wanner, III.2); time is an open square.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from odegraph._errors import EmitError
from odegraph.draw import style
from odegraph.draw.condition_latex import failure_latex, multistep_failure_latex
from odegraph.draw.typeset import Sheet, place, typeset_line
from odegraph.scheme import LinearMultistepScheme, Scheme
from odegraph.scheme.first_failure import TIME, FirstFailure, Node, first_failure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SPREAD = 30.0
RISE = 34.0
RADIUS = 5.0
MARGIN = 14.0
TITLE_POINTS = 46.0
GAP = 22.0
FORMULA_SIZE = 14.0
TITLE_CHARACTER = 7.5
LEAST_WIDTH = 330.0

# The second colour of each theory is drawn open.
OPEN = frozenset({"I", "q", "L"})
MEANINGS = MappingProxyType(
    {
        "additive-runge-kutta": {"E": "explicit part", "I": "implicit part"},
        "partitioned-runge-kutta": {"q": "rate of q", "p": "rate of p"},
        "composition": {"q": "drift", "p": "kick"},
        "nystrom": {"v": "velocity", "q": "position"},
        "exponential": {"N": "N(t, x)", "L": "linear part"},
    }
)


@dataclass(frozen=True)
class Placed:
    """A node with its place in points, y upwards from the root."""

    node: Node
    x: float
    y: float
    children: tuple["Placed", ...]

    def all(self) -> Iterator["Placed"]:
        """This node and those above it."""
        yield self
        for child in self.children:
            yield from child.all()


@dataclass(frozen=True)
class FailurePicture:
    """What is drawn: the tree (multistep schemes have none), the equation, what it is instead."""

    tree: Placed | None
    sheet: Sheet
    meanings: tuple[tuple[str, str], ...]

    @property
    def width(self) -> float:
        """In points."""
        return max(self.sheet.width, _extent(self.tree)[0])

    @property
    def tree_height(self) -> float:
        """In points, with the gap to the equation."""
        return _extent(self.tree)[1] + GAP if self.tree else 0.0

    @property
    def height(self) -> float:
        """In points."""
        return self.tree_height + self.sheet.height


def draw_failing_tree(scheme: Scheme, path: str | Path) -> Path:
    """Draw the first condition of the next order that fails.

    Raises:
        EmitError: a scheme of so high an order that the trees of the next one are too many.
    """
    picture = failure_picture(scheme)
    if picture is None:
        raise EmitError(
            f"`{scheme.name}` has order {scheme.order}; the trees of order {scheme.order + 1} are "
            "too many to look for the first that fails. Draw its tableau or stability instead."
        )
    heading = f"The first condition of order {scheme.order + 1} that fails"
    with style.drawing(path, width=1.0, height=1.0) as figure:
        width = max(picture.width, TITLE_CHARACTER * len(scheme.title), LEAST_WIDTH) + 2 * MARGIN
        height = TITLE_POINTS + GAP + picture.height + 2 * MARGIN
        axes = style.paper(figure, width=width, height=height)
        axes.text(MARGIN, MARGIN + 10, scheme.title, size=11, fontweight="bold", parse_math=False)
        axes.text(MARGIN, MARGIN + 27, heading, size=8.5, color=style.MUTED)
        place_failure(axes, picture, x=MARGIN, y=MARGIN + TITLE_POINTS)
    return Path(path)


def failure_picture(scheme: Scheme) -> FailurePicture | None:
    """Tree and equation; None where the trees of the next order are too many."""
    if isinstance(scheme, LinearMultistepScheme):
        return FailurePicture(None, _sheet(*multistep_failure_latex(scheme)), ())
    failure = first_failure(scheme)
    if failure is None:
        return None
    return FailurePicture(
        placed(failure.tree), _sheet(*failure_latex(scheme, failure)), _meanings(scheme, failure)
    )


def place_failure(axes: "Axes", picture: FailurePicture, *, x: float, y: float) -> None:
    """Draw it on axes whose units are points, y downwards, from its upper left corner."""
    if picture.tree is not None:
        width, height = _extent(picture.tree)
        root_y = y + height - RADIUS
        _draw_tree(axes, picture.tree, x=x + RADIUS, y=root_y)
        for line, (name, meaning) in enumerate(picture.meanings):
            at = (x + width + 40.0, y + RADIUS + 17.0 * line)
            _draw_node(axes, name, *at)
            axes.text(at[0] + 12, at[1] + 3.5, meaning, size=8.5, color=style.MUTED)
    place(axes, picture.sheet.moved(x, y + picture.tree_height))


def placed(tree: Node) -> Placed:
    """Places for a tree: leaves evenly spread, every other node over the middle of its children."""
    return _placed(tree, 0.0, 0)[0]


def _placed(node: Node, left: float, level: int) -> tuple[Placed, float]:
    children: list[Placed] = []
    end = left
    for child in node.children:
        below, end = _placed(child, end, level + 1)
        children.append(below)
    x = (children[0].x + children[-1].x) / 2 if children else left
    return Placed(node, x, RISE * level, tuple(children)), end if children else left + SPREAD


def _extent(tree: Placed | None) -> tuple[float, float]:
    if tree is None:
        return 0.0, 0.0
    nodes = list(tree.all())
    width = max(node.x for node in nodes) + 2 * RADIUS
    return width, max(node.y for node in nodes) + 2 * RADIUS


def _draw_tree(axes: "Axes", tree: Placed, *, x: float, y: float) -> None:
    for node in tree.all():
        for child in node.children:
            ends = ([x + node.x, x + child.x], [y - node.y, y - child.y])
            axes.plot(*ends, color=style.INK, linewidth=1.1, zorder=1)
    for node in tree.all():
        _draw_node(axes, node.node.name, x + node.x, y - node.y)


def _draw_node(axes: "Axes", name: str, x: float, y: float) -> None:
    is_open = name in OPEN or name == TIME
    axes.plot(
        [x],
        [y],
        marker="s" if name == TIME else "o",
        markersize=2 * RADIUS,
        markerfacecolor=style.PAPER if is_open else style.INK,
        markeredgecolor=style.INK,
        markeredgewidth=1.2,
        zorder=2,
    )


def _sheet(required: str, found: str) -> Sheet:
    is_required = rf"{required} \quad \mathrm{{is\ required,\ but\ it\ is}} \quad {found}"
    return typeset_line(is_required, size=FORMULA_SIZE)


def _meanings(scheme: Scheme, failure: FirstFailure) -> tuple[tuple[str, str], ...]:
    names = set(_names(failure.tree))
    found = [(name, text) for name, text in MEANINGS.get(scheme.kind, {}).items() if name in names]
    return (*found, (TIME, "time")) if TIME in names else tuple(found)


def _names(node: Node) -> Iterator[str]:
    yield node.name
    for child in node.children:
        yield from _names(child)
