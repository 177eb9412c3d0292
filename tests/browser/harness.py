"""A real server and a real Chromium, for the browser tests and for ``benchmarks.pages``."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

ROOT = Path(__file__).resolve().parents[2]
DEBIAN_CHROMIUM = Path("/usr/bin/chromium")
START_SECONDS = 240
IDLE_MS = 60_000
MAX_HEIGHT = 12_000
OPENINGS, OPENING_MS = 4, 5_000
IDLE = (
    "[data-testid='stApp'][data-test-connection-state='CONNECTED'][data-test-script-state='notRunning']"
    ":not(:has([data-stale='true'], [data-testid='stSkeleton'], [data-testid='stSpinner']))"
)

# What Streamlit 1.67 itself draws, and we cannot change; anything else that axe finds fails the test.
AXE_ALLOWED = {
    "presentation-role-conflict": "la zone de dépôt de st.file_uploader",
    "svg-img-alt": "les points de la petite courbe de st.metric",
    "scrollable-region-focusable": "le cadre d’un st.table plus large que l’écran d’un téléphone",
}


@dataclass
class Server:
    """The application, running.

    Attributes
    ----------
    process : subprocess.Popen
        The server.
    port : int
        Where it listens on 127.0.0.1.
    home : Path
        Its ``PALIERS_HOME``.
    """

    process: subprocess.Popen[bytes]
    port: int
    home: Path

    @property
    def url(self) -> str:
        """Address as the user types it."""
        return f"http://localhost:{self.port}"

    def request(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, dict, bytes]:
        """One HTTP exchange without a browser: status, headers in lower case, body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body=body, headers={k.replace("_", "-"): v for k, v in headers.items()})
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def wait_ready(self) -> None:
        """Block until the warm-up is over."""
        self.wait_for("/api/ready")

    def wait_for(self, path: str) -> None:
        """Block until this address answers 200; the log of a server that fails is in the error."""
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            try:
                status, _, body = self.request("GET", path)
            except OSError:
                status, body = 0, b""
            if status == 200:
                return
            if b"echec" in body:
                break
            time.sleep(0.2)
        raise RuntimeError(f"le serveur n’est pas prêt :\n{self.log()}")

    def stop(self, number: int = signal.SIGTERM, timeout: float = 30) -> int:
        """Send a signal and wait for the exit code; what does not stop is killed, and the error raised."""
        self.process.send_signal(number)
        try:
            return self.process.wait(timeout)
        finally:
            self.process.kill()
            self.process.wait()

    def log(self) -> str:
        """What it wrote so far."""
        return (self.home / "server.log").read_text("utf-8")


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_server(home: Path, *options: str, script: Path = ROOT / "server.py", pythonpath: str = str(ROOT)) -> Server:
    """Start ``streamlit run server.py`` on a free port, its data and its log under ``home``."""
    port = free_port()
    with (home / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", str(script), f"--server.port={port}", *options],
            cwd=script.parent,
            env={**os.environ, "PALIERS_HOME": str(home), "PYTHONPATH": pythonpath},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    return Server(process, port, home)


@dataclass
class Visit:
    """One page open in one browser context.

    Attributes
    ----------
    page : playwright Page
        For anything that the helpers below do not do.
    errors : list of str
        Console errors and uncaught exceptions met so far.
    requests : list of str
        Address of every request made so far.
    """

    page: Page
    server: Server
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def goto(self, path: str) -> Visit:
        """Load an address of the application as a new session, and wait until it is drawn."""
        self.page.goto(self.server.url + path, wait_until="domcontentloaded")
        return self.idle()

    def drawn(self, timeout: float = IDLE_MS) -> Visit:
        """Wait until the script has ended and nothing on the page is stale."""
        expect(self.page.locator(IDLE)).to_be_attached(timeout=timeout)
        return self

    def idle(self, timeout: float = IDLE_MS) -> Visit:
        """Wait until the page is drawn and stays so: a widget, or a fragment, reruns after a short delay."""
        for _ in range(2):
            self.drawn(timeout)
            self.page.wait_for_timeout(150)
        return self.drawn(timeout)

    def choose(self, label: str, option: str) -> Visit:
        """Take an option of a multiselect. Its list closes when the box moves under it: it is then opened again."""
        box = self.page.get_by_test_id("stMultiSelect").filter(has_text=label).locator("input")
        wanted = self.page.get_by_role("option", name=option)
        for _ in range(OPENINGS):
            box.click()
            try:
                wanted.click(timeout=OPENING_MS)
                return self
            except PlaywrightTimeout:
                self.page.keyboard.press("Escape")
        raise AssertionError(f"« {option} » n’est pas proposé par « {label} »")

    def text(self, part: str = "stMain") -> str:
        """Visible text of a part of the page, icons (whose names are text) and text of no size left out."""
        return self.page.get_by_test_id(part).evaluate(
            """part => {
                const isIcon = style => style.fontFamily.includes("Material Symbols") || style.fontSize === "0px";
                const icons = [...part.querySelectorAll("*")].filter(node => isIcon(getComputedStyle(node)));
                icons.forEach(icon => icon.style.setProperty("display", "none", "important"));
                const text = part.innerText;
                icons.forEach(icon => icon.style.removeProperty("display"));
                return text;
            }"""
        )

    def overflow(self) -> int:
        """Pixels by which the page is wider than the window; 0 when it fits."""
        main = self.page.locator("[data-testid='stMain']")
        return main.evaluate("main => Math.max(0, main.scrollWidth - main.clientWidth)")

    def screenshot(self, name: str) -> Path:
        """Picture of the whole page, not only of the window: ``PALIERS_CAPTURES/name.png``, or beside the log.

        The page scrolls inside ``stMain``: the window is made as high as its content for the time of the picture.
        """
        folder = Path(os.environ.get("PALIERS_CAPTURES") or self.server.home / "captures")
        folder.mkdir(parents=True, exist_ok=True)
        before = self.page.viewport_size
        for _ in range(2):  # a chart that only draws when visible makes the page taller
            height = self.page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
            height = min(max(height, before["height"]), MAX_HEIGHT)
            self.page.set_viewport_size({"width": before["width"], "height": height})
            self.idle()
        path = folder / f"{name}.png"
        self.page.screenshot(path=path)
        self.page.set_viewport_size(before)
        return path

    def axe(self, allowed: dict[str, str] = AXE_ALLOWED) -> list[str]:
        """Accessibility faults found by axe, other than the allowed rules: ``rule: help (places)``."""
        return [
            f"{fault['id']}: {fault['help']} ({'; '.join(' '.join(node['target']) for node in fault['nodes'][:3])})"
            for fault in Axe().run(self.page).response["violations"]
            if fault["id"] not in allowed
        ]

    def foreign_requests(self) -> list[str]:
        """Requests that did not go to our server (``data:`` and ``blob:`` go nowhere)."""
        ours = ("", f"localhost:{self.server.port}")
        return [url for url in self.requests if urlsplit(url).netloc not in ours]

    def check(self) -> None:
        """Fail on what no page may do; called by the fixture when the test ends."""
        assert not self.errors, f"erreurs dans la console : {self.errors}"
        assert not self.foreign_requests(), "la page a parlé à un autre serveur"

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(f"{message.text} ({message.location.get('url', '')})")


def open_visit(browser: Browser, server: Server, *, locale: str, theme: str, width: int, height: int) -> Visit:
    """A new context (no cookie, no cache) of a browser, watched."""
    context = browser.new_context(
        locale=locale,
        timezone_id="Europe/Paris",
        color_scheme=theme,
        viewport={"width": width, "height": height},
        reduced_motion="reduce",
        accept_downloads=True,
    )
    page = context.new_page()
    visit = Visit(page, server)
    page.on("console", visit._heard)
    page.on("pageerror", lambda error: visit.errors.append(str(error)))
    page.on("request", lambda request: visit.requests.append(request.url))
    page.on("websocket", lambda ws: visit.requests.append(ws.url))
    return visit


def launch_chromium(playwright: Playwright, locale: str) -> Browser:
    """Chromium whose own interface is in this language: number fields follow it, not the page."""
    return playwright.chromium.launch(
        executable_path=DEBIAN_CHROMIUM if DEBIAN_CHROMIUM.exists() else None,
        args=["--no-sandbox", "--disable-gpu", f"--lang={locale}"],
        env={**os.environ, "LANGUAGE": locale.replace("-", "_")},
    )
