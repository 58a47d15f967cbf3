"""Collect all faults of an input, raise once."""

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
