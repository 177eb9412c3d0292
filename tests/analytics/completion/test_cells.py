"""Cells numbered, months counted, exposure laid and perimeters summed: the same as pandas, group by group."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analytics.completion import develop, number_payments
from analytics.completion.exposure import spread_exposure
from analytics.completion.triangle import UNKNOWN, build_triangles, encode_cells, month_numbers
from analytics.schema import Selection
from analytics.uncertainty import pooled_error

MONTHS = pd.date_range("2022-01-01", periods=20, freq="MS")
KEYS = ["mois", "mois_paiement", "poste"]


def lines(n: int = 400, seed: int = 0) -> pd.DataFrame:
    """A care table with a missing value in ten, one dimension of each type."""
    rng = np.random.default_rng(seed)
    care = rng.integers(0, 20, n)
    frame = pd.DataFrame({
        "mois": MONTHS[care], "mois_paiement": MONTHS[np.minimum(care + rng.integers(0, 4, n), 19)],
        "poste": pd.Categorical(rng.choice(["optique", "dentaire"], n), categories=["dentaire", "absent", "optique"]),
        "region": pd.array(rng.choice(["Bretagne", "Corse", "Normandie"], n), dtype="str"),
        "prestation": rng.normal(50, 10, n), "actes": rng.integers(1, 5, n),
    })  # fmt: skip
    for column in ("mois_paiement", "poste", "region", "prestation"):
        frame.loc[rng.random(n) < 0.1, column] = None
    return frame


@pytest.mark.parametrize("dtype", ["datetime64[ns]", "datetime64[us]", "datetime64[s]"])
def test_months_are_counted_from_1970(dtype):
    dates = pd.Series(pd.to_datetime(["2024-02-29", None, "1969-12-31", "1970-01-01", "2031-12-01"])).astype(dtype)
    wanted = [UNKNOWN if pd.isna(d) else (d.year - 1970) * 12 + d.month - 1 for d in dates]
    assert month_numbers(dates).tolist() == wanted
    assert month_numbers(dates.iloc[[1]]).tolist() == [UNKNOWN]
    assert month_numbers(dates.iloc[2:]).tolist() == wanted[2:]
    assert month_numbers(dates.iloc[:0]).tolist() == []


@pytest.mark.parametrize("by", [[], ["poste"], ["region", "poste"], ["mois", "mois_paiement", "poste", "region"]])
def test_cells_are_those_of_pandas(by):
    """Few keys for the lines, then more than lines; a missing value is a value."""
    frame = lines()
    numbers, cells = encode_cells(frame, by)
    assert sorted(set(numbers)) == list(range(len(cells)))
    if by:
        assert len(cells) == frame.groupby(by, observed=True, dropna=False).ngroups
    pd.testing.assert_frame_equal(cells.iloc[numbers].reset_index(drop=True), frame[by])


@pytest.mark.parametrize("by_poste", [True, False])
def test_exposure_is_laid_as_a_pivot(by_poste):
    frame = lines()
    triangles = build_triangles(frame, by=("poste",), measure="prestation")
    rng = np.random.default_rng(1)
    months = pd.date_range("2021-10-01", "2023-06-01", freq="MS")
    heads = pd.DataFrame({"mois": np.tile(months, 6), "beneficiaires": rng.integers(50, 99, 6 * len(months)) * 1.0})
    if by_poste:
        postes = np.repeat(["optique", "dentaire", None] * 2, len(months))
        heads["poste"] = pd.Categorical(postes, categories=["optique", "dentaire", "ailleurs"])
    heads.loc[heads["mois"] == months[5], "beneficiaires"] = np.nan
    heads.loc[3, "mois"] = pd.NaT
    found, notes = spread_exposure(heads, ("poste",), triangles)
    for g, poste in enumerate(triangles.cells["poste"]):
        own = heads
        if by_poste:
            own = heads[heads["poste"].isna() if pd.isna(poste) else heads["poste"] == poste]
        sums = own.groupby("mois")["beneficiaires"].sum(min_count=1).reindex(MONTHS)
        sums.loc["2023-07-01":] = sums["2023-06-01"]
        np.testing.assert_allclose(found[g], sums)
    assert notes == ("Bénéficiaires repris du dernier mois connu : juillet\u00a02023, août\u00a02023.",)


PERIMETERS = [
    {}, {"region": ("Corse",)}, {"region": ("Corse", "Bretagne"), "poste": ("optique",)}, {"poste": ("absent",)},
    {"region": ("nulle part",)}, {"inconnue": ("x",)}, {"region": ()},
]  # fmt: skip


@pytest.mark.parametrize("filtres", PERIMETERS)
def test_a_perimeter_is_summed_as_by_pandas(filtres):
    frame = lines()
    inside = frame[Selection(filtres=filtres).mask(frame)]
    found = number_payments(frame).within(
        np.flatnonzero(frame.index.isin(inside.index)), filtres, ("prestation", "rien")
    )
    wanted = inside.groupby(KEYS, observed=True, dropna=False)["prestation"].sum(min_count=1).reset_index()
    order = {"by": KEYS, "ignore_index": True}
    pd.testing.assert_frame_equal(found[[*KEYS, "prestation"]].sort_values(**order), wanted.sort_values(**order))
    assert Selection(filtres=filtres).mask(found).all()  # filtered again, it is whole
    assert "region" not in filtres or len(found["region"].unique()) <= 1


def test_all_cells_together_are_summed_as_by_pandas():
    found = develop(lines(), by=("poste",))
    table = found.table
    rows = []
    for month, part in table.groupby("mois"):
        ultimate = part["ultime"].sum() if part["ultime"].notna().all() else np.nan
        se = pooled_error(part["se"].sum(), (part["se"] ** 2).sum()) if part["se"].notna().all() else np.nan
        rows.append(
            (month, part["paye"].sum(), ultimate, part["paye"].sum() / ultimate if ultimate > 0 else np.nan, se)
        )
    wanted = pd.DataFrame(rows, columns=["mois", "paye", "ultime", "part_connue", "se"])
    pd.testing.assert_frame_equal(found.by_month(), wanted.astype({"mois": table["mois"].dtype}))
