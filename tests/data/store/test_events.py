"""Changes of the calendar: kept as given, one by name, bounded, of one dataset only, gone with it."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, inspect, text

from analytics.errors import ParameterError, ReadError
from data import store
from data.store import KeptEvent
from data.store.content import as_text
from data.store.database import reading
from data.store.migrations import STEPS
from data.store.tables import APPLIED, EVENTS
from data.store.writing import write

REFORM = KeptEvent("Réforme maison", date(2024, 3, 1), None, "palier", ("dentaire", "100 %"), "Direction", True)


@pytest.fixture
def token(paliers_home, dataset):
    return store.save(dataset)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.text(max_size=40), debut=st.none() | st.dates(), fin=st.none() | st.dates(),
    postes=st.lists(st.text(max_size=8), max_size=4), source=st.text(max_size=40),
    flags=st.tuples(st.booleans(), st.booleans()),
)  # fmt: skip
def test_an_event_comes_back_from_the_database(token, name, debut, fin, postes, source, flags):
    event = KeptEvent(f"n{name}", debut, fin, "rampe", tuple(postes), source, *flags)
    store.keep_event(token, event)
    clean = [as_text(t, limit=400, name="x") for t in (event.name, source, *postes)]
    found = {e.name: e for e in store.kept_events(token)}[clean[0]]
    assert found == KeptEvent(clean[0], debut, fin, "rampe", tuple(clean[2:]), clean[1], *flags)
    store.forget_event(token, clean[0])


def test_one_event_by_name_which_can_be_renamed_and_forgotten(token):
    store.keep_event(token, REFORM)
    store.keep_event(token, KeptEvent("Autre", date(2024, 5, 1), date(2024, 6, 1), "impulsion"))
    store.keep_event(token, KeptEvent("Réforme maison", active=False))
    assert [(e.name, e.active, e.debut) for e in store.kept_events(token)] == [
        ("Réforme maison", False, None), ("Autre", True, date(2024, 5, 1))
    ]  # fmt: skip
    store.keep_event(token, REFORM, instead_of="Réforme maison")
    store.keep_event(token, KeptEvent("Réforme"), instead_of="Réforme maison")
    assert [e.name for e in store.kept_events(token)] == ["Réforme", "Autre"]
    store.keep_event(token, KeptEvent("Autre", source="elle gagne"), instead_of="Réforme")
    assert [(e.name, e.source) for e in store.kept_events(token)] == [("Autre", "elle gagne")]
    store.keep_event(token, REFORM, instead_of="celui qu’un autre vient d’oublier")
    store.forget_event(token, "Autre")
    store.forget_event(token, "Autre")
    assert store.kept_events(token) == (REFORM,)


def test_what_is_kept_is_bounded(token):
    for wrong in (
        KeptEvent("  "), KeptEvent("n" * 101), KeptEvent("n", source="s" * 301), KeptEvent("n", postes=("p",) * 201),
        KeptEvent("n", debut="hier"),
    ):  # fmt: skip
        with pytest.raises(ParameterError):
            store.keep_event(token, wrong)
    for rank in range(50):
        store.keep_event(token, KeptEvent(f"n{rank}"))
    with pytest.raises(ParameterError, match="déjà 50"):
        store.keep_event(token, KeptEvent("de trop"))
    store.keep_event(token, KeptEvent("n7", source="encore modifiable"))
    store.keep_event(token, KeptEvent("Covid", of_all=True))  # those of everybody are counted apart
    assert len(store.kept_events(token)) == 51


def test_an_event_belongs_to_one_dataset_and_goes_with_it(token, dataset):
    other = store.save(dataset)
    store.keep_event(token, REFORM)
    store.keep_event(other, KeptEvent("Réforme maison", source="la sienne"))
    store.forget_event(other, "Réforme maison")
    assert (store.kept_events(token), store.kept_events(other)) == ((REFORM,), ())
    proof = store.delete(token)
    assert (proof.rows["events"], proof.remaining) == (1, 0)
    for call in (store.kept_events, lambda t: store.keep_event(t, REFORM), lambda t: store.forget_event(t, "x")):
        with pytest.raises(ReadError):
            call(token)
        with pytest.raises(ReadError):
            call("../../etc/passwd")


def test_a_database_of_the_version_before_gets_the_table(token):
    def go_back(work) -> None:
        EVENTS.drop(work.connection)
        work.connection.execute(delete(APPLIED).where(APPLIED.c.step > 1))

    write(go_back)
    store.close()
    assert store.kept_events(token) == ()
    store.keep_event(token, REFORM)
    store.close()
    assert store.kept_events(token) == (REFORM,)
    with reading() as connection:
        assert {c["name"] for c in inspect(connection).get_columns("events")} == {c.name for c in EVENTS.columns}
        assert connection.scalar(text("SELECT count(*) FROM steps")) == len(STEPS)
