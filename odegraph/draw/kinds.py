"""Which pictures a kind of scheme has."""

from odegraph._errors import EmitError
from odegraph.scheme import RungeKuttaScheme, Scheme


def require_runge_kutta(scheme: Scheme, *, picture: str) -> RungeKuttaScheme:
    """The scheme, if it has a tableau with A, b and c."""
    if isinstance(scheme, RungeKuttaScheme):
        return scheme
    raise EmitError(
        f"`{scheme.name}` is of kind `{scheme.kind}`; a {picture} is drawn of Runge-Kutta schemes "
        "only. Draw its step graph instead."
    )
