"""What a function run in a confined process can and cannot do, seen from the process that started it."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from analytics.errors import MappingError, Question, ReadError
from data import sandbox

ROOT = Path(__file__).resolve().parents[2]
linux = pytest.mark.skipif(sys.platform != "linux", reason="limits of the Linux kernel")

JOBS = '''
import ctypes, json, os, socket, subprocess, sys, time
from analytics.errors import MappingError, Question, ReadError

def echo(arguments, progress):
    progress(0.5, "à mi-chemin")
    return arguments

def pid(arguments, progress):
    return {"pid": os.getpid()}

def raises(arguments, progress):
    raise ReadError("Illisible.", ligne=3, colonne="Âge", valeur="x", remede="Corrigez.")

def asks(arguments, progress):
    raise MappingError("Une réponse.", questions=(Question("cle", "Texte ?", {"a": "A", "b": "B"}, "Conseil."),))

def fault(arguments, progress):
    raise KeyError(arguments["secret"])

def memory(arguments, progress):
    kept = []
    while True:
        kept.append(b"x" * (8 << 20))

def compute(arguments, progress):
    while True:
        pass

def wait(arguments, progress):
    progress(0.1, str(os.getpid()))
    time.sleep(600)

def crash(arguments, progress):
    ctypes.string_at(0)

def leave(arguments, progress):
    os._exit(0)

def write(arguments, progress):
    with open("gros", "wb") as stream:
        while True:
            stream.write(b"x" * (1 << 20))

def impossible(arguments, progress):
    return {"objet": object()}

def garbage(arguments, progress):
    for place in range(3, 30):
        try:
            os.write(place, b'{"kind": "result", "result": 3}\\n')
        except OSError:
            pass
    time.sleep(600)

def prints(arguments, progress):
    print("n'importe quoi")
    os.write(1, b"encore\\n")
    os.write(2, b"et encore\\n")
    return {"lu": sys.stdin.read()}

def tries(arguments, progress):
    """What each attempt raises, or "fait"."""
    def outcome(attempt):
        try:
            attempt()
        except Exception as error:
            return type(error).__name__
        return "fait"
    libc = ctypes.CDLL(None, use_errno=True)
    def connect_by_libc():
        place = libc.socket(2, 1, 0)
        port = arguments["port"].to_bytes(2, "big")
        address = (2).to_bytes(2, sys.byteorder) + port + bytes([127, 0, 0, 1]) + bytes(8)
        if place < 0 or libc.connect(place, address, 16) != 0:
            raise OSError(ctypes.get_errno())
    def write_text(path):
        with open(path, "w") as stream:
            stream.write("x")
    return {
        "socket": outcome(lambda: socket.socket()),
        "connect": outcome(connect_by_libc),
        "program": outcome(lambda: subprocess.run(["/bin/true"])),
        "fork": outcome(os.fork),
        "read": outcome(lambda: open(arguments["outside"]).read()),
        "write": outcome(lambda: write_text(arguments["outside"])),
        "environ": outcome(lambda: open(f"/proc/{os.getppid()}/environ", "rb").read()),
        "own": outcome(lambda: write_text("ici.txt")),
        "variables": sorted(os.environ),
    }
'''

#: These functions need none of the readers: the package is there, what it imports is not.
LIGHT = """
import sys, types
sys.modules["data"] = types.ModuleType("data")
sys.modules["data"].__path__ = [{data!r}]
import data.sandbox.messages
"""


@pytest.fixture(autouse=True)
def jobs(tmp_path, monkeypatch):
    """The functions above in a module of their own."""
    folder = tmp_path / "modules"
    folder.mkdir()
    (folder / "travaux.py").write_text(JOBS, encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder))
    (folder / "leger.py").write_text(LIGHT.format(data=str(ROOT / "data")), encoding="utf-8")
    monkeypatch.setattr(sandbox.parent, "_PRELOAD", ("leger",))
    sandbox.release()  # one made ready earlier does not know this folder
    yield
    sandbox.release()


def run(tmp_path, job, arguments=None, *, progress=None, cancelled=None, **limits):
    folder = tmp_path / "travail"
    folder.mkdir(exist_ok=True)
    usual = {"memory_bytes": 200 << 20, "cpu_seconds": 30.0, "wall_seconds": 60.0, "file_bytes": 1 << 20}
    allowed = sandbox.Limits(**usual | limits)
    return sandbox.run(
        f"travaux:{job}", arguments or {}, limits=allowed, folder=folder, progress=progress, cancelled=cancelled
    )


def is_gone(pid: int) -> bool:
    """Whether a process ended, waiting for it a while."""
    for _ in range(500):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if f"{pid} (" in (text := _stat(pid)) and ") Z" in text:
            return True
        time.sleep(0.02)
    return False


def _stat(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""


# --- what comes back ----------------------------------------------------------------------------------------------


def test_arguments_go_in_and_the_result_comes_out_as_json(tmp_path):
    heard = []
    sent = {"texte": "é’\u202f\n", "nombres": [1, 2.5, None, True]}
    assert run(tmp_path, "echo", sent, progress=lambda f, t: heard.append((f, t))) == sent
    assert heard == [(0.5, "à mi-chemin")]


def test_an_error_in_french_arrives_whole(tmp_path):
    with pytest.raises(ReadError) as caught:
        run(tmp_path, "raises")
    error = caught.value
    found = (error.message, error.ligne, error.colonne, error.valeur, error.remede)
    assert found == ("Illisible.", 3, "Âge", "x", "Corrigez.")
    assert not isinstance(error, sandbox.Stopped)


def test_questions_arrive_whole(tmp_path):
    with pytest.raises(MappingError) as caught:
        run(tmp_path, "asks")
    assert caught.value.questions == (Question("cle", "Texte ?", {"a": "A", "b": "B"}, "Conseil."),)


def test_a_fault_of_ours_says_nothing_of_the_file(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    with pytest.raises(sandbox.Stopped) as caught:
        run(tmp_path, "fault", {"secret": "1850775123456"})
    assert caught.value.limit == "faute"
    assert "1850775123456" not in str(caught.value) + caplog.text
    assert "travaux.py:" in caplog.text


def test_what_is_printed_goes_nowhere_and_nothing_can_be_read(tmp_path, capfd):
    assert run(tmp_path, "prints") == {"lu": ""}
    assert capfd.readouterr() == ("", "")


def test_what_is_not_json_is_never_rebuilt(tmp_path):
    with pytest.raises(sandbox.Stopped) as caught:
        run(tmp_path, "impossible")
    assert caught.value.limit == "faute"


def test_a_process_that_forges_messages_is_stopped(tmp_path):
    with pytest.raises(sandbox.Stopped) as caught:
        run(tmp_path, "garbage")
    assert caught.value.limit == "arret"


# --- limits -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("job", "limits", "limit", "word"),
    [
        ("memory", {"memory_bytes": 100 << 20}, "memoire", "mémoire"),
        pytest.param("compute", {"cpu_seconds": 0.5}, "calcul", "calcul", marks=linux),
        ("compute", {"wall_seconds": 0.5}, "duree", "dure plus de"),
        ("wait", {"wall_seconds": 0.5}, "duree", "dure plus de"),
        pytest.param("write", {"file_bytes": 3 << 20}, "disque", "disque", marks=linux),
        ("crash", {}, "arret", "d’un coup"),
        ("leave", {}, "arret", "d’un coup"),
    ],
)
def test_a_limit_stops_the_process_and_says_which(tmp_path, job, limits, limit, word):
    with pytest.raises(sandbox.Stopped, match=word) as caught:
        run(tmp_path, job, **limits)
    assert caught.value.limit == limit
    assert caught.value.remede


@linux
def test_memory_is_also_stopped_from_outside_where_the_kernel_does_not(tmp_path, monkeypatch):
    order = sandbox.parent._order

    def without_limit(*arguments):
        made = order(*arguments)
        made["limits"]["memory_bytes"] = 1 << 40
        return made

    monkeypatch.setattr(sandbox.parent, "_order", without_limit)
    with pytest.raises(sandbox.Stopped) as caught:
        run(tmp_path, "memory", memory_bytes=100 << 20)
    assert caught.value.limit == "memoire"


@linux
def test_cancelling_kills_the_process(tmp_path):
    cancelled, pids = threading.Event(), []

    def progress(_fraction, text):
        pids.append(int(text))
        cancelled.set()

    with pytest.raises(sandbox.Stopped) as caught:
        run(tmp_path, "wait", progress=progress, cancelled=cancelled)
    assert caught.value.limit == "annule"
    assert is_gone(pids[0])


@linux
def test_the_process_dies_with_the_server_even_killed(tmp_path):
    code = f"""
        import sys
        from pathlib import Path
        from data import sandbox
        sys.path.insert(0, {str(tmp_path / "modules")!r})
        def said(fraction, text):
                print(text, flush=True)
        sandbox.parent._PRELOAD = ("leger",)
        sandbox.run("travaux:wait", {{}}, limits=sandbox.Limits(), folder=Path({str(tmp_path)!r}), progress=said)
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as server:
        pid = int(server.stdout.readline())
        server.send_signal(signal.SIGKILL)
    assert is_gone(pid)


# --- what it cannot reach -----------------------------------------------------------------------------------------


def test_it_reaches_no_network_no_program_and_no_file_but_its_own(tmp_path, monkeypatch, caplog):
    caplog.set_level(logging.INFO)
    monkeypatch.setenv("PALIERS_DATABASE", "postgresql://motdepasse")
    outside = tmp_path / "ailleurs.txt"
    outside.write_text("secret")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        found = run(tmp_path, "tries", {"port": server.getsockname()[1], "outside": str(outside)})
        with pytest.raises(TimeoutError):
            server.accept()
    assert found["own"] == "fait"
    assert "PALIERS_DATABASE" not in found["variables"]
    refused = ["socket", "program", "fork"]
    if "reseau" in caplog.text or "fichiers" in caplog.text:
        refused += ["connect"]
    if "fichiers" in caplog.text:
        refused += ["read", "write", "environ"]
        assert outside.read_text() == "secret"
    assert {name: found[name] for name in refused if found[name] == "fait"} == {}


def test_reading_a_file_opens_no_socket_and_starts_no_program(tmp_path, shared):
    """Every reader, in a process where each such event is written down before anything can refuse it."""
    (tmp_path / "a.csv").write_text("mois;poste;prestation\n2024-01;Optique;1,5\n2024-02;Dentaire;2,5\n")
    files = [str(tmp_path / "a.csv"), *(str(p) for p in sorted((shared / "messy_fr").glob("*.xlsx")))]
    code = """
        import json, sys
        seen = []
        sys.addaudithook(lambda event, _: seen.append(event) if event.startswith(("socket.", "subprocess.", "os.exec",
            "os.fork", "os.posix_spawn", "os.system", "urllib.", "http.", "ftplib.")) else None)
        import data, io, pandas as pd
        from analytics.errors import PaliersError
        buffer = io.BytesIO()
        pd.DataFrame({"mois": ["2024-01", "2024-02"], "prestation": [1.5, 2.5]}).to_parquet(buffer)
        for source in [*json.loads(sys.argv[1]), buffer.getvalue()]:
            try:
                data.load_dataset(source, mapping={"date_basis": "soins"})
            except PaliersError:
                pass
        print(json.dumps(seen))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), json.dumps(files)], cwd=ROOT, capture_output=True, text=True,
        check=True, timeout=120,
    )  # fmt: skip
    assert json.loads(done.stdout) == []


# --- one ready in advance -----------------------------------------------------------------------------------------


def test_the_process_made_ready_is_the_one_that_works(tmp_path):
    sandbox.prepare()
    sandbox.prepare()
    (waiting,) = sandbox.parent._READY
    assert run(tmp_path, "pid") == {"pid": waiting.popen.pid}
    assert sandbox.parent._READY == []


@linux
def test_a_ready_process_that_died_meanwhile_is_replaced(tmp_path):
    sandbox.prepare()
    (waiting,) = sandbox.parent._READY
    os.kill(waiting.popen.pid, signal.SIGKILL)
    waiting.popen.wait()
    assert run(tmp_path, "echo", {"a": 1}) == {"a": 1}
