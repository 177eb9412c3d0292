"""Impact of an event: parity with CausalImpact on its public series, and what is said where nothing happened.

``python -m benchmarks.impact [--quick]`` prints

- the five series of `causalimpact_r_reference` beside what the R package found on them, and beside the structural model
  of statsmodels whose level is fixed (the usual port of that package);
- 200 false events on untouched series (real ones: PBS, 6 and 12 months; simulated ones: season, drifting level): how
  often the 95 % interval covers zero, and how often an effect is claimed.

The last line is JSON.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from statsmodels.tools.sm_exceptions import ModelWarning
from statsmodels.tsa.statespace.structural import UnobservedComponents

from analytics.diagnostic import Impact, measure_impact
from benchmarks import SHARED
from benchmarks.alerts import read_pbs
from benchmarks.report import print_json, print_table

BARS = {"ecart_sd": 0.5, "couverture": (0.93, 0.97), "secondes": 3.0}
FOLDER = SHARED / "causalimpact_r_reference"
DRAWS = 1000
Untouched = tuple[pd.Series, pd.Timestamp]


@dataclass(frozen=True)
class Reference:
    """A public series, its controls, the position of the event, and the summary printed by R."""

    name: str
    y: pd.Series
    x: pd.DataFrame
    start: int
    effect: float
    low: float
    high: float
    sd: float

    @property
    def significant(self) -> bool:
        """Whether R found an effect."""
        return self.low > 0 or self.high < 0


def references() -> Iterator[Reference]:
    """The five series; periods and summaries from the notes beside them."""
    arma = pd.read_csv(FOLDER / "arma_data.csv")
    yield Reference("arma", arma["y"], arma[["X"]], 70, 0.89, 0.27, 1.5, 0.3)
    google = pd.read_csv(FOLDER / "google_data.csv")
    yield Reference("google", google["y"], google[["x1", "x2"]], len(google) - 30, 27.0, 18.0, 36.0, 4.5)
    changed = pd.read_csv(FOLDER / "comparison_data.csv")
    yield Reference("comparison", changed["CHANGED"], changed.iloc[:, 2:], 90, -657.0, -2076.0, 832.0, 736.0)
    cars = pd.read_csv(FOLDER / "volks_data.csv", sep=" ")
    start = int(cars.index[cars["Date"] == "2015-09-20"][0])
    cars = cars.iloc[: start + 79]
    yield Reference("volks", cars["VolksWagen"], cars[["BMW", "Allianz"]], start, -44.0, -55.0, -33.0, 5.6)
    basque = pd.read_csv(FOLDER / "basque.csv")
    yield Reference("basque", basque["Basque"], basque[["another"]], len(basque) - 22, -0.76, -1.4, -0.2, 0.31)


def plug_in(reference: Reference, *, level: float) -> tuple[float, float, float]:
    """Effect and 95 % interval of statsmodels, the deviation of the level fixed (in those of the series)."""
    past = reference.y.iloc[: reference.start]
    y = (reference.y - past.mean()) / past.std()
    x = (reference.x - reference.x.mean()) / reference.x.std()
    model = UnobservedComponents(y.where(y.index < reference.start).to_numpy(), "llevel", exog=x.to_numpy())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ModelWarning)
        with model.fix_params({"sigma2.level": level**2}):
            fitted = model.fit(disp=False)
    simulated = fitted.simulate(
        len(y) - reference.start, repetitions=DRAWS, anchor=reference.start, exog=x.iloc[reference.start :],
        rng=np.random.default_rng(0),
    )  # fmt: skip
    drawn = np.asarray(simulated).reshape(len(y) - reference.start, -1).mean(axis=0)
    effects = (y.iloc[reference.start :].mean() - drawn) * past.std()
    return float(effects.mean()), *(float(q) for q in np.quantile(effects, (0.025, 0.975)))


def measure(reference: Reference) -> tuple[Impact, float]:
    """The answer of the product, and the seconds it takes."""
    start = time.perf_counter()
    found = measure_impact(reference.y.astype(float), start=reference.start, x=reference.x.astype(float))
    return found, time.perf_counter() - start


def show_references() -> list[dict[str, object]]:
    """Table of the five series."""
    rows, figures = [], []
    for reference in references():
        found, seconds = measure(reference)
        fixed = plug_in(reference, level=0.01)
        gap = abs(found.effect - reference.effect) / reference.sd
        same = (found.verdict.reponse == "oui") == reference.significant
        rows.append([
            reference.name, _interval(reference.effect, reference.low, reference.high),
            _interval(found.effect, *found.interval), found.verdict.reponse, f"{gap:.2f}", f"{seconds:.2f}",
            _interval(*fixed),
        ])  # fmt: skip
        figures.append({"serie": reference.name, "effet": found.effect, "interval": found.interval,
                        "ecart_sd": gap, "meme_verdict": same, "secondes": seconds})  # fmt: skip
    print_table(["", "R CausalImpact", "Paliers", "effet ?", "écart (sd de R)", "s", "statsmodels, niveau 0,01"], rows)
    return figures


def _interval(effect: float, low: float, high: float) -> str:
    return f"{effect:.4g} [{low:.4g} ; {high:.4g}]"


def real(panel: pd.DataFrame, months: int, rng: np.random.Generator) -> Untouched:
    """A series of PBS and a false date."""
    start = int(rng.integers(48, len(panel) - months))
    series = panel.iloc[: start + months, rng.integers(panel.shape[1])]
    return series, series.index[start]


def simulated(drift: float, rng: np.random.Generator, *, start: int = 60, months: int = 12) -> Untouched:
    """Season, noise and a level that drifts."""
    time_ = np.arange(start + months)
    values = 100 + 8 * np.sin(2 * np.pi * time_ / 12) + rng.normal(size=len(time_)) * 3
    index = pd.date_range("2010-01-01", periods=len(time_), freq="MS")
    return pd.Series(values + drift * rng.normal(size=len(time_)).cumsum(), index), index[start]


def show_untouched(count: int) -> list[dict[str, object]]:
    """Share of the intervals that cover zero where nothing happened."""
    panel = read_pbs()
    makers: dict[str, Callable[[np.random.Generator], Untouched]] = {
        "PBS, 12 mois": lambda rng: real(panel, 12, rng), "PBS, 6 mois": lambda rng: real(panel, 6, rng),
        "simulée, saison": lambda rng: simulated(0.0, rng),
        "simulée, niveau qui dérive": lambda rng: simulated(1.0, rng),
    }  # fmt: skip
    rows, figures = [], []
    for name, make in makers.items():
        found = []
        for seed in range(count):
            series, start = make(np.random.default_rng(seed))
            found.append(measure_impact(series, start=start))
        covers = float(np.mean([f.interval[0] <= 0 <= f.interval[1] for f in found]))
        claims = float(np.mean([f.verdict.reponse == "oui" for f in found]))
        rows.append([name, str(count), f"{100 * covers:.1f} %", f"{100 * claims:.1f} %"])
        figures.append({"series": name, "n": count, "couverture": covers, "effet_annonce": claims})
    print_table(["faux événements", "n", "0 dans l’intervalle à 95 %", "effet annoncé"], rows)
    return figures


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="moins de faux événements")
    chosen = parser.parse_args()
    known = show_references()
    print()
    untouched = show_untouched(40 if chosen.quick else 200)
    print_json("impact", {"seuils": BARS, "references": known, "intactes": untouched})


if __name__ == "__main__":
    main()
