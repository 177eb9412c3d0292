"""Breaks against the annotations of five people, on the public series of the Turing Change Point Dataset.

``python -m benchmarks.breaks`` prints the mean F1 (margin of five points) of one setting for all the series, beside
« no break at all » and the mean-shift PELT with the same penalty. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd

from analytics.diagnostic import detect_breaks
from benchmarks import SHARED
from benchmarks.report import print_json, print_table

BAR, MARGIN = 0.71, 5
#: Of the benchmark that goes with the data, univariate series, default settings: printed, not measured here.
PUBLISHED = {"BINSEG": 0.698, "PELT": 0.674, "BOCPD": 0.662, "Prophet": 0.472}


def read_annotated() -> Iterator[tuple[str, pd.Series, list[list[int]]]]:
    """Name, values and marks by annotator of each series."""
    folder = SHARED / "breakpoints_tcpd"
    marks = json.loads((folder / "annotations_original.json").read_text())
    table = pd.read_csv(folder / "tcpd_univariate_tidy.csv.gz").sort_values(["series_id", "index"])
    for name, rows in table.groupby("series_id"):
        yield str(name), rows["value"].reset_index(drop=True), list(marks[name].values())


def f1_of(marks: Sequence[Sequence[int]], found: Sequence[int], margin: int = MARGIN) -> float:
    """Precision on the marks of anybody, recall averaged over the annotators; the first point is a mark of all."""
    annotators = [{0, *m} for m in marks]
    answer = {0, *found}
    precision = _matched(set().union(*annotators), answer, margin) / len(answer)
    recall = float(np.mean([_matched(m, answer, margin) / len(m) for m in annotators]))
    return 2 * precision * recall / (precision + recall)


def _matched(marks: set[int], answer: set[int], margin: int) -> int:
    """Marks that have an answer of their own within the margin."""
    left, count = set(answer), 0
    for mark in sorted(marks):
        near = sorted((abs(mark - a), a) for a in left if abs(mark - a) <= margin)
        if near:
            left.remove(near[0][1])
            count += 1
    return count


def mean_shifts(series: pd.Series) -> tuple[int, ...]:
    """Mean by regime, penalty 3·log(n) on the standardised series: what PELT would find."""
    values = series.to_numpy(float)
    n, spread = len(values), values.std()
    points = (values - values.mean()) / (spread if spread > 0 else 1.0)
    sums, squares = (np.concatenate([[0.0], np.cumsum(v)]) for v in (points, points**2))
    price = 3 * np.log(n)
    least, before = np.full(n + 1, -price), np.zeros(n + 1, dtype=int)
    for end in range(1, n + 1):
        starts = np.arange(end)
        cost = squares[end] - squares[starts] - (sums[end] - sums[starts]) ** 2 / (end - starts)
        total = least[starts] + cost + price
        before[end] = int(np.argmin(total))
        least[end] = total[before[end]]
    cuts, end = [], n
    while end > 0:
        end = int(before[end])
        cuts.append(end)
    return tuple(cuts[-2::-1])


def main() -> None:
    """Command line."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    methods: dict[str, Callable[[pd.Series], Sequence[int]]] = {
        "Paliers": detect_breaks, "moyennes, 3·log(n)": mean_shifts, "aucune rupture": lambda _: (),
    }  # fmt: skip
    annotated = list(read_annotated())
    found, spent = {}, {}
    for name, method in methods.items():
        start = time.process_time()
        found[name] = float(np.mean([f1_of(marks, method(series)) for _, series, marks in annotated]))
        spent[name] = time.process_time() - start
    rows = [[name, f"{score:.3f}", f"{1000 * spent[name] / len(annotated):.0f}"] for name, score in found.items()]
    rows += [[f"{name} (publié)", f"{score:.3f}", ""] for name, score in PUBLISHED.items()]
    print(f"{len(annotated)} séries annotées, F1 moyen, marge {MARGIN} ; seuil {BAR}\n")
    print_table(["", "F1", "ms CPU par série"], rows)
    print_json("breaks", {"seuil": BAR, "f1": found, "cpu_s": spent})


if __name__ == "__main__":
    main()
