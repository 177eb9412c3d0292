"""How quick the pages are in Chromium, beside an empty Streamlit page measured in the same run.

``python -m benchmarks.pages [--quick]`` starts the real server and an empty application with the same settings, then
measures each page on the demonstration:

- *lisible* : new browser, nothing cached, from the address typed to the title shown and the page complete;
- *retour* : the same in a browser that has the static files;
- *réglage* : one click on a control, to the first new text, then to the page complete, median;
- *CPU* : processor time of the server per rerun, over the same clicks, everything the script needs being cached.

Bars: lisible ≤ 3 s, réglage ≤ 300 ms, CPU ≤ 60 ms. The last line is JSON.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import statistics
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import psutil
from playwright.sync_api import Browser, expect, sync_playwright

from benchmarks.report import print_json
from tests.browser.harness import ROOT, Server, Visit, launch_chromium, open_visit, start_server

PAGES = ("/", "/donnees", "/descriptif", "/diagnostic", "/predictif", "/prescriptif")
EMPTY = "page vide"
BARS = {"lisible_s": 3.0, "reglage_ms": 300.0, "cpu_ms": 60.0}

EMPTY_APP = textwrap.dedent("""
    import streamlit as st

    def main():
        choice = st.sidebar.segmented_control("Choix", ["a", "b"], default="a", required=True)
        st.title("Page vide")
        st.write(f"Choix : {choice}")

    if __name__ == "__main__":
        main()
""")

# Tried in this order on each page; the first that is there is clicked. The choice not made yet, so that it always acts.
CONTROLS = (
    "[data-testid=stSidebar] [data-testid=stButtonGroup] [role=radio][aria-checked=false]",
    "[data-testid=stMain] [data-testid=stButtonGroup] [role=radio][aria-checked=false]",
    "[data-testid=stSidebar] [data-testid=stRadio] label:not(:has(input:checked))",
    "[data-testid=stMain] [data-testid=stRadio] label:not(:has(input:checked))",
    "[data-testid=stMain] [data-testid=stCheckbox] label",
)

# Clicks, then watches every frame: milliseconds to the first new text (null when no text changes), and to the end of
# the script with nothing stale (null when it does not end).
LIMIT_MS = 10_000
CLICK = """([selector, limit]) => new Promise(resolve => {
  const app = document.querySelector('[data-testid=stApp]');
  const main = document.querySelector('[data-testid=stMain]');
  const before = main.textContent, start = performance.now();
  let first = null, end = null, ran = false;
  const observer = new MutationObserver(() => { ran = true; });
  observer.observe(app, {attributeFilter: ['data-test-script-state']});
  const look = () => {
    const now = performance.now() - start;
    if (first === null && main.textContent !== before) first = now;
    const idle = ran && app.dataset.testScriptState === 'notRunning' && !main.querySelector('[data-stale=true]');
    end = idle ? (end ?? now) : null;
    if ((idle && (first !== null || now - end > 400)) || now > limit) {
      observer.disconnect();
      resolve([first, end === null ? null : Math.max(first ?? 0, end)]);
    } else requestAnimationFrame(look);
  };
  document.querySelector(selector).click();
  requestAnimationFrame(look);
})"""


def open_timed(browser: Browser, server: Server, path: str) -> tuple[Visit, float]:
    """A page in a new context, and the seconds until its title is shown and its script has ended."""
    visit = open_visit(browser, server, locale="fr-FR", theme="light", width=1400, height=900)
    return visit, load_timed(visit, path)


def load_timed(visit: Visit, path: str) -> float:
    """Seconds from the address typed to the page complete."""
    start = time.perf_counter()
    visit.page.goto(visit.server.url + path, wait_until="commit")
    expect(visit.page.locator("[data-testid=stMain] h1").first).to_be_visible(timeout=120_000)
    visit.drawn()
    return time.perf_counter() - start


def measure_loading(browser: Browser, server: Server, path: str, times: int) -> dict[str, float]:
    """Median loading times with an empty and a filled browser cache."""
    cold, warm = [], []
    for _ in range(times):
        visit, seconds = open_timed(browser, server, path)
        cold.append(seconds)
        warm.append(load_timed(visit, path))
        visit.page.context.close()
    return {"lisible_s": statistics.median(cold), "retour_s": statistics.median(warm)}


def cpu_seconds(process: psutil.Process) -> float:
    """Processor time of the server so far, computing process apart."""
    spent = process.cpu_times()
    return spent.user + spent.system


def find_control(visit: Visit) -> str | None:
    """A control of the page that changes its text when clicked, else any control, else None.

    Each candidate is clicked four times: whatever it leads to is computed and cached afterwards.
    """
    present = [selector for selector in CONTROLS if visit.page.locator(selector).count()]
    for selector in present:
        clicks = []
        for _ in range(4):
            clicks.append(visit.page.evaluate(CLICK, [selector, LIMIT_MS]))
            visit.idle()
        if any(first is not None for first, _ in clicks):
            return selector
    return present[0] if present else None


def measure_reruns(browser: Browser, server: Server, path: str, times: int) -> dict[str, float | None]:
    """Median time of one change of control, and the processor time it costs the server."""
    visit, _ = open_timed(browser, server, path)
    selector = find_control(visit.idle())
    if selector is None:
        visit.page.context.close()
        return {"texte_ms": None, "reglage_ms": None, "cpu_ms": None}
    process = psutil.Process(server.process.pid)
    before = cpu_seconds(process)
    clicks = []
    for _ in range(times):
        clicks.append(visit.page.evaluate(CLICK, [selector, LIMIT_MS]))
        visit.page.wait_for_timeout(100)
    spent = cpu_seconds(process) - before
    visit.page.context.close()
    return {
        "texte_ms": median([first for first, _ in clicks]),
        "reglage_ms": median([end for _, end in clicks]),
        "cpu_ms": 1000 * spent / times,
    }


def median(values: list[float | None]) -> float | None:
    """Median of what was measured; None when nothing was."""
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def measure(browser: Browser, server: Server, path: str, *, quick: bool) -> dict[str, float | None]:
    """Every figure of one page, after one visit that fills the server's caches."""
    open_timed(browser, server, path)[0].page.context.close()
    loading = measure_loading(browser, server, path, 2 if quick else 5)
    return {**loading, **measure_reruns(browser, server, path, 6 if quick else 20)}


def start_empty(folder: Path) -> Server:
    """The empty page, served with our settings."""
    (folder / "app.py").write_text(EMPTY_APP, "utf-8")
    shutil.copytree(ROOT / ".streamlit", folder / ".streamlit")
    return start_server(folder, script=folder / "app.py")


def run(*, quick: bool) -> dict[str, dict[str, float | None]]:
    """Start both servers, measure, stop them."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        homes = [Path(folder, name) for name in ("paliers", "vide")]
        for home in homes:
            home.mkdir()
        servers = [start_server(homes[0]), start_empty(homes[1])]
        try:
            servers[0].wait_ready()
            servers[1].wait_for("/_stcore/health")
            browser = launch_chromium(playwright, "fr-FR")
            figures = {EMPTY: measure(browser, servers[1], "/", quick=quick)}
            for path in PAGES:
                figures[path] = measure(browser, servers[0], path, quick=quick)
            browser.close()
        finally:
            for server in servers:
                server.stop()
    return figures


def cell(key: str, value: float | None, base: float | None, *, bar: bool) -> str:
    """One figure, how many times the empty page it is, and a mark when it is beyond its bar."""
    if value is None:
        return "—"
    ratio = f" (×{value / base:.1f})" if base else ""
    mark = " !" if bar and value > BARS.get(key, float("inf")) else ""
    return f"{value:.{2 if key.endswith('_s') else 0}f}{ratio}{mark}"


def show(figures: dict[str, dict[str, float | None]]) -> None:
    """The table: seconds or milliseconds, and how many times the empty page."""
    columns = {"lisible_s": "lisible s", "retour_s": "retour s", "texte_ms": "texte ms", "reglage_ms": "réglage ms"}
    columns["cpu_ms"] = "CPU ms"
    print(f"{'page':<14}" + "".join(f"{title:>18}" for title in columns.values()))
    for page, row in figures.items():
        cells = [cell(key, row[key], figures[EMPTY][key], bar=page != EMPTY) for key in columns]
        print(f"{page:<14}" + "".join(f"{text:>18}" for text in cells))
    print("« ! » : au-delà du seuil (" + ", ".join(f"{columns[key]} ≤ {bar:g}" for key, bar in BARS.items()) + ")")


def main() -> None:
    """Command line."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the servers are stopped then too
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="moins de répétitions")
    figures = run(quick=parser.parse_args().quick)
    show(figures)
    print_json("pages", {"seuils": BARS, "pages": figures})


if __name__ == "__main__":
    main()
