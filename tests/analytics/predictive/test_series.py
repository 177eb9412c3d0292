from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analytics.errors import InsufficientData
from analytics.predictive.landing import describe_ahead
from analytics.predictive.reconciliation import WHOLE
from analytics.predictive.series import UNNAMED, build_series


def test_parts_sum_to_the_whole(small):
    series = build_series(small, "prestation", small.months, {}, by="poste")
    wide = series.frame.pivot(index="mois", columns="serie", values="valeur")
    assert series.hierarchy == {WHOLE: ("dentaire", "optique", "pharmacie")}
    pd.testing.assert_series_equal(wide[list(series.hierarchy[WHOLE])].sum(axis=1), wide[WHOLE], check_names=False)


def test_only_the_months_and_the_perimeter_asked(small):
    months = small.months[:24]
    series = build_series(small, "prestation", months, {"region": ("A",)}, by="contrat")
    care = small.prestation[(small.prestation["region"] == "A") & small.prestation["mois"].isin(months)]
    whole = series.frame[series.frame["serie"] == WHOLE]
    assert whole["valeur"].sum() == pytest.approx(care["prestation"].sum())
    assert len(whole) == 24


def test_a_part_with_a_hole_gives_the_whole_alone(small):
    care = small.prestation[~((small.prestation["poste"] == "optique") & (small.prestation["mois"] == "2021-03-01"))]
    series = build_series(replace(small, prestation=care), "prestation", small.months, {}, by="poste")
    assert series.hierarchy == {}
    assert set(series.frame["serie"]) == {WHOLE}


def test_nothing_to_forecast(small):
    with pytest.raises(InsufficientData, match="Aucun mois complet"):
        build_series(small, "prestation", small.months[:0], {}, by=None)
    with pytest.raises(InsufficientData, match="aucun montant"):
        build_series(small, "prestation", small.months, {"region": ("Z",)}, by=None)


def frames(known_months):
    history = pd.DataFrame({"mois": pd.date_range("2024-01-01", periods=known_months, freq="MS"), "valeur": 10.0})
    start = history["mois"].iloc[-1] + pd.DateOffset(months=1)
    ahead = pd.DataFrame({"mois": pd.date_range(start, periods=12, freq="MS"), "valeur": 11.0})
    return history, ahead.assign(bas_80=9.0, haut_80=13.0)


def test_the_sentence_prints_sums_of_the_tables():
    history, ahead = frames(20)
    sentence = describe_ahead(history, ahead, subject="Dentaire", measure="prestations")
    assert sentence.numbers == ("132\u202f€", "120\u202f€", "+10,0\u202f%")
    assert all(number in sentence.text for number in sentence.numbers)
    short = describe_ahead(history.head(5), ahead, subject="Dentaire", measure="prestations")
    assert short.numbers == ("132\u202f€",)


def unnamed(dataset, share=0.05):
    """The same mutual, some rows of which have no poste."""
    care = dataset.prestation.assign(poste=dataset.prestation["poste"].astype(object))
    care.loc[np.random.default_rng(0).random(len(care)) < share, "poste"] = None
    return replace(dataset, prestation=care)


def test_what_has_no_poste_is_a_part_of_its_own_and_not_in_the_others(small):
    lost = unnamed(small)
    series = build_series(lost, "prestation", small.months, {}, by="poste")
    assert series.parts == ("dentaire", "optique", "pharmacie", UNNAMED)
    wide = series.frame.pivot(index="mois", columns="serie", values="valeur")
    np.testing.assert_allclose(wide[list(series.parts)].sum(axis=1), wide[WHOLE], rtol=1e-12)
    care = lost.prestation
    for name, mine in (("dentaire", care["poste"] == "dentaire"), (UNNAMED, care["poste"].isna())):
        expected = care[mine].groupby("mois")["prestation"].sum().reindex(wide.index, fill_value=0.0)
        np.testing.assert_allclose(wide[name], expected, atol=0.01)


def test_rounding_makes_no_part_and_signed_amounts_may_be_left_over(small):
    care = small.prestation.assign(prestation=small.prestation["prestation"] / 3)
    assert (
        UNNAMED not in build_series(replace(small, prestation=care), "prestation", small.months, {}, by="poste").parts
    )
    refund = small.prestation.iloc[[0]].assign(poste=None, prestation=-500.0)
    signed = replace(small, prestation=pd.concat([small.prestation.astype({"poste": object}), refund]))
    series = build_series(signed, "prestation", small.months, {}, by="poste")
    rest = series.frame[series.frame["serie"] == UNNAMED]["valeur"]
    assert rest.tolist() == [-500.0] + [0.0] * (len(small.months) - 1)


def test_a_real_value_called_unnamed_keeps_its_name(small):
    lost = unnamed(small)
    care = lost.prestation.assign(poste=lost.prestation["poste"].replace({"pharmacie": UNNAMED}))
    series = build_series(replace(lost, prestation=care), "prestation", small.months, {}, by="poste")
    assert series.parts[-2:] == ("optique", f"autres, {UNNAMED}")
    assert UNNAMED in series.parts


def test_a_part_called_like_the_whole_has_another_name(small):
    care = small.prestation.assign(poste=small.prestation["poste"].replace({"pharmacie": WHOLE}))
    series = build_series(replace(small, prestation=care), "prestation", small.months, {}, by="poste")
    assert set(series.parts) == {"dentaire", "optique", f"{WHOLE} (poste)"}
    assert not series.frame.duplicated(["serie", "mois"]).any()


def test_why_there_are_no_parts(small):
    def reason(dataset, by="poste", **options):
        series = build_series(dataset, "prestation", small.months, {}, by=by, **options)
        assert (series.hierarchy == {}) == bool(series.raison)
        return series.raison

    many = pd.concat([small.prestation.assign(poste=f"P{i:02d}") for i in range(20)], ignore_index=True)
    assert reason(replace(small, prestation=many)) == "20 valeurs, 14 au plus"
    assert reason(replace(small, prestation=many), most=20) == ""
    one = small.prestation[small.prestation["poste"] == "optique"]
    assert reason(replace(small, prestation=one)) == "une seule valeur dans ce périmètre"
    holed = small.prestation[~((small.prestation["poste"] == "optique") & (small.prestation["mois"] == "2021-03-01"))]
    assert "« optique »" in reason(replace(small, prestation=holed))
    twins = replace(small, value_labels={"poste": {"optique": "Soin", "dentaire": "Soin"}})
    assert reason(twins) == "deux codes portent le même nom"


def test_premiums_without_a_region_are_not_pushed_into_the_others(small):
    members = small.cotisation.assign(region=small.cotisation["region"].astype(object))
    members.loc[members.index % 13 == 0, "region"] = None
    series = build_series(replace(small, cotisation=members), "cotisation", small.months, {}, by="region")
    assert series.parts == ("A", "B", "C", UNNAMED)
    part = series.frame[series.frame["serie"] == "A"]["valeur"].sum()
    assert part == pytest.approx(members.loc[members["region"] == "A", "cotisation"].sum())
