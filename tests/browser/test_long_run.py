"""A forecast of a hundred series in a real browser: its progress, a reload, a stop, what is taken up again."""

import re
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import expect

from data import store
from tests.samples import make_dataset

PARTS, SECONDS = 100, 90
BAR = "[data-testid='stProgress']"


@pytest.fixture
def token(server, monkeypatch):
    """Identifier, in the store of the running server, of a mutual of a hundred postes."""
    monkeypatch.setenv("PALIERS_HOME", str(server.home))
    base, rng = make_dataset(72, seed=5), np.random.default_rng(5)
    care = base.prestation[(base.prestation["poste"] == "optique") & (base.prestation["contrat"] == "individuel")]
    care = care[care["region"] == "A"]
    parts = [
        care.assign(poste=f"Poste {k:03d}", prestation=care["prestation"] * rng.lognormal(0, 0.1, len(care)))
        for k in range(PARTS)
    ]
    return store.save(replace(base, prestation=pd.concat(parts, ignore_index=True), source="longue"))


def done(page) -> int:
    """Series done, as the bar tells it; -1 without a bar that counts them."""
    found = re.search(r"(\d+) séries? sur 101", page.get_by_test_id("stMain").inner_text())
    return int(found.group(1)) if found else -1


def wait_for(page, count: int) -> None:
    """Wait until so many series are done."""
    until = time.monotonic() + SECONDS
    while done(page) < count:
        assert time.monotonic() < until, page.get_by_test_id("stMain").inner_text()
        page.wait_for_timeout(200)


def test_a_long_run_tells_how_far_it_is_survives_a_reload_and_stops(visit, server, token):
    page = visit().page
    page.goto(
        f"{server.url}/predictif?d={token}&parties=Poste", wait_until="domcontentloaded"
    )  # not idle before it ends
    wait_for(page, 4)
    assert re.search(r"environ \d+\s(s|min)|quelques secondes|%", page.locator(BAR).inner_text())
    before = done(page)
    page.reload()
    wait_for(page, before)
    page.get_by_role("button", name="Arrêter").first.click()
    stopped = page.get_by_text(re.compile(r"Calcul arrêté à \d+\s%\. Ce qui est déjà fait est gardé\."))
    expect(stopped).to_be_visible(timeout=30_000)
    expect(page.locator(BAR)).to_have_count(0)
    page.reload()
    expect(stopped).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="Reprendre").click()
    wait_for(page, before)
    assert done(page) >= before
    page.get_by_role("button", name="Arrêter").first.click()
    expect(stopped).to_be_visible(timeout=30_000)
