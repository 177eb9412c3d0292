"""A node is computed once: its name says all that it depends on, and what comes back is what was computed."""

import importlib.resources
import inspect
from dataclasses import asdict, make_dataclass, replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.predictive import forecast, nodes, packing
from analytics.predictive.calendar import build_regressors, check_events
from analytics.predictive.nodes import anchored, even_scale, known_until, node_key, run_effects, run_node
from analytics.predictive.prepare import History, classify
from analytics.predictive.run import Settings, estimate_effects, run_origin
from tests.analytics.predictive.conftest import make_series

SETTINGS = Settings(12, (80, 95), "core4")


def history_of(values, start="2017-01-01", serie="A"):
    """As `prepare` makes it once its scale is a power of two."""
    values = np.asarray(values, float)
    scale = even_scale(values)
    y = values / scale
    months = pd.date_range(start, periods=len(values), freq="MS")
    return History(serie, months, y, scale, classify(y), bool(np.nanmin(y) >= 0), 0)


def regressors_of(history, n, horizon=12, events=None):
    months = pd.date_range(history.months[0], periods=len(history.y) + horizon, freq="MS")
    return build_regressors(months, n, history.serie, events=events, calendar="FR")


def key_of(history, n, settings=SETTINGS, *, events=None, horizon=12, prophet=False, extra=None):
    regressors = tuple(r for r in regressors_of(history, n, horizon, events) if r.start < n + horizon)
    return node_key(known_until(history, n), regressors, settings, horizon=horizon, prophet=prophet, extra=extra)


def event(**changes):
    row = {"evenement": "Réforme", "debut": pd.Timestamp("2020-01-01"), "forme": "palier", **changes}
    return check_events(pd.DataFrame([row]))


def same(one, other):
    """Equal to the last bit, missing values included."""
    return str(flat(one)) == str(flat(other))


def flat(run):
    return {k: _hex(v) for k, v in asdict(run).items()}


def _hex(value):
    if isinstance(value, np.ndarray):
        return value.shape, value.tobytes().hex()
    if isinstance(value, dict):
        return {k: _hex(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_hex(v) for v in value]
    return value.hex() if isinstance(value, float) else value


class Counting:
    """The real engine, counted."""

    def __init__(self):
        self.calls = []

    def __call__(self, history, n, regressors, settings, **options):
        self.calls.append(n)
        return run_origin(history, n, regressors, settings, **options)


@pytest.mark.parametrize(
    "values",
    [
        make_series(72),
        make_series(72) - 1000,  # signed
        np.where(np.arange(72) % 3, 0.0, 5.0),  # intermittent
        np.where(np.arange(72) == 40, np.nan, make_series(72)),  # a gap
        make_series(15),
        np.full(40, 7.0),
    ],
    ids=["positive", "signee", "intermittente", "trou", "courte", "constante"],
)
def test_what_is_remembered_is_what_was_computed(values):
    history, n = history_of(values), len(values) - 3
    events = event(debut=pd.Timestamp("2018-03-01"))
    given_ = {"horizon": 12, "prophet": False}
    without = run_node(None, history, n, regressors_of(history, n, events=events), SETTINGS, **given_)
    memory, engine = {}, Counting()
    for _ in range(3):
        found = run_node(memory, history, n, regressors_of(history, n, events=events), SETTINGS, **given_, run=engine)
        assert same(found, without)
        assert type(found) is type(without)
        assert [type(e) for e in found.effects] == [type(e) for e in without.effects]
    assert engine.calls == [n]
    found.combined[0, 0] = -1.0  # a result that comes back is not a window on the memory
    assert same(run_node(memory, history, n, regressors_of(history, n, events=events), SETTINGS, **given_), without)


def test_equal_names_give_equal_results_whatever_came_after():
    """Two histories that differ after the origin: the node is the same, computed afresh from either."""
    past = make_series(60)
    one, other = history_of(np.append(past, 1e6)), history_of(np.append(past, [3.0, np.nan, -50.0]))
    assert one.scale != other.scale
    assert key_of(one, 48) == key_of(other, 48)
    runs = [run_node(None, h, 48, regressors_of(h, 48), SETTINGS, horizon=12, prophet=False) for h in (one, other)]
    assert same(*runs)


def test_another_name_of_the_series_is_the_same_node():
    assert key_of(history_of(make_series(60)), 48) == key_of(history_of(make_series(60), serie="B"), 48)


@given(month=st.integers(0, 47), bits=st.integers(1, 40))
def test_any_value_before_the_origin_changes_the_name(month, bits):
    values = make_series(60)
    changed = values.copy()
    changed[month] += np.spacing(values[month]) * bits
    assert key_of(history_of(values), 48) != key_of(history_of(changed), 48)
    changed[month] = np.nan
    assert key_of(history_of(values), 48) != key_of(history_of(changed), 48)


@given(month=st.integers(48, 59))
def test_no_value_after_the_origin_changes_the_name(month):
    values = make_series(60)
    changed = values.copy()
    changed[month] *= 1.5
    assert key_of(history_of(values), 48) == key_of(history_of(changed), 48)


def test_every_circumstance_changes_the_name():
    history = history_of(make_series(60))
    base = event()
    names = [
        key_of(history, 48),
        key_of(history, 47),
        key_of(history_of(make_series(60), start="2017-02-01"), 48),
        key_of(history, 48, horizon=6),
        key_of(history, 48, prophet=True),
        key_of(history, 48, replace(SETTINGS, mode="sm4")),
        key_of(history, 48, replace(SETTINGS, levels=(95,))),
        key_of(history, 48, extra={"jours ouvrés": 0.62}),
        key_of(history, 48, events=base),
        key_of(history, 48, events=event(evenement="Autre")),
        key_of(history, 48, events=event(debut=pd.Timestamp("2020-02-01"))),
        key_of(history, 48, events=event(fin=pd.Timestamp("2020-06-01"))),
        key_of(history, 48, events=event(fin=pd.Timestamp("2020-06-01"), forme="rampe")),
        key_of(history, 48, events=event(effet=0.05)),
        key_of(history, 48, events=event(effet=0.06)),
    ]
    assert len(set(names)) == len(names)


def test_what_an_effect_leans_on_names_the_node():
    history = known_until(history_of(make_series(60)), 48)
    plain = regressors_of(history_of(make_series(60)), 48)
    names = [
        node_key(history, tuple(replace(r, prior=prior) for r in plain), SETTINGS, horizon=12, prophet=False)
        for prior in (None, (0.6, 0.1), (0.6, 0.2), (0.7, 0.1))
    ]
    assert len(set(names)) == 4


def test_effects_are_remembered_too():
    values, memory = make_series(72), {}
    history = history_of(values)
    events = event()
    found = [run_effects(m, history, 60, regressors_of(history, 60, events=events)) for m in (None, memory, memory)]
    assert len(memory) == 1
    assert repr(found[0]) == repr(found[1]) == repr(found[2])
    assert {e.name for e in found[0]} == {"jours ouvrés", "Réforme"}
    assert list(found[0]) == list(
        estimate_effects(known_until(history, 60), 60, regressors_of(history, 60, events=events))
    )
    longer = history_of(np.append(values, 5.0))
    run_effects(memory, longer, 60, regressors_of(longer, 60, events=events))
    run_effects(memory, longer, 60, regressors_of(longer, 60, events=event(debut=pd.Timestamp("2022-03-01"))))
    assert len(memory) == 2, "un événement déplacé, et rien d’autre"


def test_settings_that_reach_the_node_otherwise_do_not_name_it():
    history = history_of(make_series(60))
    other = replace(SETTINGS, n_origins=3, incomplete=2)
    assert key_of(history, 48) == key_of(history, 48, other)


def test_a_setting_to_come_will_name_it():
    """What is not known to be harmless changes the name: a new option cannot be forgotten."""
    richer = make_dataclass("Richer", [("option", int, 1)], bases=(Settings,), frozen=True)
    history, options = history_of(make_series(60)), (12, (80, 95), "core4")
    names = {key_of(history, 48, richer(*options, option=k)) for k in (1, 2)}
    assert len(names) == 2


def test_an_event_after_the_window_leaves_the_past_origins_alone():
    history = history_of(make_series(60))
    future = event(debut=pd.Timestamp("2022-03-01"), effet=0.1)
    engine, memory = Counting(), {}
    for n in (36, 48, 60):
        for events in (None, future):
            run_node(
                memory, history, n, regressors_of(history, n, 24, events), SETTINGS, horizon=12, prophet=False,
                run=engine,
            )  # fmt: skip
    assert engine.calls == [36, 48, 60, 60], "seule la prévision finale dit que son effet est inconnu"


def test_a_new_engine_or_library_forgets_everything(monkeypatch):
    history = history_of(make_series(60))
    sources = list(nodes._sources(importlib.resources.files("analytics.predictive")))
    assert {"run.py", "models/airline.py", "regarima.py"} <= {name for name, _ in sources}
    monkeypatch.setattr(nodes, "_sources", lambda *place: sources)
    nodes.engine_version.cache_clear()
    before = key_of(history, 48)
    nodes.engine_version.cache_clear()
    assert key_of(history, 48) == before
    with monkeypatch.context() as patch:
        patch.setattr("importlib.metadata.version", lambda name: "9.9")
        nodes.engine_version.cache_clear()
        assert key_of(history, 48) != before
    with monkeypatch.context() as patch:
        patch.setattr(nodes, "_sources", lambda *place: [(n, t + b"#") for n, t in sources])
        nodes.engine_version.cache_clear()
        assert key_of(history, 48) != before
    with monkeypatch.context() as patch:
        patch.setattr(nodes, "_sources", lambda *place: [])
        nodes.engine_version.cache_clear()
        unknown = nodes.engine_version()
        nodes.engine_version.cache_clear()
        assert nodes.engine_version() != unknown, "sans les sources, rien n’est réutilisé"
    nodes.engine_version.cache_clear()
    assert key_of(history, 48) == before
    monkeypatch.undo()
    nodes.engine_version.cache_clear()


@pytest.mark.parametrize(
    "spoilt", [b"", b"{}", b"[1]\n", b"3\n", b"\xff\n", b'{"type": "Run", "champs": {}}\n', b"null\n1234"]
)
def test_what_cannot_be_read_is_computed_again(spoilt):
    history, engine, memory = history_of(make_series(48)), Counting(), {}
    given_ = {"horizon": 12, "prophet": False, "run": engine}
    whole = run_node(memory, history, 40, regressors_of(history, 40), SETTINGS, **given_)
    (key,) = memory
    for damage in (spoilt, memory[key][:-8], memory[key][:40]):
        memory[key] = damage
        assert same(run_node(memory, history, 40, regressors_of(history, 40), SETTINGS, **given_), whole)
    assert len(engine.calls) == 4


def test_nothing_but_numbers_and_texts_is_packed():
    history = history_of(make_series(48))
    run = run_node(None, history, 40, (), SETTINGS, horizon=3, prophet=False)
    with pytest.raises(TypeError, match="set"):
        packing.pack(replace(run, rejected={"a": {1}}))
    with pytest.raises(TypeError, match="ndarray"):
        packing.pack(replace(run, combined=np.array([object()])))


@given(st.lists(st.floats(-1e300, 1e300, allow_subnormal=False), min_size=1, max_size=40))
def test_an_even_scale_rounds_nothing(values):
    values = np.array(values)
    scale = even_scale(values)
    assert np.frexp(scale)[0] == 0.5, "puissance de deux"
    large = np.abs(values) > 1e-290 * scale
    assert ((values / scale * scale)[large] == values[large]).all()
    mean = np.abs(values).mean()
    assert mean == 0 or not np.isfinite(mean) or 0.7 < scale / mean < 1.42


@given(n=st.integers(1, 130), added=st.integers(1, 30), back=st.integers(0, 12), start=st.integers(1, 12))
def test_origins_stay_put_when_months_are_added(n, added, back, start):
    months = pd.date_range(f"2010-{start:02d}-01", periods=n + added, freq="MS")
    before, after = (list(anchored(months[:size], size - back)) for size in (n, n + added))
    assert [t for t in after if t <= n - back] == before
    assert all(months[t - 1].month in (6, 12) for t in after)
    counted = len(range(n - back, 0, -6))
    assert len(before) in (counted, counted - 1), "au plus un de moins que comptés depuis la fin"


def test_a_month_more_computes_only_what_is_new_and_changes_no_result(frame_of):
    if "memory" not in inspect.signature(forecast).parameters:
        pytest.skip("le moteur ne connaît pas encore la mémoire")
    values = {name: make_series(85, seed=k) for k, name in enumerate("ABC")}
    frame = pd.concat([frame_of(v, name) for name, v in values.items()], ignore_index=True)
    memory: dict[str, bytes] = {}
    options = {"mode": "core4", "prophet": False, "memory": memory}
    before = forecast(frame[frame["mois"] < "2024-01-01"], **options)  # 84 months
    first = len(memory)
    assert first == 3 * (1 + before.backtest["origine"].nunique())
    again = forecast(frame[frame["mois"] < "2024-01-01"], **options)
    assert len(memory) == first
    pd.testing.assert_frame_equal(again.table, before.table, check_exact=True)
    after = forecast(frame, **options)
    assert len(memory) == first + 3, "une prévision finale par série, aucun essai passé"
    fresh = forecast(frame, **(options | {"memory": None}))
    for name in ("table", "backtest", "candidates", "effects"):
        pd.testing.assert_frame_equal(getattr(after, name), getattr(fresh, name), check_exact=True)
    assert set(before.backtest["origine"]) == set(after.backtest["origine"])
