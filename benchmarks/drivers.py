"""What moves with a series: false discoveries where nothing is linked, and power where something is.

``python -m benchmarks.drivers [--quick]`` prints, for each way, the share of runs

- in which it finds anything among twelve series independent of the one explained, at lags 0 to 12: real ones (PBS, two
  windows of different years), simulated ones (seasonal ARIMA; trend, season and breaks);
- in which it finds a link planted on one of them, at its lag and with its sign, by share of the noise that it makes.

The other ways: the raw correlation at 5 %, the same with Benjamini and Hochberg, the correlation of whitened series,
the regression of whitened series with the HAC error alone over twelve months, and the Granger tests of statsmodels,
the last three with Benjamini and Hochberg. Some ten minutes on one core, one with `--quick`. The last line is JSON.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
import statsmodels.api as sm
from numpy.typing import NDArray
from scipy.stats import pearsonr
from statsmodels.stats.multitest import multipletests
from statsmodels.tsa.stattools import grangercausalitytests

from analytics.diagnostic.drivers import find_drivers
from analytics.diagnostic.lagged import MAX_ORDER, best_lags, calendar_of, filtered, seasonless
from benchmarks.alerts import read_pbs
from benchmarks.report import print_json, print_table

Floats = NDArray[np.float64]
#: Found by a way: candidate, lag (None when it does not tell), sign.
Found = list[tuple[int, int | None, float]]
BAR = 0.05
CANDIDATES, MAX_LAG, BURN = 12, 12, 60
GRANGER_LAGS = 6
SHARES = (0.15, 0.3, 0.5)
MONTHS = {"PBS": 96, "ARIMA saisonnier": 72, "tendance, saison, ruptures": 60}


def arima(rng: np.random.Generator, months: int) -> Floats:
    """Logarithm of an airline series, (0,1,1)(0,1,1)₁₂, its parameters drawn."""
    near, yearly = rng.uniform(0.2, 0.8), rng.uniform(0.3, 0.9)
    length = months + BURN
    shocks, season = rng.normal(size=length) * 0.03, rng.normal(size=12) * 0.1
    moves = shocks.copy()
    moves[1:] -= near * shocks[:-1]
    moves[12:] -= yearly * shocks[:-12]
    moves[13:] += near * yearly * shocks[:-13]
    values = np.zeros(length)
    for t in range(length):
        before = values[t - 12] - (values[t - 13] if t >= 13 else 0.0) if t >= 12 else season[t]
        values[t] = moves[t] + before + (values[t - 1] if t else 0.0)
    return 5 + values[BURN:]


def structural(rng: np.random.Generator, months: int) -> Floats:
    """Logarithm of a trend that drifts or not, a fixed season, noise that lasts, one break in three."""
    t, season = np.arange(months), rng.normal(size=12) * 0.1
    level = np.cumsum(rng.normal(size=months) * rng.choice([0, 0.005, 0.01, 0.03]) + rng.normal() * 0.003)
    kept, noise = rng.uniform(-0.2, 0.8), np.zeros(months)
    shocks = rng.standard_t(4, size=months) * 0.02
    for i in range(1, months):
        noise[i] = kept * noise[i - 1] + shocks[i]
    values = 5 + level + season[t % 12] + noise
    if rng.random() < 1 / 3:
        values[rng.integers(12, months) :] += rng.normal() * 0.15
    return values


def independent(kind: str, rng: np.random.Generator, panel: pd.DataFrame) -> Floats:
    """Logarithms: one column explained, then twelve that have nothing to do with it, with MAX_LAG months before."""
    months = MONTHS[kind]
    if kind == "PBS":
        known = np.log(panel.loc[:, (panel > 0).all()].to_numpy())
        early, late = known[:months], known[-months:]
        if rng.random() < 0.5:
            early, late = late, early
        chosen = rng.choice(known.shape[1], CANDIDATES + 1, replace=False)
        return np.column_stack([early[:, chosen[0]], late[:, chosen[1:]]])
    make = arima if kind.startswith("ARIMA") else structural
    return np.column_stack([make(rng, months) for _ in range(CANDIDATES + 1)])


def planted(rng: np.random.Generator, share: float, months: int) -> tuple[Floats, int, float]:
    """The same with a link to the first candidate: columns, its lag, its elasticity."""
    make = (arima, structural)[int(rng.integers(2))]
    columns = np.column_stack([make(rng, months + MAX_LAG) for _ in range(CANDIDATES + 1)])
    lag = int(rng.integers(7))
    moves = np.diff(columns[:, :2] - _season(columns[:, :2]), axis=0).std(axis=0)
    effect = float(rng.choice([-1.0, 1.0]) * moves[0] / moves[1] * np.sqrt(share / (1 - share)))
    columns[lag:, 0] += effect * columns[: len(columns) - lag, 1]
    return columns[MAX_LAG:], lag, effect


def _season(columns: Floats) -> Floats:
    months = np.arange(len(columns)) % 12
    rising = np.diff(columns, axis=0, prepend=columns[:1])
    mean = np.array([rising[months == m].mean(axis=0) for m in range(12)])
    return np.cumsum(mean[months], axis=0)


def ours(columns: Floats) -> Found:
    """Associations kept by the product."""
    kept = answer_of(columns).kept
    return [(int(row.facteur), int(row.decalage), row.effet) for row in kept.itertuples()]


def answer_of(columns: Floats):
    """The whole answer of the product on logarithms."""
    index = pd.date_range("2010-01-01", periods=len(columns), freq="MS")
    table = pd.DataFrame(np.exp(columns), index=index, columns=[str(i) for i in range(columns.shape[1])])
    return find_drivers(table["0"], table.drop(columns="0"))


def by_correlation(columns: Floats, *, corrected: bool) -> Found:
    """Raw correlation of the logarithms at every lag."""
    tests = []
    for place in range(1, columns.shape[1]):
        for lag in range(MAX_LAG + 1):
            found = pearsonr(columns[lag:, 0], columns[: len(columns) - lag, place])
            tests.append((place, lag, found.statistic, found.pvalue))
    return _kept(tests, corrected=corrected)


def whitened(columns: Floats) -> Iterator[tuple[int, Floats, Floats]]:
    """Each candidate and the explained series through the filter of the candidate."""
    calendar = calendar_of(np.arange(len(columns)) % 12, np.empty((len(columns), 0)))
    explained = seasonless(columns[:, 0], calendar)
    for place in range(1, columns.shape[1]):
        moves = seasonless(columns[:, place], calendar)
        lags, weights = best_lags(moves, MAX_ORDER)
        yield place, filtered(explained, lags, weights).values[1:], filtered(moves, lags, weights).values[1:]


def by_whitened_correlation(columns: Floats) -> Found:
    """Correlation of the whitened series, without HAC error."""
    tests = []
    for place, explained, candidate in whitened(columns):
        for lag in range(MAX_LAG + 1):
            found = pearsonr(explained[lag:], candidate[: len(candidate) - lag])
            tests.append((place, lag, found.statistic, found.pvalue))
    return _kept(tests)


def by_hac(columns: Floats) -> Found:
    """Regression of the whitened series, HAC error of statsmodels over twelve months."""
    tests = []
    for place, explained, candidate in whitened(columns):
        for lag in range(MAX_LAG + 1):
            design = sm.add_constant(candidate[: len(candidate) - lag])
            options = {"maxlags": 12, "use_correction": True}
            fitted = sm.OLS(explained[lag:], design).fit(cov_type="HAC", cov_kwds=options, use_t=True)
            tests.append((place, lag, float(fitted.params[1]), float(fitted.pvalues[1])))
    return _kept(tests)


def by_granger(columns: Floats) -> Found:
    """Granger tests of the changes without season, orders 1 to 6."""
    moves, tests = np.diff(columns - _season(columns), axis=0), []
    for place in range(1, columns.shape[1]):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            found = grangercausalitytests(moves[:, [0, place]], maxlag=GRANGER_LAGS)
        tests += [(place, None, np.nan, told[0]["ssr_ftest"][1]) for told in found.values()]
    return _kept(tests)


def _kept(tests: list[tuple[int, int | None, float, float]], *, corrected: bool = True) -> Found:
    """Surest first."""
    risks = np.array([test[3] for test in tests])
    if corrected:
        risks = multipletests(risks, method="fdr_bh")[1]
    return [tests[i][:3] for i in np.argsort(risks, kind="stable") if risks[i] <= BAR]


WAYS: dict[str, Callable[[Floats], Found]] = {
    "Paliers": ours,
    "corrélation, p < 0,05": lambda c: by_correlation(c, corrected=False),
    "corrélation + BH": lambda c: by_correlation(c, corrected=True),
    "blanchi, sans HAC + BH": by_whitened_correlation,
    "blanchi, HAC 12 + BH": by_hac,
    "Granger + BH": by_granger,
}


def show_false(runs: int) -> tuple[dict[str, dict[str, float]], dict[str, float]]:
    """Share of the runs with anything found where nothing is linked, and seconds of each way."""
    panel, spent = read_pbs(), dict.fromkeys(WAYS, 0.0)
    shares: dict[str, dict[str, float]] = {name: {} for name in WAYS}
    for kind in MONTHS:
        counts = dict.fromkeys(WAYS, 0)
        for seed in range(runs):
            columns = independent(kind, np.random.default_rng(seed), panel)
            for name, way in WAYS.items():
                start = time.process_time()
                counts[name] += bool(way(columns))
                spent[name] += time.process_time() - start
        for name, count in counts.items():
            shares[name][kind] = count / runs
    rows = [
        [name, *(f"{100 * found[k]:.1f} %" for k in MONTHS), f"{1000 * spent[name] / runs / len(MONTHS):.0f}"]
        for name, found in shares.items()
    ]
    print(f"Rien n’est lié : passages où quelque chose est trouvé ({runs} par colonne, seuil {100 * BAR:.0f} %)\n")
    print_table(["", *(f"{k}, {n} mois" for k, n in MONTHS.items()), "ms CPU"], rows)
    return shares, {name: seconds / runs / len(MONTHS) for name, seconds in spent.items()}


def show_power(runs: int, months: int) -> dict[str, object]:
    """Share of the planted links found, at their lag and with their sign; what else is found beside."""
    found: dict[str, dict[str, float]] = {name: {} for name in WAYS}
    false, covered = [], []
    for share in SHARES:
        counts = dict.fromkeys(WAYS, 0)
        for seed in range(runs):
            columns, lag, effect = planted(np.random.default_rng(10_000 + seed), share, months)
            for name, way in WAYS.items():
                told = way(columns)
                mine = next((t for t in told if t[0] == 1), None)
                counts[name] += mine is not None and (mine[1] is None or (mine[1] == lag and mine[2] * effect > 0))
                if name == "Paliers":
                    false.append(sum(t[0] != 1 for t in told) / max(len(told), 1))
            kept = answer_of(columns).kept.query("facteur == '1' and decalage == @lag")
            covered += [bool(row.bas <= effect <= row.haut) for row in kept.itertuples()]
        for name, count in counts.items():
            found[name][f"{share:.0%}"] = count / runs
    rows = [[name, *(f"{100 * v:.0f} %" for v in told.values())] for name, told in found.items()]
    print(f"\nUn lien est posé ({months} mois) : part trouvée à son décalage et avec son signe, selon sa part du bruit")
    print("(Granger ne dit ni l’un ni l’autre : il suffit qu’il montre la série)\n")
    print_table(["", *next(iter(found.values()))], rows)
    ratio, cover = float(np.mean(false)), (float(np.mean(covered)) if covered else np.nan)
    print(f"\nPaliers : {100 * ratio:.1f} % de fausses découvertes en moyenne par passage ; "
          f"l’intervalle à 95 % des liens trouvés couvre le vrai {100 * cover:.0f} fois sur 100.")  # fmt: skip
    return {"part_trouvee": found, "fausses": ratio, "couverture": cover}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="vingt passages par cas au lieu de deux cents")
    runs = 20 if parser.parse_args().quick else 200
    shares, seconds = show_false(runs)
    power = {str(months): show_power(max(runs // 4, 10), months) for months in (60, 96)}
    print_json("drivers", {"seuil": BAR, "passages": runs, "fausses": shares, "secondes": seconds, "puissance": power})


if __name__ == "__main__":
    main()
