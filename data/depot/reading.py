"""One reading of one upload: the confined process, what it says checked, the outcome written down."""

from __future__ import annotations

import contextlib
import logging
import shutil
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from analytics.errors import PaliersError, ReadError
from data import sandbox
from data.depot.files import RECORD, REPORT, SOURCE, read_json, write_json
from data.depot.report import report_of
from data.depot.running import Run
from data.sandbox.messages import clean, error_fields

LOGGER = logging.getLogger("paliers.depot")
#: Held while a record is read then written.
RECORDS = threading.Lock()
#: What the confined process runs.
TARGET = "data.depot.work:prepare"
_MEGABYTE = 1 << 20


def limits_for(size: int) -> sandbox.Limits:
    """What reading a file of a size may take: little for a small file, however much it would become once opened."""
    megabytes = size / _MEGABYTE
    return sandbox.Limits(
        # With what the process holds before it begins, a small file stays under 512 MB.
        # A large text whose premiums must be compared line by line is read in memory: ten times its size.
        memory_bytes=int(min(8192, 384 + 12 * megabytes) * _MEGABYTE),
        cpu_seconds=min(30 + megabytes, 1800),
        wall_seconds=min(120 + 4 * megabytes, 7200),
        file_bytes=max(1 << 30, 4 * size),
    )


class Reading:
    """How the uploads of a folder are read.

    Parameters
    ----------
    root : pathlib.Path
        Folder of the uploads.
    spare : bool
        Whether a confined process is made ready afterwards.
    memory : mapping
        Layout -> answers given to an earlier file that the same person holds.
    """

    def __init__(self, root: Path, *, spare: bool, memory: Mapping[str, Mapping[str, str]]) -> None:
        self._root, self._spare, self._memory = root, spare, memory

    def read(self, run: Run) -> None:
        """Read an upload; whatever happens is written in its folder."""
        record = self._note(run, state="en cours")
        if record is None:
            return
        place = self._root / run.token / f"lecture-{run.attempt}"
        try:
            self._conclude(run, self._with_memory(run, place, record))
        except sandbox.Stopped as error:
            if error.limit == "annule":
                self._note(run, state="annule")
            else:
                self._conclude(run, _refused(record, error))
        except (ReadError, OSError) as error:  # the upload was erased meanwhile, or the disk is full
            LOGGER.warning("Lecture d’un dépôt abandonnée (%s).", type(error).__name__)
            self._note(run, state="interrompu")
        finally:
            self._clear(run, place)
            if self._spare:
                sandbox.prepare()

    def _with_memory(self, run: Run, place: Path, record: dict[str, Any]) -> dict[str, Any]:
        """What the file says with the answers given, completed by those remembered from the same layout."""
        told = self._confined(run, place, record, {})
        if not self._memory or record["attempt"] > 1:  # a person who answers again is not contradicted
            return told
        remembered = self._memory.get(report_of(told["report"]).layout, {})
        news = {k: v for k, v in remembered.items() if k not in record["answers"]}
        return self._confined(run, place, record, news) if news else told

    def _confined(self, run: Run, place: Path, record: dict[str, Any], remembered: dict[str, str]) -> dict[str, Any]:
        """What the confined process says, as {"state", "answers", "report"}; an error it raises is a refusal."""
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(mode=0o700)
        source = self._root / run.token / SOURCE
        arguments = {
            "path": str(source),
            "name": record["name"],
            "sheet": record.get("sheet"),
            "answers": record["answers"],
            "remembered": remembered,
        }
        try:
            told = sandbox.run(
                TARGET,
                arguments,
                limits=limits_for(record["size"]),
                folder=place,
                progress=run.progress,
                cancelled=run.cancelled,
                readable=(source,),
            )
            report_of(told["report"])  # believed only if every field is of its type
            answers = {clean(k, 500): clean(v, 500) for k, v in told["answers"].items()}
            state = told["state"] if told["state"] in ("pret", "question") else "refuse"
        except sandbox.Stopped:
            raise
        except PaliersError as error:
            return _refused(record, error)
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            LOGGER.warning("Compte rendu illisible d’une lecture confinée (%s).", type(error).__name__)
            raise sandbox.stopped("arret") from error
        return {"state": state, "answers": answers, "report": told["report"]}

    def _conclude(self, run: Run, told: dict[str, Any]) -> None:
        """Write the report, then the state that sends the reader to it."""
        state, answers = told["state"], told["answers"]
        with RECORDS:
            record = self._record(run)
            if record is None:
                return
            asked = _with_earlier(told["report"].get("questions") or [], record.get("asked", []), answers)
            report = told["report"] | {"name": record["name"], "questions": asked}
            write_json(self._root / run.token / REPORT, report)
            kept = f"lecture-{run.attempt}" if state == "pret" else None
            changes = {"state": state, "answers": answers, "asked": asked, "kept": kept}
            write_json(self._root / run.token / RECORD, record | changes)

    def _note(self, run: Run, **changes: Any) -> dict[str, Any] | None:
        """Change the record of an upload, unless a later reading or an erasure made this one worthless."""
        with RECORDS:
            record = self._record(run)
            if record is None:
                return None
            write_json(self._root / run.token / RECORD, record | changes)
            return record | changes

    def _record(self, run: Run) -> dict[str, Any] | None:
        path = self._root / run.token / RECORD
        record = read_json(path) if path.is_file() else {}
        return record if record.get("attempt") == run.attempt else None

    def _clear(self, run: Run, place: Path) -> None:
        """Erase the folders of the readings that are not the one to accept."""
        kept = None
        with contextlib.suppress(ReadError):
            kept = read_json(self._root / run.token / RECORD).get("kept")
        for folder in place.parent.glob("lecture-*"):
            if folder.name != kept and int(folder.name.partition("-")[2]) <= run.attempt:
                shutil.rmtree(folder, ignore_errors=True)


def _refused(record: dict[str, Any], error: PaliersError) -> dict[str, Any]:
    report = {"name": record["name"], "error": error_fields(error)}
    return {"state": "refuse", "answers": record["answers"], "report": report}


def _with_earlier(
    questions: list[dict[str, Any]], asked: list[dict[str, Any]], answers: dict[str, str]
) -> list[dict[str, Any]]:
    """Questions of this reading, then those answered before: their answers can still be changed."""
    keys = {q["key"] for q in questions}
    earlier = [
        q | {"blocking": False, "answer": answers[q["key"]]}
        for q in asked
        if q["key"] not in keys and q["key"] in answers
    ]
    return [*questions, *earlier]
