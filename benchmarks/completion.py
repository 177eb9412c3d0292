"""How right the completed months are: past closings of real claims, exact answers, alarms of the demonstration.

``python -m benchmarks.completion [--quick]``. Bars: mean absolute error of the ultimate of the US medical claims at age
0/1/2/3 ≤ 5 / 8.3 / 5.6 / 4 % over 8 valuations with one rule, its 80 % interval holding 70 to 90 % of them; totals of
Mack to 1e-6; no alarm « baisse » made by unpaid claims over 100 closings. The last line is JSON.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd

import data
from analytics.completion import chain_ladder, complete, develop, known_at, maturity
from analytics.constat import Constat
from analytics.descriptive import compute_total, find_alerts
from analytics.prescriptive import redressement
from analytics.schema import Dataset, Selection
from analytics.uncertainty import Z_80
from benchmarks import SHARED, Absent
from benchmarks.report import print_json, print_table
from benchmarks.triangles import MACK, Book, demo, french_disability, open_damir, us_books

AGES = 6
BARS = (5.0, 8.3, 5.6, 4.0)
UNTIL = pd.Timestamp("2025-06-01")
#: Measured by the notes of the project on the US claims (other code, same eight valuations).
PUBLISHED = {
    "publié : échelle, tout l’historique": (90, 23, 7.2, 4.7, 2.3, 2.1),
    "publié : échelle sur 12 mois": (72, 15, 6.6, 4.1, 2.2, 2.0),
    "publié : Bornhuetter-Ferguson": (4.5, 8.3, 5.6, 3.9, 2.1, 2.0),
    "publié : crédibilité 40–80 %": (6.4, 7.0, 6.6, 4.1, 2.2, 2.0),
}
METHODS = {
    "Paliers": {"method": "auto"},
    "échelle sur 12 mois": {"method": "chain_ladder"},
    "Bornhuetter-Ferguson": {"method": "bornhuetter_ferguson"},
}


def back_test(book: Book, **options: object) -> pd.DataFrame:
    """One row per closing, cell and age: erreur (relative), brut, z (in standard errors)."""
    truth = book.lines.groupby([*book.by, "mois"], observed=True)["prestation"].sum().rename("vrai").reset_index()
    parts = []
    for closing in book.closings:
        known = book.lines[book.lines["mois_paiement"] <= closing]  # nothing of the future is even handed over
        table = develop(known, exposure=book.exposure, by=book.by, as_of=closing, **options).table
        age = (closing.year - table["mois"].dt.year) * 12 + closing.month - table["mois"].dt.month
        parts.append(table.assign(age=age)[age.between(0, AGES - 1)])
    frame = pd.concat(parts).merge(truth, on=[*book.by, "mois"])
    gap = frame["ultime"] - frame["vrai"]
    z = gap / frame["se"].where(frame["se"] > 0)
    return frame.assign(erreur=gap / frame["vrai"], brut=frame["paye"] / frame["vrai"] - 1.0, z=z)


def plain_ladder(book: Book) -> pd.DataFrame:
    """Chain ladder of the textbook written apart: whole history, factors of sums, no a-priori, no interval."""
    rows = []
    for closing in book.closings:
        known = book.lines[book.lines["mois_paiement"] <= closing]
        wait = known["mois_paiement"].dt.to_period("M").astype("int64") - known["mois"].dt.to_period("M").astype(
            "int64"
        )
        triangle = known.assign(wait=wait).pivot_table(index="mois", columns="wait", values="prestation", aggfunc="sum")
        paid = triangle.cumsum(axis=1).where(triangle.notna()).to_numpy()
        for age in range(min(AGES, len(paid))):
            ultimate = paid[len(paid) - 1 - age, age]
            for k in range(age, paid.shape[1] - 1):
                both = ~np.isnan(paid[:, k + 1])
                ultimate *= paid[both, k + 1].sum() / paid[both, k].sum()
            rows.append((age, ultimate, triangle.index[len(paid) - 1 - age]))
    frame = pd.DataFrame(rows, columns=["age", "ultime", "mois"])
    truth = book.lines.groupby("mois")["prestation"].sum()
    return frame.assign(erreur=frame["ultime"] / truth.reindex(frame["mois"]).to_numpy() - 1.0, z=np.nan)


def errors(frame: pd.DataFrame, column: str = "erreur") -> list[float]:
    """Mean absolute error by age, %."""
    return [100.0 * v for v in frame.groupby("age")[column].apply(lambda e: e.abs().mean())]


def coverage(frame: pd.DataFrame) -> list[float]:
    """Share of the truths inside the 80 % interval by age, then over ages 0 to 3 together, %."""
    told = frame.dropna(subset=["z"])
    inside = told["z"].abs() < Z_80
    by_age = 100.0 * inside.groupby(told["age"]).mean().reindex(range(4))
    return [*by_age, 100.0 * inside[told["age"] < 4].mean()]


def measure_us(figures: dict[str, object]) -> None:
    """The published valuations: every method, the plain ladder and the published figures."""
    book = us_books()[0]
    titles = [
        "US, 8 évaluations",
        *(f"âge {k}" for k in range(AGES)),
        "couv. 0",
        "1",
        "2",
        "3",
        "0–3",
        "âge 1 / Paliers",
    ]
    found = {name: back_test(book, **options) for name, options in METHODS.items()}
    rows, base = [], errors(found["Paliers"])
    for name, frame in found.items():
        rows.append(
            [name, *_percents(errors(frame)), *_percents(coverage(frame), 0), f"×{errors(frame)[1] / base[1]:.2f}"]
        )
    plain = errors(plain_ladder(book))
    rows.append(["échelle ordinaire, tout l’historique", *_percents(plain), *[""] * 5, f"×{plain[1] / base[1]:.2f}"])
    rows.append(["payé seul", *_percents(errors(found["Paliers"], "brut")), *[""] * 5, ""])
    rows += [[name, *_percents(list(v)), *[""] * 5, f"×{v[1] / base[1]:.2f}"] for name, v in PUBLISHED.items()]
    print_table(titles, rows)
    held = coverage(found["Paliers"])
    all_ages = float(100.0 * (found["Paliers"]["z"].dropna().abs() < Z_80).mean())
    met = all(e <= bar for e, bar in zip(base, BARS, strict=False)) and 70 <= held[-1] <= 90 and 70 <= all_ages <= 90
    print(f"Barres {BARS} et 70–90 % : {'tenues' if met else 'NON TENUES'} ; couverture tous âges {all_ages:.0f} %\n")
    figures["us"] = {"erreurs": base, "couverture": held, "couverture_tous": all_ages, "barres": met, "echelle": plain}


def measure_others(figures: dict[str, object], dataset: Dataset, *, quick: bool) -> None:
    """The same rule where it was not judged: other valuations, other books."""
    books: list[Callable[[], Book]] = [lambda k=k: us_books()[k] for k in (1, 2, 3)]
    books += [french_disability, open_damir, lambda: demo(dataset)]
    rows = []
    for make in books:
        try:
            book = make()
        except Absent as reason:
            print(reason)
            continue
        book = replace(book, closings=book.closings[::4]) if quick else book
        ours, ladder = back_test(book), back_test(book, method="chain_ladder")
        rows.append(
            [book.name, *_percents(errors(ours)[:4]), *_percents(errors(ladder)[:4]), f"{coverage(ours)[-1]:.0f}"]
        )
        figures.setdefault("autres", {})[book.name] = {
            "erreurs": errors(ours)[:4], "echelle": errors(ladder)[:4], "couverture": coverage(ours)[-1]
        }  # fmt: skip
    print_table(["même règle ailleurs", "âge 0", "1", "2", "3", "échelle 0", "1", "2", "3", "couv. 0–3"], rows)
    print()


def measure_exact(figures: dict[str, object]) -> None:
    """Mack's published totals and the memoir's table of redressements."""
    worst = 0.0
    for (name, column), (reserve, se) in MACK.items():
        path = SHARED / "mack_reference" / f"{name}.csv"
        if not path.exists():
            print(f"triangle absent : {name}")
            continue
        frame = pd.read_csv(path)
        frame["wait"] = frame["development"] - frame["origin"]
        result = chain_ladder(frame.pivot_table(index="origin", columns="wait", values=column).to_numpy())
        # published to the cent: half a cent is not an error
        gaps = (abs(result.total_reserve - reserve) - 0.005) / reserve, (abs(result.total_se - se) - 0.005) / se
        worst = max(worst, *gaps)
    cases = {"cadre": (24_022.98 + 336.32, 22_079.33, 11.43), "non-cadre": (127_897.06 + 1_790.56, 145_220.93, -9.80)}
    gap = max(abs(100 * redressement(paid / due, 0.01) - told) for paid, due, told in cases.values())
    print(f"Mack, six triangles : écart relatif au plus {worst:.1e} ; redressement : {gap:.4f} point au plus\n")
    figures["mack"], figures["redressement_points"] = worst, gap


def measure_alarms(figures: dict[str, object], *, quick: bool) -> None:
    """Closings of two demonstrations: alarms « baisse » whose drop, and which themselves, vanish once all is paid."""
    closings = caused = drops = naive = 0
    for seed in (20210319, 7):
        dataset = _by_segment(data.demo_dataset(seed, until=UNTIL))
        truth = complete(dataset)
        last = pd.date_range("2020-03-01", UNTIL - pd.DateOffset(months=14), freq="MS")[-50:]
        for closing in last[::10] if quick else last:
            then = known_at(dataset, closing)
            alarms = [c for c in find_alerts(then) if c.ecart < 0]
            caused += sum(_vanishes(c, truth) and not _stands(c, then, truth) for c in alarms)
            drops += len(alarms)
            naive += _drops_on_paid(then, truth, closing)
            closings += 1
    titles = ["clôtures de la démonstration", "clôtures", "alarmes « baisse »", "dues au non payé"]
    rows = [["Paliers", str(closings), str(drops), str(caused)],
            ["payé seul, −5 % sur un an, par poste", str(closings), "", str(naive)]]  # fmt: skip
    print_table(titles, rows)
    figures["alarmes"] = {"clotures": closings, "baisses": drops, "dues_au_non_paye": caused, "paye_seul": naive}


def _by_segment(dataset: Dataset) -> Dataset:
    keys = ["mois", "mois_paiement", "poste", "region"]
    lines = dataset.prestation.groupby(keys, observed=True)[["actes", "prestation"]].sum().reset_index()
    heads = dataset.cotisation.groupby(["mois", "region"], observed=True)[["beneficiaires", "cotisation"]].sum()
    return replace(dataset, prestation=lines, cotisation=heads.reset_index())


def _vanishes(alarm: Constat, truth: Dataset) -> bool:
    """Less than half of the drop is left once everything is paid."""
    before = replace(alarm.selection, debut=alarm.selection.debut - pd.DateOffset(years=1),
                     fin=alarm.selection.fin - pd.DateOffset(years=1))  # fmt: skip
    now, year_ago = (
        float(compute_total(truth, alarm.indicator, selection=s)["valeur"].iloc[0]) for s in (alarm.selection, before)
    )
    return now - year_ago > 0.5 * alarm.ecart


def _stands(alarm: Constat, then: Dataset, truth: Dataset) -> bool:
    """The same rule, on the same months with everything paid, still points at this perimeter."""
    paid = find_alerts(truth, selection=Selection(fin=alarm.selection.fin), maturity_table=maturity(then))
    return any(dict(c.selection.filtres) == dict(alarm.selection.filtres) for c in paid)


def _drops_on_paid(then: Dataset, truth: Dataset, closing: pd.Timestamp) -> int:
    """Postes whose last month, as paid, is 5 % under the year before, and is not once everything is paid."""
    year_ago = closing - pd.DateOffset(years=1)
    paid, full = (
        d.prestation.groupby(["poste", "mois"], observed=True)["prestation"].sum().unstack("mois")
        for d in (then, truth)
    )
    return int(((paid[closing] < 0.95 * paid[year_ago]) & (full[closing] >= 0.95 * full[year_ago])).sum())


def _percents(values: list[float], decimals: int = 1) -> list[str]:
    return [f"{v:.{decimals}f}" for v in values]


def main() -> None:
    """Print the tables, then the line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one closing in four, ten closings of the demonstration")
    quick = parser.parse_args().quick
    figures: dict[str, object] = {}
    try:
        measure_us(figures)
    except Absent as reason:
        print(reason)
    measure_others(figures, data.demo_dataset(until=UNTIL), quick=quick)
    measure_exact(figures)
    measure_alarms(figures, quick=quick)
    print_json("completion", figures)


if __name__ == "__main__":
    main()
