"""What a decision was expected to give against what later data show, explained by the bridge of the Diagnostic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from analytics.completion import maturity
from analytics.diagnostic import Bridge, decompose, decompose_ratio
from analytics.diagnostic.ratio import RATE, RATE_FACTORS
from analytics.errors import InsufficientData
from analytics.french import format_month, format_period
from analytics.prescriptive.follow_levels import compare_levels, judge_whole
from analytics.prescriptive.follow_record import MEASURES, SUIVIS, YEAR, Engagement
from analytics.prescriptive.follow_sides import TOLD, Sides, lay_sides, tell_segments
from analytics.schema import Dataset, Selection
from analytics.verdict import Verdict

PREMIUM, CLAIMS = "cotisation_moyenne", "consommation"
#: Effects of the bridges, in the order drawn; the others keep the name of the Diagnostic.
EFFETS = {
    "effectif": "Assurés gardés ou gagnés",
    PREMIUM: "Hausse appliquée",
    CLAIMS: "Prestations par assuré",
    "mix": "Composition",
    "ouverture": "Segments nouveaux",
    "fermeture": "Segments disparus",
    "sans_exposition": "Sans assurés connus",
    "sans_cotisation": "Sans cotisation connue",
    "cotisation": "Cotisations",
    "prestation": "Prestations",
    RATE: "Niveau propre aux segments",
}
PER_HEAD, WHOLE = ("effectif", "mix", "consommation"), ("prestation",)


@dataclass(frozen=True)
class Follow:
    """A decision and what came of it, over the months observed.

    Attributes
    ----------
    levels : pandas.DataFrame
        indicateur, attendu, bas, haut (80 %), rien (doing nothing), rien_bas, rien_haut, observe, ecart, reponse
        ("oui", "non", "on ne peut pas dire"), raison (French, "" when there is a clear answer).
    bridges : mapping of str to Bridge
        "resultat", "pc", "cotisation", "prestation": from the expected level to the observed one, keys of the segments;
        those that the file can tell. Effects: keys of :data:`EFFETS`.
    segments : pandas.DataFrame
        dimensions…, hausse (decided), hausse_observee (premium per head against the same months of the base),
        effectif_attendu, effectif_observe (heads); NaN where unknown.
    months : pandas.DatetimeIndex
        Months compared.
    verdict : Verdict
        « L’effet attendu est-il là ? »; the score is the gap in parts of the half-interval.
    notes : tuple of str
        French: what was left out, and why.
    """

    levels: pd.DataFrame
    bridges: Mapping[str, Bridge]
    segments: pd.DataFrame
    months: pd.DatetimeIndex
    verdict: Verdict
    notes: tuple[str, ...] = field(default=())


def follow_decision(engagement: Engagement, dataset: Dataset, *, complete: pd.DatetimeIndex | None = None) -> Follow:
    """Compare a decision with later data.

    Parameters
    ----------
    engagement : Engagement
    dataset : Dataset
        Later completed data, whole: the perimeter of the decision is taken here.
    complete : pandas.DatetimeIndex, optional
        Months known well enough to be compared; None = those that are not "incomplet" in `maturity`, the data being as
        loaded.

    Returns
    -------
    Follow
        Without any month to compare, or when the perimeter is not in the data, the verdict says so and levels are NaN.

    Notes
    -----
    Expected over the months observed = expected over the year × share of the year that the same calendar months had in
    the base. Technical result = premiums × (1 − loading of the decision) − claims − costs of the decision: loading and
    costs are taken as decided, so that the gap is that of premiums and claims. Bridges are those of
    :func:`analytics.diagnostic.decompose` and :func:`analytics.diagnostic.decompose_ratio`.
    """
    known = complete
    if known is None:
        table = maturity(dataset)
        known = pd.DatetimeIndex(table.loc[table["statut"] != "incomplet", "mois"])
    reason = _refuse(engagement, dataset)
    months = _months(engagement, dataset, known) if not reason else known[:0]
    if not reason and not len(months):
        start = format_month(engagement.effet, short=False)
        reason = f"Aucun mois complet n’est encore connu depuis {start}, début de l’année simulée."
    if reason:
        levels = compare_levels(engagement, {}, {}, 0, dict.fromkeys(SUIVIS, reason))
        empty = pd.DataFrame(columns=[*engagement.dimensions, *TOLD])
        return Follow(levels, {}, empty, known[:0], Verdict("on ne peut pas dire", np.nan, np.nan, reason))
    sides, notes = lay_sides(engagement, dataset, months)
    bridges, missing = _bridges(sides)
    warnings = tuple(dict.fromkeys(w for b in bridges.values() for w in b.warnings))
    if not _same_base(engagement, dataset):
        bridges = {k: b for k, b in bridges.items() if k == "prestation"}
        missing |= dict.fromkeys(("resultat", "pc", "cotisation"), _other_base(engagement, dataset))
    expected, observed = _ends(sides, bridges, len(months))
    levels = compare_levels(engagement, expected, observed, len(months), missing)
    verdict = judge_whole(levels, format_period(months[0], months[-1]), len(months))
    notes = (*_say_months(engagement, months), *notes, *warnings)
    return Follow(levels, bridges, tell_segments(sides, len(months)), months, verdict, notes)


def _refuse(engagement: Engagement, dataset: Dataset) -> str:
    """Why the perimeter of a decision is not found in the data; "" when it is."""
    columns = {c for t in (dataset.cotisation, dataset.prestation) for c in t.columns}
    absent = [dataset.label(d) for d in engagement.filtres if d not in columns]
    if absent:
        return f"Le périmètre de la décision n’est pas dans ce fichier : il manque « {absent[0]} »."
    if not any(m in columns for m in MEASURES):
        return "Ce fichier n’a ni cotisations, ni effectifs, ni prestations."
    return ""


def _months(engagement: Engagement, dataset: Dataset, known: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """Months of the year simulated that are complete and in every table that has rows."""
    last = engagement.effet + pd.DateOffset(months=YEAR - 1)
    months = known[(known >= engagement.effet) & (known <= last)].sort_values()
    scope = Selection(engagement.effet, last, dict(engagement.filtres))
    for table in (t for t in (dataset.cotisation, dataset.prestation) if len(t)):
        months = months[months.isin(table.loc[scope.mask(table), "mois"])]
    return months


def _bridges(sides: Sides) -> tuple[dict[str, Bridge], dict[str, str]]:
    """Bridges that the columns allow, and why the other indicators have no value."""
    has = {m: m in sides.observed.columns and sides.observed[m].notna().any() for m in MEASURES}
    names = {"beneficiaires": "effectifs", "cotisation": "cotisations", "prestation": "prestations"}
    needs = {
        "resultat": ("cotisation", "prestation"), "pc": ("cotisation", "prestation"),
        "effectif": ("beneficiaires",), "cotisation": ("cotisation",), "prestation": ("prestation",),
    }  # fmt: skip
    missing = {
        key: f"Ce fichier n’a pas de {' ni de '.join(names[m] for m in needed if not has[m])} sur ces mois."
        for key, needed in needs.items()
        if not all(has[m] for m in needed)
    }
    bridges = {m: _bridge_amount(sides, m, heads=has["beneficiaires"]) for m in ("cotisation", "prestation") if has[m]}
    if "resultat" not in missing:
        net = _bridge_amount(sides, "nette", heads=has["beneficiaires"])
        bridges["resultat"] = _subtract(net, bridges["prestation"], sides.charges)
        try:
            bridges["pc"] = _bridge_ratio(sides, heads=has["beneficiaires"])
        except InsufficientData as error:
            missing["pc"] = error.message
    return bridges, missing


def _bridge_amount(sides: Sides, measure: str, *, heads: bool) -> Bridge:
    """The bridge of the Diagnostic on an amount; without exposure a plain difference by segment."""
    before, after = (
        frame[[*sides.keys, *(["beneficiaires"] if heads else [])]].assign(prestation=frame[measure])
        for frame in (sides.expected, sides.observed)
    )
    bridge = decompose(before, after, keys=sides.keys, factors=PER_HEAD if heads else WHOLE)
    own = CLAIMS if measure == "prestation" else PREMIUM
    plain = "prestation" if measure == "prestation" else "cotisation"
    warnings = bridge.warnings if heads else (*bridge.warnings, "Sans les effectifs, l’écart ne se détaille pas.")
    return replace(_rename(bridge, {"consommation": own, "prestation": plain}), warnings=warnings)


def _bridge_ratio(sides: Sides, *, heads: bool) -> Bridge:
    """The bridge of the P/C: an insured standing for an acte, fréquence is 1 and coût moyen the claims of a head."""
    columns = [*sides.keys, *(["beneficiaires"] if heads else []), "prestation", "cotisation"]
    before, after = (frame[columns] for frame in (sides.expected, sides.observed))
    if heads:
        before, after = (frame.assign(actes=frame["beneficiaires"]) for frame in (before, after))
    bridge = decompose_ratio(before, after, keys=sides.keys, split_rate=heads)
    if not heads:
        return bridge
    frequency, cost, _ = RATE_FACTORS
    return _rename(bridge, {frequency: CLAIMS, cost: CLAIMS})


def _rename(bridge: Bridge, names: Mapping[str, str]) -> Bridge:
    """Effects under other names; those of one name are summed."""
    table = bridge.table.assign(effet=bridge.table["effet"].replace(dict(names)))
    factors = tuple(dict.fromkeys(names.get(f, f) for f in bridge.factors))
    return replace(bridge, table=_sum(table, bridge.keys), factors=factors)


def _subtract(premiums: Bridge, claims: Bridge, charges: float) -> Bridge:
    """Bridge of the result: effects of the net premiums less those of the claims, leaf by leaf."""
    minus = claims.table.assign(montant=-claims.table["montant"])
    table = _sum(pd.concat([premiums.table, minus], ignore_index=True), premiums.keys)
    before, after = (p - c - charges for p, c in ((premiums.before, claims.before), (premiums.after, claims.after)))
    factors = tuple(dict.fromkeys((*premiums.factors, *claims.factors)))
    total = float(table["montant"].sum())
    return Bridge(table, total, premiums.keys, before, after, factors, (*premiums.warnings, *claims.warnings))


def _sum(table: pd.DataFrame, keys: tuple[str, ...]) -> pd.DataFrame:
    return table.groupby([*keys, "effet"], sort=False, dropna=False)["montant"].sum().reset_index()


def _ends(sides: Sides, bridges: Mapping[str, Bridge], n: int) -> tuple[dict[str, float], dict[str, float]]:
    """Expected and observed level of each indicator: both ends of its bridge, and heads."""
    expected = {key: bridge.before for key, bridge in bridges.items()}
    observed = {key: bridge.after for key, bridge in bridges.items()}
    expected["effectif"] = float(sides.expected["beneficiaires"].sum()) / n
    if "beneficiaires" in sides.observed.columns:
        observed["effectif"] = float(sides.observed["beneficiaires"].sum(min_count=1)) / n
    return expected, observed


def _same_base(engagement: Engagement, dataset: Dataset) -> bool:
    return None in (engagement.base, dataset.base) or engagement.base == dataset.base


def _other_base(engagement: Engagement, dataset: Dataset) -> str:
    return (
        f"Les cotisations de ce fichier sont en base {dataset.base}, celles de la décision en base {engagement.base} : "
        "elles ne se comparent pas."
    )


def _say_months(engagement: Engagement, months: pd.DatetimeIndex) -> tuple[str, ...]:
    """What is compared, and what is not yet."""
    count = len(months)
    period = format_period(months[0], months[-1])
    told = [f"{count} mois comparé{'s' if count > 1 else ''} sur les {YEAR} de l’année simulée : {period}."]
    told.append("L’attendu d’une partie d’année suit la part que les mêmes mois avaient dans l’année de départ.")
    span = (months[-1].year - months[0].year) * YEAR + months[-1].month - months[0].month + 1
    if span > count or months[0] > engagement.effet:
        told.append("Des mois de l’année simulée manquent ou sont incomplets : ils sont laissés de côté.")
    told.append(
        "Les assurés attendus sont ceux qui restent et ceux que la décision prévoit de recruter, sans autre entrée."
    )
    told.append("Frais de gestion et coûts de la décision : tenus pour ceux qui étaient prévus.")
    return tuple(told)
