"""What a plan must respect: targets, floors, rules between segments, law."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np

from analytics.errors import ParameterError
from analytics.prescriptive.law import check_factors, evin_cap

#: Numeric option to its smallest and largest value (both allowed) and what it is.
_RANGES: dict[str, tuple[float, float, str]] = {
    "pc_max": (0.0, math.inf, "Le P/C maximal est un taux positif."),
    "retention_min": (0.0, 1.0, "Le taux de maintien minimal va de 0 à 100 %."),
    "effectif_min": (0.0, math.inf, "L’effectif minimal est positif."),
    "hausse_moyenne_max": (-1.0, math.inf, "La hausse moyenne maximale est supérieure à −100 %."),
    "resultat_min": (-math.inf, math.inf, "Le résultat minimal est un montant."),
    "ecart_max": (0.0, math.inf, "L’écart maximal entre deux hausses est positif."),
    "solidarite_max": (0.0, math.inf, "Le plafond de solidarité est un taux positif."),
}


@dataclass(frozen=True)
class Constraints:
    """What the plan must respect; None leaves a constraint out.

    Attributes
    ----------
    pc_max : float, optional
        Largest Σ prestations / Σ cotisations of the retained (0.85 = 85 %).
    retention_min : float, optional
        Smallest Σ heads·retained / Σ heads.
    effectif_min : float, optional
        Smallest Σ heads·retained.
    hausse_moyenne_max : float, optional
        Largest Σ heads·retained·cotisation·hausse / Σ heads·retained·cotisation.
    resultat_min : float, optional
        Smallest result, EUR.
    ordre : tuple of (lower, higher), optional
        Names of segments: hausse of the first ≤ hausse of the second.
    ecart_max : float, optional
        Largest difference of hausse between any two segments.
    hausse_uniforme : bool
        One hausse for all: the same as an `ecart_max` of 0.
    grille : tuple of float, optional
        Allowed values of hausse.
    solidarite_max : float, optional
        A segment’s premium net of loading is at most (1 + solidarite_max) times its own claims; a segment already above
        may be left at its present premium, not raised.
    evin : tuple of (segment, tarif_actif, annee)
        Leavers of a group: premium at most 100, 125, 150 % of `tarif_actif` (EUR per head and year) in year 1, 2, 3
        after leaving, free from year 4 on.
    gel : bool
        Freeze: no increase anywhere.
    facteurs : tuple of str
        Factors that make the segments; those that the law refuses raise.

    Raises
    ------
    ParameterError
        A value is not a number, is out of its range, or a factor is refused by the law.
    """

    pc_max: float | None = None
    retention_min: float | None = None
    effectif_min: float | None = None
    hausse_moyenne_max: float | None = None
    ordre: tuple[tuple[str, str], ...] | None = None
    ecart_max: float | None = None
    grille: tuple[float, ...] | None = None
    resultat_min: float | None = None
    hausse_uniforme: bool = False
    solidarite_max: float | None = None
    evin: tuple[tuple[str, float, int], ...] = ()
    gel: bool = False
    facteurs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, (low, high, message) in _RANGES.items():
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, _number(value, name, low, high, message))
        for name in ("hausse_uniforme", "gel"):
            if not isinstance(getattr(self, name), bool | np.bool_):
                raise ParameterError("Cette option vaut oui ou non.", colonne=name, valeur=getattr(self, name))
        object.__setattr__(self, "ordre", _pairs(self.ordre))
        object.__setattr__(self, "grille", _grid(self.grille))
        object.__setattr__(self, "evin", _leavers(self.evin))
        object.__setattr__(self, "facteurs", check_factors(_sequence(self.facteurs, "facteurs")))

    def given(self) -> dict[str, object]:
        """What is asked, by name; what is left out is absent."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return {k: v for k, v in values.items() if v is not None and v is not False and v != ()}

    def widest(self) -> float | None:
        """Largest difference of hausse allowed between two segments."""
        return 0.0 if self.hausse_uniforme else self.ecart_max


def _number(value: object, name: str, low: float, high: float, message: str) -> float:
    if isinstance(value, bool | str):
        raise ParameterError("Ce n’est pas un nombre.", colonne=name, valeur=value)
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise ParameterError("Ce n’est pas un nombre.", colonne=name, valeur=value) from error
    if not math.isfinite(number):
        raise ParameterError("Ce n’est pas un nombre fini.", colonne=name, valeur=value)
    if not low <= number <= high:
        raise ParameterError(message, colonne=name, valeur=value)
    return number


def _sequence(value: object, name: str) -> tuple:
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        raise ParameterError("Une liste est attendue.", colonne=name, valeur=value)
    return tuple(value)


def _pairs(ordre: object) -> tuple[tuple[str, str], ...] | None:
    if ordre is None:
        return None
    pairs = []
    for pair in _sequence(ordre, "ordre"):
        if isinstance(pair, str) or not hasattr(pair, "__len__") or len(pair) != 2:
            raise ParameterError("Une règle d’ordre nomme deux segments.", colonne="ordre", valeur=pair)
        pairs.append((str(pair[0]), str(pair[1])))
    return tuple(pairs) or None


def _grid(grille: object) -> tuple[float, ...] | None:
    if grille is None:
        return None
    message = "Une hausse est supérieure ou égale à −100 %."
    values = {_number(v, "grille", -1.0, math.inf, message) for v in _sequence(grille, "grille")}
    if not values:
        raise ParameterError("La grille des hausses est vide.", colonne="grille")
    return tuple(sorted(values))


def _leavers(evin: object) -> tuple[tuple[str, float, int], ...]:
    found = []
    for line in _sequence(evin, "evin"):
        if isinstance(line, str) or not hasattr(line, "__len__") or len(line) != 3:
            raise ParameterError(
                "Une ligne de la loi Évin donne un segment, le tarif des actifs et une année.",
                colonne="evin",
                valeur=line,
            )
        tarif = _number(line[1], "evin", 0.0, math.inf, "Le tarif des actifs est positif.")
        annee = _number(
            line[2], "evin", 1.0, math.inf, "L’année après la sortie du groupe est un entier à partir de 1."
        )
        evin_cap(annee)
        found.append((str(line[0]), tarif, int(annee)))
    return tuple(found)
