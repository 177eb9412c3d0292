"""One alert by cause: what only repeats a heavier finding is its echo, counted and not shown."""

from __future__ import annotations

from dataclasses import dataclass

from analytics.descriptive.alerts.candidates import Candidate

MOST = 0.6  # a part that carries this share of a gap is its place


@dataclass(frozen=True)
class Root:
    """A candidate that stands for its cause, its q-value, and how many other candidates only repeat it."""

    candidate: Candidate
    q_value: float
    echoes: int


def find_roots(kept: list[tuple[Candidate, float]]) -> list[Root]:
    """One finding by cause, heaviest in euros first.

    A part that carries most of its whole replaces it; what then shares a condition with a heavier finding that goes the
    same way is its echo.
    """
    precise = [pair for pair in kept if not any(_explains(other, pair[0]) for other, _ in kept)]
    roots: list[tuple[Candidate, float]] = []
    for candidate, q in sorted(precise, key=lambda pair: -abs(pair[0].euros)):
        if not any(_echoes(candidate, root) for root, _ in roots):
            roots.append((candidate, q))
    counts = [0] * len(roots)
    for candidate, _ in kept:
        of = [i for i, (root, _) in enumerate(roots) if candidate is not root and _echoes(candidate, root)]
        if of and not any(candidate is root for root, _ in roots):
            counts[of[0]] += 1
    return [Root(candidate, q, n) for (candidate, q), n in zip(roots, counts, strict=True)]


def _explains(part: Candidate, whole: Candidate) -> bool:
    inside = whole.filters.items() < part.filters.items()
    return inside and part.euros * whole.euros > 0 and abs(part.euros) >= MOST * abs(whole.euros)


def _echoes(candidate: Candidate, root: Candidate) -> bool:
    shared = candidate.filters.items() & root.filters.items()
    return bool(shared or not candidate.filters or not root.filters) and candidate.euros * root.euros > 0
