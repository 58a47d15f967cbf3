"""One place for colours, type and line widths; and figures that no global state can change.

The series colours are those of Okabe and Ito (2008), distinct for colour-blind readers; every
series also has a marker of its own, so that grey prints stay readable.
"""

import io
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from odegraph.draw.output import picture_format, write_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

INK = "#1f2933"
MUTED = "#66727f"
LINE = "#b8c1cb"
FAINT = "#e6eaee"
PAPER = "#ffffff"

BLUE = "#0072b2"
VERMILION = "#d55e00"
GREEN = "#009e73"
PURPLE = "#aa4499"
AMBER = "#e69f00"
SKY = "#56b4e9"
PALE_BLUE = "#d6e8f3"

SERIES = (VERMILION, AMBER, BLUE, GREEN, PURPLE, SKY, INK)
MARKERS = ("o", "s", "^", "D", "v", "P", "X")

GRAPH_FONT = "Helvetica,Arial,sans-serif"

FORMATS = ("svg", "png", "pdf")
DOTS_PER_INCH = 160

# No dates and no program versions in the files.
_METADATA: Mapping[str, dict[str, None]] = MappingProxyType(
    {
        "svg": {"Date": None, "Creator": None},
        "png": {"Software": None},
        "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    }
)

_RC: Mapping[Any, Any] = MappingProxyType(
    {
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans"],
        "font.size": 9.5,
        "mathtext.fontset": "cm",
        "text.color": INK,
        "text.usetex": False,
        "axes.titlesize": 10.5,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.titlepad": 9.0,
        "axes.labelcolor": INK,
        "axes.edgecolor": LINE,
        "axes.linewidth": 0.8,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "axes.unicode_minus": True,
        "grid.color": FAINT,
        "grid.linewidth": 0.8,
        "xtick.color": LINE,
        "ytick.color": LINE,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "xtick.minor.size": 2.0,
        "ytick.minor.size": 2.0,
        "lines.linewidth": 1.7,
        "lines.markersize": 4.5,
        "legend.frameon": False,
        "figure.facecolor": PAPER,
        "savefig.facecolor": PAPER,
        "svg.fonttype": "path",
        "svg.hashsalt": "odegraph",
    }
)


def series_style(index: int) -> dict[str, Any]:
    """Colour and marker of the index-th series of a plot."""
    return {"color": SERIES[index % len(SERIES)], "marker": MARKERS[index % len(MARKERS)]}


@contextmanager
def drawing(path: str | Path, *, width: float, height: float) -> "Iterator[Figure]":
    """A figure of a size in inches to draw on, written to `path` at the end if all went well.

    It is outside of pyplot, and looks the same whatever the user's matplotlib settings are; the
    same drawing always gives the same bytes.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    format_ = picture_format(path, formats=FORMATS)
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_RC)
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure
        buffer = io.BytesIO()
        figure.savefig(buffer, format=format_, dpi=DOTS_PER_INCH, metadata=_METADATA[format_])
    write_whole(path, buffer.getvalue())


def paper(figure: "Figure", *, width: float, height: float) -> "Axes":
    """The whole figure as axes of this size in points, y downwards, nothing drawn yet."""
    figure.set_layout_engine("none")
    figure.set_size_inches(width / 72, height / 72)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    return axes


def inset(paper: "Axes", *, x: float, y: float, width: float, height: float) -> "Axes":
    """Axes of their own on a `paper`, from their upper left corner, all in points."""
    whole = (paper.get_xlim()[1], paper.get_ylim()[0])
    place = (x / whole[0], 1 - (y + height) / whole[1], width / whole[0], height / whole[1])
    return paper.get_figure(root=True).add_axes(place)  # pyright: ignore[reportOptionalMemberAccess]


def title(axes: "Axes", text: str, *, subtitle: str) -> None:
    """A bold title, wrapped where it is long, and a line in grey below it."""
    axes.set_title(textwrap.fill(text, 46), pad=22, parse_math=False)
    axes.annotate(
        subtitle,
        (0, 1),
        xytext=(0, 8),
        xycoords="axes fraction",
        textcoords="offset points",
        color=MUTED,
        fontsize=8.5,
    ).set_in_layout(False)


def complex_plane(axes: "Axes", *, centre: float, reach: float, name: str = "z") -> None:
    """A square window of the plane of z with its two axes."""
    axes.axhline(0, color=LINE, linewidth=0.8, zorder=2)
    axes.axvline(0, color=LINE, linewidth=0.8, zorder=2)
    axes.set_aspect("equal")
    axes.set_xlim(centre - reach, centre + reach)
    axes.set_ylim(-reach, reach)
    axes.set_xlabel(rf"Re ${name}$")
    axes.set_ylabel(rf"Im ${name}$")


def logarithmic(axis: "Axis") -> None:
    """Ticks of an axis with a logarithmic scale: plain numbers where it is short."""
    from odegraph.draw.log_ticks import PlainWhereNarrow

    axis.set_major_formatter(PlainWhereNarrow())
    axis.set_minor_formatter(PlainWhereNarrow())


def grid(axes: "Axes") -> None:
    """Faint lines at the major ticks."""
    axes.grid(visible=True, which="major")
