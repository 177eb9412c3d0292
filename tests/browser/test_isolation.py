"""What one session holds is never in the frames, the downloads nor the logs of another that has not its link."""

import re
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from urllib.parse import quote

import numpy as np
import pandas as pd
import pytest

from data import store
from tests.browser.harness import start_server
from tests.browser.session import Session, readable
from tests.samples import make_dataset

SESSIONS, CANARIES, AT_ONCE, LOOKS = 50, 200, 10, 40
PAUSE, LINES = 0.5, "Ces lignes (CSV)"
CANARY = re.compile(rb"zq[0-9a-f]{12}")
TICKET = re.compile(rb"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")
MARKET = "Repères"  # the figures of the market are the same for everybody
RUBRICS = ("L’essentiel", "Où", "À la carte", "Compte technique", "Rejouer à une date", MARKET)
#: Where files are offered: a page, and what its address says.
ROOMS = (*(("descriptif", {"rubrique": r}) for r in RUBRICS), ("donnees", {}), ("diagnostic", {}), ("predictif", {}))
#: Buttons that make their file when they are pressed, and in which the words of whoever presses them are found.
TELLING = {
    "CSV",
    "Excel, formules vivantes",
    "Page à imprimer",
    "Toutes les lignes non utilisées (CSV)",
    "Ces lignes (CSV)",
}
#: From this length on, Streamlit does not read the whole of a file to name it.
WHOLE = 1_048_576
#: What is the same for everybody: the picture of the tab of the browser.
PUBLIC = {"icône"}


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
        work = [lambda i=i, t=token: holder(apart, t, i) for i, token in enumerate(tokens)]
        work += [lambda i=i, w=words: depositor(apart, w, i) for i, words in enumerate(canaries[SESSIONS // 2 :])]
        order = np.random.default_rng(7).permutation(SESSIONS)  # the two kinds meet on the server
        running = {int(i): pool.submit(work[i]) for i in order}
        return [running[i].result() for i in range(SESSIONS)]


def dataset_of(words):
    """A small mutual whose regions, file name and lines not used are canaries, its amounts those of no other."""
    sample = make_dataset(36, seed=5)
    months = pd.DatetimeIndex(sample.months)
    cells = pd.MultiIndex.from_product([months, words], names=["mois", "region"]).to_frame(index=False)
    own = int(words[0][2:], 16) % 1009
    care = cells.assign(poste="optique", prestation=100.0 + (np.arange(len(cells)) + own) % (37 + own))
    cover = cells.assign(cotisation=150.0 + own, beneficiaires=20.0 + own)
    lost = pd.DataFrame(
        {"ligne": range(2, 2 + len(words)), "colonne": "Région", "valeur": words, "raison": "illisible"}
    )
    return replace(sample, prestation=care, cotisation=cover, source=f"{words[0]}.csv", rejected=lost)


def csv_of(words):
    """A file of which some lines cannot be used."""
    lines = [f"01/{m:02d}/2024;{w};{m},50" for m in range(1, 13) for w in words]
    lines += [f"01/01/2024;{w};{w}" for w in words[:20]]
    return "\n".join(["Mois;Région;Prestations", *lines]).encode()


def holder(server, token, turn):
    """Takes every file of two rooms by its own link, then of one that anybody opens."""
    session = Session(server)
    for page in ("descriptif", "donnees"):
        session.open(page, d=token)
    files, tickets = set(), set()
    for page, query in (ROOMS[turn % len(ROOMS)], ROOMS[(turn + 4) % len(ROOMS)]):
        before = set(session.files), set(session.tickets)
        session.tab().open(page, d=token, **query).unfold().click().download()
        if query.get("rubrique") != MARKET:
            files |= session.files.keys() - before[0]
            tickets |= session.tickets.keys() - before[1]
    session.own = (files, tickets)
    return leave(session, turn)


def depositor(server, words, turn):
    """Drops a file by the route of the large ones, looks at what was understood, then at the demonstration."""
    status, _, body = server.request("PUT", f"/depot/fichier?nom={quote(words[0])}.csv", csv_of(words))
    assert status == 201, body
    token = re.search(rb'"depot":\s*"([^"]+)"', body).group(1).decode()
    session = Session(server)
    for _ in range(LOOKS):  # the reading goes on meanwhile
        if LINES in session.open("donnees", depot=token).buttons.values():
            break
        time.sleep(PAUSE)
    session.unfold().click().download()
    session.own = (set(session.files), set(session.tickets))
    return leave(session, turn)


def leave(session, turn):
    """Take every file of the demonstration, in the same session and in a new one."""
    page, query = ROOMS[turn % len(ROOMS)]
    session.open("descriptif")
    session.tab().open(page, **query).unfold().click().download()
    session.close()
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


def test_the_files_made_on_a_click_are_searched(seen):
    """Of every kind, in more than one session, with the words of who pressed the button in them."""
    told = Counter(
        session.made[path]
        for session in seen
        for path, body in session.files.items()
        if path in session.made and CANARY.search(readable(body))
    )
    assert told.keys() >= TELLING, told
    assert min(told.values()) > 1, told
    assert sum(label == "Image" for session in seen for label in session.made.values()) > SESSIONS


def test_no_session_is_told_where_the_files_of_another_are(apart, seen):
    """An address, or the number that asks for a file, opens it to whoever knows it: only its owner may."""
    named = Counter(word for session in seen for word in session.addresses)
    numbers = Counter(number for session in seen for number in set(TICKET.findall(bytes(session.seen))))
    for i, session in enumerate(seen):
        files, tickets = session.own
        assert {numbers[ticket.encode()] for ticket in tickets} <= {1}, f"session {i}"
        # The same bytes have the same address: what tells of nobody may be met twice.
        assert {session.made.get(path, "icône") for path in files if named[path] > 1} <= PUBLIC, f"session {i}"
    stranger = Session(apart).open("accueil")
    near = [ticket[:-1] + format(int(ticket[-1], 16) ^ 1, "x") for s in seen[:5] for ticket in s.own[1]]
    assert near
    assert not any(stranger.make(ticket) for ticket in near)
    stranger.close()


def test_long_files_that_look_alike_are_not_given_for_each_other(apart, canaries):
    """Two people press the same button: their files have one length, one beginning, one middle and one end."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PALIERS_HOME", str(apart.home))
        tokens = [store.save(long_dataset_of(words)) for words in canaries[:2]]
        store.close()
    both = [Session(apart).open("donnees", d=token).unfold() for token in tokens]
    for session, words in zip(both, canaries[:2], strict=True):
        session.click()
        (path,) = (p for p, label in session.made.items() if label == "Toutes les lignes non utilisées (CSV)")
        assert len(session.files[path]) > WHOLE
        assert set(CANARY.findall(session.files[path])) == {word.encode() for word in words}
    for session in both:
        session.close()


def long_dataset_of(words):
    """Its lines not used are those of any other, but for a few far from the pieces that are looked at."""
    values = [f"commun {i:06d}" for i in range(40_000)]
    values[13_000 : 13_000 + len(words)] = words
    lost = pd.DataFrame({"ligne": range(len(values)), "colonne": "Région", "valeur": values, "raison": "illisible"})
    return replace(dataset_of(words), rejected=lost)


def test_the_log_of_the_server_holds_none(apart, seen):
    assert seen
    log = (apart.home / "server.log").read_bytes()
    assert not CANARY.findall(log)
    assert b"/media/" not in log
