"""Layouts known in full: the published monthly file of Open DAMIR."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from analytics.french import format_number, format_percent
from data.findings import euros, finding
from data.mapping.calendar import months_of
from data.mapping.labels import slug
from data.mapping.roles import Role, ignored, texts_of
from data.readers import Table
from data.references import Damir, load_damir

#: What the finding about the columns left to the lines is called.
_LEFT = "accessibilite.colonnes_de_detail"
#: Natures of care have four digits at most.
_EVERY_CODE = tuple(map(str, range(10_000)))
#: Share of the amounts without a month of care that is worth a look.
_MUCH = 0.01


@dataclass(frozen=True)
class Known:
    """A layout recognised by its titles.

    Attributes
    ----------
    name : str
        Name of the layout, in French.
    roles : dict of str to Role
        Role of every column.
    recodes : dict of str to dict
        Canonical dimension -> label of each of its codes.
    date_basis : str
        What the month is.
    findings : tuple of dict
    """

    name: str
    roles: Mapping[str, Role]
    recodes: Mapping[str, Mapping[str, str]]
    date_basis: str
    findings: tuple[dict, ...]


def known_layout(table: Table) -> Known | None:
    """The published layout that a table follows, or None."""
    damir = load_damir()
    by_name = {str(h).strip().upper(): h for h in table.tidy.columns}
    if not set(damir.signature) <= set(by_name):
        return None
    roles = {header: _role(damir, name, header) for name, header in by_name.items()}
    roles |= {h: ignored(h, "", "") for h in table.tidy.columns if h not in roles}
    header = by_name.get("PRS_NAT")
    codes = [] if header is None else [str(c) for c in _categories(table, header)]
    # Every code, not only those of this table: a large file is understood on some of its lines.
    recodes = {"poste": {code: damir.poste(code) for code in (*_EVERY_CODE, *codes)}} if codes else {}
    said = (*_said(damir, by_name, {code: damir.poste(code) for code in codes}), *_without_care_month(table, by_name))
    return Known("Open DAMIR mensuel", roles, recodes, "soins", said)


def _role(damir: Damir, name: str, header: str) -> Role:
    known = damir.columns.get(name)
    if known is None:
        return ignored(header, "", "elle reste dans les lignes du fichier")
    return Role(header, known["genre"], known["role"] or slug(header), 1.0)


def _categories(table: Table, header: str) -> Iterable[object]:
    column = table.tidy[header]
    return column.cat.categories if hasattr(column, "cat") else texts_of(table)[header].str.strip().unique()


def _without_care_month(table: Table, by_name: Mapping[str, str]) -> list[dict]:
    """Care whose month is published as zero: it has no place in care months, and is a known share of the amounts."""
    names = {"annee": by_name["SOI_ANN"], "mois_numero": by_name["SOI_MOI"]}
    unknown = months_of(table, names.get).isna()
    if not unknown.any():
        return []
    amounts = table.tidy[by_name["FLT_REM_MNT"]]
    lost, whole = float(amounts[unknown].sum()), float(amounts.abs().sum())
    share = abs(lost) / whole if whole else 0.0
    first = int(table.lines[unknown].iloc[0])
    message = (
        f"Lignes dont le mois de soins n’est pas connu (SOI_ANN ou SOI_MOI à zéro) : "
        f"{format_number(int(unknown.sum()))}, soit {euros(lost)} remboursés, {format_percent(share)} du fichier. "
        f"Elles sont rejetées, et manquent aux totaux par mois de soins."
    )
    remedy = "Pour le total remboursé d’un mois de traitement, ajoutez-les : elles sont dans les lignes rejetées."
    severity = "attention" if share > _MUCH else "info"
    return [
        finding(
            "exhaustivite.soins_sans_mois", severity, message, table="prestation", colonne="mois", ligne=first,
            valeur="0", remede=remedy, euros=lost,
        )
    ]  # fmt: skip


def _said(damir: Damir, by_name: Mapping[str, str], codes: Mapping[str, str]) -> list[dict]:
    raw = [
        h for n, h in by_name.items() if n.startswith("PRS_") and n.endswith(("_MNT", "_BSE", "_QTE", "_NBR", "_COG"))
    ]
    others = [h for n, h in by_name.items() if n not in damir.columns and h not in raw]
    rows = [
        finding(
            "accessibilite.format_connu", "info",
            "Fichier mensuel Open DAMIR reconnu : mois de soins (SOI_ANN, SOI_MOI), mois de paiement (FLX_ANN_MOI), "
            "dépense et remboursement de l’assurance maladie obligatoire. Il ne contient rien des complémentaires.",
            remede=f"Source : {damir.source}.",
        ),
        finding(
            "accessibilite.montants_bruts", "info",
            f"Colonnes d’indicateurs bruts non additionnées ({format_number(len(raw))}) : {', '.join(raw)}.",
            remede=damir.rule,
        ),
    ]  # fmt: skip
    if others:
        message = (
            f"Colonnes de codes laissées aux lignes du fichier ({format_number(len(others))}), pour que le cube "
            f"reste petit : {', '.join(others)}."
        )
        rows.append(finding(_LEFT, "info", message))
    unsaid = sorted(c for c, p in codes.items() if p == damir.other)
    if codes:
        message = f"Natures de prestation réunies en postes : {len(codes)} codes, {len(set(codes.values()))} postes."
        remedy = "Table des postes : data/references/damir.yaml, datée et sourcée."
        shown = ", ".join(unsaid[:8]) + ("…" if len(unsaid) > 8 else "")
        if unsaid:
            message += f" Rangés dans « {damir.other} » : {shown}."
        rows.append(finding("conformite.postes_damir", "info", message, colonne="poste", valeur=shown, remede=remedy))
    return rows
