"""False alarms promised and kept, power, closings and budgets: ours beside an STL residual and a control chart.

Series: `forecasting_pbs` of the shared data, and every segment of the demonstration without its planted facts. A shock
is a number of standard deviations of the past one-step errors of the series, put on its last month, up and down. Some
thirty minutes on one core; two with `--quick`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
from statsmodels.tsa.seasonal import STL

from analytics.completion import complete, maturity
from analytics.descriptive import build_constat
from analytics.descriptive.alerts import BUDGETS, Alerte, Screening, screen
from analytics.descriptive.alerts.candidates import gather
from analytics.descriptive.alerts.panels import build_panels
from analytics.diagnostic.last import ALARM, errors_of, judge_last, replay_last
from analytics.diagnostic.onestep import on_its_scale, usual_spread
from analytics.schema import Dataset
from benchmarks.report import print_json, print_table
from data.demo import SEED, generate
from tests.conftest import SHARED

UNTIL = "2026-10"
LAST_PAID = "2026-04"  # everything of that month is paid in a file of UNTIL
THREE_SIGMAS = 0.0027  # what a threshold of three standard deviations promises of normal errors
SHOCKS = (3, 5)
DEMO_LOOKS = 56  # settled months after the lockdowns
QUIET_SEEDS, QUIET_LOOKS = 5, 24
Detector = Callable[[pd.DataFrame], np.ndarray]


def ours(panel: pd.DataFrame) -> np.ndarray:
    """Whether `detect_last` raises an alarm, for each series."""
    return judge_last(panel)["p_value"].to_numpy() < ALARM


def stl_residual(panel: pd.DataFrame) -> np.ndarray:
    """Three robust standard deviations on the residual of a robust STL."""
    z = on_its_scale(panel.to_numpy(float))
    residual = np.column_stack([STL(column, period=12, robust=True).fit().resid for column in z.T])
    return np.abs(residual[-1]) > 3 * usual_spread(residual[:-1])


def control_chart(panel: pd.DataFrame) -> np.ndarray:
    """Shewhart chart, three standard deviations around the mean of the last 36 changes over a year."""
    z = on_its_scale(panel.to_numpy(float))
    change = z[12:] - z[:-12]
    past = change[-37:-1]
    return np.abs(change[-1] - past.mean(axis=0)) > 3 * past.std(axis=0, ddof=1)


def read_pbs() -> pd.DataFrame:
    """Months × series, those that are always positive."""
    table = pd.read_csv(SHARED / "forecasting_pbs" / "pbs_series_tidy.csv.gz", parse_dates=["date"])
    panel = table.pivot(index="date", columns="series_id", values="value")
    return panel.loc[:, (panel > 0).all(axis=0)]


def demo_series() -> pd.DataFrame:
    """Every segment watched in the demonstration without planted facts, on its fully paid months."""
    raw = generate(SEED, until=UNTIL, planted=False)
    months = pd.date_range("2017-01-01", LAST_PAID, freq="MS")
    panel, _ = gather(list(build_panels(complete(raw), months)), months)
    return panel.loc[:, (panel > 0).all(axis=0)]


def shocked(panel: pd.DataFrame, sigmas: float) -> pd.DataFrame:
    """The same panel, its last month moved by so many standard deviations of its past one-step errors (logarithms)."""
    spread = errors_of(panel).errors[:-1].std(axis=0)
    moved = panel.copy()
    moved.iloc[-1] = moved.iloc[-1] * np.exp(sigmas * spread)
    return moved


def measure(panel: pd.DataFrame, detector: Detector, origins: list[int]) -> dict[str, float]:
    """Share of alarms on untouched months, and on shocked ones, pooled over origins and series."""
    quiet = np.concatenate([detector(panel.iloc[:n]) for n in origins])
    found = {"mois_series": float(quiet.size), "fausses": float(quiet.mean())}
    for size in SHOCKS:
        hits = [detector(shocked(panel.iloc[:n], sign * size)) for n in origins for sign in (1, -1)]
        found[f"puissance_{size}"] = float(np.concatenate(hits).mean())
    return found


def promised_rates(panel: pd.DataFrame, looks: int) -> dict[str, float]:
    """Measured share of alarms at several promised rates, over every month replayed."""
    p_values = replay_last(panel, looks).to_numpy()
    rates = {f"promis_{rate:g}": float((p_values < rate).mean()) for rate in (ALARM, 0.02, 0.05)}
    return {"mois_series": float(p_values.size), **rates}


def close(raw: Dataset, month: pd.Timestamp) -> Dataset:
    """What the file was at the end of a month: `generate(until=month)` without drawing it again."""
    care = raw.prestation[(raw.prestation["mois_paiement"] <= month) & (raw.prestation["mois"] <= month)]
    return replace(raw, prestation=care, cotisation=raw.cotisation[raw.cotisation["mois"] <= month], as_of=month)


def look(closed: Dataset) -> tuple[Dataset, Screening]:
    """Completed data of a closing and every test of it."""
    completed = complete(closed)
    return completed, screen(completed, maturity_table=maturity(closed))


def unpaid_falls(final: Dataset, alerts: tuple[Alerte, ...]) -> int:
    """Alerts of a fall of which more than half vanishes once everything is paid."""
    count = 0
    for alert in alerts:
        constat = alert.constat
        if constat.ecart < 0:
            paid = build_constat(final, constat.indicator, constat.selection)
            count += bool(paid.ecart > constat.ecart / 2)
    return count


def naive_falls(raw: Dataset, final: Dataset, month: pd.Timestamp) -> int:
    """The same tests on what was paid, as if it were everything."""
    closed = close(raw, month)
    paid = replace(closed, prestation=closed.prestation.drop(columns="mois_paiement"), date_basis="paiement")
    found = screen(paid, maturity_table=maturity(paid))
    return unpaid_falls(final, found.within_budget(paid, 2))


def run_closings(raw: Dataset, months: pd.DatetimeIndex) -> int:
    """Falls due to unpaid claims over successive closings, at the widest budget."""
    final, falls = complete(raw), 0
    for month in months:
        completed, found = look(close(raw, month))
        falls += unpaid_falls(final, found.within_budget(completed, max(BUDGETS)))
    return falls


def quiet_looks(seeds: int, looks: int) -> dict[int, list[int]]:
    """By budget, the alerts shown at each look at mutuals to which nothing happens: every one of them is false.

    Looks are two months apart. An alert still there at the next look is counted again, which a reader would not do.
    """
    shown: dict[int, list[int]] = {budget: [] for budget in BUDGETS}
    for seed in range(1, seeds + 1):
        raw = generate(seed, until=UNTIL, planted=False, events=False)
        for month in pd.date_range(end=UNTIL, periods=looks, freq="2MS"):
            completed, found = look(close(raw, month))
            for budget in BUDGETS:
                shown[budget].append(len(found.within_budget(completed, budget)))
    return shown


def main() -> None:
    """Print the tables, then the line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="fewer origins, 8 closings instead of 100, no look at quiet mutuals"
    )
    quick = parser.parse_args().quick
    figures: dict[str, object] = {"promis": ALARM, "promis_pairs": THREE_SIGMAS}
    rows = []
    panels = {"démo": (demo_series(), DEMO_LOOKS)}
    if SHARED.is_dir():
        panels = {"PBS": (read_pbs(), 156), **panels}
    else:
        print(f"données absentes : {SHARED}")
    for name, (panel, looks) in panels.items():
        # 7 and 29 months are prime with the year: every calendar month is judged
        origins = list(range(len(panel), len(panel) - min(looks, 120), -29 if quick else -7))
        for detector, promise in ((ours, ALARM), (stl_residual, THREE_SIGMAS), (control_chart, THREE_SIGMAS)):
            few = origins[:1] if quick else origins[:3]
            found = measure(panel, detector, few if detector is stl_residual else origins)
            figures[f"{name}_{detector.__name__}"] = found
            power = [f"{found[f'puissance_{size}']:.1%}" for size in SHOCKS]
            kept = f"{found['fausses']:.2%}"
            rows.append([name, detector.__name__, f"{promise:.2%}", kept, *power, f"{found['mois_series']:.0f}"])
    print_table(("séries", "détecteur", "promis", "mesuré", "3 écarts", "5 écarts", "mois × séries"), rows)
    rates = {name: promised_rates(panel, looks) for name, (panel, looks) in panels.items()}
    months = sum(r["mois_series"] for r in rates.values())
    pooled = {k: sum(r[k] * r["mois_series"] for r in rates.values()) / months for k in rates["démo"] if "promis" in k}
    rates["ensemble"] = {"mois_series": months, **pooled}
    figures["taux"] = rates
    print("\nFausses alarmes de detect_last, tous les mois rejoués")
    print_table(("séries", *rates["démo"]), [[name, *(f"{v:.4g}" for v in r.values())] for name, r in rates.items()])
    figures |= closings(quick)
    if quick:
        print("\nFausses alertes par an : sans --quick seulement, quelques regards ne disent rien d’un rythme annuel")
    else:
        figures |= false_alerts()
    print_json("alerts", figures)


def closings(quick: bool) -> dict[str, object]:
    """Falls due to unpaid claims over 100 closings."""
    months = pd.date_range(end=LAST_PAID, periods=4 if quick else 50, freq="MS")
    quiet, planted = generate(1, until=UNTIL, planted=False), generate(SEED, until=UNTIL)
    falls = run_closings(quiet, months) + run_closings(planted, months)
    few = months[:: 4 if quick else 10]
    naive = sum(naive_falls(planted, complete(planted), month) for month in few)
    print(f"\nClôtures simulées. Baisses dues à l’impayé : {falls} en {2 * len(months)} clôtures ; sans complétion : "
          f"{naive} en {len(few)} clôtures")  # fmt: skip
    return {"clotures": 2 * len(months), "baisses_dues_a_l_impaye": falls, "baisses_sans_completion": naive}


def false_alerts() -> dict[str, object]:
    """False alerts a year beside each budget, one look a month."""
    shown = quiet_looks(QUIET_SEEDS, QUIET_LOOKS)
    looks = len(shown[max(BUDGETS)])
    rows, kept = [], {}
    for budget, counts in shown.items():
        kept[str(budget)] = {"par_an": 12 * float(np.mean(counts)), "alertes": sum(counts)}
        rows.append([f"au plus {budget}", f"{kept[str(budget)]['par_an']:.2f}", str(sum(counts))])
    print(f"\nFausses alertes par an, mutuelles sans évènement ({looks} regards)")
    print_table(("budget", "mesuré", "alertes vues"), rows)
    return {"regards": looks, "fausses_par_an": kept}


if __name__ == "__main__":
    main()
