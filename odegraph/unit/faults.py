"""What to tell when a unit cannot be traced: the line of the user's code, and what to change."""

from __future__ import annotations

import linecache
import re
import traceback
from pathlib import Path

import torch

from odegraph.unit.shape import first_line

_FOREIGN = tuple(f"{Path(f).parent.as_posix()}/" for f in (torch.__file__, __file__))
_CONTROL_FLOW = re.compile(
    "control flow|data-dependent|Eq\\(u|\\bu\\d+\\b|bool\\(\\)|cannot be interpreted as an integer"
)


def explain(by_fx: BaseException, by_export: BaseException | None) -> str:
    """The rest of a sentence that starts with the unit's name."""
    reasons = f"{by_fx} {by_export}"
    if by_export is not None and _CONTROL_FLOW.search(str(by_export)):
        return (
            f"has control flow that depends on values, at {user_line(by_export, by_fx)}. A static "
            "graph takes one path for all states: use `torch.where`, or decide in `__init__`."
        )
    advice = "Write it with functions of torch on the state, parameters and buffers."
    if by_export is None:
        advice = (
            "torch.export may be able to, but needs a state to try it on: pass `example=`, or "
            "write this line with functions of torch."
        )
        if _CONTROL_FLOW.search(reasons):
            advice = (
                "If it depends on values use `torch.where`; if on the shape, pass a state as "
                "`example=`."
            )
    reason = first_line(by_fx if by_export is None else by_export)
    where = user_line(by_fx) if by_export is None else user_line(by_export, by_fx)
    return f"cannot be traced at {where} ({reason}). {advice}"


def user_line(*errors: BaseException) -> str:
    """The innermost line of the user's own code in a traceback: "file.py, line 12: `code`"."""
    for error in errors:
        for frame, number in reversed(list(traceback.walk_tb(error.__traceback__))):
            file = frame.f_code.co_filename
            if file.startswith("<") or Path(file).as_posix().startswith(_FOREIGN):
                continue
            code = linecache.getline(file, number).strip()
            return f"{Path(file).name}, line {number}: `{code}`"
    return "a line inside of torch"
