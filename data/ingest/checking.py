"""What was decided on a sample, checked on the values of the whole file."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from analytics.schema import CARE_DIMENSIONS, COTISATION_MEASURES
from data.ingest.plan import Plan
from data.ingest.query import Groups
from data.ingest.stream import Unsuited
from data.mapping.propose import Mapping
from data.mapping.roles import guess_role

#: Rows of a stand-in column: enough for each value not to look like an identifier.
_REPEATED = 3
_ROWS = 200


def check_values(groups: Groups, plan: Plan, mapping: Mapping) -> None:
    """Check that the values of each dimension, the whole file known, still make it the same dimension.

    Raises
    ------
    Unsuited
        A column that the whole file makes an identifier, personal data or something else.
    """
    for _, field in plan.of_role("dimension"):
        values = {v.strip() for v in groups.keys[field.name]} - {""}
        known = {v.strip() for v in plan.table.frame[field.name].unique()}
        if values <= known or f"colonne:{field.name}" in mapping.answers:
            continue
        if field.kind != "texte":
            raise Unsuited("codes inconnus de l’échantillon")
        if _role(field.name, sorted(values | known - {""}), plan) != _role(field.name, sorted(known - {""}), plan):
            raise Unsuited("dimension qui change de nature")


def check_premiums(groups: Groups, mapping: Mapping) -> None:
    """Check that premiums beside dimensions of care, which may be repeated, can be compared group by group.

    Raises
    ------
    Unsuited
        Several lines in a group: only whole lines tell whether their premiums are the same one.
    """
    measures = set(mapping.columns.values()) & set(COTISATION_MEASURES)
    names = {mapping.columns[h] for h in mapping.headers("dimension")} | set(mapping.columns.values())
    others = names & {*CARE_DIMENSIONS, "mois_paiement"}
    extra = [c for h in mapping.headers("dimension") if (c := mapping.columns[h]) in mapping.labels]
    if measures and (others or extra) and (groups.counts > 1).any():
        raise Unsuited("cotisations répétées ou non, sur plusieurs lignes de soins")


def _role(name: str, values: list[str], plan: Plan) -> tuple[str, str]:
    repeats = max(_REPEATED, -(-_ROWS // max(len(values), 1)))
    column = pd.Series(values * repeats, dtype="str")
    stand_in = replace(
        plan.table,
        frame=pd.DataFrame({name: column}),
        tidy=pd.DataFrame({name: column.astype("category")}),
        lines=pd.Series(range(len(column))),
    )
    role = guess_role(stand_in, name)
    return role.kind, role.canonical
