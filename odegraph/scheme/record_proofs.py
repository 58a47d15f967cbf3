"""Prove every scheme of the catalogue and write the record of `proofs`.

Run it after a scheme file changed: `python -m odegraph.scheme.record_proofs`.
"""

import json
import logging
from typing import Any

from odegraph.scheme.file import parse_scheme, read_bytes
from odegraph.scheme.folder import scheme_files
from odegraph.scheme.proofs import RECORD, content_hash
from odegraph.scheme.verify import verify


def prove_catalogue() -> dict[str, dict[str, Any]]:
    """Content hash and proven orders of every scheme file, from scratch."""
    record = {}
    for name, path in sorted(scheme_files().items()):
        content = read_bytes(path)
        scheme = verify(parse_scheme(content, name=name))
        record[name] = {"sha256": content_hash(content), "proven": scheme.record()}
    return record


def record_text(record: dict[str, dict[str, Any]]) -> str:
    """The record as JSON, one scheme a line."""
    lines = (f"{json.dumps(name)}: {json.dumps(entry)}" for name, entry in record.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def main() -> None:
    """Write the record beside the module that reads it."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    record = prove_catalogue()
    RECORD.write_text(record_text(record), encoding="utf-8")
    logging.getLogger(__name__).info("%d schemes proven, written to %s", len(record), RECORD)


if __name__ == "__main__":
    main()
