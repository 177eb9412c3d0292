from dataclasses import replace

import pandas as pd
import pytest

from analytics.constat import describe
from analytics.descriptive import find_alerts, summarise
from analytics.errors import ParameterError
from analytics.schema import Selection
from tests.samples import make_dataset


def test_a_planted_drift_is_found_where_it_is():
    alerts = find_alerts(make_dataset(72, seed=3, drift=0.4))
    assert alerts
    found = [a.selection.filtres for a in alerts if a.selection.debut != a.selection.fin]
    assert {"poste": ("dentaire",), "region": ("B",)} in found
    drift = alerts[[a.selection.filtres for a in alerts].index({"poste": ("dentaire",), "region": ("B",)})]
    assert drift.q_value <= 0.05
    assert drift.ecart == pytest.approx(drift.valeur - drift.reference)
    assert drift.evolution == pytest.approx(0.4, abs=0.06)


def test_nothing_planted_is_mostly_silent():
    shown = [len(find_alerts(make_dataset(60, seed=s))) for s in range(20)]
    assert sum(n > 0 for n in shown) <= 4


def test_a_short_history_gives_no_alert():
    assert find_alerts(make_dataset(35, drift=0.5)) == ()


def test_a_perimeter_is_kept():
    alerts = find_alerts(make_dataset(72, seed=3, drift=0.4), selection=Selection(filtres={"region": ("B",)}))
    assert alerts
    assert all(a.selection.filtres["region"] == ("B",) for a in alerts)


def test_no_nested_echo():
    alerts = find_alerts(make_dataset(72, seed=3, drift=0.6))
    for left in alerts:
        for right in alerts:
            if left is not right and left.selection.debut == right.selection.debut:
                assert not left.selection.filtres.items() <= right.selection.filtres.items()


def test_rate_is_checked(small):
    with pytest.raises(ParameterError, match="entre 0 et 1"):
        find_alerts(small, fdr=2)


def test_summary_prints_only_numbers_of_the_tables(small):
    selection = Selection(pd.Timestamp("2024-01-01"), pd.Timestamp("2024-12-01"))
    sentences = summarise(small, selection)
    assert len(sentences) == 3
    for sentence in sentences:
        assert sentence.numbers
        assert all(number in sentence.text for number in sentence.numbers)
    care = small.prestation[small.prestation["mois"].dt.year == 2024]["prestation"].sum()
    assert f"{care / 1e6:.2f}".replace(".", ",") in sentences[0].text
    assert sentences[1].text == describe_ratio(small, selection)


def describe_ratio(dataset, selection):
    from analytics.descriptive import build_constat

    return describe(build_constat(dataset, "ratio_pc", selection), dataset).text


def test_a_missing_month_makes_no_alert():
    whole = make_dataset(72, seed=3, drift=0.4)
    without = replace(
        whole,
        prestation=whole.prestation[whole.prestation["mois"] != "2024-02-01"],
        cotisation=whole.cotisation[whole.cotisation["mois"] != "2024-02-01"],
    )
    known = [a.selection.filtres for a in find_alerts(whole)]
    assert all(a.selection.filtres in known for a in find_alerts(without))
