"""Reports that the tests of each kind of file read back."""

from __future__ import annotations

import functools
from dataclasses import replace

import pandas as pd

from analytics.constat import Sentence
from analytics.schema import Dataset
from reports.executive import build_executive
from reports.model import Number, Report, Section, Table, text_of
from tests.samples import make_dataset

#: Markup, formula, control characters, a change of writing direction, another script, a word without end.
HOSTILE = '=HYPERLINK("http://x";"A") #panic("x") $a$ *b* @ref <lab> \\ \x00\x07\u202eevil 漢字'
ENDLESS = "anticonstitutionnellement" * 6


def hostile_dataset() -> Dataset:
    """The small mutual, every name of which is against somebody."""
    base = make_dataset(48, seed=1)
    tables = [
        t.assign(region=t["region"].replace({"A": HOSTILE, "B": ENDLESS})) for t in (base.cotisation, base.prestation)
    ]
    tables[1] = tables[1].assign(poste=tables[1]["poste"].replace({"dentaire": HOSTILE, "optique": ENDLESS}))
    return replace(base, cotisation=tables[0], prestation=tables[1], source=f"{HOSTILE}{ENDLESS}.csv")


@functools.cache
def hostile_report() -> Report:
    """The report of :func:`hostile_dataset`."""
    return build_executive(hostile_dataset())


@functools.cache
def planted_report() -> Report:
    """The report of a simulated mutual whose dentaire drifts in region B."""
    return build_executive(replace(make_dataset(48, seed=1, drift=0.4), is_demo=True))


def long_report(rows: int = 150) -> Report:
    """One table of many rows."""
    lines = tuple((f"Ligne {n}", Number(float(n), "EUR")) for n in range(rows))
    table = Table("Un long tableau", ("Nom répété en tête", "Montant"), lines)
    last = text_of(lines[-1][1])
    section = Section("Une section", (Sentence(f"Le plus grand : {last}.", (last,)),), tables=(table,))
    return Report("Un rapport", "Essai", (section,), "essai.csv", pd.Timestamp("2026-01-01"), "Ensemble", version="v1")
