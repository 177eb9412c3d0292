"""Statistical secrecy: what is masked, what protects it, and what an attacker finds again (nothing).

Change that must turn this red: `_protect(…)` not called in analytics/hypercubes.py, or `heads[place] <= width` → `< 0`.
"""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analytics.descriptive import compute_indicator
from analytics.disclosure import REASON, K, may_share, persons_of, protect, protect_indicator
from analytics.errors import ParameterError
from analytics.schema import Dataset, Selection
from tests.analytics.secrecy_attacker import attack, protected_mask, random_table, with_totals

MONTH = pd.Timestamp("2024-01-01")


def table_of(rows: str) -> pd.DataFrame:
    """« R A 12 » lines: region, tranche_age, beneficiaires; the premium is ten times as much."""
    cells = [line.split() for line in rows.strip().splitlines()]
    frame = pd.DataFrame(cells, columns=["region", "tranche_age", "beneficiaires"])
    frame["beneficiaires"] = frame["beneficiaires"].astype(float)
    return frame.assign(cotisation=frame["beneficiaires"] * 10)


def mutual(rows: str, **changes) -> Dataset:
    """A mutual of one month whose members are those of a table."""
    members = table_of(rows).assign(mois=MONTH)
    care = members[["mois", "region", "tranche_age"]].assign(poste="optique", actes=1.0, prestation=5.0)
    return replace(Dataset(members, care, date_basis="soins"), **changes)


PORTFOLIO = """
B 0-19 40
B 20-39 60
B 40+ 90
N 0-19 5
N 20-39 70
N 40+ 80
O 0-19 30
O 20-39 50
O 40+ 20
"""


# --- the attacker -------------------------------------------------------------------------------------------------


def test_no_masked_cell_is_found_again_in_300_random_tables():
    rng = np.random.default_rng(20)
    measures = [attack(inner, protected_mask(inner)) for inner in (random_table(rng) for _ in range(300))]
    assert sum(m.primary for m in measures) > 1000  # the tables have something to protect
    assert sum(m.recovered for m in measures) == 0
    assert sum(m.within_five for m in measures) == 0
    assert sum(m.narrow for m in measures) == 0  # every interval is wider than 10 persons
    shown = sum(m.shown for m in measures) / sum(m.large for m in measures)
    assert shown > 0.3  # hiding everything would be easy


def test_the_attacker_wins_without_secondary_secrecy():
    inner = np.array([[40, 60], [5, 70]])
    small = with_totals(inner) < K
    measure = attack(inner, small)
    assert (measure.primary, measure.recovered) == (1, 1)
    assert attack(inner, protected_mask(inner)).recovered == 0


# --- a table with its own column of persons -----------------------------------------------------------------------


def test_small_cells_are_masked_with_what_protects_them():
    shared = protect(table_of(PORTFOLIO))
    masked = shared.table[shared.table["raison"] == REASON]
    assert shared.primary == 1
    assert shared.masked == len(masked) == 4  # the corners of a square
    assert masked[["cotisation", "beneficiaires"]].isna().all(axis=None)
    assert ("N", "0-19") in set(zip(masked["region"], masked["tranche_age"], strict=True))
    assert masked["region"].nunique() == masked["tranche_age"].nunique() == 2
    assert shared.margins.empty  # totals need not be masked
    shown = shared.table[shared.table["raison"] == ""]
    assert shown["cotisation"].equals(table_of(PORTFOLIO).loc[shown.index, "cotisation"])


def test_without_totals_primary_secrecy_is_enough():
    assert protect(table_of(PORTFOLIO), margins=False).masked == 1


def test_the_pattern_does_not_depend_on_the_figures():
    table = table_of(PORTFOLIO)
    other = table.assign(cotisation=np.random.default_rng(0).normal(size=len(table)))
    patterns = [protect(t).table["raison"].tolist() for t in (table, other)]
    assert patterns[0] == patterns[1]
    shuffled = protect(table.sample(frac=1, random_state=1)).table.sort_index()
    assert shuffled["raison"].tolist() == patterns[0]


def test_unknown_persons_count_as_few_and_none_is_an_empty_cell():
    table = table_of(PORTFOLIO)
    table.loc[table["region"] == "B", "beneficiaires"] = np.nan
    shared = protect(table).table
    assert shared.loc[shared["region"] == "B", "cotisation"].isna().all()
    empty = table_of(PORTFOLIO.replace("N 0-19 5", "N 0-19 0"))
    assert protect(empty).masked == 0
    # Figures without anybody: who they speak of is not known.
    acts = empty.assign(cotisation=empty["cotisation"].replace(0.0, 4.0))
    assert protect(acts).primary == 1


def test_a_cell_is_masked_on_all_its_months_by_its_largest():
    months = pd.date_range("2024-01-01", periods=3, freq="MS")
    rows = [(m, r, heads) for r, year in (("B", (10, 11, 9)), ("N", (9, 10, 8)), ("O", (90, 80, 85)))
            for m, heads in zip(months, year, strict=True)]  # fmt: skip
    table = pd.DataFrame(rows, columns=["mois", "region", "beneficiaires"]).assign(prestation=1.0)
    shared = protect(table)
    assert shared.primary == 3
    assert shared.table.groupby("region")["prestation"].apply(lambda s: s.isna().nunique()).eq(1).all()
    assert shared.table.loc[shared.table["region"] == "N", "prestation"].isna().all()
    assert shared.table.loc[shared.table["region"] == "B", "prestation"].notna().all()  # 11 persons in February


def test_one_row_alone_masks_its_total_too():
    shared = protect(table_of("B 0-19 4\nB 20-39 3"))
    assert shared.masked == 2
    assert shared.margins.isna().all(axis=1).any()  # the grand total: 7 persons


def test_a_table_without_persons_or_too_fine_is_refused():
    with pytest.raises(ParameterError, match="combien de personnes"):
        protect(table_of(PORTFOLIO).drop(columns="beneficiaires"))
    wide = pd.DataFrame({"a": [f"{i}" for i in range(3000)], "b": [f"{i}" for i in range(3000)], "beneficiaires": 5.0})
    with pytest.raises(ParameterError, match="trop fin"):
        protect(wide)


# --- a frame computed from a dataset ------------------------------------------------------------------------------


def test_persons_are_the_largest_month_of_the_exposure():
    months = pd.date_range("2024-01-01", periods=3, freq="MS")
    members = pd.DataFrame({"mois": [*months, *months], "region": ["B"] * 3 + ["N"] * 3,
                            "beneficiaires": [5.0, 20.0, 10.0, 7.0, 6.0, 5.0]})  # fmt: skip
    care = pd.DataFrame({"mois": months, "region": ["B", "B", "Z"], "poste": ["optique", "dentaire", "optique"],
                         "prestation": 1.0})  # fmt: skip
    dataset = Dataset(members, care, date_basis="soins")
    assert persons_of(dataset, []).to_dict("list") == {"beneficiaires": [26.0]}  # February, not 20 + 7
    by_region = persons_of(dataset, ["region"]).set_index("region")["beneficiaires"]
    assert by_region.to_dict() == pytest.approx({"B": 20.0, "N": 7.0, "Z": np.nan}, nan_ok=True)
    by_poste = persons_of(dataset, ["poste"]).set_index("poste")["beneficiaires"]
    assert by_poste.to_dict() == {"dentaire": 26.0, "optique": 26.0}  # every member may claim
    first = persons_of(dataset, ["region"], Selection(fin=months[0])).set_index("region")["beneficiaires"]
    assert first["B"] == 5.0
    unsplit = replace(dataset, prestation=care.assign(sexe="F"))
    assert persons_of(unsplit, ["sexe"])["beneficiaires"].isna().all()


def test_an_indicator_is_masked_where_few_are_covered():
    dataset = mutual(PORTFOLIO)
    by = ["region", "tranche_age"]
    frame = compute_indicator(dataset, "prestation", by=by)
    shared = protect_indicator(frame, dataset, by)
    hidden = shared[shared["raison"] == REASON]
    assert len(hidden) == 4
    assert hidden[["valeur", "numerateur"]].isna().all(axis=None)
    assert shared[shared["raison"] != REASON]["valeur"].notna().all()
    by_region = compute_indicator(dataset, "prestation", by=["region"])
    assert protect_indicator(by_region, dataset, ["region"])["valeur"].notna().all()
    # A filter comes to the same cells.
    few = Selection(filtres={"region": ("N",), "tranche_age": ("0-19",)})
    assert not may_share(dataset, few)
    alone = compute_indicator(dataset, "prestation", selection=few)
    assert protect_indicator(alone, dataset, [], few)["valeur"].isna().all()
    assert may_share(dataset)
    assert may_share(dataset, Selection(filtres={"region": ("N",)}))


def test_nothing_is_shared_when_nobody_knows_how_many_are_covered():
    dataset = mutual(PORTFOLIO)
    unknown = replace(dataset, cotisation=dataset.cotisation.drop(columns="beneficiaires"))
    assert not may_share(unknown)
    frame = compute_indicator(unknown, "prestation", by=["region"])
    assert protect_indicator(frame, unknown, ["region"])["valeur"].isna().all()


def test_a_value_met_in_the_care_table_alone_is_masked():
    dataset = mutual(PORTFOLIO)
    stray = dataset.prestation.iloc[[0]].assign(region="Z")
    care = pd.concat([dataset.prestation, stray], ignore_index=True).drop(columns="tranche_age")
    dataset = replace(dataset, prestation=care)
    frame = compute_indicator(dataset, "prestation", by=["region"])
    shared = protect_indicator(frame, dataset, ["region"]).set_index("region")
    assert shared.loc["Z", "raison"] == REASON
    assert (shared["raison"] == REASON).sum() == 2  # with the region that protects it
    adults = Selection(filtres={"tranche_age": ("20-39", "40+")})
    assert protect_indicator(frame, dataset, ["region"], adults).set_index("region").loc["Z", "raison"] == REASON


def test_care_cells_have_the_secrecy_of_their_contract_cell():
    dataset = mutual(PORTFOLIO)
    frame = compute_indicator(dataset, "prestation", by=["poste", "region", "tranche_age"])
    shared = protect_indicator(frame, dataset, ["poste", "region", "tranche_age"])
    assert (shared["raison"] == REASON).sum() == 4


@pytest.mark.parametrize("seed", [0, 1])
def test_two_filters_never_differ_by_a_few_persons(seed):
    rng = np.random.default_rng(seed)
    regions, ages = ("B", "N", "O"), ("0-19", "20+")
    heads = {(r, a): int(rng.poisson(rng.gamma(0.8, 25))) for r in regions for a in ages}
    dataset = mutual("\n".join(f"{r} {a} {n}" for (r, a), n in heads.items() if n))
    shown = []
    for chosen in itertools.product(_subsets(regions), _subsets(ages)):
        filters = {d: v for d, v in zip(("region", "tranche_age"), chosen, strict=True) if v}
        kept = {(r, a) for r in chosen[0] or regions for a in chosen[1] or ages if heads[r, a]}
        if kept and may_share(dataset, Selection(filtres=filters)):
            shown.append(kept)
    assert shown
    nested = [(a, b) for a, b in itertools.permutations(shown, 2) if a < b]
    assert nested
    for inner, outer in nested:
        gap = sum(heads[c] for c in outer) - sum(heads[c] for c in inner)
        assert gap == 0 or gap >= K, (inner, outer)


def _subsets(values: tuple[str, ...]) -> list[tuple[str, ...]]:
    return [c for n in range(len(values) + 1) for c in itertools.combinations(values, n)]
