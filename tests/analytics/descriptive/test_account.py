"""The technical account adds up to the cent, its two views meet, and each provision is that of its closing."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.completion import develop
from analytics.descriptive import compute_total
from analytics.descriptive.account import LINES, compute_account, describe_rapprochement, reasons_of
from analytics.descriptive.pivot import compute_grid, evaluate
from analytics.descriptive.pivot_cube import build_cube
from analytics.errors import InsufficientData
from analytics.schema import Dataset, Selection

RHYTHM = (0.5, 0.25, 0.15, 0.07, 0.03)


def make(first="2020-01-01", months=40, seed=0, *, paid_from=None, base="HT"):
    """Two postes × two regions, cents everywhere, paid over five months, seen until the last care month."""
    rng = np.random.default_rng(seed)
    calendar = pd.date_range(first, periods=months, freq="MS")
    lines, premiums = [], []
    for mois in calendar:
        for region, heads in (("A", 900), ("B", 400)):
            premiums.append((mois, region, heads, round(heads * rng.uniform(48, 52), 2), round(heads * 9.37, 2)))
            for poste, level in (("dentaire", 30.0), ("optique", 12.0)):
                cost = heads * level * rng.uniform(0.8, 1.2)
                for wait, share in enumerate(RHYTHM):
                    paid = mois + pd.DateOffset(months=wait)
                    if paid <= calendar[-1] and (paid_from is None or paid >= pd.Timestamp(paid_from)):
                        amount = round(cost * share * rng.uniform(0.9, 1.1), 2)
                        lines.append((mois, paid, region, poste, amount))
    care = pd.DataFrame(lines, columns=["mois", "mois_paiement", "region", "poste", "prestation"])
    members = pd.DataFrame(premiums, columns=["mois", "region", "beneficiaires", "cotisation", "frais_gestion"])
    if paid_from is not None:
        members = members[members["mois"] >= pd.Timestamp(paid_from)].reset_index(drop=True)
    return Dataset(members, care, base=base, date_basis="soins", as_of=calendar[-1], source="essai")


DATA = make()
ACCOUNT = compute_account(DATA)


def cents(series):
    return (100 * series).round().astype("int64")


def exact(table):
    """Every printed identity, in whole cents."""
    t = table
    assert (cents(t["paye"]) + cents(t["variation"]) == cents(t["charge"])).all()
    assert (cents(t["provision_cloture"]) - cents(t["provision_ouverture"]) == cents(t["variation"])).all()
    assert (cents(t["cotisation"]) - cents(t["charge"]) - cents(t["frais_gestion"]) == cents(t["resultat"])).all()
    assert (cents(t["provision_cloture"]).iloc[:-1].to_numpy() == cents(t["provision_ouverture"]).iloc[1:]).all()


def test_paid_amounts_and_premiums_by_brute_force():
    care, premiums = DATA.prestation, DATA.cotisation
    for row in ACCOUNT.comptable.itertuples():
        year = care["mois_paiement"].dt.year == row.annee
        assert row.paye == round(care.loc[year, "prestation"].sum(), 2)
        earlier = year & (care["mois"].dt.year < row.annee)
        assert row.paye_anterieur == round(care.loc[earlier, "prestation"].sum(), 2)
        assert row.cotisation == round(premiums.loc[premiums["mois"].dt.year == row.annee, "cotisation"].sum(), 2)
    for row in ACCOUNT.survenance.itertuples():
        assert row.paye == round(care.loc[care["mois"].dt.year == row.annee, "prestation"].sum(), 2)
    assert list(ACCOUNT.comptable["annee"]) == list(ACCOUNT.survenance["annee"]) == [2020, 2021, 2022, 2023]


def test_identities_hold_to_the_cent():
    exact(ACCOUNT.comptable)
    care = ACCOUNT.survenance
    assert (cents(care["paye"]) + cents(care["provision_cloture"]) == cents(care["charge"])).all()
    np.testing.assert_allclose(care["ratio_pc"], care["charge"] / care["cotisation"])
    np.testing.assert_allclose(
        ACCOUNT.comptable["ratio_paye"], ACCOUNT.comptable["paye"] / ACCOUNT.comptable["cotisation"]
    )


def test_each_provision_is_that_of_its_closing():
    """Oracle: the development itself, asked what was known at each closing."""
    exposure = DATA.cotisation.groupby("mois", as_index=False)["beneficiaires"].sum()
    for row in ACCOUNT.comptable.itertuples():
        known = DATA.prestation[DATA.prestation["mois_paiement"] <= row.fin]
        table = develop(known, exposure=exposure, by=("poste",)).table
        assert row.provision_cloture == pytest.approx((table["ultime"] - table["paye"]).sum(), abs=0.02)
    assert ACCOUNT.comptable["provision_ouverture"].iloc[0] == 0  # no care before the first payment


def test_the_two_views_meet():
    by_closing, by_care = ACCOUNT.rapprochement
    assert by_closing == by_care == round(ACCOUNT.survenance["charge"].sum(), 2)
    sentence = describe_rapprochement(ACCOUNT)
    assert "se rejoignent" in sentence
    assert f"{by_care:,.2f}".replace(",", "\u202f").replace(".", ",") in sentence


def test_boni_is_what_the_previous_estimate_had_too_much():
    """Charge of earlier care seen a year before, less the same care seen now."""
    care = DATA.prestation
    for row, before in zip(
        ACCOUNT.comptable.iloc[1:].itertuples(), ACCOUNT.comptable.iloc[:-1].itertuples(), strict=True
    ):
        seen = care[(care["mois"].dt.year < row.annee) & (care["mois_paiement"] <= before.fin)]["prestation"].sum()
        then = seen + before.provision_cloture
        paid_now = care[(care["mois"].dt.year < row.annee) & (care["mois_paiement"] <= row.fin)]["prestation"].sum()
        older = row.charge + row.boni - row.paye + row.paye_anterieur  # provision left on the care of the year
        left = row.provision_cloture - older
        assert row.boni == pytest.approx(then - paid_now - left, abs=0.03)


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 10**6), st.integers(14, 44), st.integers(1, 12))
def test_any_mutual_adds_up_to_the_cent(seed, months, start):
    account = compute_account(make(f"2019-{start:02d}-01", months, seed))
    known = account.comptable["charge"].notna().all()
    if known:
        exact(account.comptable)
        assert account.rapprochement[0] == account.rapprochement[1]
    else:
        assert (account.comptable.loc[account.comptable["charge"].isna(), "raison"] != "").all()


def test_perimeters_add_up():
    parts = [compute_account(DATA, selection=Selection(filtres={"region": (r,)})) for r in "AB"]
    for view in ("comptable", "survenance"):
        for line in ("cotisation", "paye", "provision_cloture", "charge", "frais_gestion", "resultat"):
            summed = sum(getattr(p, view)[line] for p in parts)
            np.testing.assert_allclose(summed, getattr(ACCOUNT, view)[line], atol=0.03, err_msg=f"{view} {line}")


def test_the_period_of_the_selection_is_not_used():
    dated = compute_account(DATA, selection=Selection(pd.Timestamp(2022, 3, 1), pd.Timestamp(2022, 5, 1)))
    pd.testing.assert_frame_equal(dated.comptable, ACCOUNT.comptable)


def test_premiums_not_split_by_the_perimeter_say_so():
    account = compute_account(DATA, selection=Selection(filtres={"poste": ("optique",)}))
    assert account.comptable["cotisation"].isna().all()
    assert account.comptable["resultat"].isna().all()
    assert account.comptable["raison"].str.contains("n’est pas ventilé par poste").all()
    assert account.comptable["charge"].notna().all()


@pytest.mark.parametrize(
    ("basis", "view", "words"),
    [
        ("paiement", "comptable", "seule la vue par exercice comptable"),
        ("soins", "survenance", "seule la vue par survenance"),
        (None, "comptable", "ne dit pas"),
    ],
)
def test_one_date_gives_one_view_named_and_no_provision(small, basis, view, words):
    account = compute_account(replace(small, date_basis=basis))
    table, other = account.comptable, account.survenance
    if view == "survenance":
        table, other = other, table
    assert len(other) == 0
    assert len(table) == 5
    names = {"paiement": "Exercice comptable", "soins": "Survenance", None: "Année, date non précisée"}
    assert list(account.vues) == [names[basis]]
    assert words in " ".join(account.remarques)
    assert table[["charge", "resultat", "ratio_pc", "variation", "provision_cloture"]].isna().all().all()
    causes = {"paiement": "le mois de soins", "soins": "le mois de paiement", None: "les deux mois"}
    assert (table["raison"] == f"provision inconnue : le fichier n’a pas {causes[basis]}").all()
    assert reasons_of(table) == []  # the note says it, once
    np.testing.assert_allclose(table["resultat_paye"], table["cotisation"] - table["paye"], atol=0.011)
    assert np.isnan(account.rapprochement).all()
    assert describe_rapprochement(account) == ""


def test_care_older_than_the_file_has_no_opening_provision():
    account = compute_account(make("2019-01-01", 36, paid_from="2020-01-01"))
    first, second = account.comptable.iloc[0], account.comptable.iloc[1]
    assert np.isnan(first["charge"])
    assert "d’avant le fichier" in first["raison"]
    assert np.isfinite(second["charge"])
    partial = account.survenance.set_index("annee").loc[2019]
    assert np.isnan(partial["charge"])
    assert "antérieurs au fichier" in partial["raison"]
    assert any("antérieurs au premier mois de paiement" in note for note in account.remarques)


def test_a_missing_month_of_premiums_gives_no_result():
    holed = replace(DATA, cotisation=DATA.cotisation[DATA.cotisation["mois"] != pd.Timestamp(2021, 6, 1)])
    row = compute_account(holed).comptable.set_index("annee").loc[2021]
    assert np.isnan(row["resultat"])
    assert "11 mois connus sur 12" in row["raison"]
    assert np.isfinite(row["charge"])


def test_undated_payments_are_said_and_stay_in_their_year_of_care():
    care = DATA.prestation.copy()
    care.loc[5, "mois_paiement"] = pd.NaT
    account = compute_account(replace(DATA, prestation=care))
    lost = care.loc[5, "prestation"]
    assert account.survenance["paye"].iloc[0] == ACCOUNT.survenance["paye"].iloc[0]
    assert account.comptable["paye"].sum() == pytest.approx(ACCOUNT.comptable["paye"].sum() - lost)
    assert any("sans mois de paiement" in note for note in account.remarques)


def test_costs_and_base():
    bare = replace(DATA, cotisation=DATA.cotisation.drop(columns="frais_gestion"))
    account = compute_account(bare)
    assert any("pas de frais de gestion" in note for note in account.remarques)
    t = account.comptable
    assert (cents(t["cotisation"]) - cents(t["charge"]) == cents(t["resultat"])).all()
    net = compute_account(replace(DATA, base="nette"))
    assert any("seconde fois" in note for note in net.remarques)
    np.testing.assert_allclose(net.comptable["resultat"], t["resultat"], atol=0.011)
    for base, word in (("TTC", "taxes"), (None, "non précisée")):
        assert any(word in note for note in compute_account(replace(DATA, base=base)).remarques)
    alone = compute_account(replace(DATA, cotisation=pd.DataFrame({"mois": DATA.months[:0]})))
    assert alone.comptable["charge"].notna().all()
    assert alone.comptable["resultat"].isna().all()
    assert any("pas de cotisations" in note for note in alone.remarques)


def test_without_benefits_there_is_no_account(small):
    with pytest.raises(InsufficientData):
        compute_account(replace(small, prestation=small.prestation.drop(columns="prestation")))


def test_every_line_is_defined():
    assert all(label and definition for label, definition in LINES.values())
    assert set(LINES) <= set(ACCOUNT.comptable.columns)


def test_a_provision_of_care_not_paid_yet_is_shared_between_perimeters():
    """Hospitalisation is first paid a month after the care: the last month has a provision and nothing paid."""
    paid, on_time = DATA.prestation["mois_paiement"], DATA.prestation["poste"] != "dentaire"
    care = DATA.prestation.assign(mois_paiement=paid.where(on_time, paid + pd.DateOffset(months=1)))
    care = care[care["mois_paiement"] <= DATA.months[-1]].reset_index(drop=True)
    assert (care.loc[care["poste"] == "dentaire", "mois"] < DATA.months[-1]).all()
    dataset = replace(DATA, prestation=care)
    whole = compute_account(dataset)
    parts = [compute_account(dataset, selection=Selection(filtres={"region": (r,)})) for r in "AB"]
    named = Selection(filtres={"region": ("A", "B"), "poste": ("dentaire", "optique")})
    every = compute_account(dataset, selection=named)
    assert whole.comptable["provision_cloture"].notna().all()
    for view in ("comptable", "survenance"):
        expected = getattr(whole, view)["provision_cloture"]
        summed = sum(getattr(p, view)["provision_cloture"] for p in parts)
        np.testing.assert_allclose(summed, expected, atol=0.03)
        np.testing.assert_allclose(getattr(every, view)["provision_cloture"], expected, atol=0.03)
    assert all(p.comptable["provision_cloture"].iloc[-1] > 0 for p in parts)


@pytest.mark.parametrize("both", [True, False])
def test_an_empty_perimeter_is_refused_in_french(both):
    care = DATA.prestation if both else DATA.prestation.drop(columns="mois_paiement")
    with pytest.raises(InsufficientData, match="Aucune prestation dans ce périmètre"):
        compute_account(replace(DATA, prestation=care), selection=Selection(filtres={"region": ("Z",)}))


def one_date(premium_months, care_months, **changes):
    """100 € of premiums and 80 € of benefits a month."""
    calendar = pd.date_range("2023-01-01", periods=24, freq="MS")
    members = pd.DataFrame({"mois": calendar[:premium_months], "cotisation": 100.0})
    care = pd.DataFrame({"mois": calendar[:care_months], "prestation": 80.0})
    return Dataset(members, care, base="HT", date_basis="soins", **changes)


def test_premiums_known_further_than_care_stop_with_it():
    account = compute_account(one_date(24, 18))
    last = account.survenance.iloc[-1]
    assert (last["cotisation"], last["paye"], last["ratio_paye"]) == (600, 480, 0.8)
    assert account.arrete == last["fin"] == pd.Timestamp(2024, 6, 1)
    closed = compute_account(one_date(24, 18, as_of=pd.Timestamp(2024, 3, 1))).survenance.iloc[-1]
    assert (closed["cotisation"], closed["paye"]) == (300, 240)


def test_care_known_further_than_premiums_has_no_ratio_and_says_why():
    last = compute_account(one_date(18, 24)).survenance.iloc[-1]
    assert last["paye"] == 960
    assert np.isnan(last["cotisation"])
    assert np.isnan(last["ratio_paye"])
    assert "cotisations : 6 mois connus sur 12" in last["raison"]


def test_one_rule_for_the_costs_of_a_net_base():
    """Account, card and pivot: premiums net of loadings less benefits, whatever the file says of its costs."""
    dataset = one_date(24, 24)
    dataset = replace(dataset, cotisation=dataset.cotisation.assign(frais_gestion=10.0))
    for base, expected in (("HT", 240.0), ("nette", 480.0)):
        named = replace(dataset, base=base)
        assert compute_account(named).survenance["resultat_paye"].sum() == expected
        assert compute_total(named, "resultat_technique")["valeur"].iloc[0] == expected
        grid = compute_grid(build_cube(named), "resultat_technique", ())
        assert float(evaluate(grid.indicator, grid.cents, grid.known, grid.present)[0]) == expected


def test_care_alone_says_each_cause_once():
    account = compute_account(replace(one_date(24, 24), cotisation=pd.DataFrame({"mois": DATA.months[:0]}), base=None))
    assert reasons_of(account.survenance) == []
    told = " ".join(account.remarques)
    assert told.count("n’a que le mois de soins") == told.count("n’a pas de cotisations") == 1
    assert "non précisée" not in told
    assert (account.survenance["raison"].str.count("le fichier n’a pas") == 2).all()
