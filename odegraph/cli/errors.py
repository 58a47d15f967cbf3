"""The one place where errors become messages and exit codes."""

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from odegraph._errors import OdegraphError

FAILURE = 1


@contextmanager
def errors_as_messages() -> Iterator[None]:
    """What a user can mend ends the program with one message and exit code 1; warnings are lines.

    Both go to standard error.
    """
    errors = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)
    before = warnings.showwarning
    warnings.showwarning = lambda message, *_, **__: errors.print(f"warning: {message}")
    try:
        yield
    except OdegraphError as error:
        errors.print(f"error: {error}")
        sys.exit(FAILURE)
    finally:
        warnings.showwarning = before
