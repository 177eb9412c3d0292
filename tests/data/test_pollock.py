"""Polluted files: read without parameters above the bar, by a scorer that is itself checked."""

from __future__ import annotations

import pytest

from benchmarks import csv_robustness as bench
from benchmarks.csv_readers import attempt, read_sniffer
from benchmarks.pollock_score import Scores, normalise, score

CLEAN = [["date", "montant", "note"], ["28/01/2018", "12.50", "a"], ["29/01/2018", "3", "b"]]


@pytest.fixture(scope="module")
def files(shared):
    """The polluted files and their weights."""
    if not (shared / "pollock").is_dir():
        pytest.skip("polluted files not found")
    with bench.open_files(None) as found:
        yield found


def test_one_file_in_twenty_five_and_all_the_frequent_ones_are_above_the_bar(files):
    folder, weights = files
    paths = sorted((folder / "csv").iterdir())
    chosen = sorted({*paths[::45], *(p for p in paths if p.name.startswith("file_"))})
    scores = bench.score_rows({path.name: bench.read_ours(path) for path in chosen}, folder, weights)
    # The files with one damaged row are 2,260 of the 2,290: each kind counts here as in the whole.
    rows = [f for f in scores.files if not f[0].startswith("file_")]
    whole = Scores([f for f in scores.files if f[0].startswith("file_")] + rows * 45)
    assert whole.simple >= 9.94
    assert scores.weighted >= 9.65
    assert scores.refused == 0


def test_the_scorer_gives_what_is_known_of_the_sniffer(files):
    folder, weights = files
    paths = sorted((folder / "csv").iterdir())[::40]
    read = {path.name: attempt(lambda path=path: read_sniffer(path, True))[0] for path in paths}
    assert bench.score_rows(read, folder, weights).simple == pytest.approx(9.72, abs=0.08)


def test_a_perfect_reading_has_ten():
    assert sum(score(CLEAN, CLEAN)) == 10
    assert sum(score([], [])) == 10
    assert sum(score(CLEAN, None)) == 0


def test_what_is_lost_is_counted():
    success, *header, precision, recall, f1 = score(CLEAN, CLEAN[:2])
    assert success == 1
    assert header[:3] == [1, 1, 1]
    assert (precision, recall) == (6 / 9, 1)
    assert f1 == pytest.approx(0.8)
    assert score(CLEAN, [["x"], *CLEAN[1:]])[1:4] == (0, 0, 0)


@pytest.mark.parametrize(
    ("one", "other"), [("007", "7"), ("1.50", "1.5"), ("ABC", "abc"), ("$ 12", "$12"), ("28/01/2018", "2018-01-28")]
)
def test_cells_written_otherwise_are_the_same(one, other):
    assert normalise(one) == normalise(other)
