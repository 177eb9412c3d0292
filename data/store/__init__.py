"""What the server keeps: datasets found by an unguessable token, what people add to them, the journal, the proofs.

Tables are Parquet files named by their SHA-256 under $PALIERS_HOME; everything else is in one database, SQLite there by
default or PostgreSQL by $PALIERS_DATABASE. A file is on the disk before the row that names it, and leaves it after.
"""

from data.store.content import last_day
from data.store.database import close
from data.store.datasets import Recent, about, exists, lines_path, load, recent, save, set_keeping
from data.store.deposits import (
    Deposit,
    deposit_of,
    history,
    previous_deposit,
    quality_history,
    recall_answers,
    record_deposit,
    remember_answers,
)
from data.store.erasing import ErasedFile, Erasure, Usage, delete, disk_usage, erasures, purge, sweep
from data.store.errors import DiskFullError, StoreError
from data.store.events import KeptEvent, forget_event, keep_event, kept_events
from data.store.journal import Entry, audit, log
from data.store.manifest import read_manifest, write_manifest
from data.store.notes import (
    Alert,
    Decision,
    Scenario,
    alerts,
    decisions,
    earlier_decisions,
    forget_alert,
    forget_scenario,
    keep_scenario,
    note_alert,
    record_decision,
    scenarios,
    set_alert,
)
from data.store.paths import home

__all__ = [
    "Alert",
    "Decision",
    "Deposit",
    "DiskFullError",
    "Entry",
    "ErasedFile",
    "Erasure",
    "KeptEvent",
    "Recent",
    "Scenario",
    "StoreError",
    "Usage",
    "about",
    "alerts",
    "audit",
    "close",
    "decisions",
    "delete",
    "deposit_of",
    "disk_usage",
    "earlier_decisions",
    "erasures",
    "exists",
    "forget_alert",
    "forget_event",
    "forget_scenario",
    "history",
    "home",
    "keep_event",
    "keep_scenario",
    "kept_events",
    "last_day",
    "lines_path",
    "load",
    "log",
    "note_alert",
    "previous_deposit",
    "purge",
    "quality_history",
    "read_manifest",
    "recall_answers",
    "recent",
    "record_decision",
    "record_deposit",
    "remember_answers",
    "save",
    "scenarios",
    "set_alert",
    "set_keeping",
    "sweep",
    "write_manifest",
]
