"""Nothing of a file in the logs: a fault is told by its kind and its places in the code, never by its text."""

from __future__ import annotations

import logging
from typing import Any

from analytics.errors import place_of

_MAKE = logging.LogRecord


class _Record(_MAKE):
    """A record whose exception became a place: the message of a fault of pandas quotes the cells it met."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        error = self.exc_info[1] if isinstance(self.exc_info, tuple) else None
        if error is not None:
            self.msg, self.args, self.exc_info = f"{self.getMessage()} ({place_of(error)})", (), None


def keep_values_out() -> None:
    """Make every record of this process so, those of the libraries included."""
    logging.setLogRecordFactory(_Record)
