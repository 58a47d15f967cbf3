"""Broken scheme files: every one is refused with its message, to the letter."""

import re
import tomllib
from pathlib import Path

import pytest

from odegraph._errors import SchemeError
from odegraph.scheme import load_scheme, read_scheme_file, verify

FOLDER = Path(__file__).parents[1] / "defective"
MESSAGES = tomllib.loads((FOLDER / "messages.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", MESSAGES)
def test_defective_file_gets_its_message(name):
    with pytest.raises(SchemeError, match=f"^{re.escape(MESSAGES[name])}$"):
        load_scheme(FOLDER / f"{name}.toml")


def test_every_defective_file_has_a_message_and_every_message_a_file():
    files = {path.stem for path in FOLDER.glob("*.toml")} - {"messages"}
    assert files == set(MESSAGES)
    assert len(files) >= 25


EULER = 'kind = "runge-kutta"\nA = [[]]\nb = ["1"]\n'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x00\xff\xfe\x93" * 1000, "is not text: byte 1 is not UTF-8"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "is not text: byte 0 is not UTF-8"),
        (b"\x00\x01\x02", "is not valid TOML"),
        (b"#" * 10_000_000, "has 10000000 bytes; at most 1000000 are read"),
        (b"a = " + b"[" * 100_000, "is nested too deeply"),
        (b"a = " + b"9" * 5000, "is not valid TOML: .*digits"),
        (EULER.replace("1", "1" * 900_000).encode(), "has 900000 characters; at most 10000"),
        (EULER.replace("1", "1" * 5000).encode(), "a number has more than 1000 digits"),
        (EULER.replace("1", "(" * 5000).encode(), "it nests deeper than 50 levels"),
        (f"{EULER}title = '{'x' * 2000}'".encode(), "`title` has 2000 characters"),
        (f"A = {[[]] * 500}\nb = {['0'] * 500}".encode(), "`A` has 500 entries; .* 64 stages"),
        (f"A = [{['0'] * 500}]\nb = ['1']".encode(), r"`A\[1\]` has 500 entries; .* 64 stages"),
        (EULER.replace('"1"', "nan").encode(), "`NaN` is not an exact number"),
        (EULER.replace('"1"', "1e999").encode(), r"`1E\+999` holds the float"),
        (EULER.replace('"1"', '{ x = "1" }').encode(), r"`b\[1\]` is `\{'x': '1'\}`; write"),
        (EULER.replace('"1"', '"((1+sqrt(2))**64)**64 ** 64"').encode(), "exponent"),
        (EULER.replace('"1"', '"2**(1/64)"').encode(), "number field of degree 64; at most 16"),
        (b"claims = 3\nA = [[]]\nb = ['1']", r"`claims` is `3`; it must be a table, `\[claims\]`"),
        (b"kind = 3\nA = [[]]\nb = ['1']", "`kind` is `3`; it must be text"),
        (b"row_sums = 'no'\nA = [[]]\nb = ['1']", "`row_sums` is `no`; it must be true or false"),
        (b"", "2 faults.*\n.*the key `A` is missing.*\n.*the key `b` is missing"),
    ],
)
def test_hostile_file(tmp_path, content, message):
    path = tmp_path / "hostile.toml"
    path.write_bytes(content)
    with pytest.raises(SchemeError, match=message) as caught:
        load_scheme(path)
    assert len(str(caught.value)) < 2000


def test_many_independent_surds_are_refused(tmp_path):
    entry = "1 + " + " + ".join(f"sqrt({p})" for p in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31))
    path = tmp_path / "surds.toml"
    path.write_text(EULER.replace("1", entry))
    with pytest.raises(SchemeError, match="number field of degree 32; at most 16"):
        load_scheme(path)


def test_directory_missing_and_unreadable_file(tmp_path):
    with pytest.raises(SchemeError, match=r"folder.toml` is a directory"):
        (tmp_path / "folder.toml").mkdir()
        load_scheme(tmp_path / "folder.toml")
    with pytest.raises(SchemeError, match=r"There is no scheme file `.*none.toml`"):
        load_scheme(tmp_path / "none.toml")


def test_file_that_cannot_be_read(tmp_path, monkeypatch):
    path = tmp_path / "locked.toml"
    path.write_text(EULER)

    def refuse(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(SchemeError, match=r"locked\.toml` cannot be read: Permission denied"):
        load_scheme(path)


def test_a_name_with_bad_characters_is_only_a_name_that_is_unknown():
    with pytest.raises(SchemeError, match="There is no scheme"):
        load_scheme("\x00" * 10)
    with pytest.raises(SchemeError, match="scheme file"):
        load_scheme("\x00.toml")


def test_exponents_within_bounds_are_computed(tmp_path):
    path = tmp_path / "large.toml"
    path.write_text(EULER.replace('"1"', '"((1+sqrt(2))**64)**64"'))
    with pytest.raises(SchemeError, match="the weights `b` sum to"):
        verify(read_scheme_file(path))
