"""The lines of a nation behind the same pages: the dataset of the engine this server is told to ask."""

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pages.components import engine
from pages.components.datasets import DEMO, ENGINE, default_token, open_dataset
from tests.pages.conftest import open_app, words

MONTHS = pd.date_range("2021-01-01", periods=48, freq="MS")


@pytest.fixture
def lines(tmp_path, monkeypatch):
    """A Parquet file of lines, named by the environment of the server; nothing is read yet."""
    rows = [(m, r, p, 100.0 + i + 10 * j) for i, m in enumerate(MONTHS) for r in ("Nord", "Sud") for j, p in
            enumerate(("optique", "dentaire")) for _ in range(3)]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["mois_soins", "region", "poste", "prestations"])
    path = tmp_path / "lignes.parquet"
    pq.write_table(pa.Table.from_pandas(frame), path)
    monkeypatch.setenv("PALIERS_ENGINE", str(path))
    monkeypatch.setattr(engine, "_LAST", engine.Loaded())
    return frame


def test_until_it_is_read_the_demonstration_is_shown(lines):
    app = open_app("donnees")
    assert not app.exception
    assert "Première lecture en cours" in words(app)
    assert default_token() == DEMO


def test_every_page_shows_the_lines_of_the_engine(lines):
    loaded = engine.refresh()
    assert loaded.error is None
    assert default_token() == ENGINE
    total = loaded.dataset.prestation["prestation"].sum()
    assert total == pytest.approx(lines["prestations"].sum(), abs=1e-6)
    for page in ("accueil", "descriptive", "donnees"):
        app = open_app(page)
        assert not app.exception
        assert "données simulées" not in words(app)
    assert "relu chaque heure" in words(open_app("donnees"))


def test_what_is_read_again_replaces_what_was_shown(lines, tmp_path):
    engine.refresh()
    before = open_dataset(ENGINE)
    frame = lines.assign(prestations=lines["prestations"] * 2)
    pq.write_table(pa.Table.from_pandas(frame), tmp_path / "lignes.parquet")
    engine.refresh()
    after = open_dataset(ENGINE)
    assert after.key != before.key
    assert after.raw.prestation["prestation"].sum() == 2 * before.raw.prestation["prestation"].sum()


def test_an_engine_that_fails_leaves_the_last_data_and_says_why(lines, tmp_path):
    engine.refresh()
    (tmp_path / "lignes.parquet").unlink()
    loaded = engine.refresh()
    assert loaded.dataset is not None
    app = open_app("donnees")
    assert not app.exception
    assert app.error
    assert "données simulées" not in words(app)


def test_its_question_is_asked_on_the_page_and_its_answer_kept(lines, tmp_path):
    """Premiums on lines split by poste: once added up, nothing tells whether they were repeated."""
    pq.write_table(pa.Table.from_pandas(lines.assign(cotisations=50.0)), tmp_path / "lignes.parquet")
    assert engine.refresh().dataset is None
    app = open_app("donnees")
    (question,) = (r for r in app.main.get("radio") if "otisations" in r.label)
    question.set_value("repartie")
    next(b for b in app.button if b.label == "Lire avec ces réponses").click()
    app.run()
    assert not app.exception
    loaded = engine.last_loaded()
    assert loaded.error is None
    assert loaded.dataset.cotisation["cotisation"].sum() == 50.0 * len(lines)
    assert engine.refresh().questions == ()
