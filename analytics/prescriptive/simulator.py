"""A portfolio and its futures, drawn once, on which any scenario is played."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.errors import ParameterError
from analytics.prescriptive.cover import Cover, read_cover
from analytics.prescriptive.futures import Futures
from analytics.prescriptive.kernel import Shocks, total_draws
from analytics.prescriptive.levers import ALL, LEVIERS, resolve_levers
from analytics.prescriptive.model import Assumptions, Result, add_up, project_year, ratio, read_portfolio, to_indicators
from analytics.prescriptive.outcome import Outcome, summarise
from analytics.prescriptive.responses import REPONSES, Reponse, central, check_responses
from analytics.prescriptive.taxes import Taxes
from analytics.prescriptive.year import Year, plan_year
from analytics.uncertainty import CORRELATION

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Simulator:
    """What :func:`analytics.prescriptive.prepare` makes; read only.

    Attributes
    ----------
    portfolio, postes
        The frames given.
    base, cover
        The same on arrays.
    futures : Futures or None
    responses : tuple of Reponse
    taxes : Taxes
    shocks : Shocks
    draws, seed, correlation
        Options of the draws.
    """

    portfolio: pd.DataFrame
    postes: pd.DataFrame | None
    base: Assumptions
    cover: Cover
    futures: Futures | None
    responses: tuple[Reponse, ...]
    taxes: Taxes
    draws: int
    seed: int
    shocks: Shocks | None = None
    correlation: float = CORRELATION

    @property
    def drawn_growth(self) -> Floats | None:
        """Growth by poste in each draw; None when the drift is that of the segments."""
        return None if self.futures is None else self.futures.for_postes(self.cover.postes, self.draws)[0]

    @property
    def central_growth(self) -> Floats | None:
        """Growth by poste of the forecast."""
        return None if self.futures is None else self.futures.for_postes(self.cover.postes, self.draws)[1]

    def with_shocks(self, shocks: Shocks, correlation: float) -> Simulator:
        """The same, with its futures drawn."""
        return replace(self, shocks=shocks, correlation=correlation)

    def resolve(self, levers: pd.DataFrame) -> dict[str, Floats]:
        """Levers on the segments and postes of the portfolio."""
        return resolve_levers(levers, self.base.segment, self.cover.postes)

    def plan(self, found: dict[str, Floats], responses: dict[str, float] | None = None) -> Year:
        """One head under resolved levers, at central responses unless given."""
        answers = central(self.responses) if responses is None else responses
        return plan_year(self.base.cotisation, self.base.chargement, self.cover, found, answers, self.taxes)

    def evaluate(
        self, year: Year, *, elasticite: Floats | None = None, derive: Floats | None = None,
        growth: Floats | None = None,
    ) -> dict[str, float]:  # fmt: skip
        """Indicators of a planned year, without draws; what is not given is at its centre."""
        drift = self.central_growth if growth is None else growth
        b, d = (
            self.base.elasticite if elasticite is None else elasticite,
            self.base.derive if derive is None else derive,
        )
        result = project_year(self.base, year, b, d, drift)
        return {k: float(v) for k, v in to_indicators(self.base, add_up(self.base, year, result)).items()}

    def central(self, levers: pd.DataFrame) -> dict[str, float]:
        """Indicators of a scenario at central assumptions."""
        return self.evaluate(self.plan(self.resolve(levers)))

    def totals(self, levers: pd.DataFrame) -> pd.DataFrame:
        """Indicators of each draw, one column each."""
        return self._totals(self.resolve(levers))

    def play(self, levers: pd.DataFrame) -> Outcome:
        """A scenario: by segment, in total, in every draw."""
        found = self.resolve(levers)
        year = self.plan(found)
        after = self._project(year)
        drawn = self._totals(found)
        return Outcome(
            table=_table(self.base, self.cover, year, after),
            total=_total(self.base, self.cover, year, after),
            quantiles=summarise(drawn, **self._strata(found)),
            draws=drawn,
            warnings=self._warnings(found, year),
            seed=self.seed,
        )

    def answered(self, found: dict[str, Floats]) -> bool:
        """Whether the levers rest on a response that is uncertain."""
        unsure = {r.key for r in self.responses if r.haut > r.bas}
        return any(found[key].any() and unsure & set(lever.reponses) for key, lever in LEVIERS.items())

    def _strata(self, found: dict[str, Floats]) -> dict[str, np.ndarray]:
        """What :func:`summarise` must know of the responses drawn; nothing when the levers rest on none."""
        if not self.answered(found):
            return {}
        moved = [r for r in self.responses if r.haut > r.bas]
        drawn = np.column_stack([self.shocks.reponses[r.key] for r in moved])
        above = np.maximum(drawn - [r.valeur for r in moved], 0.0)
        return {"worlds": self.shocks.edges(), "answers": np.column_stack([drawn, above])}

    def _project(self, year: Year) -> Result:
        return project_year(self.base, year, self.base.elasticite, self.base.derive, self.central_growth)

    def _totals(self, found: dict[str, Floats]) -> pd.DataFrame:
        sums = total_draws(
            self.base, self.shocks, lambda answers: self.plan(found, answers), answered=self.answered(found)
        )
        return pd.DataFrame(to_indicators(self.base, sums))

    def _warnings(self, found: dict[str, Floats], year: Year) -> tuple[str, ...]:
        notes = [*_range_notes(self.base, found, year)]
        unsure = self.futures is not None or self.answered(found) or self.base.derive_sd.any()
        if not unsure and (self.base.elasticite_bas == self.base.elasticite_haut).all():
            notes.append("Aucune incertitude n’est renseignée : tous les quantiles sont la valeur centrale.")
        if found["contribution"].any() and self.taxes.note:
            notes.append(self.taxes.note)
        moved = [k for k in ("taux", "plafond", "reseau") if found[k].any()]
        if moved and not np.isfinite(self.cover.reste).all():
            notes.append(
                "Reste à charge inconnu, et fréquence supposée inchangée : il faudrait les colonnes « frais_reels » et "
                "« remboursement_amo »."
            )
        return tuple(notes)


def make_simulator(
    portfolio: pd.DataFrame, postes: pd.DataFrame | None, futures: Futures | None, responses: Sequence[Reponse],
    taxes: Taxes | None, *, draws: int, seed: int,
) -> Simulator:  # fmt: skip
    """Check everything that is given; the futures are not drawn yet."""
    if seed < 0:
        raise ParameterError("Une graine est positive.", valeur=seed)
    base = read_portfolio(portfolio)
    cover = read_cover(base.segment, base.prestation, postes)
    if futures is not None and cover.postes == (ALL,) and futures.postes != (ALL,):
        raise ParameterError("Cette prévision est par poste, le portefeuille ne l’est pas.")
    if futures is not None:
        futures.for_postes(cover.postes, draws)
    checked = check_responses(responses if responses is not None else REPONSES)
    return Simulator(portfolio, postes, base, cover, futures, checked, taxes or Taxes(), draws, seed)


def _range_notes(base: Assumptions, found: dict[str, Floats], year: Year) -> list[str]:
    notes = []
    outside = (found["hausse"] < base.hausse_min - 1e-12) | (found["hausse"] > base.hausse_max + 1e-12)
    if outside.any():
        named = ", ".join(base.segment[outside].head(3))
        more = f" et {outside.sum() - 3} de plus" if outside.sum() > 3 else ""
        notes.append(f"Hausse hors des bornes fixées : {named}{more}.")
    if ((year.chargement < 0) | (year.chargement >= 1)).any():
        notes.append("Un chargement simulé sort de l’intervalle 0 à 100 %.")
    return notes


def _table(base: Assumptions, cover: Cover, year: Year, after: Result) -> pd.DataFrame:
    heads = base.beneficiaires
    paid, claimed = heads * base.cotisation, heads * base.prestation
    return pd.DataFrame(
        {
            "segment": base.segment,
            "hausse": year.hausse,
            "beneficiaires": heads,
            "retenus": after.retenus,
            "nouveaux": after.nouveaux,
            "effectif": after.effectif,
            "cotisation_avant": paid,
            "cotisation": after.cotisation,
            "prestation_avant": claimed,
            "prestation": after.prestation,
            "resultat_avant": (1.0 - base.chargement) * paid - claimed,
            "resultat": after.resultat,
            "pc_avant": ratio(claimed, paid),
            "pc": ratio(after.prestation, after.cotisation),
            "reste_avant": heads * cover.reste.sum(axis=1),
            "reste": after.reste,
            "charges": after.charges,
        }
    )


def _total(base: Assumptions, cover: Cover, year: Year, after: Result) -> pd.DataFrame:
    heads = base.beneficiaires
    paid, claimed = heads * base.cotisation, heads * base.prestation
    before = {
        "resultat": ((1.0 - base.chargement) * paid - claimed).sum(),
        "pc": float(ratio(claimed.sum(), paid.sum())),
        "effectif": heads.sum(),
        "cotisation": paid.sum(),
        "prestation": claimed.sum(),
        "hausse_moyenne": np.nan,
        "retention": np.nan,
        "reste_a_charge": float(ratio((heads * cover.reste.sum(axis=1)).sum(), heads.sum())),
        "charges": 0.0,
    }
    totals = to_indicators(base, add_up(base, year, after))
    return pd.DataFrame(
        {
            "indicateur": list(totals),
            "avant": [float(before[k]) for k in totals],
            "valeur": [float(v) for v in totals.values()],
        }
    )
