import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from drawn_blocks import block
from example_units import Normed
from torch import nn

from odegraph._errors import EmitError
from odegraph.basis import PiecewiseConstant, PiecewiseLinear
from odegraph.block import OdeBlock, bake
from odegraph.draw import draw, draw_stability_region
from odegraph.emit.python_source import python_source
from odegraph.report import (
    Code,
    Drawing,
    Heading,
    Paragraph,
    Picture,
    Row,
    Table,
    block_sections,
    drawn,
    page,
    scheme_sections,
    write_page,
    write_report,
)
from odegraph.report.svg import inline_svg
from odegraph.scheme import load_scheme

VOID = {"meta", "img", "br", "hr", "link"}
LOADED = {"src", "href", "xlink:href", "data", "action", "poster", "srcset"}
SQUARE = '<svg xmlns="http://www.w3.org/2000/svg" width="9pt" height="9pt"><g id="a"/></svg>'


LATE_MIDPOINT = """\
title = "Midpoint that reads theta too early"
kind = "runge-kutta"
A = [[], ["1/2"]]
b = ["0", "1"]
c = ["0", "0"]
row_sums = false
"""


class Reader(HTMLParser):
    """Checks that tags are balanced; collects ids, references, tags and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.loaded: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.loaded += [value or "" for name, value in attrs if name in LOADED]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def assert_self_contained(text: str) -> Reader:
    reader = Reader(text)
    assert len(set(reader.ids)) == len(reader.ids)
    for reference in reader.loaded:
        assert reference.startswith(("data:image/png", "#")), reference
        assert not reference.startswith("#") or reference[1:] in reader.ids
    assert set(re.findall(r"url\(#([^)]+)\)", text)) <= set(reader.ids)
    assert not re.search(r"url\((?!#)|@import|<script|<link", text)
    return reader


@pytest.fixture(scope="module")
def model() -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(3, 2),
        block("dormand-prince", PiecewiseConstant(2), unit=Normed(2), steps=8),
        block("rk4-classic", PiecewiseLinear(2), steps=2),
    )


def test_a_report_of_a_model_is_self_contained(tmp_path: Path, model: nn.Sequential):
    path = write_report(model, tmp_path / "new" / "model.html", title="Two <blocks>")
    text = path.read_text(encoding="utf-8")
    reader = assert_self_contained(text)
    assert "<h1>Two &lt;blocks&gt;</h1>" in text
    assert [tag for tag in reader.tags if tag == "svg"] == ["svg"] * 9
    for expected in ("Block `1`", "Block `2`", "theta.f.weight", "state.norm.running_var"):
        assert expected in reader.text
    last = model[2]
    assert isinstance(last, OdeBlock) and python_source(last.parts) in reader.text


def test_the_same_block_gives_the_same_page(tmp_path: Path):
    made = block("euler", PiecewiseConstant(2), steps=2)
    first, second = (write_report(made, tmp_path / name) for name in ("a.html", "b.html"))
    assert first.read_bytes() == second.read_bytes()


def test_facts_about_a_scheme_are_its_properties():
    text = page("gauss", scheme_sections(load_scheme("gauss-2")))
    cells = re.findall(r"<tr><td>(.*?)</td><td[^>]*>(.*?)</td></tr>", text)
    facts = dict(cells)
    assert facts["order"] == "4, proven exactly"
    assert facts["stage order"] == "2"
    assert facts["A-stable"] == facts["symplectic"] == facts["symmetric"] == "yes"
    assert facts["L-stable"] == facts["explicit"] == "no"
    assert "order of the embedded method" not in facts
    assert facts["stability function"].startswith("(z²")
    assert_self_contained(text)


def test_what_a_scheme_has_beyond_is_told(tmp_path: Path):
    facts = page("pair", scheme_sections(load_scheme("dormand-prince")))
    assert "<td>order of the embedded method</td><td>4</td>" in facts
    late = tmp_path / "late.toml"
    late.write_text(LATE_MIDPOINT, encoding="utf-8")
    facts = page("late", scheme_sections(load_scheme(str(late))))
    assert "<td>order</td><td>1, proven exactly</td>" in facts
    assert "<td>order, autonomous problems</td><td>2</td>" in facts


def test_jumps_inside_steps_are_told():
    with pytest.warns(UserWarning, match="jumps inside a step"):
        straddling = block("rk4-classic", PiecewiseConstant(3), steps=2)
    text = page("jumps", block_sections(straddling))
    assert "at depth 1/3, 2/3: the order falls to 1 there" in text


def test_a_baked_block_has_constants_and_no_curves():
    trained = block("rk4-classic", PiecewiseLinear(1), steps=1)
    text = page("baked", block_sections(bake(trained)))
    assert "<th>slot</th>" in text and "constants</th>" in text
    assert text.count("<svg") == 3
    assert page("trained", block_sections(trained)).count("<svg") == 4


def test_ids_of_equal_pictures_do_not_collide():
    picture = SQUARE.replace("<g", '<g fill="url(#a)"').replace("/>", '><use xlink:href="#a"/></g>')
    text = page("twice", [Drawing(picture, "one"), Row([Drawing(picture, "two")])])
    assert assert_self_contained(text).ids == ["p1-a", "p2-a"]


def test_pictures_of_both_formats(tmp_path: Path):
    scheme = load_scheme("euler")
    region = tmp_path / "region.png"
    draw_stability_region(scheme, region)
    step = draw(scheme, tmp_path / "step.svg")
    text = page("files", [Picture(region, 'a "region"'), Picture(step, "a step")])
    assert 'alt="a &quot;region&quot;" src="data:image/png;base64,' in text
    assert 'aria-label="a step"' in text
    assert_self_contained(text)


def test_wide_pictures_scroll_and_others_shrink():
    wide = SQUARE.replace('width="9pt"', 'width="1500pt"')
    assert '<div class="picture"><svg' in Drawing(SQUARE, "small").to_html()
    html = Drawing(wide, "wide").to_html()
    assert '<div class="picture wide"><svg' in html and 'width="1500px" height="9px"' in html


def test_text_is_escaped_everywhere():
    evil = "<script>alert('&')</script>"
    sections = [
        Heading(evil),
        Heading(evil, level=3),
        Paragraph(evil),
        Table((evil,), [(evil,)]),
        Code(evil),
        Code(evil, title=evil),
        Drawing(SQUARE, evil),
    ]
    reader = assert_self_contained(page(evil, sections))
    assert reader.text.count(evil) >= 9


def test_columns_of_numbers_stand_right_and_verdicts_have_words():
    html = Table(
        ("scheme", "error", "size", "dip", "version", "continuous"),
        [
            ("euler", "1.0e-04", "1,234 bytes", -1.5, "0.1.0", True),
            ("midpoint", "inf", "12 bytes", "∞", "2.13.0+cpu", False),
        ],
    ).to_html()
    assert html.count('<th class="number">') == 3
    assert '<th class="number">error</th>' in html and "<th>version</th>" in html
    assert '<td class="yes">yes</td>' in html and '<td class="no">no</td>' in html


def test_other_files_are_refused(tmp_path: Path):
    with pytest.raises(EmitError, match=r"`.*a\.pdf` cannot stand in a report; \.svg and \.png"):
        Picture(tmp_path / "a.pdf", "").to_html()
    with pytest.raises(EmitError, match=r"`.*a\.svg` cannot be read: No such file.* Draw it first"):
        Picture(tmp_path / "a.svg", "").to_html()
    with pytest.raises(EmitError, match=r"not an SVG file; its text begins with <svg"):
        inline_svg("<html></html>", caption="")


def test_nothing_is_left_of_drawings_in_temporary_folders():
    seen: list[Path] = []

    def draw_square(path: Path) -> None:
        seen.append(path)
        path.write_text(SQUARE, encoding="utf-8")

    assert drawn(draw_square, caption="a square") == Drawing(SQUARE, "a square")
    assert not seen[0].parent.exists()


def test_a_page_that_cannot_be_written_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(EmitError, match=r"report\.html` cannot be written"):
        write_page(tmp_path / "file" / "report.html", "title", [])
