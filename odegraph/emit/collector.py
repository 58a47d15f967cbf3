"""Python's garbage collector while graphs are built."""

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def paused_collector() -> Iterator[None]:
    """Pause Python's cyclic garbage collector.

    A graph is many small objects, all of which stay. Without the pause the collector goes through
    all that were made so far, again and again, and takes as long as the compiler itself.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
