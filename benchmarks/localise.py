"""Accuracy and speed of the localisation on public cubes with known causes, beside Adtributor run on the same cubes.

``python -m benchmarks.localise [--quick]`` prints the exact-match F1 of:

- S and L: the RiskLoc synthetic cubes (arXiv 2205.10004), every cause of a case;
- RS: 47 real cases of a derived ratio (video CDN) known to be abnormal, one answer per case, whatever its evidence. The
  expected count of a leaf is its volume times its past ratio, drawn towards the past ratio of all by 1,000 units;
- pure noise: share of simulated mutuals (Poisson actes, gamma costs, nothing planted) that show a card.

Adtributor (Bhagwan et al., NSDI 2014) is written from the paper: one dimension at a time, surprise then explanatory
power. Figures of research code that is not run here are printed as fixed references. The last line is JSON.
"""

from __future__ import annotations

import argparse
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from analytics.diagnostic import locate
from benchmarks import SHARED
from benchmarks.report import print_json, ratio, times

PRIOR = 1_000.0
#: Exact-match F1 published or measured elsewhere: (S first 20, L first 20, RS all 135); None = not measured.
REFERENCES = {
    "RiskLoc": (0.686, 0.759, 0.025),
    "AutoRoot": (0.516, 0.633, 0.104),
    "RobustSpot": (None, None, 0.414),
}

Answers = set[frozenset[tuple[str, str]]]
Case = tuple[pd.DataFrame, list[str], Answers, int]


def read_published(name: str) -> Iterator[Case]:
    """Cases S or L: frame with reel and attendu, dimensions, causes, and how many may be answered."""
    folder = SHARED / "rootcause_sl"
    for case in pd.read_csv(folder / "injection_info.csv").query("dataset == @name").itertuples():
        frame = pd.read_csv(folder / f"{name}_{case.timestamp}.csv.gz")
        frame = frame.rename(columns={"real": "reel", "predict": "attendu"})
        causes = {frozenset(tuple(c.split("=")) for c in cause.split("&")) for cause in case.set.split(";")}
        yield frame, [c for c in frame.columns if c not in ("reel", "attendu")], causes, 20


def read_ratio() -> Iterator[Case]:
    """Cases RS: failures observed and expected by leaf, one answer each."""
    with (SHARED / "rootcause" / "RS_dev_causes.yaml").open(encoding="utf-8") as file:
        cases = yaml.safe_load(file)
    with tarfile.open(SHARED / "rootcause" / "RS_dev.tar.gz") as archive:
        for case in cases:
            member = next(m for m in archive.getmembers() if Path(m.name).name == f"{case['data']}.csv")
            rows = pd.read_csv(archive.extractfile(member))
            dims = [c for c in rows.columns if c not in ("min", "value", "cnt")]
            now, past = (
                rows[mask].groupby(dims)[["value", "cnt"]].sum()
                for mask in (rows["min"] == case["timestamp"], rows["min"] < case["timestamp"])
            )
            average = past["value"].sum() / past["cnt"].sum()
            past = past.reindex(now.index, fill_value=0.0)
            ratio = (past["value"] + PRIOR * average) / (past["cnt"] + PRIOR)
            frame = now.assign(reel=now["value"], attendu=now["cnt"] * ratio).reset_index()
            causes = case["cause"] if isinstance(case["cause"], list) else [case["cause"]]
            yield frame, dims, {frozenset((k, str(v)) for k, v in c.items()) for c in causes}, 1


def scan(frame: pd.DataFrame, dims: list[str], limit: int) -> Answers:
    """Our localisation; a single answer is asked for only where the gap is known to be abnormal."""
    options = {"max_causes": limit, "only_certain": limit > 1}
    found = locate(frame, dims=dims, actual="reel", expected="attendu", **options).table["conditions"]
    return {frozenset((k, str(v)) for k, v in conditions.items()) for conditions in found}


def adtributor(frame: pd.DataFrame, dims: list[str], limit: int) -> Answers:
    """Most surprising values of the most surprising dimension, until they explain 67 % of the gap."""
    real, expected = frame["reel"].sum(), frame["attendu"].sum()
    best: tuple[float, Answers] = (0.0, set())
    for dim in dims:
        sums = frame.groupby(dim)[["reel", "attendu"]].sum()
        power = (sums["reel"] - sums["attendu"]) / (real - expected)
        p, q = (sums["attendu"] / expected).clip(lower=1e-12), (sums["reel"] / real).clip(lower=1e-12)
        surprise = 0.5 * (p * np.log(2 * p / (p + q)) + q * np.log(2 * q / (p + q)))
        kept = [v for v in surprise.sort_values(ascending=False).index if power[v] > 0.1]
        enough = power[kept].cumsum().searchsorted(0.67) + 1
        kept = kept[:enough]
        if power[kept].sum() > 0.67 and surprise[kept].sum() > best[0]:
            best = (surprise[kept].sum(), {frozenset({(dim, str(v))}) for v in kept[:limit]})
    return best[1]


def score(cases: Iterator[Case], method: Callable[[pd.DataFrame, list[str], int], Answers]) -> dict[str, float]:
    """Exact-match F1 over all the causes, and processor seconds per case (mean and worst)."""
    right = given = wanted = 0
    seconds = []
    for frame, dims, causes, limit in cases:
        start = time.process_time()
        answers = method(frame, dims, limit)
        seconds.append(time.process_time() - start)
        right += len(answers & causes)
        given += len(answers)
        wanted += 1 if limit == 1 else len(causes)
    return {"f1": 2 * right / max(given + wanted, 1), "cpu_s": float(np.mean(seconds)), "cpu_max_s": max(seconds)}


def make_quiet(seed: int) -> pd.DataFrame:
    """A mutual of 120,000 people over two years with nothing planted."""
    rng = np.random.default_rng(seed)
    sizes = {"region": 13, "formule": 4, "contrat": 2, "tranche_age": 6, "poste": 8, "panier": 3}
    codes = np.indices(tuple(sizes.values())).reshape(len(sizes), -1)
    shares = [rng.dirichlet(np.full(n, 4.0)) for n in list(sizes.values())[:4]]
    people = 120_000 * np.prod([share[codes[i]] for i, share in enumerate(shares)], axis=0)
    cost = np.array([8.0, 22.0, 95.0, 60.0, 160.0, 1200.0, 300.0, 40.0])[codes[4]]
    acts = people * np.array([1.0, 0.6, 0.12, 0.2, 0.05, 0.01, 0.02, 0.1])[codes[4]]

    def draw() -> np.ndarray:
        count = rng.poisson(acts)
        return np.where(count > 0, rng.gamma(np.maximum(count, 1)) * cost, 0.0)

    frame = pd.DataFrame(dict(zip(sizes, codes, strict=True)))
    return frame.assign(reel=1.05 * draw(), attendu=draw())


def print_published(name: str, cases: Callable[[], Iterator[Case]], position: int) -> dict[str, float | None]:
    """Lines of a set of cases: ours, Adtributor, then the references; the figures of the first two."""
    figures, ours = {}, None
    for method in (scan, adtributor):
        found = score(cases(), method)
        ours = ours or found
        cells = f"{found['f1']:>8.3f}{times(found['f1'], ours['f1']):>10}"
        cells += f"{found['cpu_s']:>10.3f}{times(found['cpu_s'], ours['cpu_s']):>10}{found['cpu_max_s']:>10.3f}"
        print(f"{name:<6}{method.__name__:<14}{cells}")
        figures |= {f"{name}_{method.__name__}_{key}": value for key, value in found.items()}
        figures[f"{name}_{method.__name__}_f1_rapport"] = ratio(found["f1"], ours["f1"])
    for peer, values in REFERENCES.items():
        if values[position] is not None:
            f1 = values[position]
            print(f"{name:<6}{peer:<14}{f1:>8.3f}{times(f1, ours['f1']):>10}   (référence)")
    return figures


def main() -> None:
    """Print the table, then the line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="20 quiet mutuals instead of 200")
    runs = 20 if parser.parse_args().quick else 200
    figures: dict[str, float | None] = {}
    print(f"{'jeu':<6}{'méthode':<14}{'F1':>8}{'rapport':>10}{'CPU (s)':>10}{'rapport':>10}{'pire (s)':>10}")
    sources = {"S": lambda: read_published("S"), "L": lambda: read_published("L"), "RS": read_ratio}
    for position, (name, cases) in enumerate(sources.items()):
        if SHARED.is_dir():
            figures |= print_published(name, cases, position)
        else:
            print(f"{name:<6}données absentes : {SHARED}")
    dims = ["region", "formule", "contrat", "tranche_age", "poste", "panier"]
    alarms = sum(bool(scan(make_quiet(seed), dims, 3)) for seed in range(runs))
    figures["fausses_cartes"] = alarms / runs
    print(f"fausses cartes sur bruit seul : {alarms} / {runs}")
    print_json("localise", figures)


if __name__ == "__main__":
    main()
