"""``python -m data check FILE``: what the upload page would say of a file, without a server; nothing is kept of it."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from analytics.errors import PaliersError
from data.depot import Depot, Report
from data.depot.printed import as_json, printed

ACCEPTED, REFUSED, QUESTION, USAGE = 0, 1, 2, 64
_CODES = {"pret": ACCEPTED, "question": QUESTION}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0 accepted, 1 refused, 2 a question is open, 64 wrong usage."""
    parser = _parser()
    options = parser.parse_args(arguments)
    answers = {}
    for given in options.answer:
        key, sign, value = given.rpartition("=")
        if not sign or not key:
            parser.error(f"--answer attend clé=valeur, pas « {given} »")
        answers[key] = value
    if not options.file.is_file():
        parser.error(f"le fichier « {options.file} » n’existe pas ou n’est pas un fichier")
    state, report = _check(options.file, answers, options.sheet)
    if options.json:
        text = json.dumps(as_json(report, state), ensure_ascii=False, indent=2) + "\n"
    else:
        text = printed(report, state)
    sys.stdout.write(text)
    return _CODES.get(state, REFUSED)


class _Parser(argparse.ArgumentParser):
    """Wrong usage has a code of its own: 2 says that a question is open."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"{self.prog} : {message}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m data", description="Lire un fichier comme le ferait la page « Données », sans rien en garder."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="commande")
    check = commands.add_parser(
        "check", help="dire si un fichier est lisible, et comment", description="Dire si un fichier est lisible.",
        epilog="Code de sortie : 0 accepté, 1 refusé, 2 en attente d’une réponse, 64 commande mal écrite.",
    )  # fmt: skip
    check.add_argument("file", type=Path, metavar="FICHIER", help="fichier à lire")
    check.add_argument("--sheet", metavar="FEUILLE", help="feuille d’un classeur")
    check.add_argument(
        "--answer", action="append", default=[], metavar="CLÉ=VALEUR", help="réponse à une question ; peut être répété"
    )
    check.add_argument("--json", action="store_true", help="le rapport en JSON")
    return parser


def _check(path: Path, answers: dict[str, str], sheet: str | None) -> tuple[str, Report]:
    """State and report of a file, read by the same confined process as an upload."""
    with tempfile.TemporaryDirectory(prefix="paliers-") as folder:
        depot = Depot(Path(folder), spare=False)
        try:
            token = depot.receive(path, path.name)
            depot.start(token, answers=answers, sheet=sheet)
            state = depot.wait(token).state
            return state, depot.report(token)
        except PaliersError as error:
            return "refuse", Report(path.name, error=error)


if __name__ == "__main__":
    sys.exit(main())
