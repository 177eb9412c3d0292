"""The monthly file of Open DAMIR as published: generated here (seeded), since the real one has 35 million lines."""

from __future__ import annotations

import csv

import numpy as np
import pandas as pd
import pytest

from data import load_dataset, propose_mapping, read_table
from data.checks import run_checks
from data.references import load_damir

#: The 55 variables of a file "A" (2015 and after), in the published order.
PUBLISHED_TITLES = (
    "FLX_ANN_MOI;ORG_CLE_REG;AGE_BEN_SNDS;BEN_RES_REG;BEN_CMU_TOP;BEN_QLT_COD;BEN_SEX_COD;DDP_SPE_COD;ETE_CAT_SNDS;"
    "ETE_REG_COD;ETE_TYP_SNDS;ETP_REG_COD;ETP_CAT_SNDS;MDT_TYP_COD;MFT_COD;PRS_FJH_TYP;PRS_ACT_COG;PRS_ACT_NBR;"
    "PRS_ACT_QTE;PRS_DEP_MNT;PRS_PAI_MNT;PRS_REM_BSE;PRS_REM_MNT;FLT_ACT_COG;FLT_ACT_NBR;FLT_ACT_QTE;FLT_PAI_MNT;"
    "FLT_DEP_MNT;FLT_REM_MNT;SOI_ANN;SOI_MOI;ASU_NAT;ATT_NAT;CPL_COD;CPT_ENV_TYP;DRG_AFF_NAT;ETE_IND_TAA;EXO_MTF;"
    "MTM_NAT;PRS_NAT;PRS_PPU_SEC;PRS_REM_TAU;PRS_REM_TYP;PRS_PDS_QCP;EXE_INS_REG;PSE_ACT_SNDS;PSE_ACT_CAT;"
    "PSE_SPE_SNDS;PSE_STJ_SNDS;PRE_INS_REG;PSP_ACT_SNDS;PSP_ACT_CAT;PSP_SPE_SNDS;PSP_STJ_SNDS;TOP_PS5_TRG"
)
VARIABLES = tuple(PUBLISHED_TITLES.split(";"))
CODES = (1110, 1112, 1451, 1412, 2113, 2251, 3111, 3211, 3313, 3364, 3512, 3563, 3503, 3588, 4214, 1952, 6111)


def generated(rows: int = 4000, seed: int = 20240131) -> pd.DataFrame:
    """A made-up month of processing (January 2024): care of the 14 months before, a line in six a complement."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({name: rng.integers(0, 10, rows) for name in VARIABLES})
    delay = np.minimum(rng.geometric(0.55, rows) - 1, 14)
    care = pd.Period("2024-01", "M") - delay
    paid = rng.gamma(2, 20, rows).round(2)
    refund = (paid * rng.uniform(0.3, 1, rows)).round(2)
    reference = rng.random(rows) > 1 / 6
    return frame.assign(
        FLX_ANN_MOI=202401,
        SOI_ANN=[p.year for p in care],
        SOI_MOI=[p.month for p in care],
        PRS_NAT=rng.choice(CODES, rows),
        AGE_BEN_SNDS=rng.choice([0, 20, 30, 40, 50, 60, 70, 80, 99], rows),
        BEN_SEX_COD=rng.choice([1, 2], rows),
        BEN_RES_REG=rng.choice([5, 11, 24, 27, 28, 32, 44, 52, 53, 75, 76, 84, 93, 99], rows),
        PRS_PAI_MNT=paid,
        PRS_REM_MNT=refund,
        PRS_ACT_QTE=1,
        FLT_PAI_MNT=np.where(reference, paid, 0).round(2),
        FLT_REM_MNT=np.where(reference, refund, 0).round(2),
        FLT_ACT_QTE=reference.astype(int),
        FLT_DEP_MNT=np.where(reference, 0.1 * paid, 0).round(2),
    )


@pytest.fixture(scope="module")
def published():
    return generated()


@pytest.fixture(scope="module")
def raw(published):
    return published.to_csv(sep=";", index=False).encode()


@pytest.fixture(scope="module")
def dataset(raw):
    return load_dataset(raw, name="A202401.csv")


def test_the_file_is_recognised_without_any_question(raw):
    mapping = propose_mapping(read_table(raw))
    assert mapping.layout == "Open DAMIR mensuel"
    assert mapping.blocking == ()
    used = {h: c for h, c in mapping.columns.items() if c != "ignorer"}
    assert used == {
        "FLX_ANN_MOI": "mois_paiement",
        "SOI_ANN": "annee",
        "SOI_MOI": "mois_numero",
        "FLT_PAI_MNT": "frais_reels",
        "FLT_REM_MNT": "remboursement_amo",
        "FLT_ACT_QTE": "actes",
        "FLT_DEP_MNT": "depassements",
        "BEN_RES_REG": "region",
        "AGE_BEN_SNDS": "tranche_age",
        "BEN_SEX_COD": "sexe",
        "PRS_NAT": "poste",
    }


def test_amounts_are_the_prefiltered_ones_counted_once(published, dataset):
    cube = dataset.prestation
    assert cube["frais_reels"].sum() == pytest.approx(published["FLT_PAI_MNT"].sum(), abs=0.01)
    assert cube["remboursement_amo"].sum() == pytest.approx(published["FLT_REM_MNT"].sum(), abs=0.01)
    assert cube["actes"].sum() == published["FLT_ACT_QTE"].sum()
    assert not [c for c in cube.columns if c.startswith("prs_")]
    assert dataset.rejected.empty
    assert dataset.left_out.empty


def test_months_of_care_and_of_processing(published, dataset):
    cube = dataset.prestation
    assert dataset.date_basis == "soins"
    assert set(cube["mois_paiement"]) == {pd.Timestamp("2024-01-01")}
    care = pd.to_datetime(pd.DataFrame({"year": published["SOI_ANN"], "month": published["SOI_MOI"], "day": 1}))
    expected = published.groupby(care)["FLT_REM_MNT"].sum()
    ours = cube.groupby("mois")["remboursement_amo"].sum()
    assert ours.index.tolist() == expected.index.tolist()
    assert ours.to_numpy() == pytest.approx(expected.to_numpy())


def test_codes_have_their_labels_and_postes(published, dataset):
    assert dataset.value_label("region", "11") == "Île-de-France"
    assert dataset.value_label("sexe", "2") == "Femme"
    optic = published["PRS_NAT"].isin([3563, 3503])
    ours = dataset.prestation.query("poste == 'optique'")["frais_reels"].sum()
    assert ours == pytest.approx(published.loc[optic, "FLT_PAI_MNT"].sum())


def test_what_is_not_used_is_said_with_the_reason(dataset):
    said = dataset.findings.set_index("code")
    assert "PRS_PAI_MNT" in said.loc["accessibilite.montants_bruts", "message"]
    assert "préfiltré" in said.loc["accessibilite.montants_bruts", "remede"]
    assert "TOP_PS5_TRG" in said.loc["accessibilite.colonnes_de_detail", "message"]


def test_care_without_a_month_is_rejected_and_its_euros_are_told(published):
    odd = published.head(50).copy()
    odd.loc[3, "SOI_MOI"] = 0
    odd.loc[7, ["SOI_ANN", "SOI_MOI"]] = 0
    dataset = load_dataset(odd.to_csv(sep=";", index=False).encode())
    assert dataset.rejected["ligne"].tolist() == [5, 9]
    assert dataset.prestation["actes"].sum() == odd.drop(index=[3, 7])["FLT_ACT_QTE"].sum()
    told = dataset.findings.set_index("code").loc["exhaustivite.soins_sans_mois"]
    assert told["ligne"] == 5
    assert told["euros"] == pytest.approx(odd.loc[[3, 7], "FLT_REM_MNT"].sum())


def test_care_of_long_ago_makes_no_hole_and_is_told(published):
    old = published.head(300).copy()
    old.loc[5, ["SOI_ANN", "SOI_MOI"]] = (2009, 3)
    dataset = load_dataset(old.to_csv(sep=";", index=False).encode())
    assert dataset.rejected.empty
    found = run_checks(dataset).set_index("code")
    assert "actualite.mois_manquants" not in found.index
    assert found.loc["actualite.soins_anciens", ["severite", "valeur"]].tolist() == ["attention", "2009-03"]


def test_codes_written_with_zeros_and_a_last_separator_change_nothing(published, dataset):
    padded = published.assign(SOI_MOI=published["SOI_MOI"].map("{:02d}".format))
    text = padded.to_csv(sep=";", index=False).replace("\n", ";\n")
    again = load_dataset(text.encode(), name="A202401.csv")
    assert again.rejected.empty
    pd.testing.assert_frame_equal(again.prestation, dataset.prestation)


def test_a_clean_month_raises_no_alarm(dataset):
    found = run_checks(dataset)
    assert found.loc[found["severite"] != "info", "code"].tolist() == []


def test_the_cube_of_a_year_stays_under_two_million_rows(dataset):
    """At most one row per care month × region × age × sex × poste; a year of files covers some 36 care months."""
    damir = load_damir()
    postes = len({name for *_, name in damir.postes}) + 2
    assert dataset.prestation.groupby(["mois", "mois_paiement"]).size().max() <= 14 * 9 * 4 * postes
    # Measured on real delays: 98 % of the amounts of a month of processing are of four months of care.
    assert 14 * 9 * 3 * postes * 12 * 24 < 2_000_000


def test_postes_follow_the_published_nomenclature(shared):
    """Labels of CNAM as the oracle: what names glasses is optics, what names hearing aids is audiology."""
    damir = load_damir()
    path = shared / "open_damir_mensuel" / "nomenclature_damir.csv"
    with path.open(encoding="utf-8") as file:
        codes = [(r["cle"], r["libelle"].upper()) for r in csv.DictReader(file) if r["dimension"] == "PRS_NAT"]
    words = {
        "optique": ("MONTURE", "VERRE DE CLASSE", "LENTILLES OPTIQUES"),
        "audiologie": ("PROTHESE AUDITIVE", "SURDITE"),
        "dentaire": ("PROTHESE FIXE", "INLAY", "ORTHODONTI", "ENDODONTIE"),
        "pharmacie": ("PHARMACIE 65%", "PHARMACIE 15%", "HONO DISP"),
        "transport": ("TAXIS", "AMBULANCES AGREEES", "VEHICULES SANITAIRES"),
        "hospitalisation": ("FORFAIT JOURNALIER", "GROUPE HOMOGENE"),
    }
    for poste, names in words.items():
        found = {code: damir.poste(code) for code, label in codes if label.startswith(names)}
        assert len(found) >= 2, poste
        assert set(found.values()) == {poste}, {c: p for c, p in found.items() if p != poste}


def test_dictionary_and_generated_file_have_the_same_variables(shared):
    with (shared / "open_damir_mensuel" / "dictionnaire_variables_damir.csv").open(encoding="utf-8") as file:
        published = {row["dimension"] for row in csv.DictReader(file)}
    assert len(VARIABLES) == 55
    assert set(VARIABLES) <= published
    assert set(load_damir().columns) <= published
