"""What one head pays and costs next year under the levers, segment by segment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.errors import ParameterError
from analytics.prescriptive.cover import Cover, apply_levers
from analytics.prescriptive.taxes import Taxes

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Year:
    """Figures of one head, shape (S,) unless said; EUR per year.

    Attributes
    ----------
    hausse : numpy.ndarray
        Increase decided.
    hausse_payee : numpy.ndarray
        Increase seen by the member: the one decided and the taxes passed on.
    prix, chargement : numpy.ndarray
        Premium, and loading as a share of it.
    nouveaux, recrues : numpy.ndarray
        New members for one head today, at the cost of a member; and recruited at a price.
    pc_recrues, cout_recrue : float
        Care of a recruit relative to a member of the segment, and what recruiting one costs.
    charge : numpy.ndarray
        Prevention, and taxes borne by the mutual.
    prestation, reste : numpy.ndarray
        (S, postes): claims and reste à charge before drift.
    """

    hausse: Floats
    hausse_payee: Floats
    prix: Floats
    chargement: Floats
    nouveaux: Floats
    recrues: Floats
    pc_recrues: float
    cout_recrue: float
    charge: Floats
    prestation: Floats
    reste: Floats


def plan_year(
    cotisation: Floats, chargement: Floats, cover: Cover, levers: Mapping[str, Floats], responses: Mapping[str, float],
    taxes: Taxes,
) -> Year:  # fmt: skip
    """Lay the levers on one head of each segment.

    Parameters
    ----------
    cotisation, chargement : numpy.ndarray
        Of today, shape (S,).
    cover : Cover
    levers : mapping
        From :func:`analytics.prescriptive.levers.resolve_levers`.
    responses : mapping of str to float
        One value of each response.
    taxes : Taxes

    Raises
    ------
    ParameterError
        A tax is moved whose rate is not known, or a lever of care lacks its columns.
    """
    price = cotisation * (1.0 + levers["hausse"])
    borne, passed = _taxes(levers, responses, taxes)
    care = apply_levers(cover, levers, responses)
    charge = levers["prevention"] + (borne * taxes.without_tax(price) if borne.any() else 0.0)
    return Year(
        hausse=levers["hausse"],
        hausse_payee=(1.0 + levers["hausse"]) * (1.0 + passed) - 1.0 if passed.any() else levers["hausse"],
        prix=price,
        chargement=chargement + levers["chargement"],
        nouveaux=levers["effectif"],
        recrues=levers["acquisition"],
        pc_recrues=float(responses["pc_recrues"]),
        cout_recrue=float(responses["cout_acquisition"]),
        charge=charge,
        prestation=care.prestation,
        reste=care.reste,
    )


def _taxes(levers: Mapping[str, Floats], responses: Mapping[str, float], taxes: Taxes) -> tuple[Floats, Floats]:
    """Rate borne by the mutual, as a share of the HT premium, and change of the price paid by the member."""
    borne, passed = np.zeros_like(levers["tsa"]), np.zeros_like(levers["tsa"])
    for lever, rate, key in (
        ("tsa", 1.0, "repercussion_tsa"),
        ("contribution", taxes.contribution, "repercussion_contribution"),
    ):
        if not levers[lever].any():
            continue
        if not np.isfinite([rate, taxes.tsa]).all():
            raise ParameterError(
                "Le taux de la taxe n’est pas connu.", valeur=lever, remede="Indiquez-le, avec sa source."
            )
        change = levers[lever] * rate
        borne = borne + (1.0 - responses[key]) * change
        passed = passed + responses[key] * change / (1.0 + taxes.tsa)
    return borne, passed
