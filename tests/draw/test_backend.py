import shutil
import stat
from pathlib import Path

import graphviz
import pytest
from graphviz.backend import dot_command

from odegraph._errors import EmitError
from odegraph.draw import backend
from odegraph.draw.backend import find_layout_program, render_dot

TEXT = 'digraph step { rankdir=LR; x -> k1 [label="1/2"]; k1 -> y }\n'
MAGIC = {"svg": b"<?xml", "png": b"\x89PNG\r\n\x1a\n", "dot": b"digraph"}


@pytest.fixture
def no_programs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A PATH, and a folder of the interpreter, without dot and graphviz-pure."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(backend.sys, "executable", str(tmp_path / "python"))
    return tmp_path


def make_program(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)


@pytest.mark.parametrize("suffix", MAGIC)
def test_format_follows_the_suffix(tmp_path: Path, suffix: str):
    path = render_dot(TEXT, tmp_path / "new" / f"step.{suffix}")
    assert path.read_bytes().startswith(MAGIC[suffix])
    assert [file.name for file in path.parent.iterdir()] == [f"step.{suffix}"]


@pytest.mark.parametrize("suffix", MAGIC)
def test_same_graph_same_bytes(tmp_path: Path, suffix: str):
    first = render_dot(TEXT, tmp_path / f"first.{suffix}").read_bytes()
    assert render_dot(TEXT, tmp_path / f"second.{suffix.upper()}").read_bytes() == first


def test_dot_text_needs_no_program(no_programs: Path):
    assert render_dot(TEXT, no_programs / "step.dot").read_text(encoding="utf-8") == TEXT


def test_no_program_names_both_ways(no_programs: Path):
    message = r"`dot` is on the PATH \(apt install graphviz\), or run `pip install graphviz-pure`"
    with pytest.raises(EmitError, match=message):
        render_dot(TEXT, no_programs / "step.svg")
    assert list(no_programs.iterdir()) == []


def test_dot_is_preferred_and_the_graphviz_package_is_left_as_it_was(no_programs: Path):
    make_program(no_programs / "dot", "/bin/cat")
    make_program(no_programs / "graphviz-pure", "exit 1")
    before = dot_command.DOT_BINARY
    assert render_dot(TEXT, no_programs / "step.pdf").read_text(encoding="utf-8") == TEXT
    assert before == dot_command.DOT_BINARY


def test_graphviz_pure_beside_the_interpreter_is_found(no_programs: Path, monkeypatch):
    make_program(no_programs / "graphviz-pure", "/bin/cat")
    monkeypatch.setenv("PATH", "")
    assert find_layout_program() == no_programs / "graphviz-pure"


def test_graphviz_pure_cannot_write_pdf(no_programs: Path):
    make_program(no_programs / "graphviz-pure", "/bin/cat")
    with pytest.raises(
        EmitError, match=r"`graphviz-pure` cannot write `.pdf`. Draw to .svg or .png"
    ):
        render_dot(TEXT, no_programs / "step.pdf")


def test_a_graph_that_cannot_be_laid_out_leaves_nothing(tmp_path: Path):
    with pytest.raises(EmitError, match=r"cannot lay out this graph; it said: .*syntax error"):
        render_dot("digraph {", tmp_path / "step.svg")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["step.gif", "step", "step.svgz"])
def test_unknown_suffix_lists_the_known_ones(tmp_path: Path, name: str):
    with pytest.raises(EmitError, match=r"Use one of .svg, .png, .pdf, .dot\."):
        render_dot(TEXT, tmp_path / name)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(EmitError, match=r"`.*step.dot` cannot be written: File exists"):
        render_dot(TEXT, tmp_path / "file" / "step.dot")
    (tmp_path / "folder.dot").mkdir()
    with pytest.raises(EmitError, match=r"folder.dot` cannot be written: Is a directory"):
        render_dot(TEXT, tmp_path / "folder.dot")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.dot"]


def test_a_picture_is_readable_like_any_new_file(tmp_path: Path):
    (tmp_path / "plain").write_text("", encoding="utf-8")
    expected = stat.S_IMODE((tmp_path / "plain").stat().st_mode)
    assert stat.S_IMODE(render_dot(TEXT, tmp_path / "a.dot").stat().st_mode) == expected


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
def test_pdf_by_graphviz(tmp_path: Path):
    assert render_dot(TEXT, tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")
    assert graphviz.version()
