"""What spoils a history, on the medicines of PBS: months not fully paid, a step and a lockdown, too few months.

Each line gives the error beside that of the same forecast from a clean history, and what ignoring the trouble costs.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from analytics.completion import develop
from analytics.errors import InsufficientData
from analytics.predictive import forecast
from benchmarks.forecast_data import Window, read_pbs
from benchmarks.forecast_scores import score
from benchmarks.report import print_table

#: Share of a month of care that is paid in the same month, then in each of the three that follow; spread, relative, of
#: what is known of a month after one, two and three months.
PAID, NOISE = np.array([0.75, 0.18, 0.05, 0.02]), np.array([0.04, 0.015, 0.005])
#: Month before the origin: factor; and a step that stays.
LOCKDOWN, STEP, STEP_BEFORE = {36: 0.45, 35: 0.40, 34: 0.75}, 1.15, 6
SETTINGS = {"calendar": None, "prophet": False, "n_origins": 0}


def _upper(name: str) -> bool:
    """Total, classes, and classes by concession."""
    return "/" not in name


def _mase(windows: tuple[Window, ...], **options: object) -> float:
    found = [score(w.train, w.test, forecast(w.train, horizon=w.horizon, **SETTINGS, **options).table) for w in windows]
    return float(np.mean([f["mase"] for f in found]))


def paid_in_part(windows: tuple[Window, ...], *, completed: bool, seed: int = 0) -> tuple[Window, ...]:
    """The same windows with their last three months known in part, as paid or completed from their payments."""
    result = []
    for i, window in enumerate(windows):
        rng = np.random.default_rng([seed, i])
        payments = pd.concat([_payments(rows, rng) for _, rows in window.train.groupby("serie")], ignore_index=True)
        last = window.train["mois"].max()
        known = payments[payments["mois_paiement"] <= last]
        if completed:
            table = develop(known.rename(columns={"valeur": "prestation"}), by=("serie",)).table
            values = table.rename(columns={"ultime": "valeur"})[["serie", "mois", "valeur"]]
        else:
            values = known.groupby(["serie", "mois"], as_index=False)["valeur"].sum()
        result.append(replace(window, train=values))
    return tuple(result)


def _payments(rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Each month of care shared over its months of payment, the known share moving a little from month to month."""
    known = np.clip(np.cumsum(PAID)[:-1] * (1 + rng.normal(0.0, 1.0, (len(rows), 1)) * NOISE), 0.01, 1.0)
    shares = np.diff(np.column_stack([np.zeros(len(rows)), known, np.ones(len(rows))]), axis=1)
    months = rows["mois"].to_numpy("datetime64[M]")
    parts = [
        pd.DataFrame({"serie": rows["serie"].to_numpy(), "mois": rows["mois"].to_numpy(),
                      "mois_paiement": (months + np.timedelta64(lag, "M")).astype("datetime64[ns]"),
                      "valeur": rows["valeur"].to_numpy() * shares[:, lag]})
        for lag in range(len(PAID))
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def stepped(windows: tuple[Window, ...]) -> tuple[tuple[Window, ...], tuple[pd.DataFrame, ...], tuple[Window, ...]]:
    """The windows after a lockdown and a step, the events that say so, and the clean ones at the level of the step."""
    spoilt, events, clean = [], [], []
    for window in windows:
        last = window.train["mois"].max()
        before = (last.year - window.train["mois"].dt.year) * 12 + last.month - window.train["mois"].dt.month + 1
        factor = before.map(LOCKDOWN).fillna(1.0) * np.where(before <= STEP_BEFORE, STEP, 1.0)
        test = window.test.assign(valeur=window.test["valeur"] * STEP)
        spoilt.append(replace(window, train=window.train.assign(valeur=window.train["valeur"] * factor), test=test))
        clean.append(replace(window, train=window.train.assign(valeur=window.train["valeur"] * STEP), test=test))
        first = last - pd.DateOffset(months=max(LOCKDOWN) - 1)
        rows = [("Confinement", first, first + pd.DateOffset(months=len(LOCKDOWN) - 1), "impulsion"),
                ("Réforme", last - pd.DateOffset(months=STEP_BEFORE - 1), pd.NaT, "palier")]  # fmt: skip
        events.append(pd.DataFrame(rows, columns=["evenement", "debut", "fin", "forme"]))
    return tuple(spoilt), tuple(events), tuple(clean)


def _rescaled(windows: tuple[Window, ...], reference: tuple[Window, ...], found: list[pd.DataFrame]) -> float:
    """MASE of forecasts, in the unit of the clean histories."""
    scores = [score(c.train, w.test, t)["mase"] for w, c, t in zip(windows, reference, found, strict=True)]
    return float(np.mean(scores))


def run() -> dict[str, float]:
    """Print the table of what spoils a history; the figures of its lines."""
    windows = read_pbs(nodes=_upper)
    whole = _mase(windows)
    paid, full = paid_in_part(windows, completed=False), paid_in_part(windows, completed=True)
    raw_paid, completed = (
        _rescaled(w, windows, [forecast(p.train, horizon=p.horizon, **SETTINGS).table for p in w]) for w in (paid, full)
    )
    spoilt, events, clean = stepped(windows)

    def told(given: bool) -> float:
        runs = zip(spoilt, events, strict=True)
        tables = [forecast(w.train, horizon=w.horizon, events=e if given else None, **SETTINGS).table for w, e in runs]
        return _rescaled(spoilt, clean, tables)

    ignored, adjusted = told(False), told(True)
    oracle = _mase(clean)
    short = read_pbs(nodes=_upper, window=24)
    found = [score(w.train, w.test, forecast(w.train, horizon=w.horizon, **SETTINGS).table)["wape"] for w in short]
    figures = {
        "complet": whole, "paye_brut": raw_paid / whole - 1, "paye_complete": completed / whole - 1,
        "palier_ignore": ignored / oracle - 1, "palier_connu": adjusted / oracle - 1,
        "wape_24_mois": float(np.mean(found)), "onze_mois": _eleven(windows[-1]),
    }  # fmt: skip
    rows = [
        ["trois derniers mois à 98, 93, 75 %", f"{100 * figures['paye_brut']:+.1f} %",
         f"{100 * figures['paye_complete']:+.1f} %"],
        ["palier de +15 % et confinement", f"{100 * figures['palier_ignore']:+.1f} %",
         f"{100 * figures['palier_connu']:+.1f} %"],
        ["24 mois d’histoire, WAPE", "–", f"{figures['wape_24_mois']:.2f} %"],
        ["11 mois d’histoire", "–", figures["onze_mois"]],
    ]  # fmt: skip
    print_table(["PBS, erreur de plus", "ignoré", "Paliers"], rows)
    return figures


def _eleven(window: Window) -> str:
    """What a history of eleven months gives: a refusal in words, or a forecast without its wide band."""
    last = window.train["mois"].max()
    part = window.train[(window.train["mois"] > last - pd.DateOffset(months=11)) & (window.train["serie"] == "Total")]
    try:
        made = forecast(part, horizon=12, **SETTINGS)
    except InsufficientData as error:
        return f"refusé : {error}"
    confident = made.table["bas_95"].notna().any()
    return "bande à 95 % : DÉFAUT" if confident else "indicatif, sans bande à 95 %"
