"""What one session holds is never in the frames, the downloads nor the logs of another that has not its link."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from urllib.parse import quote

import numpy as np
import pandas as pd
import pytest

from data import store
from tests.browser.harness import start_server
from tests.browser.session import Session
from tests.samples import make_dataset

SESSIONS, CANARIES, AT_ONCE, LOOKS = 50, 200, 10, 40
CANARY = re.compile(rb"zq[0-9a-f]{12}")


@pytest.fixture(scope="module")
def apart(tmp_path_factory):
    """A server of its own: its log is searched, and its store holds nothing else."""
    home = tmp_path_factory.mktemp("etanche")
    running = start_server(home)
    try:
        running.wait_ready()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def canaries():
    """10,000 words that nothing else contains, 200 for each session."""
    drawn = np.random.default_rng(20261123).integers(0, 16, size=(SESSIONS * CANARIES, 12))
    words = ["zq" + "".join(f"{digit:x}" for digit in row) for row in drawn]
    assert len(set(words)) == SESSIONS * CANARIES
    return [words[i : i + CANARIES] for i in range(0, len(words), CANARIES)]


@pytest.fixture(scope="module")
def seen(apart, canaries):
    """What each session received: half hold a dataset, half a file that they have just dropped."""
    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(AT_ONCE) as pool:
        patch.setenv("PALIERS_HOME", str(apart.home))
        tokens = [store.save(dataset_of(words)) for words in canaries[: SESSIONS // 2]]
        store.close()
        work = [lambda t=token: holder(apart, t) for token in tokens]
        work += [lambda w=words: depositor(apart, w) for words in canaries[SESSIONS // 2 :]]
        order = np.random.default_rng(7).permutation(SESSIONS)  # the two kinds meet on the server
        running = {int(i): pool.submit(work[i]) for i in order}
        return [running[i].result() for i in range(SESSIONS)]


def dataset_of(words):
    """A small mutual whose regions and file name are canaries."""
    sample = make_dataset(36, seed=5)
    months = pd.DatetimeIndex(sample.months)
    cells = pd.MultiIndex.from_product([months, words], names=["mois", "region"]).to_frame(index=False)
    care = cells.assign(poste="optique", prestation=100.0 + np.arange(len(cells)) % 37)
    cover = cells.assign(cotisation=150.0, beneficiaires=20.0)
    return replace(sample, prestation=care, cotisation=cover, source=f"{words[0]}.csv")


def csv_of(words):
    lines = [f"01/{m:02d}/2024;{w};{m},50" for m in range(1, 13) for w in words]
    return "\n".join(["Mois;Région;Prestations", *lines]).encode()


def holder(server, token):
    """Opens the pages of its own link, then those that anybody opens."""
    session = Session(server)
    for page in ("descriptif", "donnees"):
        session.open(page, d=token)
    session.open("descriptif")
    session.download().close()
    return session


def depositor(server, words):
    """Drops a file by the route of the large ones, looks at what was understood, then at the demonstration."""
    status, _, body = server.request("PUT", f"/depot/fichier?nom={quote(words[0])}.csv", csv_of(words))
    assert status == 201, body
    token = re.search(rb'"depot":\s*"([^"]+)"', body).group(1).decode()
    session = Session(server)
    for _ in range(LOOKS):  # the reading goes on meanwhile
        if CANARY.search(bytes(session.open("donnees", depot=token).seen)):
            break
    session.open("accueil").download().close()
    return session


def test_each_session_sees_its_own_words_and_no_other(seen, canaries):
    owner = {word.encode(): i for i, words in enumerate(canaries) for word in words}
    own = 0
    for i, session in enumerate(seen):
        assert not session.errors
        found = set(CANARY.findall(bytes(session.seen)))
        assert {owner[word] for word in found} == {i}, f"session {i}"
        own += len(found)
    assert own > SESSIONS * 3  # the words do reach the screen of who holds them


def test_the_log_of_the_server_holds_none(apart, seen):
    assert seen
    assert not CANARY.findall((apart.home / "server.log").read_bytes())
