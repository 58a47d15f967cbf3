"""Everything that is proven of a scheme, in words."""

from odegraph.scheme.base import Scheme


def scheme_facts(scheme: Scheme) -> dict[str, object]:
    """What all schemes have, then what those of its kind have."""
    return {
        "kind": scheme.kind,
        "stages": scheme.stages,
        "order": scheme.order,
        "exact": scheme.is_exact,
        "explicit": scheme.is_explicit,
        **scheme.facts(),
    }
