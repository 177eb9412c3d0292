"""Fixtures of the browser tests.

``visit(path, locale=…, theme=…, width=…)`` opens a page of the running application and returns a
:class:`tests.browser.harness.Visit`. When the test ends, a console error, an uncaught exception or a request to another
host makes it fail. ``locale``, ``theme`` and ``width`` run a test once per value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.harness import Server, Visit, launch_chromium, open_visit, start_server

LOCALES = ("fr-FR", "en-US")
THEMES = ("light", "dark")
WIDTHS = (1400, 390)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests are marked, and run last: the quick failures show first."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The application, started once for every browser test."""
    running = start_server(tmp_path_factory.mktemp("paliers"))
    try:
        running.wait_ready()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Callable[[str], Browser]]:
    """``chromium(locale)``: one browser per language, started when first asked for."""
    browsers: dict[str, Browser] = {}
    with sync_playwright() as playwright:

        def launch(locale: str) -> Browser:
            if locale not in browsers:
                browsers[locale] = launch_chromium(playwright, locale)
            return browsers[locale]

        yield launch
        for browser in browsers.values():
            browser.close()


@pytest.fixture
def visit(server: Server, chromium: Callable[[str], Browser]) -> Iterator[Callable[..., Visit]]:
    """``visit("/descriptif", locale="fr-FR", theme="light", width=1400, height=900)``: the page, drawn."""
    opened: list[Visit] = []

    def open_page(
        path: str = "/", *, locale: str = "fr-FR", theme: str = "light", width: int = 1400, height: int = 900
    ) -> Visit:
        one = open_visit(chromium(locale), server, locale=locale, theme=theme, width=width, height=height)
        opened.append(one)
        return one.goto(path)

    yield open_page
    for one in opened:
        one.page.context.close()
    for one in opened:
        one.check()


@pytest.fixture(params=LOCALES)
def locale(request: pytest.FixtureRequest) -> str:
    """Each language of the browser in turn."""
    return request.param


@pytest.fixture(params=THEMES)
def theme(request: pytest.FixtureRequest) -> str:
    """Light then dark."""
    return request.param


@pytest.fixture(params=WIDTHS, ids="{}px".format)
def width(request: pytest.FixtureRequest) -> int:
    """A laptop, then a phone."""
    return request.param
