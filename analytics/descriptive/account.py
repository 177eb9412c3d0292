"""The technical account (compte de résultat technique), by accounting year and by year of care.

By accounting year: charge = paid + closing provision − opening provision, each provision estimated with what was known
at its closing. By year of care: charge = paid so far + provision left. Every sum is made of amounts rounded to the
cent, so that printed figures add up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from analytics.completion import has_both_months
from analytics.descriptive.closings import Closings
from analytics.descriptive.indicator import NO_VALUE, refuse
from analytics.descriptive.lines import bounds
from analytics.descriptive.provisions import NO_BENEFIT, WIDER, Provisions, estimate_provisions
from analytics.descriptive.reduced import add_known, monthly_of
from analytics.errors import InsufficientData
from analytics.french import format_euros, format_month
from analytics.indicators import deducts_costs, get_indicator
from analytics.schema import Dataset, Selection

#: Share of the payments of a year on care before the file from which its charge is not told.
MOST_UNSEEN = 0.01
KEYS = ("annee", "debut", "fin")
NO_PREMIUM = "le fichier n’a pas de cotisations"
#: Why a file with one date has no provision, by what its months are.
NO_PROVISION = {
    basis: f"provision inconnue : le fichier n’a pas {what}"
    for basis, what in {"paiement": "le mois de soins", "soins": "le mois de paiement", None: "les deux mois"}.items()
}
COMPTABLE, SURVENANCE, UNDATED = "Exercice comptable", "Survenance", "Année, date non précisée"
#: Line of the account, its label and its definition, in the order of print.
LINES: dict[str, tuple[str, str]] = {
    "cotisation": ("Cotisations", "Somme des cotisations de l’année, dans la base affichée."),
    "paye": (
        "Prestations payées",
        "Par exercice : payées dans l’année, pour tous soins. Par survenance : payées à ce jour pour ceux de l’année.",
    ),
    "paye_anterieur": ("dont soins des années précédentes", "Part payée dans l’année pour des soins d’avant l’année."),
    "provision_ouverture": (
        "Provision d’ouverture",
        "Soins faits et non encore payés (PSAP) à la fin de l’année précédente, estimés avec ce qui était connu alors.",
    ),
    "provision_cloture": (
        "Provision de clôture",
        "Soins faits et non encore payés (PSAP) à la fin de l’année, ou au dernier mois de paiement.",
    ),
    "variation": ("Variation de provision", "Provision de clôture − provision d’ouverture."),
    "charge": ("Charge de prestations", "Prestations payées + variation de provision (ou + provision restante)."),
    "boni": (
        "dont boni (+) ou mali (−) sur années précédentes",
        "Provision d’ouverture − payé sur soins antérieurs − leur provision de clôture ; compris dans la charge.",
    ),
    "frais_gestion": ("Frais de gestion", "Somme des frais de gestion du fichier."),
    "resultat": (
        "Résultat technique",
        "Cotisations − charge − frais de gestion (quand le fichier les donne ; en base nette, ils sont déjà retirés).",
    ),
    "ratio_pc": ("Ratio P/C", "Charge ÷ cotisations, dans la base affichée."),
    "resultat_paye": (
        "Résultat avant provisions",
        "Cotisations − prestations payées − frais de gestion, aux mêmes conditions que le résultat.",
    ),
    "ratio_paye": ("Ratio P/C avant provisions", "Prestations payées ÷ cotisations, dans la base affichée."),
}
COMPTABLE_LINES = tuple(LINES)
SURVENANCE_LINES = tuple(k for k in LINES if k not in ("paye_anterieur", "provision_ouverture", "variation", "boni"))
RATIOS = ("ratio_pc", "ratio_paye")
COSTS = ("cotisation", "frais_gestion")
COLUMNS, SE = (*KEYS, *LINES, "raison"), "provision_se"
#: One year of a view, by column.
Row = dict[str, object]


@dataclass(frozen=True)
class Account:
    """The technical account of a perimeter.

    Attributes
    ----------
    comptable, survenance : pandas.DataFrame
        One row per year: annee, debut, fin (months covered), the keys of :data:`LINES` (EUR; rates for the two ratios;
        NaN when unknown), raison (French, empty when nothing is missing). Empty when the file cannot give the view.
        `survenance` also has provision_se, the standard error of the provision.
    base : str or None
        Base of the premiums.
    arrete : pandas.Timestamp
        Last month counted.
    remarques : tuple of str
        French sentences: what is missing, what was left out.
    date_connue : bool
        Whether the file says what its months are.
    """

    comptable: pd.DataFrame
    survenance: pd.DataFrame
    base: str | None
    arrete: pd.Timestamp
    remarques: tuple[str, ...] = field(default_factory=tuple)
    date_connue: bool = True

    @property
    def vues(self) -> dict[str, pd.DataFrame]:
        """The views that exist, under their names."""
        known = self.date_connue
        named = {COMPTABLE if known else UNDATED: self.comptable, SURVENANCE: self.survenance}
        return {name: view for name, view in named.items() if len(view)}

    @property
    def rapprochement(self) -> tuple[float, float]:
        """Sum of the charges of each view, equal to the cent; NaN when a year of either is unknown."""
        charges = [view["charge"] for view in (self.comptable, self.survenance) if len(view)]
        if len(charges) < 2:
            return np.nan, np.nan
        by_closing, by_care = (round(float(c.sum(skipna=False)), 2) for c in charges)
        return by_closing, by_care


def compute_account(
    dataset: Dataset, *, selection: Selection | None = None, closings: Closings | None = None
) -> Account:
    """The account of every year of the file, in the perimeter of a selection; its period is not used.

    Parameters
    ----------
    dataset : Dataset
        As loaded, with its payment months; not the completed one.
    selection : Selection, optional
        Perimeter. Premiums that are not split by it are NaN, with the reason.
    closings : Closings, optional
        From :func:`analytics.descriptive.closings.develop_closings`: the same for every perimeter and base.

    Raises
    ------
    InsufficientData
        The file, or the perimeter, has no benefit paid.
    """
    scope = Selection(filtres=dict(selection.filtres) if selection else {})
    if "prestation" not in dataset.prestation.columns or dataset.prestation.empty:
        raise InsufficientData("Ce compte demande les prestations payées.", remede="Ajoutez leur colonne au fichier.")
    if not dataset.prestation["prestation"].notna().any():
        raise InsufficientData(NO_BENEFIT, remede=WIDER)
    if has_both_months(dataset):
        return _both_views(dataset, scope, closings)
    return _one_view(dataset, scope)


def _both_views(dataset: Dataset, scope: Selection, closings: Closings | None) -> Account:
    found = estimate_provisions(dataset, scope, closings)
    last, members = found.arrete, _members(dataset, scope)
    care_years = [year for year in found.paye.index if year <= last.year]
    closing, care = (
        [_completed(row, first, last, members) for row in rows]
        for rows, first in (
            ((_closing_row(found, year) for year in found.provision), found.debut_paiement),
            ((_care_row(found, year) for year in care_years), found.debut),
        )
    )
    views = pd.DataFrame(closing, columns=COLUMNS), pd.DataFrame(care, columns=[*COLUMNS[:-1], SE, COLUMNS[-1]])
    return Account(*views, dataset.base, last, (*found.remarques, *_notes(dataset, views[0], last)))


def _closing_row(found: Provisions, year: int) -> Row:
    """One accounting year, from the paid amounts and the provisions at its two ends."""
    care = found.paye.index.to_numpy()
    paid = found.paye[year].to_numpy() if year in found.paye.columns else np.zeros(len(care))
    opening, closing = found.at(year - 1), found.at(year)
    unseen = found.avant_fichier.get(year, 0.0)
    row = {
        "annee": year,
        "paye": _cents(paid.sum()),
        "paye_anterieur": _cents(paid[care < year].sum()),
        "provision_ouverture": _total(opening),
        "provision_cloture": _total(closing),
        "raison": "",
    }
    row["variation"] = _cents(row["provision_cloture"] - row["provision_ouverture"])
    left = _total(closing[closing.index < year])
    row["boni"] = _cents(row["provision_ouverture"] - (row["paye_anterieur"] - unseen) - left)
    row["charge"] = _cents(row["paye"] + row["variation"])
    if np.isnan(row["charge"]):
        row["raison"] = "une provision n’est pas estimable : trop peu de mois de paiement à la clôture"
    elif unseen > MOST_UNSEEN * row["paye"]:
        row["charge"] = row["provision_ouverture"] = row["variation"] = row["boni"] = np.nan
        row["raison"] = "la provision d’ouverture des soins d’avant le fichier est inconnue"
    return row


def _care_row(found: Provisions, year: int) -> Row:
    """One year of care, as seen at the last closing."""
    paid = _cents(found.paye.loc[year].sum() + found.sans_date.get(year, 0.0))
    left = float(found.at(found.arrete.year).get(year, 0.0))
    row = {"annee": year, "paye": paid, "provision_cloture": left, SE: found.se.get(year, np.nan)}
    if year in found.partielles:
        row |= {"provision_cloture": np.nan, SE: np.nan}
        reason = "les premiers paiements de ces soins sont antérieurs au fichier"
    else:
        reason = "" if np.isfinite(left) else "la provision n’est pas estimable : trop peu de mois de paiement"
    return {**row, "charge": _cents(paid + row["provision_cloture"]), "raison": reason}


def _one_view(dataset: Dataset, scope: Selection) -> Account:
    """A file with one date: one view, without provisions."""
    mine, whole = (monthly_of(dataset.prestation, filtres) for filtres in (scope.filtres, {}))
    if np.isnan(mine.sums["prestation"]).all():
        raise InsufficientData(NO_BENEFIT, remede=WIDER)
    # Premiums known further than care would be set against benefits that nobody knows yet.
    known = pd.Timestamp(whole.mois[~np.isnan(whole.sums["prestation"])][-1])
    last = known if dataset.as_of is None else min(dataset.as_of, known)
    months, paid = mine.between(Selection(fin=last), "prestation")
    months, members = pd.DatetimeIndex(months), _members(dataset, scope)
    why = NO_PROVISION.get(dataset.date_basis, NO_PROVISION[None])
    rows = [
        {"annee": year, "paye": np.round(add_known(paid[months.year == year]), 2), "charge": np.nan, "raison": why}
        for year in sorted(set(months.year))
    ]
    rows = [_completed(row, months[0], last, members) for row in rows]
    view = pd.DataFrame(rows, columns=COLUMNS).astype(dict.fromkeys(LINES, "float64"))
    words = {
        "paiement": "Le fichier n’a que le mois de paiement : seule la vue par exercice comptable existe, sans "
        "variation de provision.",
        "soins": "Le fichier n’a que le mois de soins : seule la vue par survenance existe, et ce qui reste à payer "
        "sur les derniers mois n’est pas connu.",
    }
    note = words.get(
        dataset.date_basis,
        "Le fichier ne dit pas si ses mois sont de soins ou de paiement : une seule vue, sans provision.",
    )
    empty = view.iloc[:0]
    views = (empty, view) if dataset.date_basis == "soins" else (view, empty)
    return Account(*views, dataset.base, last, (note, *_notes(dataset, view, last)), dataset.date_basis is not None)


def _completed(row: Row, first: pd.Timestamp, last: pd.Timestamp, members: _Members) -> Row:
    """A year with the months that the file covers, its premiums and costs, its result and ratios."""
    year = row["annee"]
    row["debut"] = max(pd.Timestamp(year, 1, 1), first.to_period("M").to_timestamp())
    row["fin"] = min(pd.Timestamp(year, 12, 1), last.to_period("M").to_timestamp())
    reasons = [row["raison"], "" if members.has_premiums else NO_PREMIUM]
    for measure in COSTS:
        row[measure], reason = members.over(measure, row["debut"], row["fin"])
        reasons.append(reason)
    row["raison"] = " ; ".join(filter(None, reasons))
    premium, costs = row["cotisation"], row["frais_gestion"] if members.deducts_costs else 0.0
    for result, ratio, spent in (("resultat", "ratio_pc", "charge"), ("resultat_paye", "ratio_paye", "paye")):
        row[result] = _cents(premium - row[spent] - costs)
        row[ratio] = row[spent] / premium if premium > 0 else np.nan
    return row


@dataclass(frozen=True)
class _Members:
    """What the file says of premiums and management costs, by month."""

    has_premiums: bool
    deducts_costs: bool
    monthly: Mapping[str, tuple[np.ndarray, np.ndarray, str]]

    def over(self, measure: str, debut: pd.Timestamp, fin: pd.Timestamp) -> tuple[float, str]:
        """Sum over every month of a year, or NaN and the reason as soon as one is not known."""
        if measure not in self.monthly:
            return np.nan, ""
        months, amounts, cause = self.monthly[measure]
        expected = (fin.year - debut.year) * 12 + fin.month - debut.month + 1
        amounts = amounts[bounds(months, Selection(debut, fin))]
        known = int((~np.isnan(amounts)).sum())
        if known == expected:
            return _cents(amounts.sum()), ""
        label = LINES[measure][0].lower()
        if known:
            return np.nan, f"{label} : {known} mois connus sur {expected}"
        return np.nan, cause or (f"{label} absentes" if measure == "cotisation" else f"{label} absents")


def _members(dataset: Dataset, scope: Selection) -> _Members:
    known, monthly = has_premiums(dataset), {}
    for measure in COSTS:
        if measure in dataset.cotisation.columns and (known or measure != "cotisation"):
            cause = refuse(get_indicator(measure, dataset), dataset, ("mois",), scope)
            found = monthly_of(dataset.cotisation, {} if cause else scope.filtres)
            amounts = np.full(len(found.mois), np.nan) if cause else found.sums[measure].astype(float)
            cause = cause or (NO_VALUE if np.isnan(amounts).any() else "")
            monthly[measure] = found.mois, amounts, cause
    return _Members(known, deducts_costs(dataset), monthly)


def _notes(dataset: Dataset, view: pd.DataFrame, last: pd.Timestamp) -> list[str]:
    notes = []
    if len(view) and view["fin"].iloc[-1].month != 12:
        notes.append(f"La dernière année s’arrête en {format_month(last, short=False)}.")
    if len(view) and view["debut"].iloc[0].month != 1:
        notes.append(f"La première année commence en {format_month(view['debut'].iloc[0], short=False)}.")
    if not has_premiums(dataset):
        notes.append("Le fichier n’a pas de cotisations : ni résultat, ni ratio P/C.")
    elif "frais_gestion" not in dataset.cotisation.columns:
        notes.append("Le fichier n’a pas de frais de gestion : le résultat est donné avant ces frais.")
    elif dataset.base == "nette":
        notes.append("Cotisations nettes de chargements : les frais de gestion n’en sont pas retirés une seconde fois.")
    if dataset.base == "TTC" and has_premiums(dataset):
        notes.append("Cotisations TTC : le résultat comprend les taxes, à reverser. Convertissez en HT pour le lire.")
    if dataset.base is None and has_premiums(dataset):
        notes.append("Base des cotisations non précisée : résultat et ratio se lisent sous cette réserve.")
    return notes


def has_premiums(dataset: Dataset) -> bool:
    """Whether the file knows some premium."""
    return "cotisation" in dataset.cotisation.columns and bool(dataset.cotisation["cotisation"].notna().any())


def reasons_of(view: pd.DataFrame) -> list[str]:
    """What is missing in a view, one sentence a cause: those of a year name it, those of the file are in the notes."""
    causes: dict[str, list[int]] = {}
    for row in view.itertuples():
        for cause in filter(None, row.raison.split(" ; ")):
            causes.setdefault(cause, []).append(row.annee)
    told = {NO_PREMIUM, *NO_PROVISION.values()}
    said = []
    for cause, years in causes.items():
        if cause not in told:
            when = "Toutes les années" if len(years) == len(view) else ", ".join(map(str, years))
            said.append(f"{when} : {cause}.")
    return said


def describe_rapprochement(account: Account) -> str:
    """One sentence on how the two views meet; empty when they cannot be compared."""
    by_closing, by_care = account.rapprochement
    if not np.isfinite(by_closing + by_care):
        return ""
    total = format_euros(by_care, compact=False)
    if by_closing == by_care:
        return f"Les deux vues se rejoignent : la somme des charges est de {total} dans l’une comme dans l’autre."
    gap = format_euros(by_closing - by_care, compact=False, signed=True)
    return f"Somme des charges par survenance : {total} ; par exercice comptable : {gap} (paiements sans date)."


def _total(provisions: pd.Series) -> float:
    return _cents(provisions.to_numpy().sum())


def _cents(amount: float) -> float:
    return round(float(amount), 2)
