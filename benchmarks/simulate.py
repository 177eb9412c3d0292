"""Time, error and memory of the simulation of scenarios, beside named peers in the same run.

``python -m benchmarks.simulate [--quick]``: random portfolios of 60, 500 and 2,000 segments × 7 postes, 2,000 draws of
the claims by poste, of the elasticity and of the responses. Bars: a slider (a scenario played again on the futures
already drawn) in ≤ 300 ms of clock (the shortest of the repeats) and of processor; the error printed is the one seen
over other seeds. Peers: the same formulas in one array of draws × segments × postes, the same in pandas draw by draw,
and SALib for the Sobol indices of the function of Ishigami, when the environment of the peers has it. The last line is
JSON.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import time
import tracemalloc
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from analytics.prescriptive.futures import futures_from_assumptions
from analytics.prescriptive.levers import no_lever
from analytics.prescriptive.scenario_file import check_file, export_scenario
from analytics.prescriptive.simulation import prepare
from analytics.prescriptive.simulator import Simulator
from analytics.prescriptive.sobol import sobol_indices
from benchmarks import Absent
from benchmarks.peers import environment_folder
from benchmarks.report import print_json, print_table, times

POSTES = ("audiologie", "autres", "dentaire", "hospitalisation", "optique", "pharmacie", "soins courants")
DRAWS, BAR_MS = 2_000, 300.0
SIZES = (60, 500, 2_000)
#: First-order and total indices of Ishigami and Homma (1990), a = 7, b = 0.1.
ISHIGAMI = ((0.3139, 0.4424, 0.0), (0.5576, 0.4424, 0.2437))
SALIB = """
import json, time
import numpy as np
from SALib.analyze import sobol
from SALib.sample import sobol as sample
problem = {"num_vars": 3, "names": ["a", "b", "c"], "bounds": [[0, 1]] * 3}
start = time.process_time()
x = np.pi * (2 * sample.sample(problem, %d, calc_second_order=False, seed=0) - 1)
y = np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])
found = sobol.analyze(problem, y, calc_second_order=False, seed=0)
print(json.dumps({"ms": 1000 * (time.process_time() - start), "S1": list(found["S1"]), "ST": list(found["ST"])}))
"""


def make_portfolio(segments: int, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A portfolio and its care by poste, everything known."""
    rng = np.random.default_rng(seed)
    amc = rng.gamma(3.0, 25.0, (segments, len(POSTES)))
    portfolio = pd.DataFrame(
        {
            "segment": [f"S{i}" for i in range(segments)], "beneficiaires": rng.gamma(2.0, 100.0, segments),
            "cotisation": amc.sum(axis=1) / 0.8, "prestation": amc.sum(axis=1), "chargement": 0.15,
            "retention": rng.uniform(0.85, 0.97, segments), "elasticite": 4.0, "elasticite_bas": 2.0,
            "elasticite_haut": 7.0, "derive": 0.03, "derive_sd": 0.02,
        }
    )  # fmt: skip
    index = pd.MultiIndex.from_product([portfolio["segment"], POSTES], names=["segment", "poste"])
    care = index.to_frame(index=False).assign(
        prestation=amc.ravel(), frais_reels=3 * amc.ravel(), remboursement_amo=1.5 * amc.ravel(), actes=amc.ravel() / 50
    )
    for measure, part in (("actes", 0.3), ("prestation", 0.35), ("frais_reels", 0.25), ("remboursement_amo", 0.27)):
        care[f"{measure}_100"] = part * care[measure]
    return portfolio, care


def make_futures(draws: int = DRAWS, seed: int = 0):
    """Correlated drifts by poste."""
    return futures_from_assumptions(dict.fromkeys(POSTES, (0.03, 0.03)), draws=draws, seed=seed)


def make_levers(rise: float, *, care: bool = False) -> pd.DataFrame:
    """One increase, and levers of care."""
    lines = [("*", "hausse", rise, "*")]
    if care:
        lines += [("*", "plafond", -0.1, "optique"), ("*", "reseau", 0.2, "dentaire"), ("*", "prevention", 3.0, "*"),
                  ("*", "sante100", 0.1, "audiologie"), ("*", "acquisition", 0.03, "*")]  # fmt: skip
    return pd.DataFrame(lines, columns=["segment", "levier", "valeur", "poste"])


def measure_ms(function: Callable[[int], object], repeats: int) -> tuple[float, float]:
    """Shortest clock and median processor time of a call, in milliseconds, after one to warm up.

    A busy machine stretches the other clocks.
    """
    function(0)
    clock, cpu = [], []
    for step in range(1, repeats + 1):
        start = time.perf_counter(), time.process_time()
        function(step)
        clock.append(1000.0 * (time.perf_counter() - start[0]))
        cpu.append(1000.0 * (time.process_time() - start[1]))
    return min(clock), statistics.median(cpu)


def peak_mb(function: Callable[[], object]) -> float:
    """Largest memory taken by a call, in MB."""
    tracemalloc.start()
    function()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def run_sliders(segments: int, repeats: int) -> dict[str, dict[str, float]]:
    """A slider on one portfolio: the increase alone, with the levers of care, and with drifts by segment."""
    portfolio, care = make_portfolio(segments)
    by_poste, by_segment = prepare(portfolio, postes=care, futures=make_futures()), prepare(portfolio, postes=care)
    plays: dict[str, Callable[[int], object]] = {
        "hausse, dérive par poste": lambda k: by_poste.play(make_levers(0.03 + 0.001 * k)),
        "tous leviers, dérive par poste": lambda k: by_poste.play(make_levers(0.03 + 0.001 * k, care=True)),
        "hausse, dérive par segment": lambda k: by_segment.play(make_levers(0.03 + 0.001 * k)),
    }
    found = {}
    for name, play in plays.items():
        clock, cpu = measure_ms(play, repeats)
        found[name] = {"ms": clock, "cpu_ms": cpu, "mo": peak_mb(lambda play=play: play(1))}
    start = time.perf_counter()
    prepare(portfolio, postes=care, futures=make_futures())
    found["tirage des futurs, une fois"] = {
        "ms": 1000.0 * (time.perf_counter() - start),
        "cpu_ms": np.nan,
        "mo": np.nan,
    }
    return found


def play_in_one_array(simulator: Simulator, rise: float) -> np.ndarray:
    """Claims of each draw, made in an array of draws × segments × postes."""
    base, growth = simulator.base, simulator.shocks.growth
    kept = expit(logit(base.retention) - simulator.shocks.elasticite * rise)
    heads = base.beneficiaires * kept
    return (heads[:, :, None] * simulator.cover.prestation * growth[:, None, :]).sum(axis=(1, 2))


def play_in_pandas(simulator: Simulator, rise: float, draws: int) -> np.ndarray:
    """The same, draw by draw in pandas."""
    care = simulator.postes[["segment", "poste", "prestation"]]
    portfolio, shocks = simulator.portfolio.set_index("segment"), simulator.shocks
    found = []
    for draw in range(draws):
        slope = pd.Series(shocks.elasticite[draw], index=portfolio.index)
        odds = np.exp(slope * rise) * (1 - portfolio["retention"]) / portfolio["retention"]
        heads = portfolio["beneficiaires"] / (1 + odds)
        growth = pd.Series(shocks.growth[draw], index=list(simulator.cover.postes))
        rows = care.assign(effectif=care["segment"].map(heads), hausse=care["poste"].map(growth))
        found.append(float((rows["effectif"] * rows["prestation"] * rows["hausse"]).sum()))
    return np.array(found)


def run_peers(segments: int, pandas_draws: int) -> dict[str, dict[str, float | None]]:
    """Claims of 2,000 draws: ours, in one array, draw by draw; time, memory, gap to the plain one."""
    portfolio, care = make_portfolio(segments)
    simulator = prepare(portfolio, postes=care, futures=make_futures())
    levers = make_levers(0.04)
    clock, cpu = measure_ms(lambda _: simulator.totals(levers), 3)
    ours = simulator.totals(levers)["prestation"].to_numpy()
    found = {"Paliers": {"ms": clock, "cpu_ms": cpu, "mo": peak_mb(lambda: simulator.totals(levers)), "ecart": 0.0}}
    clock, cpu = measure_ms(lambda _: play_in_one_array(simulator, 0.04), 1)
    plain = play_in_one_array(simulator, 0.04)
    found["un seul tableau numpy"] = {
        "ms": clock, "cpu_ms": cpu, "mo": peak_mb(lambda: play_in_one_array(simulator, 0.04)),
        "ecart": float(np.abs(plain / ours - 1).max()),
    }  # fmt: skip
    clock, cpu = measure_ms(lambda _: play_in_pandas(simulator, 0.04, pandas_draws), 1)
    loop = play_in_pandas(simulator, 0.04, pandas_draws)
    scale, gap = DRAWS / pandas_draws, float(np.abs(loop / ours[:pandas_draws] - 1).max())
    found["boucle pandas (extrapolée)"] = {"ms": clock * scale, "cpu_ms": cpu * scale, "mo": None, "ecart": gap}
    return found


def run_errors(runs: int) -> dict[str, float]:
    """Spread of the mean result over other seeds beside the error that is printed; the same of a chance."""
    portfolio, care = make_portfolio(60)
    means, printed, chances = [], [], []
    for seed in range(runs):
        simulator = prepare(portfolio, postes=care, futures=make_futures(seed=seed), seed=seed)
        outcome = simulator.play(make_levers(0.03, care=True))
        row = outcome.quantiles.set_index("indicateur").loc["resultat"]
        means.append(row["moyenne"])
        printed.append(row["erreur"])
        chances.append(outcome.probability("pc", 0.82))
    level = float(np.mean(chances))
    return {
        "erreur_affichee": float(np.mean(printed)), "erreur_constatee": float(np.std(means, ddof=1)),
        "chance": level, "erreur_chance": float(np.std(chances, ddof=1)),
        "erreur_binomiale": float(np.sqrt(level * (1 - level) / DRAWS)),
    }  # fmt: skip


def ishigami(points: np.ndarray) -> np.ndarray:
    """The function, on the unit cube."""
    x = np.pi * (2 * points - 1)
    return np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


def run_sobol(n: int) -> dict[str, dict[str, float]]:
    """Largest error of the indices and time, ours and SALib's."""
    start = time.process_time()
    table = sobol_indices(ishigami, 3, n=n)
    spent = 1000.0 * (time.process_time() - start)
    found = {"Paliers": {"ms": spent, "erreur": _worst(table["premier"], table["total"])}}
    try:
        other = run_salib(n)
    except Absent as reason:
        print(f"SALib n’est pas mesuré : {reason}")
    else:
        found["SALib"] = {"ms": other["ms"], "erreur": _worst(other["S1"], other["ST"])}
    return found


def _worst(first: Sequence[float], total: Sequence[float]) -> float:
    return float(np.abs(np.array([list(first), list(total)]) - np.array(ISHIGAMI)).max())


def run_salib(n: int) -> dict[str, object]:
    """The same in the environment of the peers, as it is: nothing is installed here.

    Raises
    ------
    Absent
        There is no such environment, or it has no SALib.
    """
    python = environment_folder() / "bin" / "python"
    if not python.exists():
        raise Absent("l’environnement des pairs n’est pas fait")
    done = subprocess.run([python, "-c", SALIB % n], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Absent((done.stderr.strip().splitlines() or ["sans message"])[-1][:110])
    return json.loads(done.stdout.strip().splitlines()[-1])


def main() -> None:
    """Print the tables, then the line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer repeats, runs and draws of the slow peer")
    is_quick = parser.parse_args().quick
    repeats, runs, pandas_draws = (3, 6, 5) if is_quick else (9, 40, 40)
    sliders = {segments: run_sliders(segments, repeats) for segments in SIZES}
    rows = [
        [f"{segments} segments, {name}", f"{f['ms']:.0f}", f"{f['cpu_ms']:.0f}", f"{f['mo']:.0f}",
         "" if "une fois" in name else "tenu" if max(f["ms"], f["cpu_ms"]) <= BAR_MS else "manqué"]
        for segments, plays in sliders.items()
        for name, f in plays.items()
    ]  # fmt: skip
    print_table([f"un curseur, {DRAWS} tirages (barre {BAR_MS:.0f} ms)", "ms", "ms de processeur", "Mo", ""], rows)
    peers = {segments: run_peers(segments, pandas_draws) for segments in (SIZES[:2] if is_quick else SIZES)}
    print()
    print_table(
        ["prestations de 2 000 futurs", "ms", "rapport", "Mo", "écart relatif"],
        [
            [f"{segments} segments, {name}", f"{f['ms']:.0f}", times(f["ms"], found["Paliers"]["ms"]),
             "–" if f["mo"] is None else f"{f['mo']:.0f}", f"{f['ecart']:.0e}"]
            for segments, found in peers.items()
            for name, f in found.items()
        ],
    )  # fmt: skip
    errors = run_errors(runs)
    print()
    print_table(["erreur de Monte-Carlo, 60 segments", "valeur"], [[k, f"{v:.4g}"] for k, v in errors.items()])
    print()
    sobol = run_sobol(1024)
    print_table(
        ["indices de Sobol, Ishigami, 5 120 évaluations", "ms de processeur", "pire erreur"],
        [[name, f"{f['ms']:.1f}", f"{f['erreur']:.4f}"] for name, f in sobol.items()],
    )
    simulator = prepare(*make_portfolio(20)[:1], postes=make_portfolio(20)[1], futures=make_futures())
    file = json.loads(
        json.dumps(export_scenario(simulator, {"rien": no_lever(), "plan": make_levers(0.04, care=True)}))
    )
    checked = check_file(file)
    print(f"\nFichier de scénarios : {int(checked['egal'].sum())} nombres sur {len(checked)} recalculés à l’identique.")
    replayed = {"nombres": len(checked), "egaux": int(checked["egal"].sum())}
    print_json("simulate", {"curseur": sliders, "pairs": peers, "erreurs": errors, "sobol": sobol, "fichier": replayed})


if __name__ == "__main__":
    main()
