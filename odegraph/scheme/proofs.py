"""The record of proven scheme files: content hash and outcome, in `proofs.json` beside this module.

A file whose bytes are on record is loaded without proving it again; a file that differs in one byte
is proven anew. The test suite proves every file and compares.
"""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

RECORD = Path(__file__).with_name("proofs.json")


def recorded_proof(content: bytes) -> Mapping[str, Any] | None:
    """The recorded outcome of the proof of a scheme file with these bytes."""
    return _record().get(content_hash(content))


def content_hash(content: bytes) -> str:
    """The key of a file in the record; line ends do not count."""
    return hashlib.sha256(content.replace(b"\r\n", b"\n")).hexdigest()


@cache
def _record() -> Mapping[str, Mapping[str, Any]]:
    if not RECORD.is_file():
        return {}
    return {entry["sha256"]: entry["proven"] for entry in json.loads(RECORD.read_text()).values()}
