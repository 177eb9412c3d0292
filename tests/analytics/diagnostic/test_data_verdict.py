"""Whether an error of the data makes the difference: three answers, and the change without it."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest

from analytics.constat import Constat
from analytics.descriptive import comparison_period
from analytics.diagnostic.data_errors import COLUMNS, FAMILIES, errors_within, of_families, touching_errors
from analytics.diagnostic.data_verdict import DataVerdict, judge_data
from analytics.schema import Dataset, Selection

T = pd.Timestamp
MONTHS = pd.date_range("2022-01-01", periods=36, freq="MS")
YEAR = Selection(T("2024-01-01"), T("2024-12-01"))


def dataset() -> Dataset:
    """Two regions, 100 € and 50 € a month, 200 € of premiums."""
    care = pd.DataFrame([(m, r, v) for m in MONTHS for r, v in (("A", 100.0), ("B", 50.0))])
    care.columns = ["mois", "region", "prestation"]
    cover = pd.DataFrame({"mois": MONTHS, "cotisation": 200.0, "beneficiaires": 10.0})
    return Dataset(cover, care.astype({"region": "category"}), date_basis="paiement", as_of=MONTHS[-1])


def row(code="unicite.lot_double", severite="grave", debut="2024-03", fin="2024-03", euros=None, **more) -> dict:
    """A finding; `euros` by month, or by (month, region)."""
    euros = {debut: 30.0} if euros is None else euros
    keys = ["region"] if any(isinstance(k, tuple) for k in euros) else []
    lines = [[*(k if isinstance(k, tuple) else (k,)), v] for k, v in euros.items()]
    told = {
        "code": code, "severite": severite, "table": "prestation", "colonne": "", "message": "m", "remede": "r",
        "euros": sum(euros.values()),
        "mois_debut": debut, "mois_fin": fin, "filtres": "", "effets": json.dumps({"cles": keys, "lignes": lines}),
    }  # fmt: skip
    return told | more


def judged(*rows: dict, indicator: str = "prestation", untested=None, known=None, **filtres) -> DataVerdict:
    data, selection = dataset(), Selection(YEAR.debut, YEAR.fin, filtres)
    before = comparison_period(selection)
    sums = []
    for period in (selection, before):
        care = data.prestation.loc[period.mask(data.prestation).to_numpy(), "prestation"].sum()
        paid = data.cotisation.loc[period.mask(data.cotisation).to_numpy(), "cotisation"].sum()
        sums.append(care / paid if indicator == "ratio_pc" else care)
    constat = Constat(indicator, selection, selection.fin, *sums, sums[0] - sums[1])
    return judge_data(pd.DataFrame(rows), constat, before, data, untested=untested or {}, known=known)


def test_nothing_found_is_a_no_unless_something_could_not_be_tested():
    assert judged().reponse == "non"
    assert judged(untested={"lots": "sans mois de paiement"}).reponse == "on ne peut pas dire"
    assert judged(row(), untested={"lots": "sans mois de paiement"}).reponse == "oui"


@pytest.mark.parametrize(("month", "now", "then"), [("2024-03", 30, 0), ("2023-07", 0, 30)])
def test_the_change_without_the_error_is_told(month, now, then):
    found = judged(row(debut=month, fin=month))
    assert (found.reponse, found.exact, found.elsewhere) == ("oui", True, 0)
    assert found.touching[["periode", "reference", "en_jeu"]].iloc[0].tolist() == [now, then, 30]
    assert (found.valeur, found.reference) == (1800 - now, 1800 - then)
    assert found.ecart == then - now
    assert found.evolution == pytest.approx((1800 - now) / (1800 - then) - 1)


def test_what_lies_outside_is_elsewhere():
    before = row(debut="2022-05", fin="2022-05")
    other = row(euros={("2024-03", "A"): 30.0}, filtres=json.dumps({"region": ["A"]}))
    assert (judged(before).reponse, judged(before).elsewhere) == ("non", 1)
    assert (judged(other, region=("B",)).reponse, judged(other, region=("B",)).elsewhere) == ("non", 1)
    assert judged(other, region=("A", "B")).reponse == "oui"
    # Between the two periods of a comparison of one month nothing is compared.
    march = Selection(T("2024-03-01"), T("2024-03-01"))
    gap = pd.DataFrame([row(debut="2023-10", fin="2023-10")])
    assert touching_errors(gap, march, comparison_period(march)).empty
    assert len(errors_within(gap, {}, T("2023-03-01"), T("2024-03-01"))) == 1


def test_a_perimeter_finer_than_what_is_known_is_no_exact_figure():
    found = pd.DataFrame([row()])
    fine = errors_within(found, {"region": ("A",)}, YEAR.debut, YEAR.fin)
    assert list(fine.columns) == list(COLUMNS)
    assert fine[["euros_ici", "exact"]].iloc[0].tolist() == [30.0, False]
    by_region = pd.DataFrame([row(euros={("2024-03", "A"): 20.0, ("2024-03", "B"): 10.0})])
    fine = errors_within(by_region, {"region": ("A",)}, YEAR.debut, YEAR.fin)
    assert fine[["euros_ici", "exact"]].iloc[0].tolist() == [20.0, True]


def test_a_month_that_is_completed_completes_its_error_too():
    found = judged(row(debut="2024-12", fin="2024-12"), known={T("2024-12-01"): 0.5})
    assert (found.valeur, found.exact) == (1800 - 60, False)


def test_an_unknown_effect_is_no_zero():
    found = judged(row("actualite.mois_manquants", effets=""))
    assert found.reponse == "oui"
    assert math.isnan(found.touching["periode"].iloc[0])
    assert math.isnan(found.valeur)


def test_a_trifle_is_told_and_changes_no_answer():
    trifle = row("unicite.lignes_identiques", "attention", euros={"2024-03": 0.5})
    assert judged(trifle).reponse == "non"
    assert len(judged(trifle).touching) == 1
    assert judged(row("unicite.lignes_identiques", "attention")).reponse == "oui"
    assert judged(row(euros={"2024-03": 0.5})).reponse == "oui"  # a whole batch twice is grave, whatever its size


EMPTY = "exhaustivite.valeurs_manquantes"


def test_empty_amounts_are_missing_euros():
    found = judged(row(EMPTY, "attention", euros={"2024-03": -150.0}, colonne="prestation"))
    assert (found.reponse, found.exact, found.valeur) == ("oui", False, 1950)
    assert judged(row(EMPTY, "attention", colonne="frais_reels")).reponse == "non"  # nothing is made of it here
    members = {"table": "cotisation", "colonne": "beneficiaires", "effets": ""}
    assert judged(row(EMPTY, "attention", **members)).reponse == "non"
    assert judged(row(EMPTY, "attention", **members), indicator="frequence").reponse == "oui"


def test_empty_amounts_without_their_place_leave_the_answer_open():
    lost = row(EMPTY, "attention", debut="", fin="", euros={}, effets="", colonne="prestation")
    found = judged(lost)
    assert (found.reponse, list(found.untested)) == ("on ne peut pas dire", ["lots"])
    assert judged(lost | {"severite": "info"}).reponse == "non"


def test_a_trifle_does_not_change_the_answer_of_a_ratio_either():
    trifle = row(EMPTY, "info", euros={"2024-03": -0.5}, colonne="prestation")
    assert judged(trifle, indicator="ratio_pc").reponse == "non"
    assert judged(row(EMPTY, "info", colonne="prestation"), indicator="ratio_pc").reponse == "oui"


def test_a_change_that_lasts_touches_only_a_comparison_that_it_cuts():
    amounts = {f"{m:%Y-%m}": 40.0 for m in MONTHS[20:]}  # since September 2023
    lasting = row("exhaustivite.perimetre", "attention", "2023-09", "", amounts, table="cotisation")
    found = judged(lasting)
    assert found.touching[["periode", "reference"]].iloc[0].tolist() == [480, 160]
    assert (found.valeur, found.reference, found.exact) == (1320, 1640, False)
    early = row("exhaustivite.perimetre", "attention", "2022-09", "", amounts, table="cotisation")
    assert judged(early).reponse == "non"
    assert math.isnan(judged(lasting, indicator="ratio_pc").valeur)  # both terms change


def test_a_ratio_is_made_again_from_its_sums():
    found = judged(row(), indicator="ratio_pc")
    assert found.valeur == pytest.approx((1800 - 30) / 2400)
    twice = row(table="cotisation", euros={"2023-03": 200.0}, debut="2023-03", fin="2023-03")
    premium = judged(twice, indicator="ratio_pc")
    assert premium.reference == pytest.approx(1800 / (2400 - 200))
    assert judged(row(table="cotisation")).reponse == "non"  # amounts do not depend on premiums


def test_two_tellings_of_the_same_lines_are_taken_once():
    month = row("exactitude.mois_atypique", "attention", euros={"2024-03": 900.0})
    cents = row("exactitude.changement_unite", euros={"2024-03": 800.0})
    assert judged(month, cents).valeur == 1000
    assert judged(month, row(euros={"2024-03": 3.0})).valeur == 1800 - 900 - 3  # too small to be the cause
    assert judged(month).valeur == 900
    region = row("exhaustivite.valeur_partielle", "info", "2024-03", "", {"2024-03": 300.0})
    members = row("exhaustivite.perimetre", "attention", "2024-03", "", {"2024-03": 290.0}, table="cotisation")
    assert judged(region, members).valeur == 1500


def test_a_finding_without_its_place_leaves_its_family_in_doubt():
    old = {k: v for k, v in row().items() if k not in ("mois_debut", "mois_fin", "filtres", "effets")}
    found = judged(old)
    assert (found.reponse, set(found.untested), found.elsewhere) == ("on ne peut pas dire", {"doublons"}, 1)
    late = row("actualite.lot_en_retard", "attention", "", "", {})  # known, and without effect by month of care
    assert judged(late).reponse == "non"


def test_another_measure_is_not_corrected_with_euros_of_this_one():
    assert judged(row("exactitude.changement_unite", colonne="frais_reels")).reponse == "non"
    assert judged(row("exactitude.changement_unite", colonne="prestation")).valeur == 1770


def test_effects_add_up_over_months_and_regions():
    rng = np.random.default_rng(0)
    euros = {(f"{m:%Y-%m}", r): float(v) for m in MONTHS for r, v in zip("AB", rng.normal(size=2), strict=True)}
    found = pd.DataFrame([row(debut="2022-01", fin="2024-12", euros=euros)])
    parts = [
        errors_within(found, {"region": (r,)}, T(f"{y}-01-01"), T(f"{y}-12-01"))["euros_ici"].sum()
        for y in (2022, 2023, 2024) for r in "AB"
    ]  # fmt: skip
    whole = errors_within(found, {}, MONTHS[0], MONTHS[-1])["euros_ici"].iloc[0]
    assert sum(parts) == pytest.approx(whole) == pytest.approx(sum(euros.values()))


def test_every_code_has_one_family():
    codes = [code for family in FAMILIES for code in family.codes]
    assert len(codes) == len(set(codes))
    assert [family.key for family in FAMILIES] == ["doublons", "unites", "lots", "signes", "recodage", "perimetre"]


def test_findings_of_no_family_are_none_and_keep_their_columns():
    told = of_families(pd.DataFrame([row(code="conformite.orthographe_reunie", severite="info")]))
    assert told.empty
    assert {"famille", "severite", "mois_debut"} <= set(told.columns)
