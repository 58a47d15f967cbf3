"""Files are written whole or not at all."""

import pytest

import odegraph as og
from odegraph.emit.files import make_folder, write_file, write_text


def test_text_is_written_in_utf8_with_unix_line_ends(tmp_path):
    path = tmp_path / "new" / "file.py"
    write_text(path, "a\nθ\n")
    assert path.read_bytes() == b"a\n\xce\xb8\n"
    assert [file.name for file in path.parent.iterdir()] == ["file.py"]


@pytest.mark.parametrize("error", [OSError(28, "No space left"), KeyboardInterrupt()])
def test_what_fails_half_way_leaves_the_old_file_and_nothing_else(tmp_path, error):
    path = tmp_path / "file"
    path.write_text("old")

    def fails(temporary):
        temporary.write_text("ne")
        raise error

    expected = og.EmitError if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(expected, match=r"file` cannot be written: No space left|"):
        write_file(path, fails)
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


def test_a_file_in_place_of_a_folder_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(og.EmitError, match=r"`.*file/x.py` cannot be written: .*Choose a folder"):
        write_text(tmp_path / "file" / "x.py", "")
    with pytest.raises(og.EmitError, match=r"cannot be written"):
        write_text(tmp_path, "")


def test_a_folder_is_made_and_nothing_is_left_in_it(tmp_path):
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
    assert list((tmp_path / "a" / "b").iterdir()) == []
    (tmp_path / "file").touch()
    with pytest.raises(og.EmitError, match=r"`.*file.b` cannot be written: .*Choose a folder"):
        make_folder(tmp_path / "file" / "b")
