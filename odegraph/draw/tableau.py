"""The coefficients of a scheme as typeset mathematics: a picture, or a file of LaTeX."""

from pathlib import Path

from odegraph.draw import style
from odegraph.draw.output import picture_format, write_whole
from odegraph.draw.tableau_latex import scheme_arrays, tableau_latex
from odegraph.draw.typeset import place, typeset_arrays
from odegraph.scheme import Scheme

FORMATS = (*style.FORMATS, "tex")
WIDEST = 700.0
MARGIN = 14.0
TITLE_POINTS = 34.0
TITLE_CHARACTER = 7.5


def draw_tableau(scheme: Scheme, path: str | Path) -> Path:
    """Draw the tableau (or tableaus, or coefficients) under the scheme's title.

    `.tex` gives the same as a displayed LaTeX formula.
    """
    if picture_format(path, formats=FORMATS) == "tex":
        text = f"% {scheme.title} ({scheme.name})\n\\[\n{tableau_latex(scheme)}\n\\]\n"
        return write_whole(path, text.encode())
    with style.drawing(path, width=1.0, height=1.0) as figure:
        sheet = typeset_arrays(scheme_arrays(scheme), width=WIDEST)
        width = max(sheet.width, TITLE_CHARACTER * len(scheme.title)) + 2 * MARGIN
        height = sheet.height + TITLE_POINTS + 2 * MARGIN
        axes = style.paper(figure, width=width, height=height)
        axes.text(MARGIN, MARGIN + 10, scheme.title, size=11, fontweight="bold", parse_math=False)
        place(axes, sheet.moved(MARGIN, MARGIN + TITLE_POINTS))
    return Path(path)
