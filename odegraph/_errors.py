"""Every error that odegraph raises on purpose.

A message names the thing, the value, the rule and the way out; user input stands in backticks.
"""


class OdegraphError(ValueError):
    """Base of all errors that a user can cause and mend."""


class SchemeError(OdegraphError):
    """A scheme file is missing, malformed, or claims what is not true."""


class UnitError(OdegraphError):
    """A residual unit cannot be traced or does not map a state to a rate of the same shape."""


class GraphError(OdegraphError):
    """A manifestation or step graph cannot be built: steps, grid, span or scheme do not fit."""


class ProjectionError(OdegraphError):
    """Coefficients cannot be moved to, or do not belong to, a basis."""


class EmitError(OdegraphError):
    """A graph cannot be written as a torch.fx graph, a Python module, or a file."""


class DataError(OdegraphError):
    """A data set is missing, broken, or of the wrong shape."""
