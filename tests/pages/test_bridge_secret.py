"""« Partage » mode: no bar, no column of the bridge is the amount of a few persons."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analytics.french import format_gap
from analytics.schema import Selection
from data import store
from pages.components import bridge_secret
from pages.components.bridge import gap_of
from pages.components.bridge_words import list_bars
from pages.components.constat import measure
from pages.components.datasets import open_dataset
from pages.components.sharing import hidden_among
from pages.components.sidebar import View
from tests.pages.conftest import open_app, words
from tests.samples import make_dataset, with_small_region

SMALL = "commune de quatre"


def view_of(dataset, *, shared=True, **filtres):
    months = dataset.months
    return View(open_dataset(store.save(dataset)), Selection(months[-12], months[-1], filtres), None, shared)


def account(dataset, key="prestation", *, detailed=False, shared=True):
    view = view_of(dataset, shared=shared)
    constat = measure(view.opened, key, view.selection)
    gap = gap_of(view, constat, detailed=detailed)
    groups = bridge_secret.groups_of(view, constat, gap)
    return constat, gap, groups, list_bars(constat, gap, groups, shared=shared)


def told_by_a_bar(gap, groups, name=SMALL, dimension="region"):
    """The bars that move for the small group alone."""
    table = gap.table.assign(barre=gap.table["effet"].map(groups))
    sums = table.pivot_table(index=dimension, columns="barre", values="montant", aggfunc=lambda v: v.abs().sum())
    others = sums.drop(index=name).sum()
    return sorted(sums.columns[(sums.loc[name] > 1e-9 * sums.to_numpy().max()) & (others < 0.1 * sums.loc[name])])


def opened(months=36):
    dataset = with_small_region(SMALL, months)
    start = dataset.months[-12]

    def cut(frame):
        return frame[(frame["region"] != SMALL) | (frame["mois"] >= start)]

    return replace(dataset, cotisation=cut(dataset.cotisation), prestation=cut(dataset.prestation))


def without_actes(months=36):
    dataset = with_small_region(SMALL, months)
    care = dataset.prestation
    small, last = care["region"] == SMALL, care["mois"] >= dataset.months[-12]
    paid = care["prestation"] * np.where(small & last, 5.0, 1.0)
    return replace(dataset, prestation=care.assign(prestation=paid, actes=care["actes"].where(~small, 0.0)))


def without_charged(months=36):
    dataset = with_small_region(SMALL, months)
    care = dataset.prestation
    small, last = care["region"] == SMALL, care["mois"] >= dataset.months[-12]
    paid = care["prestation"] * np.where(small & last, 5.0, 1.0)
    return replace(dataset, prestation=care.assign(prestation=paid, frais_reels=care["frais_reels"].where(~small)))


@pytest.mark.parametrize(
    ("dataset", "key", "detailed"),
    [
        (opened(), "prestation", False),
        (without_actes(), "prestation", False),
        (without_actes(), "ratio_pc", False),
        (without_charged(), "prestation", True),
    ],
)
def test_no_bar_is_the_amount_of_four_persons(home, dataset, key, detailed):
    _, gap, alone, _ = account(dataset, key, detailed=detailed, shared=False)
    assert told_by_a_bar(gap, alone)  # each bar by itself tells it
    constat, gap, groups, bars = account(dataset, key, detailed=detailed)
    assert len(bars) == 1 or not told_by_a_bar(gap, groups)
    assert bars["montant"].sum() == pytest.approx(constat.ecart)


def test_the_page_does_not_print_it(home):
    dataset = opened()
    secret = dataset.prestation.loc[dataset.prestation["region"] == SMALL, "prestation"].sum()
    token = store.save(dataset)
    told = format_gap(secret, "EUR").lstrip("+")
    assert told in words(open_app("diagnostic", d=token)).replace("\\", "")
    assert told not in words(open_app("diagnostic", d=token, partage="true")).replace("\\", "")


def test_many_persons_keep_their_bars(home):
    _, _, groups, bars = account(make_dataset(36, drift=0.4))
    assert bridge_secret.OTHERS not in set(groups.values())
    assert {"frequence", "cout_moyen"} <= set(bars["cle"])


def test_a_small_group_drowned_in_the_others_hides_only_its_own_bar(home):
    base = make_dataset(42, seed=3)
    dearer = base.prestation["mois"] >= base.months[-12]
    base = replace(base, prestation=base.prestation.assign(
        prestation=base.prestation["prestation"] * np.where(dearer, 1.1, 1.0)))  # fmt: skip
    new = base.prestation["mois"] >= base.months[-12]
    cover = base.cotisation["mois"] >= base.months[-12]
    numbers = ["actes", "frais_reels", "remboursement_amo", "prestation"]
    few = base.prestation[new & (base.prestation["region"] == "C")].assign(region=SMALL)
    few[numbers] = np.ceil(few[numbers] / 500)
    heads = base.cotisation[cover & (base.cotisation["region"] == "C")].assign(region=SMALL, beneficiaires=2.0)
    dataset = replace(
        base, cotisation=pd.concat([base.cotisation, heads], ignore_index=True),
        prestation=pd.concat([base.prestation, few], ignore_index=True),
    )  # fmt: skip
    _, gap, groups, bars = account(dataset)
    assert groups["ouverture"] == bridge_secret.OTHERS
    assert len(bars) > 1
    assert not told_by_a_bar(gap, groups)


def blank_region(persons=3.0):
    base = make_dataset(36)
    heads = base.cotisation[base.cotisation["region"] == "C"].assign(region=np.nan, beneficiaires=persons / 2)
    care = base.prestation[base.prestation["region"] == "C"].assign(region=np.nan)
    care["prestation"] *= np.where(care["mois"] >= base.months[-12], 3.3, 1.0)
    return replace(
        base, cotisation=pd.concat([base.cotisation, heads], ignore_index=True),
        prestation=pd.concat([base.prestation, care], ignore_index=True),
    )  # fmt: skip


def test_what_the_file_leaves_blank_is_hidden_with_another(home):
    dataset = blank_region()
    view = view_of(dataset)
    met = ("A", "B", "C", "non précisé")
    assert hidden_among(view, "region", view.selection, met) == {"C", "non précisé"}
    assert hidden_among(view_of(dataset, shared=False), "region", view.selection, met) == frozenset()
    app = open_app("diagnostic", d=store.save(dataset), partage="true", detail_pont="Région")
    assert not app.exception
    lines = [t.value for t in app.main.get("table") if "Région" in t.value.columns]
    assert set(lines[0]["Région"]) == {"A", "B"}
