"""Every number of the Prescriptif page is computed again from the file that it exports, and from nothing else."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pandas as pd
import pytest
from openpyxl import load_workbook

from analytics.prescriptive import (
    IDLE,
    Target,
    check_file,
    find_stability,
    match_uniform,
    read_simulator,
    replay,
    seek,
    set_side_by_side,
    tornado,
)
from charts.tornado import chart_tornado
from data import store
from pages.components import lab as lab_module
from pages.components.figure import _harmless
from pages.components.lab import Lab
from pages.components.messages import safe
from pages.components.redress import table_of, told_redressement
from pages.components.scenario_export import file_of, tables_of
from pages.components.scenarios import ROWS, tell_answer, told_uniform, told_versus
from pages.components.solidarity import efforts_of, told_balance
from reports.sheets import tables_to_xlsx
from tests.pages.conftest import open_app
from tests.samples import make_dataset

QUERY = {
    "h_source": "Saisie", "nb": "3", "h_cible": "47", "h_resultat": "2 M€", "h_gardes": "90", "h_contribution": "true",
    "a_c0": "4,5", "a_c1": "1", "b_par": "Tous", "b_h": "0", "b_pl": "-8", "b_plp": "optique", "b_re": "12",
    "b_pv": "15", "c_par": "Tous", "c_h": "-2", "c_ac": "3", "c_fr": "-1", "c_nom": "=Recruter",
}  # fmt: skip


@pytest.fixture(scope="module")
def seen(home):
    """The page drawn, what it was drawn from, and the file that it exports, through JSON."""
    found = []
    play = lab_module._play

    def spy(view, *rest):
        found.append((view, play(view, *rest)))
        return found[-1][1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lab_module, "_play", spy)
        app = open_app("prescriptive", d=store.save(make_dataset(48, seed=3)), **QUERY)
        app.session_state["recu"] = app.session_state["redressement"] = True
        app.run()
    assert not app.exception
    view, lab = found[-1]
    return app, view, lab, json.loads(json.dumps(file_of(view, lab), ensure_ascii=False, allow_nan=False))


@pytest.fixture(scope="module")
def again(seen):
    """The same scenarios made from the file alone."""
    _, _, lab, file = seen
    simulator, outcomes = read_simulator(file), replay(file)
    levers = {name: pd.DataFrame(rows) for name, rows in file["leviers"].items()}
    uniforms = {n: match_uniform(simulator, o, idle=levers[IDLE]) for n, o in outcomes.items() if n != IDLE}
    targets = tuple(Target(**t) for t in file["objectifs"])
    portfolio = replace(lab.portfolio, table=simulator.portfolio, postes=simulator.postes)
    # Keys of the cache of their own: nothing of the page is taken for what the file gives.
    names = {name: f"again {name}" for name in outcomes}
    return Lab(portfolio, simulator, levers, outcomes, uniforms, targets, "again", names, file["demandes"]["chance"])


def tables(app, column):
    return [t.value for t in app.main.table if column in t.value.columns]


def same(shown, expected):
    pd.testing.assert_frame_equal(
        shown.astype(object).reset_index(drop=True), _harmless(expected).astype(object).reset_index(drop=True),
        check_dtype=False, check_names=False, check_column_type=False,
    )  # fmt: skip


def test_the_file_gives_back_each_of_its_numbers(seen):
    checked = check_file(seen[3])
    assert checked["egal"].all()
    assert set(checked["scenario"]) == {IDLE, "Scénario A", "Scénario B", "=Recruter"}


def test_the_tables_of_the_page_are_those_of_the_file(seen, again):
    app, view, _, _ = seen
    versus = set_side_by_side(again.outcomes, again.uniforms, targets=again.targets, indicators=tuple(ROWS))
    same(tables(app, "Indicateur")[0], told_versus(versus, again.targets, view.dataset))
    same(tables(app, "Hausse uniforme")[0], told_uniform(versus, view.dataset))
    assert any(m.value == f"**{safe(tell_answer(versus, again))}**" for m in app.main.markdown)
    same(tables(app, "Transfert")[0], told_balance(efforts_of(view, again, "contrat"), "Contrat"))
    same(tables(app, "Redressement")[0], told_redressement(table_of(view, again, "contrat", False, 0.0, 0.47)))


def test_the_answers_of_the_page_are_those_of_the_file(seen, again):
    app, _, _, _ = seen
    found = seek(again.simulator, again.scenarios[IDLE], indicator="pc", target=0.47, probability=again.confiance,
                 sens="au_plus")  # fmt: skip
    assert any(safe(found.phrase) in s.value for s in (*app.main.success, *app.main.warning))
    stable = find_stability(again.simulator, again.scenarios)
    assert any(safe(stable.phrase) in m.value for m in app.main.markdown)
    table = tornado(again.simulator, again.scenarios["Scénario A"])
    drawn = chart_tornado(table[table["amplitude"] > 0], title="Résultat technique, « Scénario A » : ce qui pèse",
                          unit="EUR")  # fmt: skip
    assert drawn.alt in [e.proto.alt for e in app.main if e.type == "vega_lite_chart"]


def test_a_changed_number_of_the_file_is_seen(seen):
    file = json.loads(json.dumps(seen[3]))
    file["portefeuille"]["cotisation"][0] *= 1.001
    assert not check_file(file)["egal"].all()


def test_the_workbook_holds_numbers_and_no_formula(seen):
    _, view, lab, _ = seen
    found = tables_of(view, lab)
    book = load_workbook(io.BytesIO(tables_to_xlsx(found, is_demo=True)))
    assert book.sheetnames[:4] == ["Comparaison", "Chances", "Leviers", "Segments"]
    rows = list(book["Comparaison"].iter_rows(values_only=True))
    frame = pd.DataFrame(rows[1:], columns=rows[0])
    assert frame["Valeur"].to_numpy(float) == pytest.approx(found["Comparaison"]["Valeur"].to_numpy(), nan_ok=True)
    assert (frame["Origine"] == "Données simulées").all()
    cells = [c for sheet in book for row in sheet.iter_rows() for c in row]
    assert not [c for c in cells if c.data_type == "f"]
    assert any(c.value == "=Recruter" for c in cells)
