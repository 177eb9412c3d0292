"""What a second forecast costs: the 106 nodes of the medicines, computed, asked again, with a month more.

The work of each run is the number of nodes (a series at an origin) that it computes; processor seconds beside it.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import pandas as pd

from analytics.predictive import forecast
from benchmarks.forecast_data import pbs_nodes
from benchmarks.report import print_json, print_table, times
from pages.components.node_store import NodeStore

HORIZON, WINDOW, END = 12, 120, 186  # December 2006: an origin is added in six months


class Counting(NodeStore):
    """The real store, which counts what is computed."""

    computed = 0

    def __setitem__(self, key: str, data: bytes) -> None:
        """Keep it, and count it."""
        self.computed += 1
        super().__setitem__(key, data)


def frame_until(values: dict, end: int) -> pd.DataFrame:
    """serie, mois, valeur from the same first month up to an end."""
    months = pd.date_range("1991-07-01", periods=204, freq="MS")[END - WINDOW : end]
    parts = [pd.DataFrame({"serie": n, "mois": months, "valeur": v[END - WINDOW : end]}) for n, v in values.items()]
    return pd.concat(parts, ignore_index=True)


def measure(folder: Path, frame: pd.DataFrame, mode: str) -> dict[str, float]:
    """Nodes computed, processor and wall seconds of one run."""
    memory, wall, spent = Counting(folder), time.perf_counter(), time.process_time()
    forecast(frame, horizon=HORIZON, calendar=None, mode=mode, prophet=False, memory=memory)
    return {"noeuds": memory.computed, "cpu": time.process_time() - spent, "s": time.perf_counter() - wall}


def main() -> None:
    """Print the runs one after the other."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="thirty series")
    quick = options.parse_args().quick
    values = dict(list(pbs_nodes()[0].items())[: 30 if quick else None])
    forecast(frame_until({"A": values["Total"]}, END), horizon=HORIZON, calendar=None, prophet=False)  # imports
    runs = (
        ("première fois", END, "un"),
        ("la même", END, "un"),
        ("un mois de plus", END + 1, "un"),
        ("le même mois, autre fichier", END + 1, "deux"),
        ("six mois de plus", END + 6, "deux"),
    )
    found = {}
    with tempfile.TemporaryDirectory() as place:
        for name, end, folder in runs:
            (Path(place) / folder).mkdir(exist_ok=True)
            found[name] = measure(Path(place) / folder, frame_until(values, end), "core4")
        size = sum(p.stat().st_size for p in Path(place, "un").iterdir())
        count = sum(1 for _ in Path(place, "un").iterdir())
    first = found["première fois"]["cpu"]
    rows = [
        [n, f"{r['noeuds']:.0f}", f"{r['cpu']:.1f}", f"{r['s']:.1f}", times(r["cpu"], first)] for n, r in found.items()
    ]
    print_table(["exécution", "noeuds calculés", "s processeur", "s", "par rapport à la première"], rows)
    print_json("forecast_nodes", {"series": len(values), "runs": found, "octets_par_noeud": size / max(count, 1)})


if __name__ == "__main__":
    main()
