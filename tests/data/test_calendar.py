"""The calendar of a dataset: what is published, changed, switched off and added; what is refused, where and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.errors import ParameterError
from analytics.predictive.calendar import check_events
from data.calendar import ADDED, AS_PUBLISHED, CHANGED, check_event, merge_calendar, months_allowed
from data.references import load_events
from data.store import KeptEvent

MONTHS = pd.date_range("2022-01-01", "2024-12-01", freq="MS")
OPTICS, COVID = "100 % Santé optique", "Premier confinement (Covid-19)"
OWN = KeptEvent("Nouvelle grille", date(2023, 3, 1), None, "palier", ("dentaire",), "note interne")


def merged(*kept):
    return merge_calendar(load_events(), kept)


def row(calendar, name):
    return calendar[calendar["evenement"] == name].iloc[0]


def test_without_any_change_it_is_what_is_published():
    calendar = merged()
    pd.testing.assert_frame_equal(calendar[load_events().columns], load_events())
    assert calendar["actif"].all()
    assert set(calendar["etat"]) == {AS_PUBLISHED}


def test_an_event_added_takes_its_place_among_the_dates():
    calendar = merged(OWN, replace(OWN, name="Éteint", active=False))
    assert calendar["debut"].is_monotonic_increasing
    own = row(calendar, "Nouvelle grille")
    assert (own["etat"], own["postes"], own["source"], own["actif"]) == (ADDED, ("dentaire",), "note interne", True)
    assert own["debut"] == pd.Timestamp("2023-03-01")
    assert pd.isna(own["fin"])
    assert not row(calendar, "Éteint")["actif"]
    assert len(calendar) == len(load_events()) + 2


def test_an_event_of_everybody_is_switched_off_or_dated_otherwise():
    moved = KeptEvent(COVID, date(2020, 4, 1), date(2020, 5, 1), active=False, of_all=True)
    calendar = merged(KeptEvent(OPTICS, active=False, of_all=True), moved)
    off, other = row(calendar, OPTICS), row(calendar, COVID)
    assert (off["actif"], off["etat"], off["debut"]) == (False, AS_PUBLISHED, pd.Timestamp("2020-01-01"))
    assert (other["actif"], other["etat"], other["debut"].month, other["forme"]) == (False, CHANGED, 4, "impulsion")
    published = row(merged(), COVID)
    same = KeptEvent(COVID, published["debut"].date(), published["fin"].date(), of_all=True)
    assert row(merged(same), COVID)["etat"] == AS_PUBLISHED
    endless = KeptEvent(OPTICS, date(2020, 1, 1), None, of_all=True)
    assert row(merged(endless), OPTICS)["etat"] == AS_PUBLISHED


def test_a_change_of_what_is_no_longer_published_is_left_out_and_an_own_name_wins():
    pd.testing.assert_frame_equal(merged(KeptEvent("Réforme retirée", date(2020, 1, 1), of_all=True)), merged())
    calendar = merged(replace(OWN, name=OPTICS))
    assert (calendar["evenement"] == OPTICS).sum() == 1
    assert row(calendar, OPTICS)["etat"] == ADDED


@settings(deadline=None, max_examples=40)
@given(
    st.sampled_from(["palier", "impulsion", "rampe"]), st.integers(0, 59), st.none() | st.integers(0, 12), st.booleans()
)
def test_what_is_accepted_is_accepted_by_a_forecast(forme, start, length, active):
    debut = MONTHS[0] + pd.DateOffset(months=start)
    fin = None if length is None else min(debut + pd.DateOffset(months=length), months_allowed(MONTHS)[-1])
    event = KeptEvent("x", debut.date(), None if fin is None else fin.date(), forme, active=active)
    if forme == "rampe" and fin is None:
        with pytest.raises(ParameterError, match="monte peu à peu"):
            check_event(event, merged(), MONTHS)
        return
    kept = check_event(event, merged(), MONTHS)
    assert len(check_events(merged(kept).query("etat == @ADDED"))) == 1
    if forme == "impulsion":
        assert kept.fin is not None


REFUSED = [
    (replace(OWN, name=" \n "), "Nom : il est vide"),
    (replace(OWN, name="n" * 101), "Nom : il est trop long, 101 caractères"),
    (replace(OWN, name=OPTICS.upper()), "Nom : un autre événement"),
    (replace(OWN, name="100 %  Santé optique"), "Nom : un autre événement"),
    (replace(OWN, debut=None), "Mois de début : il manque"),
    (replace(OWN, debut=date(2021, 12, 1)), "Mois de début : il est hors du fichier"),
    (replace(OWN, debut=date(2027, 1, 1)), "Mois de début : il est hors du fichier"),
    (replace(OWN, fin=date(2027, 1, 1)), "Mois de fin : il est hors du fichier"),
    (replace(OWN, fin=date(2023, 2, 1)), "Mois de fin : il précède"),
    (replace(OWN, forme="rampe"), "Mois de fin : un effet qui monte"),
    (replace(OWN, forme="autre"), "Effet"),
    (replace(OWN, source="s" * 301), "Source : elle est trop longue"),
]


@pytest.mark.parametrize(("event", "message"), REFUSED, ids=[m for _, m in REFUSED])
def test_what_is_wrong_is_said_with_its_place_and_what_to_do(event, message):
    with pytest.raises(ParameterError, match=message) as refusal:
        check_event(event, merged(), MONTHS)
    assert refusal.value.remede


def test_an_event_may_be_announced_and_keeps_its_name_when_changed():
    calendar = merged(OWN)
    check_event(replace(OWN, name="Réforme annoncée", debut=date(2026, 12, 1)), calendar, MONTHS)
    assert check_event(OWN, calendar, MONTHS, instead_of=OWN.name) == OWN
    with pytest.raises(ParameterError, match="un autre"):
        check_event(OWN, calendar, MONTHS)
    tidy = check_event(replace(OWN, name="  Nouvelle \n loi ", source=" a\tb "), calendar, MONTHS)
    assert (tidy.name, tidy.source) == ("Nouvelle loi", "a b")


def test_the_published_dates_out_of_the_file_can_be_put_back():
    moved = KeptEvent(COVID, date(2022, 3, 1), date(2022, 5, 1), of_all=True)
    check_event(moved, merged(), MONTHS, instead_of=COVID)
    published = KeptEvent(COVID, date(2020, 3, 1), date(2020, 5, 1), of_all=True)
    check_event(published, merged(), MONTHS, instead_of=COVID)
    with pytest.raises(ParameterError, match="hors du fichier"):
        check_event(replace(published, debut=date(2019, 1, 1)), merged(), MONTHS, instead_of=COVID)


def test_fifty_events_are_enough():
    calendar = merged(*(replace(OWN, name=f"n{rank}") for rank in range(50)))
    with pytest.raises(ParameterError, match="déjà 50"):
        check_event(OWN, calendar, MONTHS)
    check_event(replace(OWN, name="n7"), calendar, MONTHS, instead_of="n7")
