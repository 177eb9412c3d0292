"""What the Descriptif computes, asked without a screen: files of a million lines, questions, and their peers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd

from analytics.completion import Development, complete, develop_dataset
from analytics.descriptive import build_constat, compare_periods, compute_indicator, summarise
from analytics.descriptive.account import compute_account
from analytics.descriptive.benchmark import own_figures, own_shares, without_tax
from analytics.descriptive.comparable import compare_constant_scope, compare_working_days
from analytics.descriptive.funnel import funnel_of
from analytics.descriptive.known import known_share
from analytics.descriptive.pivot import compute_grid
from analytics.descriptive.pivot_cube import TIME, build_cube
from analytics.descriptive.pivot_layout import lay_out
from analytics.descriptive.provisions import develop_closings
from analytics.descriptive.standardise import compute_standardised
from analytics.schema import Dataset, Selection
from data import demo_dataset

LINES = 1_000_000
UNTIL = "2026-10"  # 1.15 million lines
CARDS = ("prestation", "cotisation", "ratio_pc", "consommation")


@dataclass(frozen=True)
class Opened:
    """A file as the page holds it: as loaded, completed, and how its care months were developed."""

    raw: Dataset
    completed: Dataset
    development: Development | None = None

    def again(self) -> Opened:
        """The same, of which nothing was asked yet."""
        raw = _again(self.raw)
        return replace(self, raw=raw, completed=raw if self.completed is self.raw else _again(self.completed))


@dataclass(frozen=True)
class Question:
    """What is asked of a file: made ready on it, then answered for a selection; and its peer in pandas."""

    name: str
    prepare: Callable[[Opened], Callable[[Selection], object]]
    peer: Callable[[Opened, Selection], object]


def simulated() -> Opened:
    """The mutual of demonstration, its payments left as so many lines of care."""
    raw = demo_dataset(until=UNTIL)
    blind = replace(raw, prestation=raw.prestation.drop(columns="mois_paiement"), as_of=None)
    return Opened(blind, blind)


def developed() -> Opened:
    """The same with its two months: 1.15 million lines to complete, as the page shows them."""
    raw = demo_dataset(until=UNTIL)
    development = develop_dataset(raw)
    return Opened(raw, complete(raw, development=development), development)


def random_lines(lines: int = LINES, seed: int = 1) -> Opened:
    """Texts, 2,000 contracts, a missing value in fifty: what a file that nobody prepared gives."""
    rng = np.random.default_rng(seed)
    months = pd.date_range("2019-01-01", periods=72, freq="MS")
    names = {
        "contrat": [f"C{i:05d}" for i in range(2000)], "region": [f"Région {i:02d}" for i in range(13)],
        "tranche_age": ["0-19", "20-39", "40-59", "60-74", "75 et +"], "sexe": ["F", "H"],
    }  # fmt: skip
    care_names = {"poste": [f"poste {i}" for i in range(8)], "reseau": ["oui", "non"]}

    def columns(size: int, asked: dict[str, list[str]]) -> dict[str, object]:
        drawn = {name: np.array([*values, None], dtype=object) for name, values in asked.items()}
        taken = {
            n: v[np.where(rng.random(size) < 0.02, -1, rng.integers(len(v) - 1, size=size))] for n, v in drawn.items()
        }
        return {"mois": months[np.sort(rng.integers(len(months), size=size))]} | {
            n: pd.Series(v, dtype="str") for n, v in taken.items()
        }

    paid = np.round(rng.gamma(1.5, 40, lines), 2)
    care = columns(lines, names | care_names) | {
        "actes": rng.poisson(2, lines) + 1, "frais_reels": np.round(paid * 2.1, 2), "prestation": paid,
    }  # fmt: skip
    people = rng.integers(1, 40, lines // 5)
    premiums = columns(lines // 5, names) | {"beneficiaires": people, "cotisation": np.round(people * 51.3, 2)}
    raw = Dataset(
        pd.DataFrame(premiums), pd.DataFrame(care), base="HT", date_basis="paiement", as_of=months[-1], source="essai"
    )
    return Opened(raw, raw)


def _again(dataset: Dataset) -> Dataset:
    return replace(dataset, cotisation=dataset.cotisation.copy(), prestation=dataset.prestation.copy())


def questions(opened: Opened, *, pivots: int) -> Iterator[Question]:
    """Everything that the page computes, one screen element each."""
    for key in CARDS:
        yield Question(f"carte {key}", partial(_card, key), partial(_plain, ()))
    yield Question("phrases du résumé", _summary, partial(_plain, ()))
    for dimension in opened.completed.dimensions:
        by = (dimension,)
        yield Question(f"ventilation {dimension}", partial(_breakdown, by), partial(_plain, by))
    yield Question("carte des régions, structure égale", _equal, partial(_plain, ("region",)))
    yield Question("entonnoir", _funnel, partial(_plain, ("region",)))
    yield Question("repères de marché", _market, partial(_plain, ("poste",)))
    yield Question("compte technique", _account, partial(_plain, ("mois",)))
    rng = np.random.default_rng(3)
    for size in (1, 2, 3):
        yield Question(f"tableaux croisés, {size} axes", partial(_pivots, size, rng, pivots), _plain_pivot(size))


def _card(key: str, opened: Opened) -> Callable[[Selection], object]:
    dataset = opened.completed

    def answer(selection: Selection) -> None:
        last = replace(selection, debut=selection.fin)
        for period in (selection, last):
            for comparison in ("N-1", "M-1"):
                build_constat(dataset, key, replace(period, comparaison=comparison))
        compute_indicator(dataset, key, selection=Selection(filtres=selection.filtres))
        compare_working_days(dataset, key, selection=selection)
        compare_constant_scope(dataset, key, selection=selection)
        known_share(opened.raw, dataset, selection, opened.development)

    return answer


def _summary(opened: Opened) -> Callable[[Selection], object]:
    return lambda selection: summarise(opened.completed, selection)


def _breakdown(by: tuple[str, ...], opened: Opened) -> Callable[[Selection], object]:
    key = "consommation" if by[0] in opened.completed.cotisation or by[0] in ("poste", "panier") else "prestation"
    return lambda selection: compare_periods(opened.completed, key, by=by, selection=selection)


def _equal(opened: Opened) -> Callable[[Selection], object]:
    return lambda s: compute_standardised(opened.completed, "consommation", by="region", selection=_wide(s))


def _funnel(opened: Opened) -> Callable[[Selection], object]:
    return lambda s: funnel_of(opened.completed, "consommation", by="region", selection=_wide(s))


def _wide(selection: Selection) -> Selection:
    return replace(selection, filtres={d: v for d, v in selection.filtres.items() if d != "region"})


def _market(opened: Opened) -> Callable[[Selection], object]:
    dataset, months = opened.completed, opened.completed.months
    names = {str(v): str(v) for v in dataset.prestation["poste"].dropna().unique()}

    def answer(selection: Selection) -> None:
        own_figures(without_tax(dataset), range(2011, 2025), known=months, filtres=selection.filtres)
        for key in ("part_poste", "part_financee"):
            own_shares(dataset, key, names, 2023, known=months, filtres=selection.filtres)

    return answer


def _account(opened: Opened) -> Callable[[Selection], object]:
    dated = "mois_paiement" in opened.raw.prestation.columns
    closings = develop_closings(opened.raw) if dated else None
    return lambda selection: compute_account(opened.raw, selection=selection, closings=closings)


def _pivots(size: int, rng: np.random.Generator, count: int, opened: Opened) -> Callable[[Selection], object]:
    cube = build_cube(opened.completed)
    axes = [a for a in cube.axes if len(cube.levels[a]) < 200 and a in (*TIME, *_shared_dimensions(opened.completed))]
    asked = [tuple(rng.choice(axes, size, replace=False)) for _ in range(count)]

    def answer(selection: Selection) -> None:
        crossed = asked.pop() if asked else tuple(axes[:size])
        grid = compute_grid(cube, "consommation", crossed, selection)
        lay_out(grid, colonne=size > 1, tri=None, inverse=False, garder=None)

    return answer


def _shared_dimensions(dataset: Dataset) -> list[str]:
    return [d for d in dataset.dimensions if d in dataset.cotisation.columns or d in ("poste", "panier", "reseau")]


def _plain(by: tuple[str, ...], opened: Opened, selection: Selection) -> object:
    """The sum of the benefits of the selection and of the year before, as anybody writes it."""
    return [
        _sum(opened.completed.prestation, by, selection.debut - shift, selection.fin - shift, selection)
        for shift in (pd.DateOffset(), pd.DateOffset(years=1))
    ]


def _plain_pivot(size: int) -> Callable[[Opened, Selection], object]:
    def peer(opened: Opened, selection: Selection) -> object:
        by = ("region", "poste", "mois")[:size]
        return _sum(opened.completed.prestation, by, selection.debut, selection.fin, selection)

    return peer


def _sum(care: pd.DataFrame, by: tuple[str, ...], debut: pd.Timestamp, fin: pd.Timestamp, selection: Selection):
    rows = care[care["mois"].between(debut, fin)]
    for dimension, values in selection.filtres.items():
        if dimension in rows:
            rows = rows[rows[dimension].isin(values)]
    return rows.groupby(list(by), observed=True)["prestation"].sum() if by else rows["prestation"].sum()


def selections(dataset: Dataset, count: int, seed: int = 7) -> list[Selection]:
    """Periods of 1, 3, 12 or 24 months, on nothing, one or two dimensions of the members, one to three values each."""
    rng = np.random.default_rng(seed)
    months = dataset.months[36:-3]
    dims = [d for d in dataset.dimensions if d in dataset.cotisation.columns and d in dataset.prestation.columns]
    values = {d: [str(v) for v in dataset.cotisation[d].dropna().unique()] for d in dims}
    found = []
    for _ in range(count):
        fin = months[int(rng.integers(len(months)))]
        debut = fin - pd.DateOffset(months=int(rng.choice([0, 2, 11, 23])))
        named = rng.choice(dims, int(rng.integers(3)), replace=False)
        filtres = {
            str(d): tuple(rng.choice(values[d], min(int(rng.integers(1, 4)), len(values[d])), replace=False).tolist())
            for d in named
        }
        found.append(Selection(debut, fin, filtres, "N-1"))
    return found
