"""Where in the user's code a trace failed."""

from __future__ import annotations

import linecache
import traceback
from pathlib import Path

import torch

_FOREIGN = (Path(torch.__file__).parent.as_posix(), Path(__file__).parent.as_posix())


def user_line(error: BaseException) -> str:
    """The innermost line of the user's own code in the traceback: "file.py, line 12: `code`"."""
    found = ""
    for frame, number in traceback.walk_tb(error.__traceback__):
        file = frame.f_code.co_filename
        if file.startswith("<") or Path(file).as_posix().startswith(_FOREIGN):
            continue
        code = linecache.getline(file, number).strip()
        found = f"{Path(file).name}, line {number}: `{code}`"
    return found or "a line inside torch"
