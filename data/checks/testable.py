"""What a file does not allow to test, in the families of errors that a diagnosis rules out first."""

from __future__ import annotations

from analytics.schema import Dataset

#: Months under which a cell has no usual level, and under which no season is known.
_LEVEL, _SEASON = 6, 24
_NO_AMOUNT = "aucune prestation dans le fichier"


def untestable(dataset: Dataset) -> dict[str, str]:
    """Families of errors that cannot be ruled out with this file, and why.

    Returns
    -------
    dict of str to str
        Key of the family ("doublons", "unites", "lots", "signes", "recodage", "perimetre") -> the reason, in French.
    """
    frame, found = dataset.prestation, {}
    if len(dataset.findings) and dataset.findings["code"].eq("unicite.non_cherchee").any():
        found["doublons"] = "les lignes restent dans leur moteur"
    if dataset.main_measure is None or frame.empty:
        return found | dict.fromkeys(("unites", "lots", "signes", "recodage"), _NO_AMOUNT)
    months = frame["mois"].nunique()
    if months < _LEVEL:
        found |= dict.fromkeys(("unites", "signes"), f"moins de {_LEVEL} mois dans le fichier")
    if months < _SEASON:
        found["lots"] = f"moins de {_SEASON} mois dans le fichier : la saison n’est pas connue"
    elif dataset.date_basis != "paiement" and not ("mois_paiement" in frame and frame["mois_paiement"].notna().any()):
        found["lots"] = "sans mois de paiement, un lot tardif ne se distingue pas d’un mois qui se remplit encore"
    if "beneficiaires" not in dataset.cotisation.columns:
        found["perimetre"] = "le nombre d’assurés n’est pas dans le fichier"
    return found
