"""The application driven without a browser."""

from __future__ import annotations

import re

import pytest
from streamlit.testing.v1 import AppTest

from data import store
from tests.conftest import ROOT
from tests.samples import make_dataset

PAGES = ("accueil", "donnees", "descriptive", "diagnostic", "predictive", "prescriptive")
#: What must never reach the screen.
UNWANTED = re.compile(r"\b(None|nan|NaN|NaT|inf|null|undefined)\b|\b[a-z]+_[a-z_]+\b")


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory):
    """A store of its own for the tests of the pages."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PALIERS_HOME", str(tmp_path_factory.mktemp("paliers")))
        yield


@pytest.fixture
def token():
    """Identifier of the small mutual, with a planted drift, once saved."""
    return store.save(make_dataset(72, seed=3, drift=0.4))


def open_app(page: str = "accueil", **query: str) -> AppTest:
    """A page of the application, drawn."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=90)
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    return app if page == "accueil" else app.switch_page(f"pages/{page}.py").run()


def words(app: AppTest) -> str:
    """Text of the main part of the page."""
    kinds = ("title", "header", "markdown", "caption", "info", "warning", "error", "success", "metric", "table")
    parts = []
    for kind in kinds:
        for element in app.main.get(kind):
            value = getattr(element, "value", "")
            parts.append(
                value.to_csv(sep=" ") if hasattr(value, "to_csv") else f"{getattr(element, 'label', '')} {value}"
            )
    return "\n".join(parts)
