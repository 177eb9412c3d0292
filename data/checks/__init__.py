"""Quality of a dataset: one file per check, each a function that returns findings and never stops."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from analytics.schema import Dataset
from data.checks.accessibilite import check_accessibilite
from data.checks.codes import check_codes
from data.checks.colonnes_absentes import check_colonnes_absentes, unlocks
from data.checks.dates_anciennes import check_dates_anciennes
from data.checks.dates_futures import check_dates_futures
from data.checks.derniers_mois import check_derniers_mois
from data.checks.effectifs_negatifs import check_effectifs_negatifs
from data.checks.facts import Facts
from data.checks.history import compare_deposits, compare_quality, quality_summary
from data.checks.lot_tardif import check_lot_tardif
from data.checks.mois_atypiques import check_mois_atypiques
from data.checks.mois_manquants import check_mois_manquants
from data.checks.montants_negatifs import check_montants_negatifs
from data.checks.orthographe import check_orthographe
from data.checks.paiement_avant_soins import check_paiement_avant_soins
from data.checks.perimetre import check_perimetre
from data.checks.plafond import check_plafond
from data.checks.postes import check_postes
from data.checks.recodage import check_recodage
from data.checks.scores import DEFINITION, NAMES, score, score_by
from data.checks.signes import check_signes
from data.checks.tables_decalees import check_tables_decalees
from data.checks.taux_de_rejet import check_taux_de_rejet
from data.checks.testable import untestable
from data.checks.unicite import check_unicite
from data.checks.unites import check_unites
from data.checks.valeur_partielle import check_valeur_partielle
from data.checks.valeurs_manquantes import check_valeurs_manquantes
from data.findings import SEVERITIES, complete_columns, join, to_frame

__all__ = [
    "DEFINITION", "PILLARS", "compare_deposits", "compare_quality", "quality_summary", "run_checks", "score",
    "score_by", "unlocks", "untestable",
]  # fmt: skip


def _of(check: Callable[[Dataset], list[dict]]) -> Callable[[Facts], list[dict]]:
    """A check that needs nothing but the dataset."""
    return lambda facts: check(facts.dataset)


#: Pillar, as it begins the code of a finding -> its French name and its checks.
PILLARS: dict[str, tuple[str, tuple[Callable[[Facts], list[dict]], ...]]] = {
    "unicite": (NAMES["unicite"], (_of(check_unicite),)),
    "actualite": (
        NAMES["actualite"],
        (
            check_mois_manquants, check_tables_decalees, check_derniers_mois, check_dates_futures,
            check_dates_anciennes, check_lot_tardif,
        ),
    ),
    "exactitude": (
        NAMES["exactitude"],
        (
            check_unites, check_signes, check_mois_atypiques, check_plafond, check_paiement_avant_soins,
            check_effectifs_negatifs,
        ),
    ),
    "exhaustivite": (
        NAMES["exhaustivite"],
        (check_valeurs_manquantes, check_perimetre, check_valeur_partielle, check_colonnes_absentes),
    ),
    "conformite": (
        NAMES["conformite"],
        (
            check_taux_de_rejet, check_postes, check_orthographe, check_montants_negatifs, check_codes,
            check_recodage,
        ),
    ),
    "accessibilite": (NAMES["accessibilite"], (_of(check_accessibilite),)),
}  # fmt: skip


def run_checks(dataset: Dataset, *, today: pd.Timestamp | None = None) -> pd.DataFrame:
    """Every finding about a dataset: those of the reading of the file, then those of the six pillars.

    Parameters
    ----------
    dataset : Dataset
    today : pandas.Timestamp, optional
        Day of the check: a file without months of payment is then searched for months in the future.

    Returns
    -------
    pandas.DataFrame
        code ("<pilier>.<constat>"), severite ("info", "attention", "grave"), table, colonne, ligne, valeur, message,
        remede, euros, then where and when in figures (:func:`data.checks.places.place`): mois_debut, mois_fin,
        filtres, effets. The gravest first, then the largest in euros. No finding is an empty frame.
    """
    facts = Facts(dataset, today)
    found = to_frame(row for _, checks in PILLARS.values() for check in checks for row in check(facts))
    rows = complete_columns(join(dataset.findings, found)).drop_duplicates(["code", "message"], ignore_index=True)
    order = pd.DataFrame({"gravite": rows["severite"].map(SEVERITIES.index), "euros": rows["euros"].abs().fillna(0)})
    order = order.sort_values(["gravite", "euros"], ascending=False, kind="stable")
    return rows.loc[order.index].reset_index(drop=True)
