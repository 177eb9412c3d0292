"""Where a finding is, and what it weighs: six kinds of error planted, found with their place, month and euros."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analytics.diagnostic.data_errors import FAMILIES, errors_within, touching_errors
from analytics.schema import Dataset, Selection
from data import load_dataset
from data.checks import run_checks, untestable
from data.checks.cells import merge_cells
from data.checks.facts import sum_quickly
from data.checks.perimetre import find_jumps
from data.checks.places import MAX_EFFECTS, place
from data.findings import COLUMNS, finding, join, to_frame
from data.keys import sum_by

T = pd.Timestamp
MONEY = ["prestation", "frais_reels", "remboursement_amo"]
#: The year compared in most tests, and the year before.
YEAR = Selection(T("2024-01-01"), T("2024-12-01"))
BEFORE = Selection(T("2023-01-01"), T("2023-12-01"))


def where(frame: pd.DataFrame, **values: str) -> np.ndarray:
    kept = np.ones(len(frame), dtype=bool)
    for column, value in values.items():
        kept = kept & (frame[column] == (T(value) if column.startswith("mois") else value)).to_numpy()
    return kept


def scaled(dataset: Dataset, kept: np.ndarray, factor: float) -> Dataset:
    frame = dataset.prestation
    money = {m: np.where(kept, frame[m] * factor, frame[m]) for m in MONEY if m in frame.columns}
    return replace(dataset, prestation=frame.assign(**money))


def without(dataset: Dataset, gone: np.ndarray) -> Dataset:
    return replace(dataset, prestation=dataset.prestation[~gone].reset_index(drop=True))


def renamed(dataset: Dataset, dimension: str, old: str, new: str, since: str) -> Dataset:
    frame = dataset.prestation
    values = frame[dimension].astype("str")
    values = values.where(~((values == old) & (frame["mois"] >= T(since))), new).astype("category")
    return replace(dataset, prestation=frame.assign(**{dimension: values}))


def larger(dataset: Dataset, since: str, factor: float) -> Dataset:
    care, cover = dataset.prestation, dataset.cotisation
    grown = scaled(dataset, (care["mois"] >= T(since)).to_numpy(), factor)
    members = cover["beneficiaires"].astype(float).where(cover["mois"] < T(since), cover["beneficiaires"] * factor)
    return replace(grown, cotisation=cover.assign(beneficiaires=members))


def held(dataset: Dataset, period: Selection, **filtres: tuple[str, ...]) -> float:
    narrower = replace(period, filtres=filtres)
    frame = dataset.prestation
    return float(frame.loc[narrower.mask(frame).to_numpy(), "prestation"].sum())


def assert_told(clean: Dataset, spoilt: Dataset, famille: str, *, near: float, filtres=None, **place_told) -> pd.Series:
    """One finding of the family touches the comparison, at this place, with the euros that were really added."""
    filtres = filtres or {}
    found = touching_errors(run_checks(spoilt), replace(YEAR, filtres=filtres), BEFORE)
    told = found[found["famille"] == famille]
    assert len(told) == 1, told["message"].tolist()
    row = told.iloc[0]
    for name, period in (("periode", YEAR), ("reference", BEFORE)):
        added = held(spoilt, period, **filtres) - held(clean, period, **filtres)
        assert row[name] == pytest.approx(added, rel=near, abs=1.0), name
    for name, value in place_told.items():
        assert row[name] == value
    return row


# --- the demonstration, with both months, many dimensions ---------------------------------------------------------


def test_a_batch_sent_twice_weighs_where_it_is(clean_demo):
    frame = clean_demo.prestation
    twice = where(frame, region="Normandie", poste="pharmacie", mois_paiement="2024-03-01")
    spoilt = replace(clean_demo, prestation=pd.concat([frame, frame[twice]], ignore_index=True))
    row = assert_told(clean_demo, spoilt, "doublons", near=1e-9, exact=True)
    assert "Normandie" in row["message"]
    # By any dimension of the data, not only those of the batch.
    assert_told(clean_demo, spoilt, "doublons", near=1e-9, filtres={"tranche_age": ("75 et +",)}, exact=True)
    elsewhere = replace(YEAR, filtres={"region": ("Bretagne",)})
    assert touching_errors(run_checks(spoilt), elsewhere, BEFORE).empty


@pytest.mark.parametrize("factor", [100, 0.01])
def test_a_cell_in_another_unit_weighs_exactly(clean_demo, factor):
    cell = where(clean_demo.prestation, region="Occitanie", poste="optique", mois="2023-06-01")
    spoilt = scaled(clean_demo, cell, factor)
    row = assert_told(clean_demo, spoilt, "unites", near=1e-6, exact=True, debut=T("2023-06-01"), fin=T("2023-06-01"))
    assert row["reference"] * (factor - 1) > 0


def test_a_whole_month_or_a_whole_value_in_another_unit_is_one_finding(clean_demo):
    frame = clean_demo.prestation
    month = scaled(clean_demo, where(frame, mois="2024-02-01"), 100)
    row = assert_told(clean_demo, month, "unites", near=1e-6, debut=T("2024-02-01"))
    assert row["message"].startswith("Toutes les lignes, févr.")
    level = scaled(clean_demo, where(frame, formule="Confort", mois="2024-02-01"), 100)
    row = assert_told(clean_demo, level, "unites", near=1e-6, debut=T("2024-02-01"))
    assert row["message"].startswith("Formule : Confort")


def test_a_batch_that_never_came_is_estimated(clean_demo):
    frame = clean_demo.prestation
    lost = without(clean_demo, where(frame, region="Bretagne", mois_paiement="2024-04-01"))
    assert "Bretagne" in assert_told(clean_demo, lost, "lots", near=0.15, exact=False)["message"]
    pair = without(clean_demo, where(frame, region="Bretagne", poste="pharmacie", mois_paiement="2024-04-01"))
    row = assert_told(clean_demo, pair, "lots", near=0.15, exact=False)  # one poste of one region: its noise is larger
    assert "Bretagne" in row["message"]
    assert "pharmacie" in row["message"]


def test_a_month_of_payment_without_a_line_is_found(clean_demo):
    lost = without(clean_demo, where(clean_demo.prestation, mois_paiement="2024-05-01"))
    row = assert_told(clean_demo, lost, "lots", near=0.1, code="actualite.mois_manquants", exact=False)
    assert row["severite"] == "grave"
    assert "Mois de paiement" in row["message"]


def test_a_month_of_care_without_a_line_is_estimated_with_its_season(clean_demo):
    lost = without(clean_demo, where(clean_demo.prestation, mois="2024-08-01"))  # August is low every year
    assert_told(clean_demo, lost, "lots", near=0.1, debut=T("2024-08-01"), fin=T("2024-08-01"))


def test_a_batch_paid_late_is_no_error_by_month_of_care(clean_demo):
    frame = clean_demo.prestation
    late = where(frame, region="Bretagne", mois_paiement="2024-04-01")
    moved = frame["mois_paiement"].mask(pd.Series(late), T("2024-05-01"))
    findings = run_checks(replace(clean_demo, prestation=frame.assign(mois_paiement=moved)))
    assert "actualite.lot_en_retard" in set(findings["code"])
    assert "lots" not in set(touching_errors(findings, YEAR, BEFORE)["famille"])


@pytest.mark.parametrize("axis", ["mois", "mois_paiement"])
def test_a_batch_of_the_wrong_sign_weighs_twice(clean_demo, axis):
    cell = where(clean_demo.prestation, region="Grand Est", poste="dentaire", **{axis: "2024-02-01"})
    row = assert_told(clean_demo, scaled(clean_demo, cell, -1), "signes", near=1e-6, exact=True)
    assert "Grand Est" in row["message"]


@pytest.mark.parametrize("axis", ["mois", "mois_paiement"])
def test_a_renamed_poste_is_missing_under_each_of_its_names(clean_demo, axis):
    frame = clean_demo.prestation
    values = frame["poste"].astype("str")
    new = values.where(~((values == "optique") & (frame[axis] >= T("2024-03-01"))), "équipements").astype("category")
    spoilt = replace(clean_demo, prestation=frame.assign(poste=new))
    findings = run_checks(spoilt)
    (whole,) = touching_errors(findings, YEAR, BEFORE).itertuples()
    assert (whole.famille, whole.debut, whole.periode, whole.reference) == ("recodage", T("2024-03-01"), 0, 0)
    assert whole.en_jeu == pytest.approx(sum(held(spoilt, p, poste=("équipements",)) for p in (YEAR, BEFORE)), rel=1e-6)
    for name, kept in (("optique", "équipements"), ("équipements", "optique")):
        (row,) = touching_errors(findings, replace(YEAR, filtres={"poste": (name,)}), BEFORE).itertuples()
        assert row.periode == pytest.approx(-held(spoilt, YEAR, poste=(kept,)), rel=1e-6, abs=0.01)
        assert row.reference == pytest.approx(-held(spoilt, BEFORE, poste=(kept,)), rel=1e-6, abs=0.01)
    later = Selection(T("2024-09-01"), T("2024-11-01"), {}, "M-1")
    assert touching_errors(findings, later, Selection(T("2024-06-01"), T("2024-08-01"))).empty
    assert touching_errors(findings, replace(YEAR, filtres={"poste": ("dentaire",)}), BEFORE).empty


def test_a_population_that_grows_at_once_weighs_its_share(clean_demo):
    row = assert_told(clean_demo, larger(clean_demo, "2024-04-01", 1.3), "perimetre", near=0.1, exact=False)
    assert row["debut"] == T("2024-04-01")
    assert pd.isna(row["fin"])


def test_a_region_that_joins_is_named_with_all_it_holds(clean_demo):
    def late(frame: pd.DataFrame) -> pd.DataFrame:
        kept = ~((frame["region"] == "Occitanie") & (frame["mois"] < T("2024-01-01"))).to_numpy()
        return frame[kept].reset_index(drop=True)

    spoilt = replace(clean_demo, prestation=late(clean_demo.prestation), cotisation=late(clean_demo.cotisation))
    found = touching_errors(run_checks(spoilt), YEAR, BEFORE)
    row = found.set_index("code").loc["exhaustivite.valeur_partielle"]
    assert "Occitanie" in row["message"]
    assert row["periode"] == pytest.approx(held(spoilt, YEAR, region=("Occitanie",)), rel=1e-6)
    assert row["reference"] == 0
    assert set(found["famille"]) == {"perimetre"}


def test_the_clean_demo_is_quiet_everywhere(clean_demo):
    findings = run_checks(clean_demo)
    months = clean_demo.months
    for start in months[12:-11:6]:
        end = start + pd.DateOffset(months=11)
        before = Selection(start - pd.DateOffset(months=12), end - pd.DateOffset(months=12))
        assert touching_errors(findings, Selection(start, end), before).empty
    assert errors_within(findings, {}, months[0], months[-1]).empty


def test_the_planted_errors_of_the_demo_are_told_as_planted(demo, clean_demo):
    findings = run_checks(demo)
    march = Selection(T("2023-03-01"), T("2023-03-01"))
    (cents,) = touching_errors(findings, march, Selection(T("2022-03-01"), T("2022-03-01"))).itertuples()
    assert (cents.famille, cents.reference, cents.exact) == ("unites", 0, True)
    assert cents.periode == pytest.approx(held(demo, march) - held(clean_demo, march), abs=1)
    assert 250_000 < cents.periode < 300_000
    care = errors_within(findings, {}, T("2023-12-01"), T("2024-05-01"))
    assert care["famille"].tolist() == ["doublons"]
    assert care["euros_ici"].iloc[0] == pytest.approx(91_606, abs=1)
    assert errors_within(findings, {"region": ("Bretagne",)}, T("2022-01-01"), T("2023-11-01")).empty


# --- a file of another shape: one month, other dimensions, read from its lines ------------------------------------


def lines(months: int = 36) -> pd.DataFrame:
    """Accounting view, by département and nature of guarantee, without poste, region nor number of acts."""
    rng, rows = np.random.default_rng(4), []
    for month in pd.date_range("2022-01-01", periods=months, freq="MS"):
        season = 1 + 0.1 * np.cos(2 * np.pi * month.month / 12)
        for place_name, size in (("Rhône", 1.0), ("Isère", 0.6), ("Savoie", 0.3)):
            for garantie, cost in (("Base", 40.0), ("Confort", 60.0), ("Sur-complémentaire", 25.0)):
                for _ in range(6):
                    amount = cost * size * season * 1000 * rng.normal(1, 0.03)
                    rows.append((f"{month:%Y-%m}", place_name, garantie, f"{amount:.2f}"))
    return pd.DataFrame(rows, columns=["mois_paiement", "Zone", "Garantie", "prestations"])


def read(frame: pd.DataFrame) -> Dataset:
    frame = frame.assign(prestations=frame["prestations"].astype(str).str.replace(".", ","))
    return load_dataset(frame.to_csv(sep=";", index=False).encode(), name="essai.csv")


def zones(frame: pd.DataFrame, **values: str) -> pd.Series:
    kept = pd.Series(True, index=frame.index)
    for column, value in values.items():
        kept &= frame[column] == value
    return kept


@pytest.fixture(scope="module")
def plain() -> Dataset:
    return read(lines())


def test_the_other_file_is_quiet(plain):
    assert [d for d in plain.dimensions if d not in ("poste", "region")]
    assert touching_errors(run_checks(plain), YEAR, BEFORE).empty
    assert untestable(plain) == {"perimetre": "le nombre d’assurés n’est pas dans le fichier"}


def test_lines_sent_twice_are_placed_although_the_cube_has_added_them(plain):
    frame = lines()
    twice = frame[zones(frame, mois_paiement="2024-03", Zone="Isère")]
    spoilt = read(pd.concat([frame, twice]))
    assert_told(plain, spoilt, "doublons", near=1e-6, exact=True, debut=T("2024-03-01"), fin=T("2024-03-01"))


@pytest.mark.parametrize(
    ("factor", "famille", "near"), [(100, "unites", 1e-3), (0.01, "unites", 1e-3), (-1, "signes", 1e-3)]
)
def test_a_zone_in_another_unit_or_sign(plain, factor, famille, near):
    frame = lines()
    cell = zones(frame, mois_paiement="2023-09", Zone="Savoie")
    amounts = frame["prestations"].astype(float)
    spoilt = read(frame.assign(prestations=amounts.where(~cell, amounts * factor).map("{:.4f}".format)))
    row = assert_told(plain, spoilt, famille, near=near, exact=True, debut=T("2023-09-01"))
    assert "Savoie" in row["message"]


def test_a_zone_missing_for_a_month_then_late(plain):
    frame = lines()
    cell = zones(frame, mois_paiement="2024-03", Zone="Isère")
    row = assert_told(plain, read(frame[~cell]), "lots", near=0.1, code="actualite.lot_manquant")
    assert row["debut"] == row["fin"] == T("2024-03-01")
    late = read(frame.assign(mois_paiement=frame["mois_paiement"].where(~cell, "2024-04")))
    findings = run_checks(late)
    row = errors_within(findings, {}, T("2024-03-01"), T("2024-03-01")).iloc[0]
    missing = frame.loc[cell, "prestations"].astype(float).sum()
    assert (row["code"], row["exact"]) == ("actualite.lot_en_retard", False)
    assert row["euros_ici"] == pytest.approx(-missing, rel=0.1)
    quarter = errors_within(findings, {}, T("2024-01-01"), T("2024-06-01"))["euros_ici"]
    assert quarter.abs().sum() < 0.05 * missing  # what is late comes back


def test_a_month_missing_and_a_guarantee_renamed(plain):
    frame = lines()
    assert_told(plain, read(frame[frame["mois_paiement"] != "2023-07"]), "lots", near=0.1, debut=T("2023-07-01"))
    later = (frame["Garantie"] == "Base") & (frame["mois_paiement"] >= "2024-02")
    findings = run_checks(read(frame.assign(Garantie=frame["Garantie"].where(~later, "Socle"))))
    (row,) = touching_errors(findings, YEAR, BEFORE).itertuples()
    assert (row.famille, row.debut, row.periode) == ("recodage", T("2024-02-01"), 0)
    assert row.en_jeu == pytest.approx(frame.loc[later, "prestations"].astype(float).sum(), rel=1e-6)


# --- the pieces ---------------------------------------------------------------------------------------------------


def test_findings_kept_before_places_existed_are_still_read():
    old = to_frame([finding("unicite.lot_double", "grave", "Un lot est présent deux fois.", euros=10.0)])
    old = old.drop(columns=["mois_debut", "mois_fin", "filtres", "effets"])
    months = pd.DataFrame({"mois": pd.date_range("2022-01-01", periods=24, freq="MS"), "prestation": 1.0})
    found = run_checks(Dataset(months[["mois"]].iloc[:0], months, findings=old, date_basis="paiement"))
    assert list(found.columns) == list(COLUMNS)
    assert found.set_index("code").loc["unicite.lot_double", ["mois_debut", "effets"]].tolist() == ["", ""]
    assert touching_errors(found, YEAR, BEFORE).empty
    assert touching_errors(join(old, to_frame([finding("unicite.a", "info", "x")])), YEAR, BEFORE).empty


def test_an_effect_too_fine_is_told_by_fewer_dimensions():
    rows = pd.DataFrame({"mois": T("2024-01-01"), "region": "A", "autre": [f"v{i}" for i in range(MAX_EFFECTS + 1)]})
    told = json.loads(place(rows, np.ones(len(rows)))["effets"])
    assert told == {"cles": ["region"], "lignes": [["2024-01", "A", MAX_EFFECTS + 1.0]]}
    assert json.loads(place(rows.iloc[:0], np.ones(0))["effets"])["lignes"] == []
    assert place(rows, None)["effets"] == ""


def test_wrong_cells_are_told_by_the_fewest_places():
    months = pd.date_range("2024-01-01", periods=3, freq="MS")
    cells = pd.DataFrame([(p, r, m) for p in "xy" for r in "abc" for m in months], columns=["poste", "region", "mois"])
    usual = np.ones(len(cells))

    def merged(wrong: pd.Series) -> list[tuple[dict, int]]:
        found = merge_cells(cells, wrong.to_numpy(), usual, ["poste", "region"], "mois")
        return [(one.filtres, len(one.months)) for one in found]

    assert merged(cells["mois"] == months[1]) == [({}, 1)]
    assert merged((cells["poste"] == "x") & (cells["mois"] > months[0])) == [({"poste": "x"}, 2)]
    assert merged((cells["region"] == "b") & (cells["mois"] == months[2])) == [({"region": "b"}, 1)]
    lonely = (cells["poste"] == "y") & (cells["region"] == "c") & (cells["mois"] == months[0])
    assert merged(lonely) == [({"poste": "y", "region": "c"}, 1)]


def test_quick_sums_are_sums():
    rng = np.random.default_rng(0)
    months = pd.Series(rng.choice(pd.date_range("2020-01-01", periods=30, freq="MS"), 2000))
    frame = pd.DataFrame(
        {
            "mois": months,
            "mois_paiement": months.mask(rng.random(2000) < 0.1),
            "poste": pd.Categorical(rng.choice(["a", "b", None], 2000)),
            "prestation": np.where(rng.random(2000) < 0.05, np.nan, rng.normal(size=2000)),
        }
    )
    keys = ["mois", "mois_paiement", "poste"]
    quick, slow = sum_quickly(frame, keys, ["prestation"]), sum_by(frame, keys, ["prestation"])
    pd.testing.assert_frame_equal(quick[keys], slow[keys])
    np.testing.assert_allclose(quick["prestation"], slow["prestation"].fillna(0), atol=1e-9)


def test_a_population_that_comes_back_is_told_once():
    months = pd.date_range("2022-01-01", periods=24, freq="MS")
    members = pd.Series(1000.0, months)
    members.iloc[8:11] = 1400.0
    (jump,) = find_jumps(members, 0.15)
    assert (jump.month, jump.last, jump.before, jump.after) == (months[8], months[10], 1000.0, 1400.0)
    members.iloc[8:] = 1400.0
    (jump,) = find_jumps(members, 0.15)
    assert jump.last is None


def test_what_cannot_be_tested_is_named(plain):
    care = replace(plain, date_basis="soins")
    assert set(untestable(care)) == {"lots", "perimetre"}
    short = replace(plain, prestation=plain.prestation[plain.prestation["mois"] < T("2022-05-01")])
    assert set(untestable(short)) == {"unites", "signes", "lots", "perimetre"}
    engine = to_frame([finding("unicite.non_cherchee", "info", "x")])
    assert "doublons" in untestable(replace(plain, findings=engine))
    assert set(untestable(replace(plain, prestation=plain.prestation[["mois"]].iloc[:0]))) <= {f.key for f in FAMILIES}
