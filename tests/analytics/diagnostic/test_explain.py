from dataclasses import replace

import pandas as pd
import pytest

from analytics.completion import complete
from analytics.descriptive import comparison_period, compute_total
from analytics.diagnostic import explain_change, explain_ratio, find_causes
from analytics.errors import InsufficientData
from analytics.schema import Selection
from data.demo import generate
from tests.samples import allocate_premiums

NOW = Selection(pd.Timestamp("2024-01-01"), pd.Timestamp("2024-12-01"))
BEFORE = comparison_period(NOW)


def total(dataset, key, selection):
    return compute_total(dataset, key, selection=selection)["valeur"].item()


@pytest.mark.parametrize("measure", ["prestation", "frais_reels", "actes"])
def test_the_bridge_of_a_dataset_sums_to_its_change(small, measure):
    bridge = explain_change(small, measure, NOW, BEFORE)
    change = total(small, measure, NOW) - total(small, measure, BEFORE)
    assert bridge.total == pytest.approx(change)
    assert bridge.table["montant"].sum() == pytest.approx(change)


@pytest.mark.parametrize("shared_out", [False, True], ids=["whole premiums", "premiums by poste"])
def test_the_bridge_of_the_ratio(small, shared_out):
    dataset = allocate_premiums(small) if shared_out else small
    bridge = explain_ratio(dataset, NOW, BEFORE)
    change = total(small, "ratio_pc", NOW) - total(small, "ratio_pc", BEFORE)
    assert bridge.total == pytest.approx(change, abs=1e-12)


def test_shared_out_premiums_do_not_lose_the_members(small):
    whole = explain_change(small, "prestation", NOW, BEFORE).by()
    shared = explain_change(allocate_premiums(small), "prestation", NOW, BEFORE).by()
    pd.testing.assert_frame_equal(whole, shared)
    assert {"effectif", "frequence", "cout_moyen"} <= set(whole["effet"])


def test_a_perimeter_explains_its_own_change(small):
    filters = {"poste": ("dentaire",), "region": ("B",)}
    now, before = (Selection(s.debut, s.fin, filters) for s in (NOW, BEFORE))
    bridge = explain_change(small, "prestation", now, before)
    assert bridge.total == pytest.approx(total(small, "prestation", now) - total(small, "prestation", before))


def test_the_planted_cause_of_the_demonstration_comes_first():
    """The drift that data/demo/README.md tells: dentaire in Occitanie since November 2025."""
    dataset = complete(generate(until="2026-10"))
    now = Selection(pd.Timestamp("2025-09-01"), pd.Timestamp("2026-08-01"))
    found = find_causes(dataset, "prestation", now, comparison_period(now))
    assert found.table.iloc[0]["conditions"] == {"poste": "dentaire", "region": "Occitanie"}


def test_an_empty_period_is_said(small):
    early = Selection(pd.Timestamp("2020-01-01"), pd.Timestamp("2020-12-01"))
    for dataset in (small, replace(small, prestation=small.prestation[["mois", "prestation"]])):
        with pytest.raises(InsufficientData, match="pas de données"):
            explain_change(dataset, "prestation", early, comparison_period(early))


def test_without_dimension_no_place_can_be_told(small):
    bare = replace(small, prestation=small.prestation[["mois", "prestation"]])
    with pytest.raises(InsufficientData, match="pas de dimension"):
        find_causes(bare, "prestation", NOW, BEFORE)
