"""Triangles of the completion measures: real ones read from the shared data, real months paid at simulated delays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks import SHARED, Absent

US_LAST = pd.Timestamp("2003-12-01")
#: Reserve and standard error of the whole: Mack (1993) for genins and raa, chainladder 0.10.1 for the others (printed
#: to the cent), from SOURCE.md beside the triangles.
MACK = {
    ("genins", "values"): (18_680_855.61, 2_447_094.86),
    ("raa", "values"): (52_135.23, 26_909.01),
    ("mcl", "paid"): (5_938.21, 994.58),
    ("abc", "values"): (5_277_760.36, 152_283.14),
    ("mortgage", "values"): (14_546_730.14, 3_728_870.24),
    ("ukmotor", "values"): (28_655.77, 1_417.27),
}


@dataclass(frozen=True)
class Book:
    """A fact table whose past closings can be replayed.

    Attributes
    ----------
    name : str
    lines : pandas.DataFrame
        mois, mois_paiement, prestation and the columns of `by`.
    exposure : pandas.DataFrame or None
        mois, beneficiaires.
    closings : pandas.DatetimeIndex
        Dates whose recent months are all known today.
    by : tuple of str
    """

    name: str
    lines: pd.DataFrame
    exposure: pd.DataFrame | None
    closings: pd.DatetimeIndex
    by: tuple[str, ...] = ()


def months(first: str, last: str) -> pd.DatetimeIndex:
    """First days of the months, both included."""
    return pd.date_range(first, last, freq="MS")


def us_medical_claims() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Lines and members of `usecase_ibnr`: 36 care months, 13 payment months."""
    wide = _read("usecase_ibnr/usmedclaim_triangle_mensuel.csv")
    care = pd.to_datetime(wide["mois_survenance"], format="%Y-%b")
    increments = wide[[f"DY{k}" for k in range(1, 14)]].to_numpy(dtype=float)
    lines = _to_lines(care, increments)
    members = pd.DataFrame({"mois": care, "beneficiaires": wide["members"]})
    return lines[lines["mois_paiement"] <= US_LAST], members


def us_books() -> list[Book]:
    """The eight published valuations, then those before and after them."""
    lines, members = us_medical_claims()
    return [
        Book("US, 8 évaluations publiées", lines, members, months("2002-05-01", "2002-12-01")),
        Book("US, les 8 d’avant", lines, members, months("2001-09-01", "2002-04-01")),
        Book("US, les 6 d’après", lines, members, months("2003-01-01", "2003-06-01")),
        Book("US, 8 publiées sans effectif", lines, None, months("2002-05-01", "2002-12-01")),
    ]


def french_disability() -> Book:
    """Number of work disabilities in France, 60 months of occurrence: another country, no money, no members."""
    wide = _read("usecase_ibnr/fretri1dis1418_triangle_mensuel.csv")
    care = pd.to_datetime(wide["mois_survenance"].astype(float).astype(int).astype(str), format="%Y%m")
    cumulative = wide[[str(k) for k in range(1, 41)]].to_numpy(dtype=float)
    lines = _to_lines(care, np.diff(cumulative, axis=1, prepend=0.0))
    return Book("Incapacité, France", lines, None, months("2015-06-01", "2018-06-01"))


def open_damir(seed: int = 0) -> Book:
    """Thirteen real regional series of care months, paid at the real French delays with a noise of 15 %."""
    folder = "open_damir_mensuel"
    frame = _read(f"{folder}/damir_mensuel_region_sexe_age_mois_soins_2019_2024.csv.gz")
    delays = _read(f"{folder}/damir_2025_01_delai_liquidation.csv").dropna(subset=["delai_mois"])
    rhythm = delays.set_index("delai_mois")["part_connue_pct"].sort_index().iloc[:13].to_numpy()
    rhythm = rhythm / rhythm.sum()
    real = frame.assign(mois=pd.to_datetime(frame["date"])).groupby(["region_code", "mois"])["remb_amo_eur"].sum()
    real = real[real.index.get_level_values("mois") < "2024-11-01"]
    shares = np.random.default_rng(seed).gamma(44.0, rhythm / 44.0, (len(real), len(rhythm)))
    increments = real.to_numpy()[:, None] * shares / shares.sum(axis=1, keepdims=True)
    keys = real.index.to_frame(index=False)
    lines = _to_lines(keys["mois"], increments, region=keys["region_code"])
    return Book("Open DAMIR, délais simulés", lines, None, months("2021-03-01", "2023-10-01"), ("region",))


def demo(dataset) -> Book:
    """The demonstration by poste, with its members."""
    keys = ["poste", "mois", "mois_paiement"]
    lines = dataset.prestation.groupby(keys, observed=True)["prestation"].sum().reset_index()
    members = dataset.cotisation.groupby("mois", as_index=False)["beneficiaires"].sum()
    last = dataset.as_of - pd.DateOffset(months=15)
    return Book("Démonstration", lines, members, pd.date_range("2021-01-01", last, freq="MS"), ("poste",))


def _to_lines(care: pd.Series, increments: np.ndarray, **dimensions: pd.Series) -> pd.DataFrame:
    row, wait = np.nonzero(~np.isnan(increments))
    month = care.to_numpy().astype("datetime64[M]")[row]
    dims = {name: values.to_numpy()[row] for name, values in dimensions.items()}
    dates = {"mois": month, "mois_paiement": month + wait}
    return pd.DataFrame(
        {**dims, **{k: v.astype("datetime64[s]") for k, v in dates.items()}, "prestation": increments[row, wait]}
    )


def _read(path: str) -> pd.DataFrame:
    if not (SHARED / path).exists():
        raise Absent(f"données absentes : {path}")
    return pd.read_csv(SHARED / path)
