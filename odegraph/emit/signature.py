"""The signature of a compiled block: what went in, as one short hash."""

import hashlib
import json

from odegraph._version import __version__
from odegraph.emit.rounding import Precision
from odegraph.ir import StepGraph, to_text

SIGNATURE_LENGTH = 16


def signature(graph: StepGraph, *, unit_source: str, precision: Precision) -> str:
    """A hash of manifestation, step graph, unit and compiler version: equal inputs, equal text."""
    content = {
        "compiler": __version__,
        "manifestation": graph.manifestation.to_dict(),
        "graph": to_text(graph),
        "unit": unit_source,
        "precision": precision.name,
    }
    text = json.dumps(content, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:SIGNATURE_LENGTH]
