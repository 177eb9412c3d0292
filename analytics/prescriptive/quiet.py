"""Keep what HiGHS writes on the standard output, whatever its options say, out of the logs of the server."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_STDOUT = 1
_ONE_AT_A_TIME = threading.Lock()


@contextmanager
def silence() -> Iterator[None]:
    """Send the standard output of the process nowhere, for the time of a call to a solver."""
    with _ONE_AT_A_TIME:
        sys.stdout.flush()
        kept, nowhere = os.dup(_STDOUT), os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, _STDOUT)
            yield
        finally:
            os.dup2(kept, _STDOUT)
            os.close(kept)
            os.close(nowhere)
