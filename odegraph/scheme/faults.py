"""Collect all faults of an input, raise once."""

import difflib
from collections.abc import Iterable
from typing import final

from odegraph._errors import SchemeError


@final
class Faults:
    """The faults found so far in one scheme."""

    def __init__(self, subject: str) -> None:
        self.subject = subject
        self.found: list[str] = []

    def add(self, fault: str) -> None:
        """Note a fault and go on."""
        self.found.append(fault)

    def raise_if_any(self) -> None:
        """Raise one `SchemeError` that lists every fault."""
        if not self.found:
            return
        if len(self.found) == 1:
            raise SchemeError(f"Scheme `{self.subject}`: {self.found[0]}")
        lines = "\n".join(f"  - {fault}" for fault in self.found)
        raise SchemeError(f"Scheme `{self.subject}` has {len(self.found)} faults:\n{lines}")


def nearest(name: str, known: Iterable[str]) -> str:
    """The way out after an unknown name: the nearest known one, or all of them."""
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=1)
    return f"Did you mean `{near[0]}`?" if near else f"Known: {', '.join(known)}."
