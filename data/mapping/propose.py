"""Columns of a file to the columns of the contract: one role each, conflicts settled or asked."""

from __future__ import annotations

from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field, replace

import pandas as pd

from analytics.errors import MappingError, Question
from analytics.schema import BASES, COTISATION_MEASURES, LABELS, MONEY_MEASURES
from data.findings import finding, to_frame
from data.mapping.labels import KNOWN_LABELS, french_label, slug
from data.mapping.months import settle_months
from data.mapping.questions import base_question, check_answers, check_choice, header_question, role_question
from data.mapping.roles import DIMENSIONS, MEASURES, Role, forced_role, guess_role, ignored
from data.readers import Table
from data.vocabulary import base_of, normalise

_VAGUE = ("montant", "valeur", "total", "euros", "eur", "mt", "somme", "montant total")


@dataclass(frozen=True)
class Mapping:
    """What each column of a file is taken for.

    Attributes
    ----------
    columns : dict of str to str
        Title in the file -> canonical name; "ignorer" for a column that is not used.
    confidence : dict of str to float
        From 0 (a guess) to 1 (the title says it).
    questions : tuple of Question
        What could be settled by an answer, the blocking ones first.
    blocking : tuple of str
        Keys of the questions without which a total would be in doubt.
    kinds : dict of str to str
        Title -> "mois", "dimension", "mesure" or "ignorer".
    labels : dict of str to str
        Canonical name -> French label, for the columns that the contract does not know.
    base : {"TTC", "HT", "nette"} or None
        Base of the premiums, from an answer or from the title.
    date_basis : {"soins", "paiement"} or None
    answers : dict
        Answers taken into account.
    findings : pandas.DataFrame
        What was supposed, and the columns that are not used with the reason.
    """

    columns: MappingABC[str, str]
    confidence: MappingABC[str, float]
    questions: tuple[Question, ...] = ()
    blocking: tuple[str, ...] = ()
    kinds: MappingABC[str, str] = field(default_factory=dict)
    labels: MappingABC[str, str] = field(default_factory=dict)
    base: str | None = None
    date_basis: str | None = None
    answers: MappingABC[str, str] = field(default_factory=dict)
    findings: pd.DataFrame = field(default_factory=lambda: to_frame(()))

    def header_of(self, canonical: str) -> str | None:
        """Title in the file of a canonical column, or None."""
        return next((h for h, c in self.columns.items() if c == canonical), None)

    def headers(self, kind: str) -> tuple[str, ...]:
        """Titles of the columns of a kind."""
        return tuple(h for h, k in self.kinds.items() if k == kind)


def propose_mapping(table: Table, *, answers: MappingABC[str, str] | None = None) -> Mapping:
    """Propose a role for every column of a table.

    Parameters
    ----------
    table : Table
        What :func:`data.read_table` returned.
    answers : mapping, optional
        Answers to questions: "date_basis", "base", "role:<canonique>" -> title, and overrides
        "colonne:<titre>" (or the title alone) -> canonical name, "dimension", "mesure" or "ignorer".

    Returns
    -------
    Mapping

    Raises
    ------
    MappingError
        An answer that fits no question or no column.
    """
    given = check_answers(answers or {}, table.frame.columns)
    guessed = {header: guess_role(table, header) for header in table.frame.columns}
    given = {key: answer for key, answer in given.items() if not _says_nothing(key, answer, guessed)}
    roles = {header: _role(table, role, given) for header, role in guessed.items()}
    months = settle_months(table, roles, given)
    roles = months.roles
    roles, asked = _settle_measures(roles, given)
    roles = _settle_dimensions(roles)
    blocking = [*months.blocking, *asked]
    if not blocking and not {r.canonical for r in roles.values()} & set(MONEY_MEASURES):
        blocking += _money_questions(roles)
    pending = {q.key for q in blocking}
    for question in table.questions:
        check_choice(question, given.get(question.key))
    sure = [q for q in table.questions if _must_answer(q, roles, given)]
    blocking += [q for q in sure if q.key not in pending]
    base, others = _base(roles, given)
    optional = [q for q in table.questions if q not in sure]
    return Mapping(
        columns={h: r.canonical or "ignorer" for h, r in roles.items()},
        confidence={h: r.confidence for h, r in roles.items()},
        questions=(*blocking, *months.optional, *others, *optional),
        blocking=tuple(q.key for q in blocking),
        kinds={h: r.kind for h, r in roles.items()},
        labels=_labels(roles),
        base=base,
        date_basis=months.date_basis,
        answers=given,
        findings=to_frame([*(_ignored_finding(r) for r in roles.values() if r.code), *months.findings]),
    )


def _says_nothing(key: str, answer: str, guessed: dict[str, Role]) -> bool:
    """Whether an answer gives a column the role that it has anyway."""
    role = guessed.get(key.removeprefix("colonne:")) if key.startswith("colonne:") else None
    return role is not None and answer in _names(role)


def _names(role: Role) -> tuple[str, ...]:
    """Answers that mean the role as it is."""
    month = ("mois",) if role.canonical in ("mois_soins", "mois_paiement") else ()
    return (role.canonical or "ignorer", role.kind, *month)


def _role(table: Table, proposed: Role, answers: MappingABC[str, str]) -> Role:
    header = proposed.header
    answer = answers.get(f"colonne:{header}")
    if answer is None:
        return proposed
    if proposed.code == "conformite.donnees_personnelles":
        return proposed
    forced = forced_role(table, header, answer)
    if forced is None:
        raise MappingError(
            f"Cette colonne ne peut pas être « {LABELS.get(answer, answer)} ».",
            colonne=header,
            valeur=table.frame[header].iloc[0],
            ligne=int(table.lines.iloc[0]),
            remede="Vérifiez que ses cellules sont des nombres pour un montant, des dates pour un mois.",
        )
    return forced


def _settle_measures(roles: dict[str, Role], answers: MappingABC[str, str]) -> tuple[dict[str, Role], list[Question]]:
    """One column per known measure: the most certain; a tie is a question, the others become extra measures."""
    roles, asked = dict(roles), []
    for canonical in {r.canonical for r in roles.values() if r.kind == "mesure"}:
        rivals = sorted((r for r in roles.values() if r.canonical == canonical), key=lambda r: -r.confidence)
        if len(rivals) == 1:
            continue
        question = header_question(canonical, [r.header for r in rivals])
        answer = answers.get(question.key)
        check_choice(question, answer)
        if answer is None and rivals[1].confidence >= rivals[0].confidence and canonical in MEASURES:
            asked.append(question)
            continue
        chosen = answer or rivals[0].header
        for rival in (r for r in rivals if r.header != chosen):
            roles[rival.header] = _beaten(rival, canonical)
    return roles, sorted(asked, key=lambda q: q.key)


def _beaten(role: Role, canonical: str) -> Role:
    if canonical in COTISATION_MEASURES:
        return ignored(role.header, "accessibilite.colonne_double", f"une autre colonne donne « {LABELS[canonical]} »")
    return replace(role, canonical=slug(role.header), confidence=min(role.confidence, 0.5))


def _settle_dimensions(roles: dict[str, Role]) -> dict[str, Role]:
    """No two columns of the same name: the most certain keeps it, the others take a name from their title."""
    taken: set[str] = {r.canonical for r in roles.values() if r.kind == "mois"} | {"mois", "mois_paiement"}
    settled = dict(roles)
    for role in sorted(roles.values(), key=lambda r: (r.canonical not in (*DIMENSIONS, *MEASURES), -r.confidence)):
        if role.kind not in ("dimension", "mesure"):
            continue
        name = role.canonical if role.canonical not in taken else slug(role.header)
        while name in taken or (name != role.canonical and name in LABELS):
            name += "_2"
        taken.add(name)
        settled[role.header] = replace(role, canonical=name)
    return settled


def _money_questions(roles: dict[str, Role]) -> list[Question]:
    """Ask what the amounts are when no title says it: the vaguely named ones first, three at most."""
    headers = [r.header for r in roles.values() if r.kind == "mesure" and r.canonical not in MEASURES]
    vague = [h for h in headers if normalise(h) in _VAGUE]
    return [role_question(h) for h in (vague or headers)[:3]]


def _must_answer(question: Question, roles: dict[str, Role], answers: MappingABC[str, str]) -> bool:
    """A column whose decimal sign is unknown blocks, unless the user does not want it as an amount."""
    prefix, _, header = question.key.partition(":")
    waived = answers.get(f"colonne:{header}") in ("ignorer", "dimension")
    return prefix == "decimale" and not waived and roles[header].code != "conformite.donnees_personnelles"


def _base(roles: dict[str, Role], answers: MappingABC[str, str]) -> tuple[str | None, list[Question]]:
    header = next((r.header for r in roles.values() if r.canonical == "cotisation"), None)
    check_choice(base_question(), answers.get("base"))
    if answers.get("base") in BASES:
        return answers["base"], []
    if header is None:
        return None, []
    found = base_of(header)
    return found, [] if found else [base_question()]


def _labels(roles: dict[str, Role]) -> dict[str, str]:
    extra = (r for r in roles.values() if r.kind in ("dimension", "mesure") and r.canonical not in LABELS)
    return {r.canonical: KNOWN_LABELS.get(r.canonical) or french_label(r.header) for r in extra}


def _ignored_finding(role: Role) -> dict:
    loud = ("conformite.donnees_personnelles", "conformite.identifiant", "exactitude.illisible")
    severity = "attention" if role.code in loud else "info"
    message = f"La colonne « {role.header} » n’est pas utilisée : {role.reason}."
    return finding(role.code, severity, message, colonne=role.header)
