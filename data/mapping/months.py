"""Which column is the month of care, which is the month of payment, and what remains to be asked."""

from __future__ import annotations

from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analytics.errors import MappingError, Question
from data.findings import finding
from data.mapping.calendar import PARTS, as_month
from data.mapping.questions import (
    check_choice,
    date_basis_question,
    header_question,
    lone_date_question,
    period_question,
)
from data.mapping.roles import Role, ignored, texts_of
from data.readers import Table
from data.readers.dates import parse_dates
from data.vocabulary import guess, normalise


@dataclass(frozen=True)
class Months:
    """Roles once the months are settled.

    Attributes
    ----------
    roles : dict of str to Role
        Exactly one column is "mois" (or "annee" with "mois_numero" or "trimestre_numero"), at most one "mois_paiement".
    date_basis : {"soins", "paiement"} or None
        What "mois" means.
    blocking, optional : list of Question
    findings : list of dict
    """

    roles: dict[str, Role]
    date_basis: str | None
    blocking: list[Question]
    optional: list[Question]
    findings: list[dict]


def settle_months(
    table: Table, roles: dict[str, Role], answers: MappingABC[str, str], *, quiet: bool = False
) -> Months:
    """Give "mois" and "mois_paiement" to at most one column each; `quiet` for a layout known beforehand.

    Raises
    ------
    MappingError
        No column of months, with the reason found: unreadable dates, months in columns, years only; or quarters
        that the user has not accepted as they are.
    """
    check_choice(date_basis_question(), answers.get("date_basis"))
    roles = dict(roles)
    blocking = [
        q for q in (_pick(table, roles, name, answers) for name in ("mois_soins", "mois_paiement", "mois")) if q
    ]
    by_role = {r.canonical: r for r in roles.values() if r.kind == "mois"}
    findings: list[dict] = []
    care, payment = by_role.get("mois_soins"), by_role.get("mois_paiement")
    plain = by_role.get("mois") or _year_and_month(roles, by_role)
    if care is None and plain is None and payment is None:
        plain, question = _last_resort(roles, answers)
        blocking += [question] if question else []
    if care is None and plain is None and payment is None:
        if blocking:
            return Months(roles, None, blocking, [], findings)
        raise _no_month(table, roles)
    main, basis = care or plain or payment, answers.get("date_basis")
    findings += _quarters(_is_quarterly(table, main, by_role), answers)
    if care is None and plain is not None and payment is not None:
        basis = basis or "soins"
        message = (
            f"La colonne « {plain.header} » est prise pour le mois de soins, « {payment.header} » étant le paiement."
        )
        if not quiet:
            findings.append(finding("accessibilite.type_de_date", "info", message, colonne=plain.header))
    elif care is not None or plain is None:
        basis = "soins" if care is not None else "paiement"
    _assign(roles, main, payment, plain if plain is not main else None, findings)
    optional = [date_basis_question()] if basis is None else []
    return Months(roles, basis, blocking, optional, findings)


def _quarters(quarterly: bool, answers: MappingABC[str, str]) -> list[dict]:
    """Refuse quarters, which are not months, unless the user takes them as they are; then say it."""
    question = period_question()
    check_choice(question, answers.get(question.key))
    if not quarterly:
        return []
    if answers.get(question.key) is None:
        raise MappingError(
            "Le fichier est par trimestre, et tous les calculs sont mensuels.",
            remede="Exportez les mêmes chiffres par mois, ou acceptez de placer chaque trimestre sur son premier mois.",
            questions=(question,),
        )
    message = "Chiffres trimestriels, placés sur le premier mois de chaque trimestre : ce ne sont pas des mois."
    remedy = "Comparez des trimestres entre eux ; n’utilisez pas les évolutions d’un mois à l’autre."
    return [finding("accessibilite.trimestres", "grave", message, colonne="mois", remede=remedy)]


def _is_quarterly(table: Table, main: Role, by_role: MappingABC[str, Role]) -> bool:
    if main.canonical == "annee":
        return "mois_numero" not in by_role
    said = table.dialect.get("periode") == "trimestre" or normalise(main.header).startswith("trimestre")
    dates = table.tidy[main.header]
    if not said or not pd.api.types.is_datetime64_any_dtype(dates):
        return False
    return bool((dates.dropna().dt.month % 3 == 1).all())


def _assign(roles: dict[str, Role], main: Role, payment: Role | None, spare: Role | None, findings: list[dict]) -> None:
    """Write the canonical names; a calendar column that is not needed is ignored."""
    if main.canonical not in ("mois", "annee"):
        roles[main.header] = replace(main, canonical="mois")
    if payment is not None and payment is not main:
        roles[payment.header] = replace(payment, canonical="mois_paiement")
    if spare is not None and spare.canonical == "mois":
        roles[spare.header] = ignored(spare.header, "", "")
        message = f"La colonne « {spare.header} » n’est pas utilisée : « {main.header} » donne déjà le mois."
        remedy = f"Si c’est le mois de paiement, répondez « mois_paiement » à « colonne:{spare.header} »."
        findings.append(
            finding("accessibilite.type_de_date", "attention", message, colonne=spare.header, remede=remedy)
        )
    for role in list(roles.values()):
        unused = role.canonical in ("autre_date", "annee", *PARTS) and main.canonical != "annee"
        unused |= role.canonical == "trimestre_numero" and any(r.canonical == "mois_numero" for r in roles.values())
        if role.kind == "mois" and unused:
            reason = "ce n’est pas le mois des montants" if role.canonical == "autre_date" else "elle se déduit du mois"
            roles[role.header] = ignored(role.header, "conformite.calendrier", reason)


def _pick(table: Table, roles: dict[str, Role], name: str, answers: MappingABC[str, str]) -> Question | None:
    """Keep one column for a role; several equally likely ones are a question, unless they say the same months."""
    rivals = sorted((r for r in roles.values() if r.canonical == name), key=lambda r: -r.confidence)
    if len(rivals) < 2:
        return None
    question = header_question(name, [r.header for r in rivals])
    answer = answers.get(question.key)
    check_choice(question, answer)
    likely = [r.header for r in rivals if r.confidence == rivals[0].confidence]
    tie = len(likely) > 1 and not all(as_month(table.tidy[h]).equals(as_month(table.tidy[likely[0]])) for h in likely)
    chosen = answer or rivals[0].header
    for role in rivals:
        if role.header != chosen:
            roles[role.header] = ignored(role.header, "conformite.calendrier", f"« {chosen} » est le mois utilisé")
    return question if tie and answer is None else None


def _year_and_month(roles: dict[str, Role], by_role: dict[str, Role]) -> Role | None:
    return by_role["annee"] if "annee" in by_role and set(PARTS) & set(by_role) else None


def _last_resort(roles: dict[str, Role], answers: MappingABC[str, str]) -> tuple[Role | None, Question | None]:
    """A date of contract, of entry or of export is the month of the amounts only if the user says so."""
    others = [r.header for r in roles.values() if r.canonical == "autre_date"]
    if not others:
        return None, None
    question = lone_date_question(others)
    answer = answers.get(question.key)
    check_choice(question, answer)
    if answer is None:
        return None, question
    roles[answer] = replace(roles[answer], canonical="mois", confidence=1.0)
    return roles[answer], None


def _no_month(table: Table, roles: dict[str, Role]) -> MappingError:
    year = tuple(q for q in table.questions if q.key == "annee")
    if year:
        return MappingError("Rien dans le fichier ne dit l’année de ses mois.", remede=year[0].text, questions=year)
    named = next((h for h in roles if (g := guess(h)) is not None and g.kind == "month"), None)
    if named is not None:
        return MappingError(
            "Les dates de cette colonne ne sont pas lisibles.",
            colonne=named,
            ligne=int(table.lines.iloc[0]),
            valeur=texts_of(table)[named].iloc[0],
            remede="Écrivez-les 31/01/2024, 2024-01 ou janvier 2024.",
        )
    titles = pd.Series(table.frame.columns, dtype="str")
    dated = _are_dates(titles)
    if dated.sum() >= 3:
        return MappingError(
            "Les mois sont en colonnes, et cette forme n’a pas pu être lue.",
            colonne=str(titles[dated].iloc[0]),
            remede="Mettez une ligne par mois, avec une colonne « mois » et une colonne de montants.",
        )
    if any(r.canonical == "annee" for r in roles.values()):
        return MappingError("Le fichier n’a que des années.", remede="Exportez les mêmes chiffres par mois.")
    return MappingError(
        "Aucune colonne ne contient de date.",
        remede="Ajoutez une colonne « mois » (2024-01, janvier 2024…).",
        questions=tuple(q for q in table.questions if q.key == "feuille"),
    )


def _are_dates(titles: pd.Series) -> np.ndarray:
    return ~np.isnat(parse_dates(titles.astype("str")).values)
