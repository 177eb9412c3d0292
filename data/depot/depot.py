"""One upload, from its bytes to an accepted dataset; its state is on disk, so a reload of the page loses nothing."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from analytics.errors import MappingError, ReadError
from data import store
from data.depot import gate, handover, keeping
from data.depot.files import (
    LIMIT_BYTES,
    RECORD,
    REPORT,
    Reception,
    Source,
    damaged,
    folder_of,
    old_folders,
    pieces_of,
    read_json,
    write_json,
)
from data.depot.reading import RECORDS, Reading
from data.depot.report import Report, report_of
from data.depot.running import RUNS, Run, forget_dead_owners, is_alive, owner
from data.sandbox.messages import clean

_UNDER_WAY = ("attente", "en cours")
_MAX_ANSWERS, _LONGEST_ANSWER = 500, 500
_STOP_SECONDS = 10.0
#: An upload that nobody touched for a day is abandoned.
ABANDONED = 24 * 3600.0
_ACCEPTING = threading.Lock()


@dataclass(frozen=True)
class Status:
    """Where an upload stands.

    Attributes
    ----------
    state : str
        "recu", "attente", "en cours", "question" (an answer is needed), "pret" (can be accepted), "refuse",
        "annule", or "interrompu" (the server stopped meanwhile: start again).
    fraction : float
        Share done, 0 to 1.
    text : str
        What is being done, in French.
    lines_per_second, seconds_left : float or None
        None while they are not known.
    """

    state: str
    fraction: float = 0.0
    text: str = ""
    lines_per_second: float | None = None
    seconds_left: float | None = None

    @property
    def running(self) -> bool:
        """Whether the state will change by itself."""
        return self.state in _UNDER_WAY


class Depot:
    """The uploads of a folder.

    Parameters
    ----------
    root : pathlib.Path, optional
        `depots` in the folder of the store by default.
    spare : bool
        Whether a confined process is kept ready, its imports done, for the next file.
    """

    def __init__(self, root: Path | None = None, *, spare: bool = True) -> None:
        self._given, self._spare = root, spare

    @property
    def root(self) -> Path:
        """Folder of the uploads."""
        return (self._given or store.home() / "depots").resolve()

    # --- from bytes to a report -----------------------------------------------------------------------------------

    def receiving(self, name: str, *, limit_bytes: int = LIMIT_BYTES) -> Reception:
        """Receive a file piece by piece: ``with depot.receiving(name) as r: r.write(…); token = r.finish()``."""
        return Reception(self.root, name, limit_bytes=limit_bytes)

    def receive(self, source: Source, name: str, *, limit_bytes: int = LIMIT_BYTES) -> str:
        """Write a file on the disk, whole or not at all, and return the name of its upload.

        Parameters
        ----------
        source : bytes, path, open file or iterable of bytes
        name : str
            Name of the file, as its owner calls it.
        limit_bytes : int
            Largest size accepted.

        Raises
        ------
        ReadError
            Larger than `limit_bytes`, or the disk is full.
        """
        with self.receiving(name, limit_bytes=limit_bytes) as reception:
            for piece in pieces_of(source):
                reception.write(piece)
            return reception.finish()

    def start(
        self,
        token: str,
        *,
        answers: Mapping[str, str] | None = None,
        sheet: str | None = None,
        held: Iterable[str] = (),
    ) -> None:
        """Read the file in a confined process; a reading under way is cancelled first.

        Parameters
        ----------
        token : str
            What :meth:`receive` returned.
        answers : mapping, optional
            Answers to questions, by key; None keeps those given before.
        sheet : str, optional
            Sheet of a workbook; None keeps the one given before.
        held : iterable of str, optional
            Tokens of the datasets that this person holds, the last used first: the answers given to one of the same
            layout are used again the first time a file is read. Those of nobody else are.

        Raises
        ------
        ReadError
            No such upload.
        """
        folder = folder_of(self.root, token)
        with RECORDS:
            record = read_json(folder / RECORD)
            record["attempt"] += 1
            record |= {"state": "attente", "owner": owner(self.root)}
            if answers is not None:
                record["answers"] = _bounded(answers)
            if sheet is not None:
                record["sheet"] = clean(sheet, 200)
            write_json(folder / RECORD, record)
        reading = Reading(self.root, spare=self._spare, memory=keeping.recall(held))
        RUNS.submit(Run(token, record["attempt"], record["lines"], reading.read))

    def answer(self, token: str, answers: Mapping[str, str | None]) -> None:
        """Add answers to those given before (None takes one back) and read the file again."""
        given = read_json(folder_of(self.root, token) / RECORD)["answers"] | dict(answers)
        self.start(token, answers={k: v for k, v in given.items() if v is not None})

    # --- looking --------------------------------------------------------------------------------------------------

    def status(self, token: str) -> Status:
        """Where an upload stands.

        Raises
        ------
        ReadError
            No such upload.
        """
        folder = folder_of(self.root, token)
        run = RUNS.get(token)
        record = read_json(folder / RECORD)
        if run is not None and record["state"] in _UNDER_WAY:
            rate, left = run.speed()
            return Status("attente" if run.began is None else "en cours", run.fraction, run.text, rate, left)
        if record["state"] in _UNDER_WAY and run is None and not self._read_elsewhere(record):
            record = self._interrupt(folder)
        done = record["state"] in ("question", "pret", "refuse")
        return Status(record["state"], 1.0 if done else 0.0, _STATES.get(record["state"], ""))

    def _read_elsewhere(self, record: dict[str, Any]) -> bool:
        name = str(record.get("owner", ""))
        return name != owner(self.root) and is_alive(self.root, name)

    def _interrupt(self, folder: Path) -> dict[str, Any]:
        """A reading that nobody does any more."""
        with RECORDS:
            record = read_json(folder / RECORD)
            if record["state"] in _UNDER_WAY and RUNS.get(folder.name) is None:
                record["state"] = "interrompu"
                write_json(folder / RECORD, record)
        return record

    def wait(self, token: str, *, seconds: float | None = None) -> Status:
        """Wait for the end of a reading under way here, at most a time."""
        run = RUNS.get(token)
        if run is not None:
            run.ended.wait(seconds)
        return self.status(token)

    def report(self, token: str) -> Report:
        """What was understood of the file by the last reading that ended.

        Raises
        ------
        ReadError
            No such upload, or not read yet.
        """
        folder = folder_of(self.root, token)
        if not (folder / REPORT).is_file():
            raise ReadError("Ce fichier n’est pas encore lu.", remede="Attendez la fin de sa lecture.")
        try:
            return report_of(read_json(folder / REPORT))
        except (TypeError, ValueError, KeyError) as error:
            if isinstance(error, ReadError):
                raise
            raise damaged() from error

    # --- ending ---------------------------------------------------------------------------------------------------

    def cancel(self, token: str) -> None:
        """Stop the reading of an upload; its file stays, and can be read again."""
        folder = folder_of(self.root, token)
        run = RUNS.cancel(token)
        if run is None:
            return
        run.ended.wait(_STOP_SECONDS)
        with RECORDS:
            record = read_json(folder / RECORD)
            if record["state"] in _UNDER_WAY and record["attempt"] == run.attempt:  # it had not begun
                write_json(folder / RECORD, record | {"state": "annule"})

    def accept(self, token: str, *, purpose: str = "", keep_until: date | None = None, held: Iterable[str] = ()) -> str:
        """Put the dataset in the store, erase the upload, and return the token of the dataset.

        Parameters
        ----------
        token : str
        purpose : str, optional
            Why these data are kept, in one line stored with them.
        keep_until : datetime.date, optional
            Last day they are kept.
        held : iterable of str, optional
            Tokens of the datasets that this person holds, the last used first: the history of the source goes on from
            the first one of the same layout.

        Raises
        ------
        MappingError
            A question is waiting for its answer.
        ReadError
            The file is not read, or was refused.
        SchemaError
            What was made of it does not respect the contract.
        """
        with _ACCEPTING:  # two clicks make one dataset
            folder = folder_of(self.root, token)
            record = read_json(folder / RECORD)
            if record["state"] == "question":
                asked = self.report(token).blocking
                raise MappingError("Un total dépend de votre réponse.", questions=asked, remede="Répondez d’abord.")
            if record["state"] != "pret":
                raise ReadError("Ce fichier n’est pas prêt à être utilisé.", remede="Attendez la fin de sa lecture.")
            place = folder / str(record["kept"])
            dataset = handover.read_dataset(place)
            # Name and digest are those of the file as the server received it: the confined process is not asked.
            dataset = replace(dataset, source=record["name"], fingerprint=record["sha256"], is_demo=False)
            kept = gate.pseudonymise(dataset)
            lines = handover.lines_of(place) if kept is dataset else None  # lines would still name people
            dataset = kept
            saved = store.save(dataset, lines=lines, purpose=clean(purpose, 500), keep_until=keep_until)
            keeping.remember(saved, dataset, self.report(token).layout, record["answers"], held)
            self.discard(token)
            return saved

    def discard(self, token: str) -> None:
        """Erase an upload and all that was made of it; a reading under way is stopped."""
        folder = folder_of(self.root, token)
        self.cancel(token)
        with RECORDS:
            (folder / RECORD).unlink(missing_ok=True)  # from here on it does not exist, even if what follows is cut
            shutil.rmtree(folder, ignore_errors=True)

    def sweep(self, older_than: float = ABANDONED) -> int:
        """Erase the uploads that nobody touched for `older_than` seconds; return how many there were.

        To be called when the server starts, and from time to time.
        """
        erased = 0
        for folder in old_folders(self.root, older_than):
            if RUNS.get(folder.name) is None:
                shutil.rmtree(folder, ignore_errors=True)
                erased += 1
        forget_dead_owners(self.root)
        return erased


_STATES = {
    "recu": "Fichier reçu",
    "attente": "En attente",
    "en cours": "Lecture en cours",
    "question": "Une réponse est nécessaire",
    "pret": "Prêt",
    "refuse": "Refusé",
    "annule": "Lecture annulée",
    "interrompu": "Lecture interrompue par un arrêt du serveur",
}


def _bounded(answers: Mapping[str, str]) -> dict[str, str]:
    return {clean(k, _LONGEST_ANSWER): clean(v, _LONGEST_ANSWER) for k, v in list(answers.items())[:_MAX_ANSWERS]}
