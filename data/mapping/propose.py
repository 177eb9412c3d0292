"""Columns of a file to the columns of the contract: one role each, conflicts settled or asked."""

from __future__ import annotations

from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field

import pandas as pd

from analytics.errors import MappingError, Question
from analytics.french import format_month
from analytics.schema import BASES, LABELS
from data.findings import finding, to_frame
from data.mapping.calendar import PARTS, empty_months, months_of
from data.mapping.known import known_layout
from data.mapping.labels import KNOWN_LABELS, french_label, slug
from data.mapping.months import settle_months
from data.mapping.questions import (
    base_question,
    check_answers,
    check_choice,
    empty_months_question,
    personal_question,
)
from data.mapping.roles import PERSONAL, Role, forced_role, guess_role, texts_of
from data.mapping.sense import refuse_currencies, settle_signs
from data.mapping.settle import Settled, settle_dimensions, settle_measures, settle_sense, settle_sums
from data.mapping.spelling import Recodes, recodes_of
from data.personal import detect
from data.readers import Table
from data.readers.sheets import ALL
from data.vocabulary import base_of

#: Questions of the reading that have a safe answer of their own.
_OPTIONAL = ("forme", "zero_manquant", "annee", "lignes_total")


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
    recodes : dict of str to dict
        Canonical dimension -> label of each value written otherwise; "" is no value.
    empty_months : tuple of pandas.Timestamp
        Months of zeros that are missing months: their lines are left out.
    layout : str
        Name of the published layout recognised, "" for none.
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
    recodes: MappingABC[str, MappingABC[str, str]] = field(default_factory=dict)
    empty_months: tuple[pd.Timestamp, ...] = ()
    layout: str = ""

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
        Answers to questions: "date_basis", "base", "trimestres", "zero_manquant", "role:<canonique>" -> title,
        "total:<titre>", and overrides "colonne:<titre>" (or the title alone) -> canonical name, "dimension",
        "mesure" or "ignorer".

    Returns
    -------
    Mapping

    Raises
    ------
    MappingError
        An answer that fits no question or no column, no month, or quarters that the user has not accepted.
    """
    given = check_answers(answers or {}, table.tidy.columns, (q.key for q in table.questions))
    known = known_layout(table)
    guessed = dict(known.roles) if known else {header: guess_role(table, header) for header in table.tidy.columns}
    given = {key: answer for key, answer in given.items() if not _says_nothing(key, answer, guessed)}
    roles = {header: _role(table, role, given) for header, role in guessed.items()}
    months = settle_months(table, roles, given, quiet=known is not None)
    measures = settle_measures(months.roles, given)
    sums = settle_sums(table, measures.roles, given) if known is None else Settled(measures.roles)
    blocking, optional = [*months.blocking, *measures.questions], [*months.optional, *sums.questions]
    sense = settle_sense(table, sums.roles) if not blocking else Settled(sums.roles)
    (optional if sense.findings else blocking).extend(sense.questions)
    roles, signs = (sense.roles, []) if known else settle_signs(table, sense.roles, given)
    blocking += signs
    refuse_currencies(table, roles)
    roles = settle_dimensions(roles)
    empty = _empty_months(table, roles, given, ready=not blocking and known is None)
    blocking += empty.questions
    for question in table.questions:
        check_choice(question, given.get(question.key))
    pending = {q.key for q in blocking}
    sure = [q for q in table.questions if _must_answer(q, roles, given)]
    blocking += [q for q in sure if q.key not in pending]
    base, others = _base(roles, given)
    personal = _personal_questions(table, guessed, given)
    optional += [*others, *personal, *(q for q in table.questions if q not in sure)]
    spellings = recodes_of(table, roles) if known is None else Recodes(known.recodes)
    said = (*months.findings, *sums.findings, *sense.findings, *spellings.findings, *(known.findings if known else ()))
    return Mapping(
        columns={h: r.canonical or "ignorer" for h, r in roles.items()},
        confidence={h: r.confidence for h, r in roles.items()},
        questions=(*blocking, *optional),
        blocking=tuple(q.key for q in blocking),
        kinds={h: r.kind for h, r in roles.items()},
        labels=_labels(roles),
        base=base,
        date_basis=known.date_basis if known and "date_basis" not in given else months.date_basis,
        answers=given,
        findings=to_frame([*_ignored_findings(roles), *_replaced(guessed, roles), *said]),
        recodes=spellings.labels,
        empty_months=empty.months,
        layout=known.name if known else "",
    )


@dataclass(frozen=True)
class _Empty:
    """Months of zeros: those to leave out, or the question about them."""

    months: tuple[pd.Timestamp, ...] = ()
    questions: tuple[Question, ...] = ()


def _empty_months(table: Table, roles: dict[str, Role], answers: MappingABC[str, str], *, ready: bool) -> _Empty:
    """Months of zeros, once the month column is known; the reading may have asked about them already."""
    by_name = {r.canonical: r.header for r in roles.values() if r.kind == "mois"}
    if not ready or not ("mois" in by_name or ("annee" in by_name and set(PARTS) & set(by_name))):
        return _Empty()
    measures = [r.header for r in roles.values() if r.kind == "mesure"]
    months = empty_months(months_of(table, by_name.get), table.tidy[measures])
    if not months:
        return _Empty()
    question = empty_months_question([format_month(m) for m in months[:6]], len(months))
    # The reading of a wide table may have asked it already, under the name of its amount.
    answer = next((a for key, a in answers.items() if key.startswith(question.key)), None)
    check_choice(question, answer)
    if answer is None:
        asked = any(q.key.startswith(question.key) for q in table.questions)
        return _Empty(questions=() if asked else (question,))
    return _Empty(tuple(months) if answer == "manquant" else ())


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
    if proposed.code == PERSONAL:
        replaced = answers.get(f"personnel:{header}") == "pseudonymiser"
        return Role(header, "dimension", slug(header), 1.0) if replaced else proposed
    if answer is None:
        return proposed
    forced = forced_role(table, header, answer)
    if forced is None:
        raise MappingError(
            f"Cette colonne ne peut pas être « {LABELS.get(answer, answer)} ».",
            colonne=header,
            valeur=texts_of(table)[header].iloc[0],
            ligne=int(table.lines.iloc[0]),
            remede="Vérifiez que ses cellules sont des nombres pour un montant, des dates pour un mois.",
        )
    return forced


def _personal_questions(table: Table, roles: dict[str, Role], answers: MappingABC[str, str]) -> list[Question]:
    """What may become of each column that identifies people, when there is a choice."""
    asked = []
    for header in (h for h, r in roles.items() if r.code == PERSONAL):
        found = detect(header, texts_of(table)[header].astype("str"))
        if found is None or len(found.actions) < 2:
            continue
        question = personal_question(header, found)
        check_choice(question, answers.get(question.key))
        if question.key not in answers:
            asked.append(question)
    return asked


def _replaced(guessed: dict[str, Role], roles: dict[str, Role]) -> list[dict]:
    """What is said of the columns kept under pseudonyms."""
    kept = [h for h, r in guessed.items() if r.code == PERSONAL and roles[h].kind == "dimension"]
    words = "identifie des personnes : ses valeurs sont remplacées par des pseudonymes avant d’être gardées."
    return [finding(PERSONAL, "info", f"La colonne « {h} » {words}", colonne=h) for h in kept]


def _must_answer(question: Question, roles: dict[str, Role], answers: MappingABC[str, str]) -> bool:
    """Whether a total depends on a question of the reading; not for a column that is no amount nor the month."""
    prefix, _, header = question.key.partition(":")
    role = roles.get(header)
    waived = answers.get(f"colonne:{header}") in ("ignorer", "dimension") or (
        role is not None and role.code == PERSONAL
    )
    if prefix == "feuille":
        return ALL in question.choices  # sheets of the same titles: one alone would lack the amounts of the others
    if prefix == "ordre_date":
        return role is None or role.kind == "mois"
    return prefix not in _OPTIONAL and not waived


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


def _ignored_findings(roles: dict[str, Role]) -> list[dict]:
    loud = (PERSONAL, "conformite.identifiant", "exactitude.illisible")
    return [
        finding(
            role.code, "attention" if role.code in loud else "info",
            f"La colonne « {role.header} » n’est pas utilisée : {role.reason}.", colonne=role.header,
        )
        for role in roles.values() if role.code
    ]  # fmt: skip
