"""Where: accuracy, false cards, false discoveries and speed of `locate`, beside peers run on the same cubes.

``python -m benchmarks.localise [--quick]`` measures:

- S and L: the RiskLoc synthetic cubes (arXiv 2205.10004), those published and others drawn by the same rules;
- RS: 47 real cases of a derived ratio (video CDN). The expected count of a leaf is its volume times its past ratio in
  the same file, drawn towards the past ratio of all by 1,000 units ("a priori") or not ("ratio passé"), or its mean
  count ("moyenne"). One answer per case, by default or whatever its evidence, then the first three;
- mutuals with one to three causes, half of them uneven inside, offsetting or not: share of the causes worth 1 % of the
  whole and 4 standard deviations that are among the three rows;
- mutuals with nothing planted: share of runs that show a card, with the 95 % upper bound of that share;
- 2,000 segments of which 40 moved by 3 to 6 sigma: false discovery rate and power.

Adtributor (Bhagwan et al., NSDI 2014) is written from the paper: one dimension at a time, surprise then explanatory
power. The tests on z have the true deviation of each segment, which ours has to learn. Figures of research code that is
not run here are printed as fixed references. The last line is JSON.
"""

from __future__ import annotations

import argparse
import tarfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from scipy.stats import beta, norm
from statsmodels.stats.multitest import multipletests

from analytics.diagnostic import locate
from benchmarks import SHARED
from benchmarks.cubes import FOUR, QUIET, SIZES, Answers, Shape, make_mutual, make_segments, make_synthetic
from benchmarks.report import print_json, print_table, ratio, times

PRIOR = 1_000.0
#: Exact-match F1 published or measured elsewhere; RS on all 135 cases.
REFERENCES = {
    "S publiés": {"RiskLoc": 0.686, "AutoRoot": 0.516},
    "L publiés": {"RiskLoc": 0.759, "AutoRoot": 0.633},
    "RS, a priori": {"RiskLoc": 0.03, "Adtributor, 135 cas": 0.27, "RobustSpot": 0.41},
}
#: Rows asked for where a case may have many causes.
SYNTHETIC_LIMIT = 20
COMBINATIONS = (
    tuple(SIZES),
    FOUR,
    ("region", "formule", "tranche_age", "poste"),
    ("formule", "contrat", "tranche_age", "poste", "panier"),
)
FIRST_SEED = 1_000_000

Answer = frozenset[tuple[str, str]]
Case = tuple[pd.DataFrame, list[str], Answers]
Method = Callable[[pd.DataFrame, list[str]], list[Answer]]


def read_published(name: str) -> Iterator[Case]:
    """Cases S or L: frame with reel and attendu, dimensions, causes."""
    folder = SHARED / "rootcause_sl"
    for case in pd.read_csv(folder / "injection_info.csv").query("dataset == @name").itertuples():
        frame = pd.read_csv(folder / f"{name}_{case.timestamp}.csv.gz")
        frame = frame.rename(columns={"real": "reel", "predict": "attendu"})
        causes = {frozenset(tuple(c.split("=")) for c in cause.split("&")) for cause in case.set.split(";")}
        yield frame, [c for c in frame.columns if c not in ("reel", "attendu")], causes


def read_ratio(expectation: str) -> Iterator[Case]:
    """Cases RS: failures observed and expected by leaf; "a priori", "ratio passé" or "moyenne"."""
    with (SHARED / "rootcause" / "RS_dev_causes.yaml").open(encoding="utf-8") as file:
        cases = yaml.safe_load(file)
    with tarfile.open(SHARED / "rootcause" / "RS_dev.tar.gz") as archive:
        members = {Path(member.name).name: member for member in archive.getmembers()}
        for case in cases:
            rows = pd.read_csv(archive.extractfile(members[f"{case['data']}.csv"]))
            dims = [c for c in rows.columns if c not in ("min", "value", "cnt")]
            before = rows[rows["min"] < case["timestamp"]]
            now, past = (
                part.groupby(dims)[["value", "cnt"]].sum() for part in (rows[rows["min"] == case["timestamp"]], before)
            )
            expected = _expect(now, past, expectation, before["min"].nunique())
            causes = case["cause"] if isinstance(case["cause"], list) else [case["cause"]]
            frame = now.assign(reel=now["value"], attendu=expected).reset_index()
            yield frame, dims, {frozenset((k, str(v)) for k, v in c.items()) for c in causes}


def _expect(now: pd.DataFrame, past: pd.DataFrame, expectation: str, minutes: int) -> pd.Series:
    average = past["value"].sum() / past["cnt"].sum()
    past = past.reindex(now.index, fill_value=0.0)
    if expectation == "moyenne":
        return past["value"] / minutes
    prior = PRIOR if expectation == "a priori" else 1e-9
    return now["cnt"] * (past["value"] + prior * average) / (past["cnt"] + prior)


def scan(**options: object) -> Method:
    """Our localisation with these options: its rows, in order."""

    def answer(frame: pd.DataFrame, dims: list[str]) -> list[Answer]:
        rows = locate(frame, dims=dims, actual="reel", expected="attendu", **options).table["conditions"]
        return [frozenset((k, str(v)) for k, v in conditions.items()) for conditions in rows]

    return answer


def adtributor(frame: pd.DataFrame, dims: list[str]) -> list[Answer]:
    """Most surprising values of the most surprising dimension, until they explain 67 % of the gap; three at most."""
    real, expected = frame["reel"].sum(), frame["attendu"].sum()
    best: tuple[float, list[Answer]] = (0.0, [])
    for dim in dims:
        sums = frame.groupby(dim)[["reel", "attendu"]].sum()
        power = (sums["reel"] - sums["attendu"]) / (real - expected)
        p, q = (sums["attendu"] / expected).clip(lower=1e-12), (sums["reel"] / real).clip(lower=1e-12)
        surprise = 0.5 * (p * np.log(2 * p / (p + q)) + q * np.log(2 * q / (p + q)))
        kept = [v for v in surprise.sort_values(ascending=False).index if power[v] > 0.1]
        kept = kept[: power[kept].cumsum().searchsorted(0.67) + 1]
        if power[kept].sum() > 0.67 and surprise[kept].sum() > best[0]:
            best = (surprise[kept].sum(), [frozenset({(dim, str(v))}) for v in kept[:3]])
    return best[1]


def score(cases: Iterable[Case], method: Method, *, one: bool) -> dict[str, float]:
    """Exact-match F1, of all the causes or of the first row; a case without any row is a miss."""
    right = given = wanted = hits = 0
    seconds = []
    for frame, dims, causes in cases:
        start = time.process_time()
        rows = method(frame, dims)
        seconds.append(time.process_time() - start)
        answers = rows[:1] if one else rows
        right += len(set(answers) & causes)
        given += len(answers)
        wanted += 1 if one else len(causes)
        hits += bool(set(rows[:3]) & causes)
    found = {"f1": 2 * right / max(given + wanted, 1), "cpu_s": float(np.mean(seconds)), "cpu_max_s": max(seconds)}
    return found | ({"hit3": hits / len(seconds)} if one else {})


def measure_cases(runs: int) -> tuple[list[list[str]], dict[str, object]]:
    """Rows of the cases with known causes, published, drawn and real."""
    whole = {"Paliers": scan(max_causes=SYNTHETIC_LIMIT), "Adtributor": adtributor}
    single = {"Paliers": scan(only_certain=False), "Paliers, par défaut": scan(), "Adtributor": adtributor}
    sets: dict[str, tuple[list[Case], dict[str, Method]]] = {}
    for name in ("S", "L"):
        if SHARED.is_dir():
            sets[f"{name} publiés"] = (list(read_published(name)), whole)
        drawn = [make_synthetic(name, FIRST_SEED + seed) for seed in range(runs)]
        sets[f"{name} tirés ({runs})"] = (drawn, whole)
    for expectation in ("a priori", "ratio passé", "moyenne") if SHARED.is_dir() else ():
        sets[f"RS, {expectation}"] = (list(read_ratio(expectation)), single)
    rows, figures = [], {}
    for name, (cases, methods) in sets.items():
        found = {method: score(cases, run, one=name.startswith("RS")) for method, run in methods.items()}
        figures[name] = found
        base = found["Paliers"]["f1"]
        for method, told in found.items():
            hit = f"{told['hit3']:.3f}" if "hit3" in told else ""
            cells = [f"{told['f1']:.3f}", times(told["f1"], base), hit, f"{told['cpu_s']:.3f}"]
            rows.append([name, method, *cells, f"{told['cpu_max_s']:.3f}"])
        for peer, f1 in REFERENCES.get(name, {}).items():
            rows.append([name, f"{peer} (référence)", f"{f1:.3f}", times(f1, base)])
    return rows, figures


def measure_causes(runs: int) -> tuple[list[list[str]], dict[str, object]]:
    """Share of the planted causes found among the three rows, by kind of cube."""
    found: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for run in range(runs):
        law, last_year, weight = (
            ("count", "gamma", "lognormal")[run % 3],
            run // 3 % 2 == 0,
            (None, "actes")[run // 6 % 2],
        )
        heads = (30_000, 120_000)[run // 12 % 2] // (3 if law == "count" else 1)
        shape = Shape(heads, COMBINATIONS[run % 4], law, last_year, 1.0 if law == "count" else 1.05)
        frame, planted = make_mutual(FIRST_SEED + run, shape, 1 + run // 2 % 3, offset=run % 5 == 0)
        rows = {
            "Paliers": scan(weight=weight)(frame, list(shape.dims)),
            "Adtributor": adtributor(frame, list(shape.dims)),
        }
        for cause in planted:
            if cause.share < 0.01 or cause.sigmas < 4.0:
                continue
            kinds = ["toutes", "inégales" if cause.uneven else "égales", law, "avec poids" if weight else "sans poids"]
            kinds += ["4 à 6 sigmas"] if cause.sigmas < 6.0 else []
            kinds += ["qui se compensent"] if run % 5 == 0 else []
            for kind in kinds:
                for method, answers in rows.items():
                    found[kind][method].append(cause.conditions in answers)
    table = []
    for kind, methods in found.items():
        base = float(np.mean(methods["Paliers"]))
        for method, hits in methods.items():
            table.append([f"causes {kind}", method, f"{np.mean(hits):.3f}", times(np.mean(hits), base), str(len(hits))])
    return table, {kind: {m: float(np.mean(hits)) for m, hits in methods.items()} for kind, methods in found.items()}


def measure_silence(runs: int) -> tuple[list[list[str]], dict[str, object]]:
    """Share of the quiet mutuals that show a card, one run in two with the weights."""
    rows, figures = [], {}
    for name, shape in QUIET.items():
        shown = 0
        for run in range(runs):
            frame, _ = make_mutual(FIRST_SEED + run, shape)
            shown += bool(scan(weight=(None, "actes")[run % 2])(frame, list(shape.dims)))
        bound = float(beta.ppf(0.95, shown + 1, runs - shown)) if shown < runs else 1.0
        rows.append([f"rien, {name}", "Paliers", f"{shown / runs:.3f}", "", f"{shown}/{runs}", f"{bound:.3f}"])
        figures[name] = {"part": shown / runs, "borne_95": bound}
    return rows, figures


def _tests(z: np.ndarray) -> dict[str, np.ndarray]:
    p_values = 2.0 * norm.sf(np.abs(z))
    return {
        "p < 0,05": p_values < 0.05,
        "BH sur z": multipletests(p_values, 0.05, "fdr_bh")[0],
        "Holm sur z": multipletests(p_values, 0.05, "holm")[0],
    }


def measure_discoveries(runs: int) -> tuple[list[list[str]], dict[str, object]]:
    """False discovery rate and power on 2,000 segments, ours and the usual tests."""
    rows, figures = [], {}
    for law in ("gaussian", "poisson", "gamma"):
        for correlation in (0.3, 0.0):
            found: dict[str, list[tuple[float, float]]] = defaultdict(list)
            seconds = []
            for run in range(runs):
                frame, moved, z = make_segments(FIRST_SEED + run, law=law, correlation=correlation)
                start = time.process_time()
                answers = scan(max_causes=200)(frame, ["segment"])
                seconds.append(time.process_time() - start)
                flagged = {"Paliers": frame["segment"].isin([v for a in answers for _, v in a]).to_numpy(), **_tests(z)}
                for method, flags in flagged.items():
                    false = float((flags & ~moved).sum() / max(flags.sum(), 1))
                    found[method].append((false, float(flags[moved].mean())))
            name = f"2 000 segments, {law}, corr. {correlation:g}"
            figures[name] = {
                m: dict(zip(("fdr", "puissance"), np.mean(v, axis=0), strict=True)) for m, v in found.items()
            }
            figures[name]["Paliers"]["cpu_max_s"] = max(seconds)
            base = figures[name]["Paliers"]["fdr"]
            for method, told in figures[name].items():
                told["fdr_rapport"] = ratio(told["fdr"], base)
                rows.append([name, method, f"{told['fdr']:.3f}", times(told["fdr"], base), f"{told['puissance']:.3f}"])
            rows[-len(found)].append(f"{max(seconds):.3f}")
    return rows, figures


def main() -> None:
    """Print the table, part by part, then the line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a tenth of the runs")
    quick = parser.parse_args().quick
    parts = {
        "causes_connues": (
            measure_cases,
            4 if quick else 40,
            ["", "", "F1", "rapport", "hit@3", "CPU (s)", "pire (s)"],
        ),
        "mutuelles": (measure_causes, 24 if quick else 240, ["", "", "dans les 3", "rapport", "causes"]),
        "silence": (measure_silence, 6 if quick else 200, ["", "", "cartes", "", "cas", "borne 95 %"]),
        "decouvertes": (measure_discoveries, 5 if quick else 50, ["", "", "FDR", "rapport", "puissance", "pire (s)"]),
    }
    figures: dict[str, object] = {}
    for name, (measure, runs, titles) in parts.items():
        rows, figures[name] = measure(runs)
        print_table(titles, rows)
        print()
    print_json("localise", figures)


if __name__ == "__main__":
    main()
