"""Decisions kept with a dataset, those of its earlier deposits, and those joined from a file.

A dataset dropped by somebody keeps them in the store, and they are erased with it; those of every visitor
(demonstration, engine) keep them for the session only, and the page says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from analytics.errors import PaliersError, ParameterError
from analytics.prescriptive.follow_file import LONGEST_REASON, from_plain, import_decision, to_plain
from analytics.prescriptive.follow_record import Engagement
from data import store
from pages.components import state
from pages.components.cache import cached, digest
from pages.components.sidebar import View

DECISIONS = "_decisions"
MIN_WORDS = 3
#: Most decisions of one visit.
MOST = 50
LONGEST_WHO = 200


@dataclass(frozen=True)
class Kept:
    """A decision kept: `inherited` when it was taken on an earlier deposit; without engagement, `error` says why."""

    key: str
    made_at: datetime
    who: str
    why: str
    engagement: Engagement | None
    inherited: bool = False
    error: PaliersError | None = None


def read_decisions(view: View) -> tuple[Kept, ...]:
    """Decisions to follow on these data, newest first, one of each."""
    if not view.opened.is_held:
        return tuple(_session(view).values())[::-1]
    own = [_kept(view, d, inherited=False) for d in store.decisions(view.token)]
    before = [_kept(view, d, inherited=True) for d in store.earlier_decisions(view.token)]
    every = {kept.key: kept for kept in (*before, *own)}  # one that was joined again is the dataset's own
    return tuple(sorted(every.values(), key=lambda kept: kept.made_at, reverse=True))


def keep_decision(view: View, who: str, why: str, engagement: Engagement) -> None:
    """Write a decision down with the dataset.

    Raises
    ------
    ParameterError
        No reason in a few words, a text too long, already noted, or too large.
    StoreError
        The database cannot be written.
    """
    if len(why.split()) < MIN_WORDS:
        raise ParameterError("Il manque la raison de la décision.", remede="Dites pourquoi, en quelques mots.")
    if len(who) > LONGEST_WHO or len(why) > LONGEST_REASON:
        raise ParameterError("La fonction ou la raison est trop longue.", remede="Écrivez-la plus court.")
    content = to_plain(engagement)
    from_plain(content)  # what could not be read back is refused now
    key = decision_key(who, why, content)
    if any(kept.key == key and not kept.inherited for kept in read_decisions(view)):
        raise ParameterError("Cette décision est déjà notée avec ces données.")
    if view.opened.is_held:
        store.record_decision(view.token, who, why, engagement.phrase(), content)
        return
    if len(_session(view)) >= MOST:
        raise ParameterError(f"Il y en a déjà {MOST} pour cette visite.")
    _session(view)[key] = Kept(key, datetime.now(UTC), who, why, engagement)


def join_decision(view: View, raw: bytes) -> str:
    """Attach the file of a decision to these data, and return its name.

    Raises
    ------
    ParameterError
        As :func:`analytics.prescriptive.follow_file.import_decision` and :func:`keep_decision`.
    StoreError
        The database cannot be written.
    """
    file = import_decision(raw)
    keep_decision(view, file.qui, file.pourquoi, file.engagement)
    return file.engagement.nom


def _kept(view: View, decision: store.Decision, *, inherited: bool) -> Kept:
    key = decision_key(decision.who, decision.why, decision.content)
    engagement, error = cached("engagement", view.key, lambda: _read(decision.content), decision=key)
    return Kept(key, decision.made_at, decision.who, decision.why, engagement, inherited, error)


def _read(content: dict[str, object]) -> tuple[Engagement | None, PaliersError | None]:
    try:
        return from_plain(content), None
    except PaliersError as error:
        return None, error


def decision_key(who: str, why: str, content: dict[str, object]) -> str:
    """What tells a decision from another."""
    return digest(who, why, content)[:16]


def _session(view: View) -> dict[str, Kept]:
    """Decisions of this session on a dataset of every visitor."""
    every = state.get(DECISIONS) or {}
    state.put(DECISIONS, every)
    return every.setdefault(view.token, {})
