"""How quick the Descriptif is on a million lines, and with a hundred people on it at once.

``python -m benchmarks.descriptive [--quick]`` measures

- *réponses* : each figure of the page (cards, breakdowns, map, equal structure, funnel, market, account, pivots), in
  Python, on two files: the simulated mutual with every line of its 1.15 million payments kept, and a million random
  lines with texts for dimensions, 2,000 contracts and missing values. « première » is asked of a file just opened;
  then come questions never asked before, each on a period and a perimeter drawn at random, timed once. The peer is the
  same sum written plainly in pandas (mask, then groupby) on the same question;
- *sessions* : a real server, a hundred WebSocket sessions on ``/descriptif``, spread over its rubrics, each moving a
  control every ten seconds on average (evenly from five to fifteen): three times in four one of the page, else one of
  the selection (period, comparison, perimeter). Time to the end of the rerun. The peer is an empty page of the same
  framework under the same sessions.

Bars: an answer ≤ 300 ms after the first, sessions p95 ≤ 1.5 s. Wall time is that of the machine as it is: the load is
printed, and processor time beside. The last line is JSON.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from analytics.errors import PaliersError
from analytics.schema import Selection
from benchmarks.descriptive_questions import (
    Opened,
    Question,
    developed,
    questions,
    random_lines,
    selections,
    simulated,
)
from benchmarks.pages import start_empty
from benchmarks.report import print_json, print_table, times
from benchmarks.visitors import Pace, Waits, centiles, welcome
from tests.browser.harness import start_server

BARS = {"reponse_ms": 300.0, "session_p95_s": 1.5}
RUBRICS = ("L’essentiel", "Où", "À la carte", "Compte technique", "Rejouer à une date", "Repères")
EMPTY = "page vide"
#: Three controls of the page are moved for one of the selection.
PAGE_KEYS = (
    "rubrique", "indicateur", "dimension", "ou_groupes", "ou_mesure", "ou_egale", "croise_colonne", "croise_tri",
    "croise_garder", "croise_inverse", "compte_vue", "compte_base", "compte_annees", "marche_part_poste",
)  # fmt: skip
SELECTION_KEYS = ("periode", "comparaison", "f_region", "f_poste", "f_contrat", "f_formule", "f_tranche_age")


# --- in Python ----------------------------------------------------------------------------------------------------


def measure(question: Question, opened: Opened, asked: Sequence[Selection]) -> dict[str, float]:
    """Milliseconds of the first answer, then of the others, with their processor time and that of the peer."""
    fresh = opened.again()
    start = time.perf_counter()
    answer = question.prepare(fresh)
    with contextlib.suppress(PaliersError):  # a perimeter without members: the page says so, it is an answer too
        answer(asked[0])
    first = time.perf_counter() - start
    walls, spent, peers = [], [], []
    for selection in asked[1:]:
        wall, cpu = time.perf_counter(), time.process_time()
        with contextlib.suppress(PaliersError):
            answer(selection)
        walls.append(time.perf_counter() - wall)
        spent.append(time.process_time() - cpu)
        cpu = time.process_time()
        question.peer(fresh, selection)
        peers.append(time.process_time() - cpu)
    p50, p95, most = centiles(walls)
    cpu50, cpu95, cpu_most = centiles(spent)
    told = {"premiere": first, "p50": p50, "p95": p95, "max": most, "cpu_p50": cpu50, "cpu_p95": cpu95,
            "cpu_max": cpu_most, "pandas_p50": centiles(peers)[0]}  # fmt: skip
    return {name: 1000 * value for name, value in told.items()}


def measure_file(title: str, opened: Opened, count: int) -> dict[str, dict[str, float]]:
    """Every question of a file, printed as a table."""
    asked = selections(opened.completed, count + 1)
    found = {q.name: measure(q, opened, asked) for q in questions(opened, pivots=count + 1)}
    size = f"{len(opened.raw.prestation):,}".replace(",", " ")
    print(f"\n{title} : {size} lignes, {count} questions jamais posées par ligne (ms)")
    titles = ["", "première", "p50", "p95", "max", "CPU p95", "pandas (CPU p50)", "rapport CPU p50"]
    rows = [
        [name, *(f"{row[k]:.0f}" for k in ("premiere", "p50", "p95")),
         f"{row['max']:.0f}{' !' if row['max'] > BARS['reponse_ms'] else ''}", f"{row['cpu_p95']:.0f}",
         f"{row['pandas_p50']:.0f}", times(row["cpu_p50"], row["pandas_p50"])]
        for name, row in found.items()
    ]  # fmt: skip
    print_table(titles, rows)
    return found


# --- on the server ------------------------------------------------------------------------------------------------


def measure_sessions(pace: Pace, rounds: int) -> dict[str, list[Waits]]:
    """The empty page, then the Descriptif, each on its own server; the second round finds what the first computed."""
    with tempfile.TemporaryDirectory() as folder:
        homes = [Path(folder, name) for name in ("paliers", "vide")]
        for home in homes:
            home.mkdir()
        empty = start_empty(homes[1])
        try:
            empty.wait_for("/_stcore/health")
            found = {EMPTY: [welcome(empty, [("", {})], (("",),), pace)]}
        finally:
            empty.stop()
        server = start_server(homes[0])
        try:
            server.wait_ready()
            pages = [("descriptif", {"rubrique": name} if name != RUBRICS[0] else {}) for name in RUBRICS]
            found["descriptif"] = [
                welcome(server, pages, (PAGE_KEYS, PAGE_KEYS, PAGE_KEYS, SELECTION_KEYS), pace, seed=number)
                for number in range(rounds)
            ]
        finally:
            server.stop()
    return found


def show_sessions(found: dict[str, list[Waits]], pace: Pace) -> dict[str, object]:
    """The table of the sessions, and its figures."""
    print(
        f"\n{pace.visitors} sessions, un geste toutes les {pace.think:g} s en moyenne, {pace.gestures} gestes chacune, "
        f"charge de la machine {os.getloadavg()[0]:.1f} sur {os.cpu_count()} cœurs (ms)"
    )
    base = centiles(found[EMPTY][0].gestures)
    rows, figures = [], {}
    for name, rounds in found.items():
        for number, waits in enumerate(rounds, 1):
            p50, p95, most = centiles(waits.gestures)
            mark = " !" if p95 > BARS["session_p95_s"] else ""
            label = name if len(rounds) == 1 else f"{name}, tour {number}"
            rows.append([
                label, str(len(waits.gestures)), f"{1000 * p50:.0f}", f"{1000 * p95:.0f}{mark}", f"{1000 * most:.0f}",
                times(p95, base[1]), f"{1000 * centiles(waits.openings)[1]:.0f}", f"{1000 * waits.cpu:.0f}",
                f"{100 * waits.busy:.0f} %", str(len(waits.errors)),
            ])  # fmt: skip
            figures[label] = {
                "gestes": len(waits.gestures), "p50_s": p50, "p95_s": p95, "max_s": most,
                "ouverture_p95_s": centiles(waits.openings)[1], "cpu_s": waits.cpu, "occupation": waits.busy,
                "erreurs": waits.errors, "p95_par_reglage_s": {k: centiles(v)[1] for k, v in waits.by_key.items()},
            }  # fmt: skip
    print_table(
        ["", "gestes", "p50", "p95", "max", "p95 ÷ vide", "ouverture p95", "CPU par exécution", "CPU", "erreurs"], rows
    )
    return figures


def show_bars(answers: dict[str, dict[str, dict[str, float]]]) -> None:
    """One line on what is beyond its bar."""
    late = [
        f"{file}, {name} ({row['max']:.0f} ms, CPU {row['cpu_max']:.0f} ms)"
        for file, rows in answers.items() for name, row in rows.items() if row["max"] > BARS["reponse_ms"]
    ]  # fmt: skip
    print("\n« ! » : au-delà du seuil. Réponses : " + (" ; ".join(late) or "toutes sous 300 ms après la première"))


def main() -> None:
    """Command line."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the servers are stopped then too
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="moins de répétitions")
    parser.add_argument("--only", choices=("reponses", "sessions"), help="une moitié seulement")
    chosen = parser.parse_args()
    answers, sessions = {}, {}
    pace = Pace(100, 3, 10.0, 20.0) if chosen.quick else Pace(100, 6, 10.0, 20.0)
    if chosen.only != "sessions":
        files = {"démonstration": developed, "lignes": simulated, "textes": random_lines}
        for name, make in files.items():
            answers[name] = measure_file(name, make(), 6 if chosen.quick else 25)
        show_bars(answers)
    if chosen.only != "reponses":
        sessions = show_sessions(measure_sessions(pace, 1 if chosen.quick else 2), pace)
    print_json("descriptive", {"seuils": BARS, "charge": os.getloadavg()[0], "reponses_ms": answers,
                               "sessions": sessions})  # fmt: skip


if __name__ == "__main__":
    main()
