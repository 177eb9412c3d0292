"""Conflicts between columns settled: one per measure, no total beside its parts, no two of the same name."""

from __future__ import annotations

from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, replace

from analytics.errors import Question
from analytics.schema import COTISATION_MEASURES, LABELS, MONEY_MEASURES
from data.findings import finding
from data.mapping.context import sense_of_title
from data.mapping.labels import slug
from data.mapping.questions import check_choice, header_question, role_question, total_question
from data.mapping.roles import DIMENSIONS, MEASURES, Role, ignored
from data.mapping.sums import Sum, find_sums
from data.readers import Table
from data.vocabulary import normalise

_VAGUE = ("montant", "valeur", "total", "euros", "eur", "mt", "somme", "montant total", "valeurs", "montants")


@dataclass(frozen=True)
class Settled:
    """Roles after a step, what it asks and what it says."""

    roles: dict[str, Role]
    questions: tuple[Question, ...] = ()
    findings: tuple[dict, ...] = ()


def settle_measures(roles: dict[str, Role], answers: MappingABC[str, str]) -> Settled:
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
    return Settled(roles, tuple(sorted(asked, key=lambda q: q.key)))


def settle_sums(table: Table, roles: dict[str, Role], answers: MappingABC[str, str]) -> Settled:
    """A column that adds up others is left out, unless the contract names it or the user keeps it.

    What adds up AMO, AMC and what is left to pay is the amount charged.
    """
    measures = [r.header for r in roles.values() if r.kind == "mesure"]
    if len(measures) < 3 or not {r.canonical for r in roles.values()} & set(MONEY_MEASURES):
        return Settled(roles)
    roles, questions, findings = dict(roles), [], []
    for known in find_sums(table.tidy[measures]):
        role, question = roles[known.header], total_question(known.header, known.parts)
        answer = answers.get(question.key)
        check_choice(question, answer)
        if role.canonical in MEASURES or role.confidence == 1.0:
            continue
        if known.exact and answer is None and _is_charged(known, roles):
            roles[known.header] = replace(role, canonical="frais_reels", confidence=0.8)
            findings.append(_said(known, "prise pour les frais réels", question.key))
        elif answer == "total" or (answer is None and known.exact):
            roles[known.header] = ignored(known.header, "", "c’est un total")
            findings.append(_said(known, "laissée de côté", question.key))
        if answer is None:
            questions.append(question)
    return Settled(roles, tuple(questions), tuple(findings))


def settle_sense(table: Table, roles: dict[str, Role]) -> Settled:
    """The only amount of a file whose title says nothing takes the sense of the title of the file.

    When no title says it, what the amounts are is asked: the vaguely named ones first, three at most.
    """
    if {r.canonical for r in roles.values()} & set(MONEY_MEASURES):
        return Settled(roles)
    measures = [r for r in roles.values() if r.kind == "mesure" and r.canonical not in MEASURES]
    vague = [r for r in measures if is_vague(r.header)]
    said = sense_of_title(table) if len(measures) == 1 and vague else None
    if said is None or said[0] not in MONEY_MEASURES:
        return Settled(roles, tuple(role_question(r.header) for r in (vague or measures)[:3]))
    role, (canonical, title) = measures[0], said
    message = f"La colonne « {role.header} » est prise pour « {LABELS[canonical]} », d’après le titre « {title[:80]} »."
    remedy = f"Sinon, répondez à « colonne:{role.header} »."
    told = finding("accessibilite.sens_du_titre", "attention", message, colonne=role.header, remede=remedy)
    roles = roles | {role.header: replace(role, canonical=canonical, confidence=0.6)}
    return Settled(roles, (role_question(role.header),), (told,))


def settle_dimensions(roles: dict[str, Role]) -> dict[str, Role]:
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


def is_vague(header: str) -> bool:
    """Whether a title says nothing of what the column holds: « montant », « valeur », « Colonne 4 »."""
    name = normalise(header)
    return name in _VAGUE or name.rstrip("0123456789 ") in ("colonne", "column", "col", "unnamed", "champ", "v")


def _beaten(role: Role, canonical: str) -> Role:
    if canonical in COTISATION_MEASURES:
        return ignored(role.header, "accessibilite.colonne_double", f"une autre colonne donne « {LABELS[canonical]} »")
    return replace(role, canonical=slug(role.header), confidence=min(role.confidence, 0.5))


def _is_charged(known: Sum, roles: dict[str, Role]) -> bool:
    parts = {roles[p].canonical for p in known.parts}
    taken = any(r.canonical == "frais_reels" for r in roles.values())
    return not taken and parts == {"remboursement_amo", "prestation", "reste_a_charge"}


def _said(known: Sum, what: str, key: str) -> dict:
    parts = ", ".join(f"« {p} »" for p in known.parts)
    message = f"La colonne « {known.header} » additionne {parts} : elle est {what}."
    remedy = f"Pour la garder comme un autre montant, répondez « garder » à « {key} »."
    return finding("exactitude.colonne_total", "info", message, colonne=known.header, remede=remedy)
