"""``python -m reports FILE --out rapport.pdf``: a report without a screen, for a nightly job; no file is kept."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from analytics.errors import PaliersError, Question, ReadError, place_of
from analytics.french import cleaned
from analytics.schema import Dataset
from data.demo_cache import demo_dataset
from data.depot import Depot
from data.depot.files import RECORD, folder_of, read_json
from data.depot.gate import pseudonymise
from data.depot.handover import read_dataset
from reports.executive import LEFT_OUT, PAGES, build_executive
from reports.model import Report

MADE, REFUSED, QUESTION, USAGE = 0, 1, 2, 64
FORMATS = (".pdf", ".pptx", ".xlsx")
_MOST_LETTERS = 400


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; its exit code: 0 made, 1 refused, 2 a question is open, 64 wrong usage."""
    parser = _parser()
    options, others = parser.parse_known_args(arguments)
    if others:
        parser.error(f"« {others[0]} » n’est pas une option")
    pages, answers = _checked(parser, options)
    try:
        dataset = demo_dataset() if options.demo else _load(options.file, answers, options.sheet)
        if isinstance(dataset, tuple):
            _ask(dataset)
            return QUESTION
        report = build_executive(dataset, pages=pages, **({"title": options.title} if options.title else {}))
        _write(options.out, _maker(options.out)(report))
    except PaliersError as error:
        return _say(f"refusé : {error}")
    except OSError as error:
        return _say(f"le rapport n’a pas pu être écrit : {error.strerror or type(error).__name__}")
    except Exception as error:  # noqa: BLE001 - whatever a file provokes, a script gets a code and a line without cells
        _say(f"refusé : ce fichier a fait échouer le rapport ({place_of(error)})")
        return REFUSED
    return MADE


class _Parser(argparse.ArgumentParser):
    """Wrong usage has a code of its own: 2 says that a question is open."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"{self.prog} : {message}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m reports", description="Faire un rapport d’un fichier, sans écran et sans rien en garder.",
        epilog="Code de sortie : 0 fait, 1 fichier refusé, 2 en attente d’une réponse, 64 commande mal écrite. "
        f"{LEFT_OUT}",
    )  # fmt: skip
    parser.add_argument("file", type=Path, nargs="?", metavar="FICHIER", help="fichier à lire")
    parser.add_argument("--demo", action="store_true", help="la mutuelle de démonstration au lieu d’un fichier")
    parser.add_argument("--out", type=Path, metavar="RAPPORT", help=f"fichier à faire : {', '.join(FORMATS)}")
    parser.add_argument("--pages", default=",".join(PAGES), metavar="PAGES", help=f"parmi {','.join(PAGES)}")
    parser.add_argument(
        "--answer", action="append", default=[], metavar="CLÉ=VALEUR", help="réponse à une question ; peut être répété"
    )
    parser.add_argument("--sheet", metavar="FEUILLE", help="feuille d’un classeur")
    parser.add_argument("--title", metavar="TITRE", help="titre du rapport")
    return parser


def _checked(parser: _Parser, options: argparse.Namespace) -> tuple[list[str], dict[str, str]]:
    """Pages and answers; wrong usage ends the command."""
    if options.demo == (options.file is not None):
        parser.error("donnez un fichier, ou --demo, et un seul des deux")
    if options.file is not None and not options.file.is_file():
        parser.error(f"le fichier « {options.file} » n’existe pas ou n’est pas un fichier")
    if options.out is None or options.out.suffix.lower() not in FORMATS:
        parser.error(f"--out attend un nom en {', '.join(FORMATS)}, pas « {options.out or ''} »")
    if not options.out.absolute().parent.is_dir() or options.out.is_dir():
        parser.error(f"--out ne peut pas s’écrire ici : « {options.out} »")
    if options.file is not None and options.out.exists() and options.out.samefile(options.file):
        parser.error("--out est le fichier lu : il serait écrasé")
    pages = [page.strip() for page in options.pages.split(",") if page.strip()]
    unknown = [page for page in pages if page not in PAGES]
    if unknown or not pages:
        parser.error(f"--pages attend {','.join(PAGES)}, pas « {options.pages} ». {LEFT_OUT}")
    answers = {}
    for given in options.answer:
        key, sign, value = given.rpartition("=")
        if not sign or not key:
            parser.error(f"--answer attend clé=valeur, pas « {given} »")
        answers[key] = value
    return pages, answers


def _load(path: Path, answers: dict[str, str], sheet: str | None) -> Dataset | tuple[Question, ...]:
    """The dataset, read by the same confined process as an upload, or the questions that it waits for."""
    with tempfile.TemporaryDirectory(prefix="paliers-") as folder:
        depot = Depot(Path(folder), spare=False)
        token = depot.receive(path, path.name)
        depot.start(token, answers=answers, sheet=sheet)
        state = depot.wait(token).state
        report = depot.report(token)
        if state == "question":
            return tuple(report.blocking)
        if state != "pret":
            raise report.error or ReadError("La lecture n’est pas allée au bout.")
        record = read_json(folder_of(depot.root, token) / RECORD)
        read = read_dataset(folder_of(depot.root, token) / str(record["kept"]))
        return pseudonymise(_named(read, path.name, record["sha256"]))


def _named(dataset: Dataset, name: str, fingerprint: str) -> Dataset:
    """Name and digest as given to this command: the confined process is not asked."""
    return replace(dataset, source=name, fingerprint=fingerprint, is_demo=False)


def _maker(out: Path) -> Callable[[Report], bytes]:
    """What makes a file of that extension; the others are not loaded."""
    if out.suffix.lower() == ".pdf":
        from reports.pdf import report_to_pdf as make
    elif out.suffix.lower() == ".pptx":
        from reports.slides import report_to_pptx as make
    else:
        from reports.book import report_to_xlsx as make
    return make


def _write(out: Path, content: bytes) -> None:
    """The whole file or none: written beside, then renamed."""
    handle, name = tempfile.mkstemp(dir=out.absolute().parent, prefix=f".{out.name}-", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o640)
        Path(name).replace(out)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _ask(questions: Sequence[Question]) -> None:
    """Each open question, its possible answers, and how to give one."""
    for question in questions:
        _say(f"question {question.key} : {question.text}")
        for value, label in question.choices.items():
            _say(f"  --answer {question.key}={value}   {label}")


def _say(text: str) -> int:
    """One line on the error stream, without control characters; the code of a refusal."""
    line = cleaned(text)
    sys.stderr.write((line if len(line) <= _MOST_LETTERS else f"{line[:_MOST_LETTERS]}…") + "\n")
    return REFUSED


if __name__ == "__main__":
    sys.exit(main())
