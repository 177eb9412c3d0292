"""The computing process that cannot start, dies or will not die: one job fails, the next ones go on."""

import subprocess
import threading

import psutil
import pytest
from streamlit.testing.v1 import AppTest

from pages.components import job_queue, worker
from pages.components.jobs import Jobs, Status, get_jobs
from tests.pages.job_functions import pid_and_square, sleep_for_ever

PATIENCE = 60  # s: bound on waiting, reached only when something is broken


@pytest.fixture
def jobs():
    with_process = Jobs()
    yield with_process
    with_process.shutdown()


def wait_until(condition):
    tick = threading.Event()
    for _ in range(PATIENCE * 50):
        if condition():
            return
        tick.wait(0.02)
    pytest.fail("la condition attendue n’est jamais venue")


def page(flag):
    import streamlit as st

    from pages.components.jobs import get_jobs, job_progress, show_failure
    from tests.pages.job_functions import report_then_wait

    get_jobs().submit("tué", report_then_wait, flag)
    status = job_progress("tué")
    if status.state == "echec":
        show_failure("tué", "Le calcul a échoué")
    if status.state == "fini":
        st.write(get_jobs().result("tué"))


def test_a_process_that_cannot_start_fails_its_job_and_not_the_next_ones(jobs, monkeypatch):
    start, asked = job_queue.start_worker, []

    def refuse_once():
        asked.append(1)
        if len(asked) == 1:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        return start()

    monkeypatch.setattr(job_queue, "start_worker", refuse_once)
    jobs.submit("a", pid_and_square, 2)
    assert jobs.wait("a", PATIENCE).state == "echec"
    assert jobs.status("a").text.endswith("Relancez-le dans un instant.")
    jobs.submit("b", pid_and_square, 3)
    assert jobs.wait("b", PATIENCE).state == "fini"
    jobs.cancel("a")
    jobs.submit("a", pid_and_square, 2)
    assert jobs.wait("a", PATIENCE).state == "fini"


def test_a_start_that_fails_leaves_no_open_line(monkeypatch):
    def refuse(*args, **options):
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(worker.subprocess, "Popen", refuse)
    before = psutil.Process().num_fds()
    for _ in range(3):
        with pytest.raises(BlockingIOError):
            worker.start_worker()
    assert psutil.Process().num_fds() <= before


def test_a_process_slow_to_die_holds_nothing_up(jobs, monkeypatch, caplog):
    jobs.submit("a", sleep_for_ever)
    wait_until(lambda: jobs.status("a").state == "en cours" and jobs._process is not None)
    process = jobs._process
    wait = process.wait

    def never(timeout=None):
        raise subprocess.TimeoutExpired("calcul", timeout)

    monkeypatch.setattr(process, "wait", never)
    assert jobs.cancel("a")
    assert "tarde à mourir" in caplog.text
    jobs.submit("b", pid_and_square, 3)
    assert jobs.wait("b", PATIENCE).state == "fini"
    wait(PATIENCE)


def test_a_thread_that_died_is_replaced_and_its_job_told(jobs):
    dead = threading.Thread(target=lambda: None)
    dead.start()
    dead.join()
    jobs._thread = dead
    jobs._current = jobs._jobs["a"] = job_queue._Job("a", b"", status=Status("en cours", 0.3, "Calcul en cours"))
    jobs.submit("b", pid_and_square, 3)
    assert jobs.wait("b", PATIENCE).state == "fini"
    assert jobs.status("a").state == "echec"
    assert "Relancez-le" in jobs.status("a").text


def test_a_process_killed_while_idle_is_replaced_without_a_failure(jobs):
    jobs.submit("a", pid_and_square, 2)
    jobs.wait("a", PATIENCE)
    process = jobs._process
    process.kill()
    wait_until(lambda: process.poll() is not None)
    jobs.submit("b", pid_and_square, 3)
    assert jobs.wait("b", PATIENCE).state == "fini"


def test_a_process_killed_in_mid_job_is_told_and_the_page_offers_to_start_again(tmp_path):
    flag = tmp_path / "go"
    app = AppTest.from_function(page, args=(str(flag),)).run(timeout=PATIENCE)
    wait_until(lambda: get_jobs().status("tué").fraction == 0.25)
    get_jobs()._process.kill()
    assert get_jobs().wait("tué", PATIENCE).state == "echec"
    app.run(timeout=PATIENCE)
    assert "s’est arrêté brutalement" in app.error[0].value
    flag.touch()
    app.button(key="relancer_tué").click().run(timeout=PATIENCE)
    assert get_jobs().wait("tué", PATIENCE).state == "fini"
    assert app.run(timeout=PATIENCE).markdown[0].value == "atteint"
    assert get_jobs().cancel("tué")
