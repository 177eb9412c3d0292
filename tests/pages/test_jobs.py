"""Jobs run in a real separate process: what is submitted here is imported by it."""

import os
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
from data.store.paths import trace
from pages.components.cache import digest
from pages.components.job_queue import FOLLOWED_SECONDS
from pages.components.jobs import JobFailed, Jobs, get_jobs
from pages.components.node_store import NodeStore
from tests.pages.job_functions import (
    die,
    divide_by_zero,
    forecast_slowly,
    give_a_lambda,
    pid_and_square,
    raise_awkward,
    refuse,
    report_then_wait,
    sleep_for_ever,
    start_a_grandchild_then_wait,
)

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60  # s: bound on waiting, reached only when something is broken


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
    waiting = jobs.status("b")
    assert (waiting.state, waiting.words) == ("attente", "En attente d’un autre calcul (Un quart : 25\u202f%)")
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


def test_the_jobs_of_an_erased_dataset_stop_and_the_others_go_on(jobs, tmp_path):
    flag = tmp_path / "go"
    for key, owner in (("a", "A" * 22), ("b", "B" * 22), ("c", None), ("d", "B" * 22)):
        jobs.submit(key, report_then_wait, str(flag), owner=owner)
    wait_until(lambda: jobs.status("a").text == "Un quart")
    jobs.forget_of({trace("A" * 22)})
    assert [jobs.status(k).state == "absent" for k in "abcd"] == [True, False, True, False], "c n’est à personne"
    flag.touch()
    assert jobs.wait("d", PATIENCE).state == "fini"
    jobs.forget_of({trace("B" * 22)})
    assert [jobs.status(k).state for k in "bd"] == ["absent"] * 2


def test_a_stopped_job_stays_stopped_until_asked_again(jobs, tmp_path):
    flag = tmp_path / "go"
    jobs.submit("a", report_then_wait, str(flag))
    jobs.submit("b", report_then_wait, str(flag))
    wait_until(lambda: jobs.status("a").text == "Un quart")
    assert jobs.stop("b"), "un calcul en attente s’arrête aussi"
    assert jobs.stop("a")
    assert not jobs.stop("a")
    assert not jobs.stop("inconnu")
    stopped = jobs.submit("a", report_then_wait, str(flag))
    assert (stopped.state, stopped.text, stopped.running) == ("arrete", "Calcul arrêté à 25\u202f%", False)
    with pytest.raises(JobFailed):
        jobs.result("a")
    jobs.submit("c", pid_and_square, 3)
    assert jobs.wait("c", PATIENCE).state == "fini", "la file continue"
    assert [jobs.status(k).state for k in "ab"] == ["arrete"] * 2, "la mort du processus n’est pas un échec du calcul"
    flag.touch()
    jobs.cancel("a")
    jobs.submit("a", report_then_wait, str(flag))
    assert jobs.wait("a", PATIENCE).state == "fini"


def test_a_job_followed_by_another_session_is_not_stopped():
    now = [100.0]
    jobs = Jobs(clock=lambda: now[0])
    try:
        jobs.submit("a", sleep_for_ever)
        jobs.follow("a", "moi")
        jobs.follow("a", "elle")
        assert not jobs.stop("a", "moi")
        assert jobs.status("a").running
        now[0] += FOLLOWED_SECONDS + 1
        jobs.follow("a", "moi")
        assert jobs.stop("a", "moi"), "elle est partie"
        assert jobs.follow("inconnu", "moi").state == "absent"
    finally:
        jobs.shutdown()


@pytest.mark.parametrize("comes_back", [False, True])
def test_a_job_left_by_everybody_stops_though_a_reloaded_page_seemed_to_wait(comes_back):
    now = [100.0]
    jobs = Jobs(clock=lambda: now[0])
    try:
        jobs.submit("a", sleep_for_ever)
        jobs.follow("a", "avant")  # the same person, before the page was reloaded
        now[0] += 1
        jobs.follow("a", "après")
        assert not jobs.stop("a", "après")
        now[0] += FOLLOWED_SECONDS / 2
        if comes_back:
            jobs.follow("a", "elle")
        assert jobs.status("a").running
        now[0] += FOLLOWED_SECONDS
        assert jobs.status("a").running == comes_back
        now[0] += 10 * FOLLOWED_SECONDS
        assert jobs.status("a").running == comes_back, "qui est revenu n’a plus à le redire"
    finally:
        jobs.shutdown()


def test_a_stopped_run_keeps_what_was_done_and_a_second_one_computes_nothing(jobs, tmp_path):
    (tmp_path / "nodes" / "un").mkdir(parents=True)
    memory, flag = NodeStore(tmp_path / "nodes" / "un"), tmp_path / "go"
    jobs.submit("a", forecast_slowly, memory, 40, str(flag))
    wait_until(lambda: jobs.status("a").text == "20 séries sur 40")
    jobs.stop("a")
    assert len(memory) == 20
    flag.touch()
    for key, computed in (("b", 20), ("c", 0)):
        jobs.submit(key, forecast_slowly, memory, 40, str(flag))
        assert jobs.wait(key, PATIENCE).state == "fini"
        assert jobs.result(key) == computed
    jobs.submit("d", forecast_slowly, memory, 43, str(flag))
    jobs.wait("d", PATIENCE)
    assert jobs.result("d") == 3, "seul ce qui est nouveau est calculé"


def test_a_running_job_tells_the_time_left(tmp_path):
    now = [0.0]
    jobs = Jobs(clock=lambda: now[0])
    try:
        jobs.submit("a", sleep_for_ever)
        wait_until(lambda: jobs.status("a").state == "en cours")
        job = jobs._jobs["a"]
        for second, done in ((0, 0.0), (10, 0.25)):
            now[0] = second
            jobs._take(job, ("avance", done, f"{done * 120:.0f} séries sur 120"))
        assert jobs.status("a").words == "30 séries sur 120, environ 30\u202fs"
    finally:
        jobs.shutdown()


def test_what_cannot_be_sent_is_refused_at_once(jobs):
    with pytest.raises(JobFailed, match="autre processus"):
        jobs.submit("a", lambda: 1)
    assert jobs.status("a").state == "absent"


def test_function_of_a_page_is_refused(jobs, monkeypatch):
    monkeypatch.setattr(pid_and_square, "__module__", "__main__")
    with pytest.raises(JobFailed, match="défini dans une page"):
        jobs.submit("a", pid_and_square, 1)


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
    from tests.pages.job_functions import report_then_wait

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


def test_one_session_stops_waiting_the_last_one_stops_the_job(tmp_path):
    flag = tmp_path / "go"
    mine = AppTest.from_function(page, args=(str(flag),)).run(timeout=PATIENCE)
    wait_until(lambda: get_jobs().status("page").fraction == 0.25)
    other = AppTest.from_function(page, args=(str(flag),)).run(timeout=PATIENCE)
    mine.button(key="arreter_page").click().run(timeout=PATIENCE)
    assert "il continue pour une autre personne" in mine.info[0].value
    assert get_jobs().status("page").running
    mine.button(key="reprendre_page").click().run(timeout=PATIENCE)
    assert mine.get("progress")
    mine.button(key="arreter_page").click().run(timeout=PATIENCE)
    other.button(key="arreter_page").click().run(timeout=PATIENCE)
    for session in (mine, other):
        session.run(timeout=PATIENCE)
        assert session.info[0].value == "Calcul arrêté à 25\u202f%. Ce qui est déjà fait est gardé."
        assert not session.get("progress")
    reloaded = AppTest.from_function(page, args=(str(flag),)).run(timeout=PATIENCE)
    assert reloaded.info, "recharger la page ne relance pas ce qui a été arrêté"
    flag.touch()
    reloaded.button(key="reprendre_page").click().run(timeout=PATIENCE)
    assert get_jobs().wait("page", PATIENCE).state == "fini"
    assert mine.run(timeout=PATIENCE).markdown[0].value == "atteint"
    assert get_jobs().cancel("page")
