"""Lines and cubes of the measure of `benchmarks.engines`: seeded, and full of what makes engines differ."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pyarrow as pa

from data.engine import Axis, Filter, Measure, Month, Order, Period, Spec

#: A column whose name is an attack, one that is a word of SQL, one that is a name of our queries.
HOSTILE = ("a\"b`c'd; DROP TABLE lignes --\\", "SELECT", "paliers_d0", "Montant TTC (€)", " é ", "a.b[0]")
_REGIONS = (
    "Île-de-France", "île-de-france", "ILE-DE-FRANCE", "Bretagne", "Bretagne ", " Bretagne", "", None, "Réunion",
    "Re\u0301union", "PACA", "Œuvre", "ŒUVRE", "Ça", "z", "Z", "É", "e", "\U0001f600", "\u4e2d\u6587", "O'Brien",
    "a\\b", "\\' OR 1=1 --", "100 %", "_", "a\tb", "ligne\nligne", "\u00a0", "NULL", "null",
)  # fmt: skip


def make_lines(rows: int, seed: int = 20260101) -> pa.Table:
    """Lines of claims: decimals, missing, accents, negatives, empty texts, turns of years, instants."""
    rng = np.random.default_rng(seed)

    def missing(share: float) -> np.ndarray:
        return rng.random(rows) < share

    cents = np.rint(rng.normal(40, 300, rows) * 100).astype(np.int64)
    days = np.datetime64("2022-12-01") + rng.integers(0, 800, rows)
    edges = np.array(["2022-12-31", "2023-01-01", "2023-12-31", "2024-01-01", "2024-02-29"], "datetime64[D]")
    days = np.where(missing(0.1), edges[rng.integers(0, len(edges), rows)], days)
    instants = days.astype("datetime64[us]") + rng.integers(0, 86_400_000_000, rows).astype("timedelta64[us]")
    columns = {
        "region": pa.array(_REGIONS, pa.string()).take(pa.array(rng.integers(0, len(_REGIONS), rows))),
        "poste": pa.array([f"Poste {i}" for i in range(40)]).take(pa.array(rng.zipf(1.6, rows) % 40)),
        "personne": pa.array(rng.integers(1, max(rows // 3, 2), rows), mask=missing(0.01)),
        "contrat": pa.array(np.char.add("C", rng.integers(0, max(rows // 8, 2), rows).astype(str)), mask=missing(0.05)),
        "date_soins": pa.array(days, pa.date32(), mask=missing(0.02)),
        "saisie": pa.array(instants, pa.timestamp("us"), mask=missing(0.02)),
        "paiement": pa.array(instants, pa.timestamp("us", "UTC"), mask=missing(0.02)),
        "annee": pa.array(rng.integers(2022, 2025, rows).astype(np.int32), mask=missing(0.02)),
        "mois_numero": pa.array(rng.integers(0, 14, rows).astype(np.int16)),
        "actes": pa.array(rng.integers(-2, 9, rows), mask=missing(0.05)),
        "montant": _decimals(cents, 2, missing(0.05)),
        "taux": _decimals(rng.integers(-(10**12), 10**12, rows), 8, missing(0.3)),
        "enorme": _decimals(rng.integers(-(10**18), 10**18, rows), 2, missing(0.5)),
        "flottant": pa.array(cents / 100, mask=missing(0.05)),
        "mesure": pa.array(rng.normal(0, 1000, rows), mask=missing(0.05)),
        "code": pa.array(rng.integers(1, 15, rows).astype(np.float64), mask=missing(0.05)),
        "responsable": pa.array(rng.random(rows) < 0.7, mask=missing(0.05)),
        "vide": pa.array([None] * rows, pa.string()),
    }
    columns |= {name: _decimals(cents + i, 2, missing(0.1)) for i, name in enumerate(HOSTILE)}
    return pa.table(columns)


def make_specs() -> dict[str, Spec]:
    """The cubes asked of every engine, by what each is about."""
    amount, lines = Measure("somme", "montant"), Measure("lignes")
    people = Measure("distincts", "personne")
    return {
        "01 mois × région × poste": Spec([Month("date_soins"), "region", "poste"], [amount, lines]),
        "02 total, sans axe": Spec([], [amount, lines, people, Measure("renseignes", "montant")]),
        "03 textes proches, vides, manquants": Spec(
            ["region"], [lines, Measure("renseignes", "region"), Measure("distincts", "region", "ecritures")]
        ),
        "04 personnes distinctes": Spec(["poste", Month("date_soins")], [people, Measure("distincts", "contrat")]),
        "05 décimales nombreuses": Spec(["poste"], [Measure("somme", "taux"), Measure("maximum", "taux")]),
        "06 très grands montants": Spec(["region"], [Measure("somme", "enorme"), Measure("minimum", "enorme")]),
        "07 centimes en flottant": Spec(["poste"], [Measure("somme", "flottant")]),
        "08 flottant arrondi à 6 décimales": Spec(
            ["poste"], [Measure("somme", "mesure", scale=6), Measure("minimum", "mesure"), Measure("maximum", "mesure")]
        ),
        "09 mois en deux colonnes": Spec([Period("annee", "mois_numero")], [amount, Measure("somme", "actes")]),
        "10 date avec heure": Spec(
            [Month("saisie")], [lines, Measure("minimum", "saisie"), Measure("maximum", "saisie")]
        ),
        "11 instants à Paris": Spec([Month("paiement")], [lines, amount, Measure("maximum", "paiement")]),
        "12 codes en flottant": Spec(["code", "responsable"], [amount, Measure("distincts", "code", "codes")]),
        "13 filtre sur textes hostiles": Spec(
            ["region"],
            [amount, lines],
            [Filter("region", "parmi", ("\\' OR 1=1 --", "a\\b", "O'Brien", "", "É", "ligne\nligne", "absent"))],
        ),
        "14 intervalles": Spec(
            ["poste"],
            [amount, lines],
            [
                Filter("date_soins", "entre", (date(2023, 12, 31), date(2024, 1, 1))),
                Filter("montant", "entre", (Decimal("-12.34"), None)),
                Filter("mesure", "entre", (None, 0.5)),
            ],
        ),
        "15 mois filtré": Spec(
            ["poste"],
            [amount],
            [
                Filter(Month("saisie"), "egal", (date(2024, 2, 1),)),
                Filter(Period("annee", "mois_numero"), "renseigne"),
                Filter("responsable", "egal", (True,)),
            ],
        ),
        "16 manquants": Spec(
            ["vide"], [amount, lines, Measure("distincts", "vide", "n")], [Filter("contrat", "manquant")]
        ),
        "17 premiers, égalités": Spec(["contrat"], [lines, amount], order=[Order("lignes", True)], limit=500),
        "18 premiers textes": Spec(
            ["region", "poste"], [lines], order=[Order("region"), Order("poste", True)], limit=77
        ),
        "19 noms hostiles": Spec(
            [Axis("region", HOSTILE[0])],
            [Measure("somme", name, f"s{i}") for i, name in enumerate(HOSTILE)],
            [Filter(HOSTILE[0], "renseigne"), Filter("SELECT", "entre", (Decimal(-500), Decimal(500)))],
        ),
        "20 aucune ligne": Spec(
            [], [amount, lines, people, Measure("minimum", "date_soins")], [Filter("region", "egal", ("nulle part",))]
        ),
    }


def _decimals(units: np.ndarray, scale: int, missing: np.ndarray) -> pa.Array:
    """Whole units of the last decimal as decimals, without going through doubles."""
    whole = pa.array(units, mask=missing).cast(pa.decimal128(19, 0))
    return pa.Array.from_buffers(pa.decimal128(19, scale), len(whole), whole.buffers())
