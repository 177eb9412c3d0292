"""What the measures share: their last line, their child processes, the environment and the readings of the peers."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from benchmarks import ROOT, Absent, csv_readers, messy_files, peers
from benchmarks.children import measure, peak_ram, run_child
from benchmarks.csv_readers import attempt, read_folder, save, to_rows
from benchmarks.descriptive import measure as measure_answers
from benchmarks.descriptive_questions import questions, random_lines, selections
from benchmarks.report import print_json, print_table, ratio, times
from benchmarks.visitors import Visitor, centiles


def test_the_last_line_is_json_whatever_the_figures(capsys):
    print_json("essai", {"a": np.float64(1 / 3), "b": float("nan"), "c": [np.int64(2), None], "d": {1: float("inf")}})
    line = capsys.readouterr().out
    assert line.count("\n") == 1
    told = json.loads(line, parse_constant=lambda name: pytest.fail(name))
    assert told == {"benchmark": "essai", "a": 0.333333, "b": None, "c": [2, None], "d": {"1": None}}


def test_whole_numbers_keep_their_digits(capsys):
    print_json("essai", {"cents": 1_649_145_910})
    assert json.loads(capsys.readouterr().out)["cents"] == 1_649_145_910


@pytest.mark.parametrize(
    ("value", "base", "found", "written"),
    [(3, 2, 1.5, "×1.5"), (0, 2, 0, "×0"), (3, 0, None, "–"), (None, 2, None, "–"), (3, float("nan"), None, "–")],
)
def test_a_ratio_without_a_base_is_unknown(value, base, found, written):
    assert ratio(value, base) == found
    assert times(value, base) == written


def test_a_table_is_aligned_and_its_rows_may_be_shorter(capsys):
    print_table(["", "simple"], [["Paliers", "9.97"], ["court"]])
    assert capsys.readouterr().out == "         simple\nPaliers    9.97\ncourt\n"


def test_a_measure_keeps_what_the_call_found_and_adds_its_cost():
    told = measure(lambda: {"cents": 12})
    assert told["cents"] == 12
    assert {"secondes", "cpu", "ram"} <= told.keys()


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is the kernel's own only there")
def test_the_peak_of_a_child_is_not_its_parent_s():
    held = np.ones(400_000_000 // 8)
    script = "from benchmarks.children import peak_ram; print(peak_ram())"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert peak_ram() > held.nbytes / 2**20
    assert float(done.stdout) < 100


def test_a_child_that_fails_says_why():
    assert "remarque" in run_child("benchmarks.no_such_module")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache folder of its own, and no environment made yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    peers._prepare.cache_clear()
    yield tmp_path
    peers._prepare.cache_clear()


def test_peers_live_outside_the_project_in_one_folder_per_requirements(cache, tmp_path):
    one, other = tmp_path / "one.txt", tmp_path / "other.txt"
    one.write_text("polars==2.1.0\n")
    other.write_text("polars==2.0.0\n")
    folders = {peers.environment_folder(path) for path in (one, other, one)}
    assert len(folders) == 2
    assert all(folder.is_relative_to(cache) for folder in folders)


def test_an_environment_that_cannot_be_made_is_tried_once_and_leaves_nothing(cache, monkeypatch):
    tried = []

    def refuse(*command):
        tried.append(command)
        if len(tried) > 1:
            raise Absent("pas de réseau")
        peers.environment_folder().mkdir(parents=True)

    monkeypatch.setattr(peers, "_run", refuse)
    for _ in range(2):
        with pytest.raises(Absent, match=r"requirements-peers\.txt ne s’installe pas : pas de réseau"):
            peers.find_python()
    assert len(tried) == 2
    assert not peers.environment_folder().exists()


def test_an_environment_made_is_not_made_again(cache, monkeypatch):
    tried = []
    monkeypatch.setattr(
        peers,
        "_run",
        lambda *command: (tried.append(command), peers.environment_folder().mkdir(parents=True, exist_ok=True)),
    )
    first = peers.find_python()
    peers._prepare.cache_clear()
    assert peers.find_python() == first
    assert len(tried) == 2


def test_every_requirement_is_pinned_exactly():
    lines = peers.REQUIREMENTS.read_text(encoding="utf-8").splitlines()
    assert all("==" in line for line in lines if line and not line.startswith("#"))


def test_a_reader_in_its_process_gives_rows_frames_and_refusals(tmp_path):
    (tmp_path / "a.csv").write_text("mois,montant\n2024-01,1.5\n2024-02,\n")
    (tmp_path / "b.csv").write_text("")
    reading = read_folder("pandas_default", tmp_path, typed=True)
    assert reading.rows == {"a.csv": [["mois", "montant"], ["2024-01", "1.5"], ["2024-02", ""]], "b.csv": None}
    assert reading.frames["b.csv"] is None
    assert reading.frames["a.csv"]["montant"].tolist()[0] == 1.5
    assert reading.refusals == {"b.csv": "EmptyDataError"}
    assert reading.usual_refusal == "EmptyDataError"


def test_a_reader_apart_is_absent_when_its_environment_is(monkeypatch, tmp_path):
    def refuse():
        raise Absent("pas de réseau")

    monkeypatch.setattr(csv_readers.peers, "find_python", refuse)
    with pytest.raises(Absent, match="pas de réseau"):
        read_folder("polars", tmp_path)


def test_a_panic_is_a_refusal_and_an_interruption_is_not():
    class Panic(BaseException):
        pass

    def throw(error):
        raise error

    assert attempt(lambda: throw(Panic())) == (None, "Panic")
    with pytest.raises(KeyboardInterrupt):
        attempt(lambda: throw(KeyboardInterrupt()))


def test_missing_cells_are_empty_texts_and_mixed_columns_are_saved(tmp_path):
    frame = pd.DataFrame({"a": pd.Series([1, "x", None], dtype="object"), "b": [1.0, np.nan, 3.0]})
    assert to_rows(frame) == [["a", "b"], ["1", "1.0"], ["x", ""], ["", "3.0"]]
    save(frame, tmp_path / "a.parquet")
    saved = pd.read_parquet(tmp_path / "a.parquet")
    assert saved["a"].tolist()[:2] == ["1", "x"]
    assert saved["a"].isna().tolist() == [False, False, True]


def test_numbers_of_a_frame_are_counted_in_its_numeric_columns_only():
    frame = pd.DataFrame({"a": ["1", "2"], "b": [1.0, np.nan], "c": [1, 3]})
    assert messy_files.numbers(frame) == {1.0: 2, 3.0: 1}
    expected = {"01": messy_files.numbers(pd.DataFrame({"b": [1.0, 1.0, 1.0, 9.0]}))}
    assert messy_files.shares({"01_x.csv": frame}, expected) == {"01": 0.5, "ensemble": 0.5}
    assert messy_files.shares({"01_x.csv": None}, expected) == {"01": 0.0, "ensemble": 0.0}


def control(key, **options):
    """A message of the server that draws a control."""
    message = ForwardMsg()
    kind = "button_group" if key == "rubrique" else "selectbox"
    widget = getattr(message.delta.new_element, kind)
    widget.id, widget.query_param_key = f"id-{key}", key
    for option in options["of"]:
        if kind == "selectbox":
            widget.options.append(option)
        else:
            widget.options.add(content=option)
    return message


def test_a_visitor_moves_a_control_that_the_page_has_and_keeps_its_link():
    visitor = Visitor({"d": "demo"}, "descriptif", np.random.default_rng(0))
    ends = [visitor._take(control(k, of=("a", "b")).SerializeToString()) for k in ("rubrique", "periode")]
    assert ends == [False, False]
    assert visitor._move(["absent"]) is None
    assert [visitor._move(["periode"]), visitor._move(["rubrique"])] == ["periode", "rubrique"]
    request = BackMsg.FromString(visitor._request()).rerun_script
    assert request.page_name == "descriptif"
    assert request.query_string == "d=demo&periode=b&rubrique=b"
    states = {w.id: w for w in request.widget_states.widgets}
    assert states["id-periode"].string_value == "b"
    assert list(states["id-rubrique"].string_array_value.data) == ["b"]
    visitor._move(["periode"])
    assert visitor.query["periode"] == "a"


def test_a_visitor_waits_for_the_last_run_holds_large_messages_and_hears_errors():
    visitor = Visitor({}, "", np.random.default_rng(0))
    again, end, error = ForwardMsg(), ForwardMsg(), ForwardMsg()
    again.script_finished, end.script_finished = (
        ForwardMsg.FINISHED_EARLY_FOR_RERUN, ForwardMsg.FINISHED_SUCCESSFULLY,
    )  # fmt: skip
    error.delta.new_element.exception.message = "aïe"
    error.metadata.cacheable, error.hash = True, "h1"
    assert [visitor._take(m.SerializeToString()) for m in (again, error, end)] == [False, False, True]
    assert visitor.errors == ["aïe"]
    assert list(BackMsg.FromString(visitor._request()).rerun_script.cached_message_hashes) == ["h1"]


def test_centiles_are_waits_that_were_measured():
    assert centiles([float(i) for i in range(1, 101)]) == (50.5, 95.0, 100.0)
    assert centiles([3.0, 1.0]) == (2.0, 3.0, 3.0)
    assert all(np.isnan(centiles([])))


def test_every_element_of_the_page_is_asked_and_every_question_is_new():
    opened = random_lines(3000)
    asked = selections(opened.completed, 30)
    assert len({str(s) for s in asked}) == 30
    names = [q.name for q in questions(opened, pivots=3)]
    assert len(names) == len(set(names)) == 4 + 1 + len(opened.completed.dimensions) + 4 + 3
    for question in questions(opened, pivots=3):
        told = measure_answers(question, opened, asked[:3])
        assert {"premiere", "p50", "p95", "max", "cpu_p95", "pandas_p50"} <= told.keys()
        assert 0 < told["p50"] <= told["max"]
