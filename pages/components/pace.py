"""How long a computation should still last, from how fast it went lately; no Streamlit here."""

from __future__ import annotations

import math
from collections import deque

_WINDOW = 20.0  # seconds: what was remembered goes by in no time, and says nothing of what is computed
_SOONEST = 2.0
_ROUND_TO = 10


class Pace:
    """The last shares done and when, on any clock that counts seconds."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, float]] = deque()

    def note(self, now: float, fraction: float) -> None:
        """This share is done by now."""
        self._seen.append((now, fraction))
        while len(self._seen) > 2 and self._seen[1][0] <= now - _WINDOW:
            self._seen.popleft()

    def remaining(self, now: float) -> float | None:
        """Seconds left; None while too little was seen to tell."""
        if len(self._seen) < 2:
            return None
        (began, first), (last, done) = self._seen[0], self._seen[-1]
        if now - began < _SOONEST or done <= first or done >= 1:
            return None
        # A step that lasts longer than the others slows the pace down before it ends.
        share_by_second = (done - first) / max(last - began, now - last)
        return max((1 - done) / share_by_second - (now - last), 0.0)


def describe_remaining(seconds: float) -> str:
    """« environ 40 s », « environ 3 min », « quelques secondes »."""
    if seconds < _ROUND_TO:
        return "quelques secondes"
    if seconds <= 60 - _ROUND_TO:
        return f"environ {_ROUND_TO * math.ceil(seconds / _ROUND_TO)}\u202fs"
    if seconds < 3600:
        return f"environ {math.ceil(seconds / 60)}\u202fmin"
    return f"environ {math.ceil(seconds / 3600)}\u202fh"
