"""Impact of an event: parity with CausalImpact on its public series, and what is said where nothing happened.

``python -m benchmarks.impact [--quick]`` prints

- the five series of `causalimpact_r_reference` beside what the R package found on them, and beside the structural model
  of statsmodels whose level is fixed (the usual port of that package);
- the law on seat belts of the United Kingdom (drivers killed or seriously injured, logarithms), beside what Harvey and
  Durbin (1986) published;
- 200 false events on untouched series, with control series and without (real ones: PBS; simulated ones of 48 to 200
  months, 3 to 24 after the event): how often the 95 % interval covers zero, and how often an effect is claimed.

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
from scipy.signal import lfilter
from statsmodels.tools.sm_exceptions import ModelWarning
from statsmodels.tsa.statespace.structural import UnobservedComponents

from analytics.diagnostic import Impact, measure_impact
from benchmarks import SHARED
from benchmarks.alerts import read_pbs
from benchmarks.report import print_json, print_table

BARS = {"ecart_sd": 0.5, "couverture": (0.93, 0.97), "secondes": 3.0}
FOLDER = SHARED / "causalimpact_r_reference"
DRAWS = 1000
Untouched = tuple[pd.Series, object, pd.DataFrame | None]
LENGTHS, AFTER = (48, 60, 96, 150, 200), (3, 6, 12, 24)
MIN_BEFORE = 30
BELTS, BELTS_PUBLISHED = "1983-02-01", -0.23


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


def show_seat_belts() -> dict[str, object]:
    """The law of 1983 on a year and on what is left of the file."""
    table = pd.read_csv(SHARED / "breakpoints_tcpd" / "tcpd_univariate_tidy.csv.gz").query("series_id == 'seatbelts'")
    values = np.log(table.sort_values("index")["value"].to_numpy(float))
    series = pd.Series(values, pd.date_range("1969-01-01", periods=len(values), freq="MS"))
    found = measure_impact(series, start=BELTS)
    effect, low, high = (100 * np.expm1(v) for v in (found.effect, *found.interval))
    print(f"ceintures de sécurité : {effect:.1f} % [{low:.1f} ; {high:.1f}], {found.verdict.reponse} ; "
          f"publié {100 * BELTS_PUBLISHED:.0f} %")  # fmt: skip
    return {"effet": effect, "bas": low, "haut": high, "publie": 100 * BELTS_PUBLISHED}


def real(panel: pd.DataFrame, months: int, rng: np.random.Generator, *, controls: int = 0) -> Untouched:
    """A series of PBS, a false date, and other series of PBS."""
    start = int(rng.integers(48, len(panel) - months))
    chosen = rng.choice(panel.shape[1], 1 + controls, replace=False)
    table = panel.iloc[: start + months, chosen]
    return table.iloc[:, 0], table.index[start], table.iloc[:, 1:] if controls else None


def simulated(rng: np.random.Generator, *, drift: float = 0.0, memory: float = 0.0, trend: float = 0.0) -> Untouched:
    """Season of any shape, noise that may remember, level that may drift, slope."""
    n, start = _lengths(rng)
    season = rng.normal(size=12) * 8
    values = 100 + season[np.arange(n) % 12] + 3 * _remembering(n, memory, rng) + trend * rng.normal() * np.arange(n)
    index = pd.date_range("2000-01-01", periods=n, freq="MS")
    return pd.Series(values + drift * rng.normal(size=n).cumsum(), index), index[start], None


def controlled(rng: np.random.Generator, *, memory: float = 0.0, wander: float = 0.0) -> Untouched:
    """The example of CausalImpact: 1.2 times a control that wanders; the link may wander too, the errors remember."""
    n, start = _lengths(rng)
    x = 100 + rng.normal(size=n).cumsum()
    link = 1.2 + wander * rng.normal(size=n).cumsum()
    return pd.Series(link * x + _remembering(n, memory, rng)), start, pd.DataFrame({"x": x})


def _lengths(rng: np.random.Generator) -> tuple[int, int]:
    n = int(rng.choice(LENGTHS))
    return n, max(MIN_BEFORE, n - int(rng.choice(AFTER)))


def _remembering(n: int, memory: float, rng: np.random.Generator) -> np.ndarray:
    """Autoregressive noise of order one and variance one."""
    drawn = rng.normal(size=n) * np.sqrt(1 - memory**2)
    drawn[0] /= np.sqrt(1 - memory**2)
    return lfilter([1.0], [1.0, -memory], drawn)


def show_untouched(count: int) -> list[dict[str, object]]:
    """Share of the intervals that cover zero where nothing happened."""
    panel = read_pbs()
    makers: dict[str, Callable[[np.random.Generator], Untouched]] = {
        "PBS, 12 mois": lambda rng: real(panel, 12, rng), "PBS, 6 mois": lambda rng: real(panel, 6, rng),
        "simulée, saison": simulated,
        "simulée, saison et pente": lambda rng: simulated(rng, trend=0.5),
        "simulée, erreurs AR(1) de 0,5": lambda rng: simulated(rng, memory=0.5),
        "simulée, niveau qui dérive": lambda rng: simulated(rng, drift=1.0),
        "témoins : PBS, 12 mois": lambda rng: real(panel, 12, rng, controls=2),
        "témoin simulé": controlled,
        "témoin, erreurs AR(1) de 0,5": lambda rng: controlled(rng, memory=0.5),
        "témoin au lien qui dérive": lambda rng: controlled(rng, wander=0.005),
    }  # fmt: skip
    rows, figures = [], []
    for name, make in makers.items():
        found, begun = [], time.perf_counter()
        for seed in range(count):
            series, start, controls = make(np.random.default_rng(seed))
            found.append(measure_impact(series, start=start, x=controls))
        seconds = (time.perf_counter() - begun) / count
        covers = float(np.mean([f.interval[0] <= 0 <= f.interval[1] for f in found]))
        claims = float(np.mean([f.verdict.reponse == "oui" for f in found]))
        rows.append([name, str(count), f"{100 * covers:.1f} %", f"{100 * claims:.1f} %", f"{seconds:.2f}"])
        figures.append({"series": name, "n": count, "couverture": covers, "effet_annonce": claims, "s": seconds})
    every = float(np.mean([f["couverture"] for f in figures]))
    rows.append(["ensemble", str(count * len(makers)), f"{100 * every:.1f} %", "", ""])
    print_table(["faux événements", "n", "0 dans l’intervalle à 95 %", "effet annoncé", "s"], rows)
    return figures


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="moins de faux événements")
    chosen = parser.parse_args()
    known = show_references()
    print()
    belts = show_seat_belts()
    print()
    untouched = show_untouched(40 if chosen.quick else 200)
    print_json("impact", {"seuils": BARS, "references": known, "ceintures": belts, "intactes": untouched})


if __name__ == "__main__":
    main()
