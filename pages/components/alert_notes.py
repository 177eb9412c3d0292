"""What people say of alerts, kept with the dataset: thresholds set, and alerts seen with their reason.

A dataset dropped by somebody keeps them in the store; those of every visitor (demonstration, engine) keep them for the
session only, and the page says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from analytics.constat import Constat, from_param, same_finding, to_param
from analytics.descriptive.alerts import Seuil
from analytics.errors import PaliersError, ParameterError
from data import store
from pages.components import state
from pages.components.cache import digest
from pages.components.sidebar import View

SEEN, THRESHOLD = "constat", "seuil"


@dataclass(frozen=True)
class Note:
    """One thing kept: `genre` is SEEN or THRESHOLD; `seen_at` and `reason` once somebody classified it.

    What cannot be read any more has no content, and `error` says so: it can only be told of and removed.
    """

    key: str
    genre: str
    content: str | Seuil | None
    seen_at: datetime | None = None
    reason: str = ""
    error: PaliersError | None = None

    @property
    def constat(self) -> Constat:
        """The finding that was seen."""
        return from_param(self.content)


def read_notes(view: View) -> tuple[Note, ...]:
    """Everything kept about the alerts of a dataset, oldest first, what cannot be read included."""
    if not view.opened.is_held:
        return tuple(_session(view).values())
    return tuple(_noted(alert) for alert in store.alerts(view.token) if alert.content.get("genre") in (SEEN, THRESHOLD))


def seen_in(notes: Iterable[Note], constat: Constat) -> bool:
    """Whether a finding was classified."""
    return any(n.genre == SEEN and n.error is None and same_finding(n.constat, constat) for n in notes)


def mark_seen(view: View, constat: Constat, reason: str) -> None:
    """Classify an alert, with the reason why it needs nothing more.

    Raises
    ------
    ParameterError
        No reason, or too many alerts.
    StoreError
        The database cannot be written.
    """
    key = f"{SEEN}-{digest(constat.indicator, constat.selection)[:22]}"
    note = Note(key, SEEN, to_param(constat))
    keep_note(view, note)
    classify(view, note, reason)


def set_threshold(view: View, seuil: Seuil) -> None:
    """Set a threshold; the same one set again is to be seen again.

    Raises
    ------
    ParameterError
        Too many alerts.
    StoreError
        The database cannot be written.
    """
    keep_note(view, Note(f"{THRESHOLD}-{digest(seuil.to_plain())[:22]}", THRESHOLD, seuil))


def keep_note(view: View, note: Note) -> None:
    """Keep a note, not yet classified; also what reopens a threshold."""
    if not view.opened.is_held:
        _session(view)[note.key] = replace(note, seen_at=None, reason="")
        return
    plain = note.content.to_plain() if note.genre == THRESHOLD else {"constat": note.content}
    store.set_alert(view.token, {"genre": note.genre, **plain}, key=note.key)


def classify(view: View, note: Note, reason: str) -> None:
    """Say why a note needs nothing more."""
    if not view.opened.is_held:
        _session(view)[note.key] = replace(note, seen_at=datetime.now(UTC), reason=reason)
        return
    store.note_alert(view.token, note.key, reason)


def forget_note(view: View, key: str) -> None:
    """Remove a threshold, or reopen an alert: it comes back among the others."""
    if not view.opened.is_held:
        _session(view).pop(key, None)
        return
    store.forget_alert(view.token, key)


def _noted(alert: store.Alert) -> Note:
    genre = alert.content["genre"]
    try:
        content, error = _content(genre, alert.content), None
    except PaliersError as found:
        content, error = None, found
    return Note(alert.key, genre, content, alert.seen_at, alert.reason, error)


def _content(genre: str, kept: Mapping[str, object]) -> str | Seuil:
    if genre == THRESHOLD:
        return Seuil.from_plain(kept)
    word = str(kept.get("constat", ""))
    try:
        from_param(word)
    except PaliersError as error:
        raise ParameterError("Une alerte classée est illisible.", remede="Supprimez-la des alertes vues.") from error
    return word


def _session(view: View) -> dict[str, Note]:
    """Notes of this session on a dataset of every visitor."""
    every = state.get(state.ALERT_NOTES) or {}
    state.put(state.ALERT_NOTES, every)
    return every.setdefault(view.token, {})
