"""The portfolio made from a dataset: figures by hand, sources told, missing columns named."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analytics.completion import complete, maturity
from analytics.errors import InsufficientData, ParameterError
from analytics.prescriptive import build_portfolio, no_lever, simulate
from analytics.prescriptive.simulation import prepare
from analytics.schema import Dataset

ELASTICITE = (2.0, 4.0, 6.0)
N = 16


def month(k: int) -> pd.Timestamp:
    return (pd.Period("2023-01", "M") + int(k)).to_timestamp()


def dataset(**changes: object) -> Dataset:
    premiums = pd.DataFrame(
        [
            {"mois": month(k), "contrat": contrat, "formule": formule, "beneficiaires": heads,
             "cotisation": heads * price, "frais_gestion": heads * price * 0.18, "resiliations": heads * 0.01}
            for k in range(N)
            for contrat, formule, heads, price in (
                ("individuel", "F1", 1000.0, 60.0), ("individuel", "F2", 400.0, 90.0),
                ("collectif", "F1", 2000.0, 50.0),
            )
        ]
    )  # fmt: skip
    claims = pd.DataFrame(
        [
            {"mois": month(k), "contrat": contrat, "formule": formule, "poste": poste, "prestation": amount * (k + 1)}
            for k in range(N)
            for contrat, formule, amount in (
                ("individuel", "F1", 4000.0), ("individuel", "F2", 2500.0), ("collectif", "F1", 7000.0),
            )
            for poste in ("optique", "dentaire")
        ]
    )  # fmt: skip
    fields = {"cotisation": premiums, "prestation": claims, "base": "HT", "date_basis": "soins", **changes}
    return Dataset(**fields)


def test_by_hand():
    """Care month only: the last two months are left out, so months 3 to 14 of 16 are measured."""
    built = build_portfolio(dataset(), elasticite=ELASTICITE, derive=0.04, derive_sd=0.02)
    assert (built.debut, built.fin) == (month(2), month(13))
    row = built.table.set_index("segment").loc["individuel · F2"]
    assert row["beneficiaires"] == pytest.approx(400)
    assert row["cotisation"] == pytest.approx(90 * 12)
    assert row["prestation"] == pytest.approx(2 * 2500 * sum(range(3, 15)) / 400)
    assert row["chargement"] == pytest.approx(0.18)
    assert row["retention"] == pytest.approx(0.88)
    assert row[["elasticite_bas", "elasticite", "elasticite_haut"]].tolist() == list(ELASTICITE)
    assert row[["derive", "derive_sd"]].tolist() == [0.04, 0.02]
    assert row[["contrat", "formule"]].tolist() == ["individuel", "F2"]
    assert sum(n.startswith("Mesuré") for n in built.notes) == 3
    assert any("base HT" in n for n in built.notes)
    assert any(n.startswith("Hypothèse : élasticité") for n in built.notes)


def test_totals_are_those_of_the_tables_and_it_simulates():
    source = dataset()
    built = build_portfolio(source, elasticite=ELASTICITE)
    inside = source.prestation["mois"].between(built.debut, built.fin)
    before = simulate(built.table, no_lever()).total.set_index("indicateur")["avant"]
    assert before["prestation"] == pytest.approx(source.prestation.loc[inside, "prestation"].sum())
    inside = source.cotisation["mois"].between(built.debut, built.fin)
    assert before["cotisation"] == pytest.approx(source.cotisation.loc[inside, "cotisation"].sum())
    assert before["effectif"] == pytest.approx(3400)


def test_without_fees_and_lapses_they_are_assumptions():
    source = dataset()
    bare = dataset(cotisation=source.cotisation.drop(columns=["frais_gestion", "resiliations"]))
    built = build_portfolio(bare, elasticite=ELASTICITE, chargement=0.2, retention=0.93)
    assert (built.table["chargement"] == 0.2).all()
    assert (built.table["retention"] == 0.93).all()
    assert sum(n.startswith("Mesuré") for n in built.notes) == 1
    with pytest.raises(InsufficientData, match="frais_gestion"):
        build_portfolio(bare, elasticite=ELASTICITE, retention=0.93)
    with pytest.raises(InsufficientData, match="resiliations"):
        build_portfolio(bare, elasticite=ELASTICITE, chargement=0.2)


@pytest.mark.parametrize("column", ["cotisation", "beneficiaires"])
def test_missing_premium_column_is_named(column):
    source = dataset()
    with pytest.raises(InsufficientData, match=f"« {column} »"):
        build_portfolio(dataset(cotisation=source.cotisation.drop(columns=column)), elasticite=ELASTICITE)


def test_missing_claims_column_is_named():
    claims = dataset().prestation.rename(columns={"prestation": "frais_reels"})
    with pytest.raises(InsufficientData, match="« prestation »"):
        build_portfolio(dataset(prestation=claims), elasticite=ELASTICITE)


def test_one_segment_when_no_dimension_is_shared():
    built = build_portfolio(dataset(), by=("canal",), elasticite=ELASTICITE)
    assert built.table["segment"].tolist() == ["Ensemble"]
    assert built.table["beneficiaires"].iloc[0] == pytest.approx(3400)
    assert any("Canal" in n for n in built.notes)


def test_segment_without_premium_is_left_out_and_told():
    source = dataset()
    claims = source.prestation
    stray = claims[(claims["contrat"] == "collectif") & (claims["poste"] == "optique")]
    stray = stray.assign(formule="F9", prestation=100.0)
    built = build_portfolio(dataset(prestation=pd.concat([source.prestation, stray])), elasticite=ELASTICITE)
    assert "F9" not in set(built.table["formule"])
    assert any("1 segment (0,00\u202f€ de cotisations, 1,20\u202fk€" in n for n in built.notes)


def test_segment_without_a_claim_costs_nothing_and_stays():
    source = dataset()
    claims = source.prestation
    built = build_portfolio(dataset(prestation=claims[claims["contrat"] != "collectif"]), elasticite=ELASTICITE)
    quiet = built.table.set_index("segment").loc["collectif · F1"]
    assert quiet["prestation"] == 0
    assert quiet["beneficiaires"] == pytest.approx(2000)
    assert not built.laisse
    assert not [n for n in built.notes if n.startswith("Laissé")]


def test_segment_whose_claims_are_not_known_is_left_out():
    """Lines without an amount are no zero."""
    source = dataset()
    claims = source.prestation.copy()
    claims.loc[claims["contrat"] == "collectif", "prestation"] = np.nan
    built = build_portfolio(dataset(prestation=claims), elasticite=ELASTICITE)
    assert "collectif" not in set(built.table["contrat"])
    assert built.laisse in built.notes
    assert built.laisse.startswith("Laissé de côté")


@pytest.mark.parametrize("kind", ["str", "category"])
def test_a_dimension_that_is_not_told_is_a_value_of_its_own(kind):
    source = with_care()

    def lost(frame):
        named = frame["contrat"].where(frame["contrat"] != "collectif")
        return frame.assign(contrat=named.astype(kind))

    changes = {"prestation": lost(source.prestation), "cotisation": lost(source.cotisation)}
    built = build_portfolio(dataset(**changes), elasticite=ELASTICITE)
    assert "non renseigné" in set(built.table["contrat"].astype(str))
    assert built.table[["contrat", "formule"]].notna().all(axis=None)
    known = build_portfolio(source, elasticite=ELASTICITE)
    for column in ("beneficiaires", "cotisation", "prestation"):
        assert sorted(built.table[column]) == pytest.approx(sorted(known.table[column]))
    assert set(built.postes["segment"]) == set(built.table["segment"])


def test_small_segment_takes_the_retention_of_all():
    source = dataset()
    premiums = source.cotisation.copy()
    small = premiums["formule"] == "F2"
    premiums.loc[small, ["beneficiaires", "cotisation"]] *= 0.01
    premiums.loc[small, "resiliations"] = 0.0
    built = build_portfolio(dataset(cotisation=premiums), elasticite=ELASTICITE)
    kept = built.table.set_index("segment")["retention"]
    assert kept["individuel · F2"] == pytest.approx(1 - 0.01 * 3000 * 12 / 3004)
    assert kept["collectif · F1"] == pytest.approx(0.88)


def test_allocated_premiums_do_not_multiply_the_heads():
    source = dataset()
    halves = [source.cotisation.assign(poste=p, cotisation=source.cotisation["cotisation"] * w,
                                       frais_gestion=source.cotisation["frais_gestion"] * w)
              for p, w in (("optique", 0.3), ("dentaire", 0.7))]  # fmt: skip
    built = build_portfolio(dataset(cotisation=pd.concat(halves)), elasticite=ELASTICITE)
    pd.testing.assert_frame_equal(built.table, build_portfolio(source, elasticite=ELASTICITE).table)


def test_both_months_are_completed_first():
    rhythm = (0.5, 0.3, 0.195, 0.005)
    lines = pd.DataFrame(
        [
            {"mois": month(k), "mois_paiement": month(k + w), "poste": "optique", "prestation": 1000.0 * share}
            for k in range(N) for w, share in enumerate(rhythm) if k + w < N
        ]
    )  # fmt: skip
    heads = pd.DataFrame({"mois": [month(k) for k in range(N)], "beneficiaires": 50.0, "cotisation": 1500.0})
    source = Dataset(heads, lines, date_basis="soins")
    built = build_portfolio(source, elasticite=ELASTICITE, chargement=0.2, retention=0.9)
    assert built.fin == month(N - 3)
    assert built.table["prestation"].iloc[0] == pytest.approx(12 * 1000 / 50)
    again = build_portfolio(
        complete(source), elasticite=ELASTICITE, chargement=0.2, retention=0.9, maturity_table=maturity(source)
    )
    pd.testing.assert_frame_equal(again.table, built.table)


def test_not_enough_complete_months():
    with pytest.raises(InsufficientData, match="24 mois complets"):
        build_portfolio(dataset(), elasticite=ELASTICITE, months=24)
    source = dataset()
    hole = source.cotisation[source.cotisation["mois"] != month(8)]
    with pytest.raises(InsufficientData, match="12 mois complets"):
        build_portfolio(dataset(cotisation=hole), elasticite=ELASTICITE)


def test_short_period_is_told():
    built = build_portfolio(dataset(), elasticite=ELASTICITE, months=5)
    assert any("saison" in n for n in built.notes)
    np.testing.assert_allclose(built.table.set_index("segment").loc["collectif · F1", "cotisation"], 600)
    np.testing.assert_allclose(built.table["retention"], 0.88)


def test_category_dimensions():
    source = dataset()
    kinds = {"contrat": "category", "formule": "category"}
    typed = dataset(cotisation=source.cotisation.astype(kinds), prestation=source.prestation.astype(kinds))
    built, plain = (build_portfolio(d, elasticite=ELASTICITE).table for d in (typed, source))
    pd.testing.assert_frame_equal(built.drop(columns=list(kinds)), plain.drop(columns=list(kinds)))


def with_care() -> Dataset:
    """Two postes, one of them with a basket; what the others do not tell is missing."""
    claims = dataset().prestation.assign(panier="libre")
    claims = claims.assign(actes=claims["prestation"] / 50, frais_reels=claims["prestation"] * 2,
                           remboursement_amo=claims["prestation"] * 0.5)  # fmt: skip
    free = claims[claims["poste"] == "optique"].assign(panier="100\u202f% Santé", actes=1.0, frais_reels=150.0,
                                                       remboursement_amo=50.0, prestation=100.0)  # fmt: skip
    return dataset(prestation=pd.concat([claims, free], ignore_index=True))


def test_care_by_poste_by_hand():
    built = build_portfolio(with_care(), elasticite=ELASTICITE)
    care = built.postes.set_index(["segment", "poste"])
    row = care.loc[("individuel · F2", "optique")]
    assert row["prestation"] == pytest.approx((2500 * sum(range(3, 15)) + 12 * 100) / 400)
    assert row["frais_reels"] == pytest.approx((5000 * sum(range(3, 15)) + 12 * 150) / 400)
    assert row[["actes_100", "prestation_100"]].tolist() == pytest.approx([12 / 400, 1200 / 400])
    assert care.loc[("individuel · F2", "dentaire"), "actes_100"] == 0
    simulator = prepare(built.table, postes=built.postes, draws=10)
    before = simulator.central(no_lever())
    after = simulator.central(
        pd.DataFrame([("*", "sante100", 0.1, "optique")], columns=["segment", "levier", "valeur", "poste"])
    )
    assert after["reste_a_charge"] < before["reste_a_charge"]


def test_care_without_its_columns():
    bare = build_portfolio(dataset(), elasticite=ELASTICITE)
    assert list(bare.postes.columns) == ["segment", "poste", "prestation"]
    assert any("frais_reels" in n and "reste à charge" in n for n in bare.notes)
    whole = build_portfolio(dataset(prestation=dataset().prestation.drop(columns="poste")), elasticite=ELASTICITE)
    assert whole.postes is None
    assert any("leviers par poste" in n for n in whole.notes)


def test_a_hole_in_the_fees_is_not_a_smaller_fee():
    source = with_care()
    claims = source.prestation.copy()
    at = claims.index[(claims["formule"] == "F2") & (claims["poste"] == "dentaire") & (claims["mois"] == month(6))]
    claims.loc[at, "frais_reels"] = np.nan
    care = build_portfolio(dataset(prestation=claims), elasticite=ELASTICITE).postes.set_index(["segment", "poste"])
    assert np.isnan(care.loc[("individuel · F2", "dentaire"), "frais_reels"])
    assert np.isfinite(care.loc[("individuel · F2", "optique"), "frais_reels"])
    assert np.isfinite(care.loc[("individuel · F2", "dentaire"), "prestation"])


def test_care_of_the_whole_and_of_category_columns():
    source = with_care()
    one = build_portfolio(source, by=("canal",), elasticite=ELASTICITE)
    assert one.postes["segment"].unique().tolist() == ["Ensemble"]
    assert one.postes["prestation"].sum() == pytest.approx(one.table["prestation"].iloc[0])
    typed = dataset(prestation=source.prestation.astype({"poste": "category", "contrat": "category"}))
    plain = build_portfolio(source, elasticite=ELASTICITE).postes
    pd.testing.assert_frame_equal(build_portfolio(typed, elasticite=ELASTICITE).postes, plain, check_dtype=False)


def test_refused():
    with pytest.raises(ParameterError):
        build_portfolio(dataset(), elasticite=(4.0, 2.0, 6.0))
    with pytest.raises(ParameterError):
        build_portfolio(dataset(), elasticite=ELASTICITE, months=0)
