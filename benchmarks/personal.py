"""Personal data found by column, and small cells that nobody finds again.

``python -m benchmarks.personal [--quick]`` prints:

- the confusion matrix on labelled columns (300 per seed, made before the detector; seeds it was not made with), beside
  one pattern per kind accepted on most cells, and python-stdnum on the same cells (keys only);
- the same on columns of other populations and writings (`tests.data.personal_heldout`), some of which taught the
  detector: see the head of that file;
- what a linear-programming attacker learns of tables protected by `analytics.disclosure.protect`, every total known,
  beside primary secrecy alone.

The last line is JSON.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd
from stdnum import iban as iban_number
from stdnum.fr import nir as nir_number

from analytics.disclosure import K
from benchmarks.report import print_json, ratio
from data.personal import detect
from tests.analytics.secrecy_attacker import Attack, attack, protected_mask, random_table, with_totals
from tests.data.personal_columns import Labelled, labelled_columns
from tests.data.personal_heldout import heldout_columns

LOOK_ALIKES = ("finess", "siret", "rpps", "cip13", "montant")
_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        r"[^@\s]+@[^@\s]+\.\w{2,}",
        r"[12]\s?\d\d\s?\d\d\s?(\d\d|2[AB])\s?\d{3}\s?\d{3}(\s?\d\d)?",
        r"[A-Z]{2}\d\d[A-Z0-9 ]{10,34}",
        r"(\+33|0)\s?[1-9]([ .-]?\d\d){4}",
    )
)


def by_detector(column: Labelled) -> str:
    """Kind found by Paliers."""
    found = detect(column.header, column.texts)
    return found.kind if found else ""


def by_pattern(column: Labelled) -> str:
    """One pattern per kind, four cells out of five."""
    values = [v for v in column.texts.unique() if v]
    return next(("oui" for p in _PATTERNS if sum(bool(p.fullmatch(v)) for v in values) >= 0.8 * len(values)), "")


def by_stdnum(column: Labelled) -> str:
    """Valid NIR or IBAN keys, four cells out of five."""
    values = [v for v in column.texts.unique() if v]
    valid = (sum(check(v) for v in values) for check in (nir_number.is_valid, iban_number.is_valid))
    return "oui" if max(valid) >= 0.8 * len(values) else ""


def judge(columns: Iterable[Labelled], method: Callable[[Labelled], str]) -> pd.DataFrame:
    """Rows: family, personal, answer, hit."""
    rows = [(c.kind, c.personal, method(c)) for c in columns]
    frame = pd.DataFrame(rows, columns=["famille", "personnelle", "reponse"])
    return frame.assign(trouve=frame["reponse"] != "")


def rates(judged: pd.DataFrame) -> dict[str, float]:
    """Recall, share of others taken for personal data, the same on the look-alikes named in the specification."""
    others = judged[~judged["personnelle"]]
    bare = judged[judged["famille"].str.startswith("nir 13")]
    figures = {
        "rappel": judged.loc[judged["personnelle"], "trouve"].mean(),
        "nir_13": bare["trouve"].mean(),
        "faux": others["trouve"].mean(),
        "faux_sosies": others.loc[others["famille"].isin(LOOK_ALIKES), "trouve"].mean(),
    }
    return {name: round(float(value), 4) for name, value in figures.items()}


def print_matrix(judged: pd.DataFrame) -> None:
    """Families in rows, answers in columns."""
    answers = judged["reponse"].where(judged["trouve"], "rien")
    print(pd.crosstab([judged["personnelle"], judged["famille"]], answers).to_string())


def measure_secrecy(tables: int) -> dict[str, dict[str, float]]:
    """What the attacker learns of random tables, with secondary secrecy and without."""
    ways = {"primaire seul": _primary, "primaire et secondaire": protected_mask}
    return {name: _attacked(tables if mask is protected_mask else tables // 10, mask) for name, mask in ways.items()}


def _primary(inner: np.ndarray) -> np.ndarray:
    persons = with_totals(inner)
    return (persons > 0) & (persons < K)


def _attacked(tables: int, mask: Callable[[np.ndarray], np.ndarray]) -> dict[str, float]:
    rng = np.random.default_rng(2024)
    found: list[Attack] = []
    for _ in range(tables):
        inner = random_table(rng, (12, 7, 4))
        found.append(attack(inner, mask(inner)))
    total = {name: sum(getattr(a, name) for a in found) for name in Attack.__annotations__}
    kept = total["shown"] / max(total["large"], 1)
    return {"tables": tables, **total, "part_montree": round(kept, 3)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one seed, 300 tables")
    quick = parser.parse_args().quick
    start = time.perf_counter()
    seeds = range(201, 202 if quick else 211)
    labelled = [column for seed in seeds for column in labelled_columns(seed)]
    heldout = [column for seed in seeds for column in heldout_columns(seed)]
    methods = {"Paliers": by_detector, "motifs": by_pattern, "python-stdnum": by_stdnum}
    judged = {name: judge(labelled, method) for name, method in methods.items()}
    print(f"{len(labelled)} colonnes étiquetées")
    print_matrix(judged["Paliers"])
    figures = {"etiquetees": {name: rates(j) for name, j in judged.items()}}
    others = judge(heldout, by_detector)
    print(f"\n{len(heldout)} colonnes d’autres populations et écritures")
    print_matrix(others)
    figures["autres"] = {"Paliers": rates(others)}
    figures["autres"]["motifs"] = rates(judge(heldout, by_pattern))
    for name, table in figures.items():
        for rated in table.values():
            rated["rappel_rapport"] = ratio(rated["rappel"], table["Paliers"]["rappel"])
        print(f"\n{name}\n{pd.DataFrame(table).T.to_string()}")
    figures["secret"] = measure_secrecy(300 if quick else 5000)
    print(f"\nsecret statistique\n{pd.DataFrame(figures['secret']).T.to_string()}")
    print(f"\n{time.perf_counter() - start:.0f} s")
    print_json("personal", figures)


if __name__ == "__main__":
    main()
