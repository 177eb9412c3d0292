"""What the tests of the jobs compute; a module apart, so that the computing process imports nothing heavy for it."""

import os
import signal
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path

import psutil

from analytics.errors import InsufficientData

LONG = 120  # s: never reached, a job this long only ends when it is stopped


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


def start_a_grandchild_then_wait(path):
    subprocess.Popen([sys.executable, "-c", f"import time; time.sleep({LONG})"])
    Path(path).write_text(str(psutil.Process().children()[0].pid))
    time.sleep(LONG)


def forecast_slowly(memory, wanted, path, progress):
    """Same shape as a long forecast: a node by series, remembered as soon as it is done; waits for a file midway."""
    computed = 0
    for k in range(wanted):
        progress(k / wanted, f"{k} séries sur {wanted}")
        key = sha256(str(k).encode()).hexdigest()
        if memory.get(key) is None:
            while k == wanted // 2 and not Path(path).exists():
                time.sleep(0.02)
            memory[key] = str(k).encode()
            computed += 1
    return computed
