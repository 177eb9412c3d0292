"""Jobs run in a real separate process: what is submitted here is imported by it."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import psutil
import pytest
from streamlit.testing.v1 import AppTest

from analytics.errors import InsufficientData
from pages.components.cache import digest
from pages.components.jobs import JobFailed, Jobs, get_jobs

ROOT = Path(__file__).resolve().parents[2]
LONG = 120  # s: never reached, a job this long only ends when it is stopped
PATIENCE = 60  # s: bound on waiting, reached only when something is broken


def pid_and_square(number):
    return os.getpid(), number**2


def report_then_wait(path, progress):
    progress(0.25, "Un quart")
    while not Path(path).exists():
        time.sleep(0.02)
    return "atteint"


def sleep_for_ever():
    time.sleep(LONG)


def refuse():
    raise InsufficientData("Moins de 24 mois.", remede="Allongez la période.")


def divide_by_zero():
    return 1 / 0


class Awkward(Exception):
    def __init__(self, first, second):
        super().__init__(first)


def raise_awkward():
    raise Awkward("a", "b")


def give_a_lambda():
    return lambda: None


def die():
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture
def jobs():
    with_process = Jobs(max_finished=3)
    yield with_process
    with_process.shutdown()


def wait_until(condition):
    tick = threading.Event()
    for _ in range(PATIENCE * 50):
        if condition():
            return
        tick.wait(0.02)
    pytest.fail("la condition attendue n’est jamais venue")


def is_alive(pid):
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_computes_in_another_process_and_keeps_it(jobs):
    jobs.submit("a", pid_and_square, 7)
    jobs.submit("b", pid_and_square, number=8)
    assert jobs.wait("a", PATIENCE).state == "fini"
    assert jobs.wait("b", PATIENCE).state == "fini"
    (pid_a, square_a), (pid_b, square_b) = jobs.result("a"), jobs.result("b")
    assert (square_a, square_b) == (49, 64)
    assert pid_a == pid_b != os.getpid()


def test_same_key_is_followed_not_started_again(jobs, tmp_path):
    flag = tmp_path / "go"
    jobs.submit("a", report_then_wait, str(flag))
    wait_until(lambda: jobs.status("a").text == "Un quart")
    again = jobs.submit("a", report_then_wait, str(flag))
    assert (again.state, again.fraction, again.text) == ("en cours", 0.25, "Un quart")
    jobs.submit("b", pid_and_square, 2)
    assert jobs.status("b").state == "attente"
    flag.touch()
    assert jobs.wait("a", PATIENCE).fraction == 1.0
    assert jobs.result("a") == "atteint"


def test_function_without_a_signature_is_computed_too(jobs):
    jobs.submit("a", max, [3, 8, 5])
    assert jobs.wait("a", PATIENCE).state == "fini"
    assert jobs.result("a") == 8


def test_unknown_or_unfinished_job_has_no_result(jobs):
    assert jobs.status("x").state == "absent"
    with pytest.raises(JobFailed, match="pas terminé"):
        jobs.result("x")
    jobs.submit("a", sleep_for_ever)
    with pytest.raises(JobFailed, match="pas terminé"):
        jobs.result("a")


@pytest.mark.parametrize(
    ("function", "error", "sentence"),
    [
        (refuse, InsufficientData, "Moins de 24 mois. Allongez la période."),
        (divide_by_zero, ZeroDivisionError, "Le calcul a échoué."),
        (raise_awkward, JobFailed, "Le calcul a échoué (Awkward)."),
        (give_a_lambda, Exception, "Le calcul a échoué."),
    ],
)
def test_failure_is_raised_where_the_result_is_read(jobs, function, error, sentence):
    jobs.submit("a", function)
    status = jobs.wait("a", PATIENCE)
    assert (status.state, status.text) == ("echec", sentence)
    with pytest.raises(error):
        jobs.result("a")
    jobs.submit("b", pid_and_square, 3)
    assert jobs.wait("b", PATIENCE).state == "fini", "une erreur ne doit pas emporter le processus"


def test_dead_process_is_a_failure_and_is_replaced(jobs):
    jobs.submit("a", die)
    jobs.submit("b", pid_and_square, 4)
    assert jobs.wait("a", PATIENCE).state == "echec"
    assert "brutalement" in jobs.status("a").text
    assert jobs.wait("b", PATIENCE).state == "fini"
    assert jobs.result("b")[1] == 16


def test_cancel_kills_a_running_job_and_frees_the_queue(jobs):
    jobs.submit("a", sleep_for_ever)
    jobs.submit("b", sleep_for_ever)
    jobs.submit("c", pid_and_square, 5)
    wait_until(lambda: jobs.status("a").state == "en cours")
    assert jobs.cancel("b"), "un calcul en attente s’annule aussi"
    assert jobs.cancel("a")
    assert not jobs.cancel("a")
    assert jobs.status("a").state == "absent"
    assert jobs.wait("c", PATIENCE).state == "fini"


def test_failed_job_can_be_asked_again_once_forgotten(jobs):
    jobs.submit("a", refuse)
    jobs.wait("a", PATIENCE)
    assert jobs.submit("a", pid_and_square, 2).state == "echec"
    jobs.cancel("a")
    jobs.submit("a", pid_and_square, 2)
    assert jobs.wait("a", PATIENCE).state == "fini"


def test_only_the_last_read_results_are_kept(jobs):
    for key in "abc":
        jobs.submit(key, pid_and_square, 1)
        jobs.wait(key, PATIENCE)
    jobs.result("a")
    jobs.submit("d", pid_and_square, 1)
    jobs.wait("d", PATIENCE)
    assert [key for key in "abcd" if jobs.status(key).state == "fini"] == ["a", "c", "d"]


def test_finished_results_can_all_be_forgotten_while_a_job_runs(jobs):
    jobs.submit("fini", pow, 2, 3)
    jobs.wait("fini", 60)
    jobs.submit("long", time.sleep, 60)
    jobs.forget_finished()
    assert jobs.status("fini").state == "absent"
    assert jobs.status("long").running
    jobs.cancel("long")


def test_what_cannot_be_sent_is_refused_at_once(jobs):
    with pytest.raises(JobFailed, match="autre processus"):
        jobs.submit("a", lambda: 1)
    assert jobs.status("a").state == "absent"


def test_function_of_a_page_is_refused(jobs, monkeypatch):
    monkeypatch.setattr(pid_and_square, "__module__", "__main__")
    with pytest.raises(JobFailed, match="défini dans une page"):
        jobs.submit("a", pid_and_square, 1)


def start_a_grandchild_then_wait(path):
    subprocess.Popen([sys.executable, "-c", f"import time; time.sleep({LONG})"])
    Path(path).write_text(str(psutil.Process().children()[0].pid))
    time.sleep(LONG)


def test_cancel_also_kills_what_the_computation_started(jobs, tmp_path):
    note = tmp_path / "pid"
    jobs.submit("a", start_a_grandchild_then_wait, str(note))
    wait_until(lambda: note.exists() and note.read_text())
    pid = int(note.read_text())
    assert is_alive(pid)
    jobs.cancel("a")
    wait_until(lambda: not is_alive(pid))


def test_shutdown_leaves_no_process_and_refuses_jobs(jobs):
    jobs.submit("a", pid_and_square, 1)
    jobs.wait("a", PATIENCE)
    pid = jobs.result("a")[0]
    jobs.submit("b", sleep_for_ever)
    jobs.shutdown()
    assert not psutil.pid_exists(pid)
    assert jobs.status("b").state == "absent"
    with pytest.raises(JobFailed, match="s’arrête"):
        jobs.submit("c", pid_and_square, 1)


def test_worker_dies_with_a_killed_server():
    script = textwrap.dedent("""
        import time
        from pages.components.jobs import Jobs
        if __name__ == "__main__":
            jobs = Jobs()
            jobs.submit("a", time.sleep, 120)
            while jobs.status("a").state != "en cours" or jobs._process is None:
                time.sleep(0.02)
            print(jobs._process.pid, flush=True)
            time.sleep(120)
    """)
    server = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    pid = int(server.stdout.readline())
    assert is_alive(pid)
    server.kill()
    server.wait()
    server.stdout.close()
    wait_until(lambda: not is_alive(pid))


def test_digest_depends_on_every_part_and_its_place():
    keys = {digest("ab", "c"), digest("a", "bc"), digest("abc"), digest("c", "ab"), digest("ab", "c", 1)}
    assert len(keys) == 5
    assert digest({"x": 1, "y": 2}) == digest({"y": 2, "x": 1})
    with pytest.raises(TypeError):
        digest(object())


def page(flag):
    import streamlit as st

    from pages.components.jobs import get_jobs, job_progress
    from tests.pages.test_jobs import report_then_wait

    get_jobs().submit("page", report_then_wait, flag)
    if job_progress("page").state == "fini":
        st.write(get_jobs().result("page"))


def test_page_shows_progress_then_result_and_another_session_follows_it(tmp_path):
    flag = tmp_path / "go"
    first = AppTest.from_function(page, args=(str(flag),)).run(timeout=PATIENCE)
    wait_until(lambda: get_jobs().status("page").fraction == 0.25)
    second = AppTest.from_function(page, args=(str(flag),)).run(timeout=PATIENCE)
    (bar,) = second.get("progress")
    assert (bar.proto.value, bar.proto.text) == (25, "Un quart : 25\u202f%")
    assert not second.markdown
    flag.touch()
    assert get_jobs().wait("page", PATIENCE).state == "fini"
    for session in (first, second):
        assert session.run(timeout=PATIENCE).markdown[0].value == "atteint"
        assert not session.get("progress")
    assert get_jobs().cancel("page")
