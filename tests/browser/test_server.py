"""What ``server.py`` adds to Streamlit, seen from outside: over HTTP, and in Chromium."""

import json
import re
import shutil
import signal
import socket
import textwrap
import time
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import expect
from streamlit import file_util

from data.depot.files import LIMIT_BYTES
from pages.components import warm
from tests.browser.harness import ROOT, open_visit, start_server

TINY_APP = textwrap.dedent("""
    import time
    import streamlit as st
    from pages.components.jobs import get_jobs

    PAGES = (("Essai", ""), ("Essai", "descriptif"))

    def main():
        st.title("Essai")
        get_jobs().submit("essai", time.sleep, 120)
        get_jobs().submit("suivant", time.sleep, 120)
        uploaded = st.file_uploader("Fichier", key="fichier")
        st.write(f"Calcul : {get_jobs().status('essai').state}")
        st.bar_chart({"a": [1, 2, 3]})

    if __name__ == "__main__":
        main()
""")


def policy_of(headers):
    return {name: set(values) for name, *values in map(str.split, headers["content-security-policy"].split(";"))}


def start_tiny(folder):
    """The same ``server.py`` and settings in front of a page of ten lines that starts two long jobs."""
    (folder / "app.py").write_text(TINY_APP, "utf-8")
    shutil.copy(ROOT / "server.py", folder)
    for name in (".streamlit", "analytics", "charts", "data", "pages/components", "reports"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return start_server(folder, script=folder / "server.py", pythonpath="")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    running = start_tiny(tmp_path_factory.mktemp("essai"))
    running.wait_ready()
    yield running
    running.stop()


def test_ready_answers_200_when_everything_is_loaded(server):
    status, headers, body = server.request("GET", "/api/ready")
    assert status == 200
    assert json.loads(body)["etat"] == "pret"
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/", "/descriptif", "/_stcore/health", "/api/ready", "/favicon.png", "/absent.js"])
def test_every_answer_carries_the_security_headers(tiny, path):
    _, headers, _ = tiny.request("GET", path)
    policy = policy_of(headers)
    assert policy["default-src"] == {"'self'"}
    assert policy["object-src"] == policy["frame-ancestors"] == {"'none'"}
    assert policy["base-uri"] == {"'self'"}
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]


def test_scripts_are_ours_without_eval_and_sockets_go_to_the_same_host(tiny):
    _, headers, _ = tiny.request("GET", "/", Host="paliers.exemple:8600")
    policy = policy_of(headers)
    assert policy["connect-src"] == {"'self'", "ws://paliers.exemple:8600", "wss://paliers.exemple:8600"}
    hashes = {source for source in policy["script-src"] if source.startswith("'sha256-")}
    assert len(hashes) == 2  # the one of Streamlit, and the one that tells it where its server is
    assert policy["script-src"] - hashes == {"'self'", "'wasm-unsafe-eval'"}


@pytest.mark.parametrize("host", ["a b", "x;script-src *", "é", "'none'"])
def test_a_forged_host_adds_nothing_to_the_policy(host):
    from server import content_security_policy

    assert "connect-src 'self';" in content_security_policy(host, ())


@pytest.mark.parametrize("path", ["/", "/descriptif"])
@pytest.mark.parametrize("encoding", ["gzip, deflate, br", "identity"])
def test_page_shell_is_french_and_whole(tiny, path, encoding):
    status, headers, body = tiny.request("GET", path, Accept_Encoding=encoding)
    page = body.decode()
    assert status == 200
    assert int(headers["content-length"]) == len(body)
    assert "content-encoding" not in headers
    assert '<html lang="fr">' in page
    assert "<title>Paliers</title>" in page
    (noscript,) = re.findall(r"<noscript>(.*?)</noscript>", page)
    assert "activez-le" in noscript
    assert "service-desc" not in page
    assert page.rstrip().endswith("</html>")


@pytest.mark.parametrize(("path", "goal"), [("/nulle-part", "/"), ("/accueil?d=x&f_poste=a", "/?d=x&f_poste=a")])
def test_an_unknown_page_leads_to_the_first_one(tiny, path, goal):
    status, headers, _ = tiny.request("GET", path)
    assert status == 307
    assert headers["location"] == goal


def test_page_shell_is_never_answered_by_a_stale_304(tiny):
    original = Path(file_util.get_static_dir(), "index.html").stat().st_size
    status, headers, body = tiny.request("GET", "/", If_Modified_Since="Sat, 01 Jan 2050 00:00:00 GMT")
    assert status == 200
    assert 0 < len(body) < original
    assert "etag" not in headers


def test_static_files_are_passed_on_untouched(tiny):
    path = re.search(rb'src="\./(static/js/index[^"]+)"', tiny.request("GET", "/")[2]).group(1).decode()
    assert tiny.request("GET", f"/{path}")[2] == Path(file_util.get_static_dir(), path).read_bytes()


@pytest.mark.parametrize(
    "path",
    ["/_stcore/metrics", "/_stcore/agent/openapi.json", "/_stcore/agent/mcp", "/descriptif/_stcore/metrics"],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_metrics_and_agent_routes_are_refused(tiny, path, method):
    status, _, body = tiny.request(method, path)
    assert (status, body.decode()) == (404, "Introuvable")


def test_upload_without_the_token_of_the_page_is_refused(tiny):
    status, _, _ = tiny.request("PUT", "/_stcore/upload_file/session/fichier", b"mois;cotisation\n")
    assert status == 403


def test_a_file_sent_by_the_page_of_the_large_ones_is_written_whole(tiny):
    content = b"Mois;Prestations\n" + b"01/2024;12,5\n" * 200_000
    status, _, body = tiny.request("PUT", "/depot/fichier?nom=..%2F..%2Fgros%20fichier.csv", content)
    assert status == 201
    folder = tiny.home / "depots" / json.loads(body)["depot"]
    assert (folder / "source").read_bytes() == content
    assert json.loads((folder / "depot.json").read_text("utf-8"))["name"] == "gros fichier.csv"


@pytest.mark.parametrize("path", ["/depot/fichier?nom=a.csv", "/api/ready"])
def test_another_site_writes_nothing(tiny, path):
    before = sorted((tiny.home / "depots").glob("*"))
    assert tiny.request("PUT", path, b"a;b\n", Origin="http://ailleurs.exemple")[0] == 403
    assert sorted((tiny.home / "depots").glob("*")) == before


def test_an_upload_cut_short_leaves_nothing(tiny):
    before = sorted((tiny.home / "depots").glob("*"))
    with socket.create_connection(("127.0.0.1", tiny.port)) as line:
        line.sendall(b"PUT /depot/fichier?nom=a.csv HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\nMois")
    for _ in range(100):
        if sorted((tiny.home / "depots").glob("*")) == before:
            break
        time.sleep(0.1)
    assert sorted((tiny.home / "depots").glob("*")) == before


def test_a_file_announced_too_large_is_refused_before_it_comes(tiny):
    request = f"PUT /depot/fichier?nom=a.csv HTTP/1.1\r\nHost: localhost\r\nContent-Length: {LIMIT_BYTES + 1}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", tiny.port)) as line:
        line.sendall(request.encode())
        answer = line.recv(65536).decode()
    assert " 413 " in answer.splitlines()[0]


@pytest.mark.parametrize(("path", "status"), [("/depot/", 200), ("/depot/depot.js", 200), ("/depot/autre.py", 404)])
def test_the_page_of_the_large_files_is_three_files(tiny, path, status):
    got, headers, body = tiny.request("GET", path)
    assert got == status
    assert "script-src 'self'" in headers["content-security-policy"]
    assert b"<script>" not in body


def test_the_page_and_the_route_have_the_same_limit():
    text = (ROOT / "pages" / "components" / "gros_fichier" / "depot.js").read_text("utf-8")
    factor, power = re.search(r"LIMIT = (\d+) \* 2 \*\* (\d+);", text).groups()
    assert int(factor) * 2 ** int(power) == LIMIT_BYTES


@pytest.mark.parametrize(("origin", "accepted"), [(None, True), ("same", True), ("http://ailleurs.exemple", False)])
def test_only_our_own_pages_open_a_websocket(tiny, origin, accepted):
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec_WebSocket_Version": "13",
        "Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Host": f"localhost:{tiny.port}",
    }
    if origin is not None:
        headers["Origin"] = tiny.url if origin == "same" else origin
    status, _, _ = tiny.request("GET", "/_stcore/stream", **headers)
    assert status == (101 if accepted else 403)


def test_chromium_runs_it_without_error_and_without_leaving_the_machine(tiny, chromium, locale, theme):
    visit = open_visit(chromium(locale), tiny, locale=locale, theme=theme, width=1400, height=900).goto("/")
    page = visit.page
    assert page.locator("html").get_attribute("lang") == "fr"
    expect(page.locator("[data-testid='stVegaLiteChart'] canvas, [data-testid='stVegaLiteChart'] svg")).to_be_visible()
    page.locator("input[type=file]").set_input_files({"name": "a.csv", "mimeType": "text/csv", "buffer": b"a;b\n"})
    expect(page.get_by_text("a.csv")).to_be_visible()
    visit.idle()
    background = page.locator("[data-testid='stApp']").evaluate("app => getComputedStyle(app).backgroundColor")
    assert background == ("rgb(255, 255, 255)" if theme == "light" else "rgb(15, 24, 32)")
    # Later, because DevTools lifts the policy while it evaluates.
    page.evaluate("setTimeout(() => { try { eval('1'); window.met = 'eval'; } catch (e) { window.met = e.name; } })")
    page.wait_for_timeout(200)
    assert page.evaluate("window.met") == "EvalError"
    visit.errors = [error for error in visit.errors if "unsafe-eval" not in error]  # ours, on the line above
    assert len(visit.requests) > 20
    visit.check()
    page.context.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_everything_even_a_computation_and_an_open_page(tmp_path, chromium, number):
    tiny = start_tiny(tmp_path)
    tiny.wait_ready()
    visit = open_visit(chromium("fr-FR"), tiny, locale="fr-FR", theme="light", width=1400, height=900).goto("/")
    visit.page.reload()
    visit.idle()
    expect(visit.page.get_by_text("Calcul : en cours")).to_be_visible()
    family = psutil.Process(tiny.process.pid).children(recursive=True)
    assert len(family) == 2, "un processus de calcul, et un qui attend un fichier à lire"
    tiny.stop(number)
    _, alive = psutil.wait_procs(family, timeout=10)
    assert not alive
    visit.page.context.close()


def result_of(coroutine):
    """Run a coroutine that never waits; asyncio would refuse inside Playwright's own loop."""
    with pytest.raises(StopIteration) as finished:
        coroutine.send(None)
    return finished.value.value


def test_not_ready_before_the_warm_up_nor_after_its_failure(monkeypatch):
    import server

    monkeypatch.setattr(server, "WARM_UP", warm.WarmUp())
    answers = []
    for server.WARM_UP.state in ("demarrage", "echec", "pret"):
        answer = result_of(server.ready(None))
        answers.append((answer.status_code, json.loads(answer.body)["etat"]))
    assert answers == [(503, "demarrage"), (503, "echec"), (200, "pret")]


def test_a_warm_up_that_fails_is_told():
    def pages():
        raise ModuleNotFoundError("app")

    warm_up = warm.WarmUp(pages)
    with pytest.raises(ModuleNotFoundError):
        warm_up.run()
    assert (warm_up.state, warm_up.seconds) == ("echec", 0.0)


def test_every_registered_page_is_prepared():
    import app
    import server

    prepared = server.page_addresses()
    assert prepared[0] == ""
    assert len(prepared) == len(app.PAGES)


def test_a_page_that_cannot_be_prepared_does_not_stop_the_server(monkeypatch):
    monkeypatch.setattr(warm, "import_everything", lambda: None)
    monkeypatch.setattr(warm.gc, "freeze", lambda: None)
    monkeypatch.setattr(warm, "visit", lambda page: warm.connect("ws://127.0.0.1:1/"))
    warm_up = warm.WarmUp(lambda: [""])
    warm_up.run()
    assert warm_up.state == "pret"
