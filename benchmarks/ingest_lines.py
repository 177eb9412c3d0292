"""The file of the measure of `benchmarks.ingest`: health claims as a French information system exports them, seeded."""

from __future__ import annotations

from pathlib import Path

import numpy as np

_CHUNK = 250_000
_REGIONS = (
    "Île-de-France", "Bretagne", "Occitanie", "Normandie", "Grand Est", "Hauts-de-France", "Corse",
    "Nouvelle-Aquitaine", "Auvergne-Rhône-Alpes", "Provence-Alpes-Côte d’Azur", "Bourgogne-Franche-Comté",
    "Centre-Val de Loire", "Pays de la Loire",
)  # fmt: skip
_POSTES = (
    "Hospitalisation", "Médecine générale", "Spécialistes", "Pharmacie", "Optique", "Dentaire", "Prothèses dentaires",
    "Audiologie", "Analyses", "Imagerie", "Auxiliaires médicaux", "Transport", "Cure thermale", "Orthodontie",
    "Médecines douces", "Forfait < 100 €",
)  # fmt: skip
_CONTRACTS = ("Individuel", "Collectif")
_SEXES = ("F", "H")
_PLACES = ("Cab.", "Éts", "Clin.", "L’Oré")
HEADER = (
    "num_ligne;num_adherent;date_soins;region;poste;contrat;sexe;etablissement;actes;frais_reels;remboursement_amo;"
    "prestation"
)


def write_lines(path: Path, lines: int, seed: int = 20260101) -> None:
    """Write `lines` claims in cp1252: 12 columns, `;`, decimal comma, dd/mm/yyyy."""
    rng = np.random.default_rng(seed)
    days = np.datetime64("2022-01-01") + np.arange(1096)
    texts = [str(d) for d in days]
    tables = {
        "date": _cells([f"{t[8:]}/{t[5:7]}/{t[:4]}" for t in texts]),
        "region": _cells(_REGIONS),
        "poste": _cells(_POSTES),
        "contrat": _cells(_CONTRACTS),
        "sexe": _cells(_SEXES),
        "etablissement": _cells([f"{place} {i}" for place in _PLACES for i in range(1, 751)]),
        "actes": _cells([str(n) for n in range(1, 6)]),
    }
    with path.open("wb") as file:
        file.write(HEADER.encode("cp1252") + b"\n")
        for start in range(0, lines, _CHUNK):
            file.write(_block(rng, tables, start, min(_CHUNK, lines - start)))


def _block(rng: np.random.Generator, tables: dict[str, np.ndarray], start: int, rows: int) -> bytes:
    """Cells of fixed width side by side; the padding (NUL) is then taken away."""

    def pick(name: str) -> np.ndarray:
        return tables[name][rng.integers(0, len(tables[name]), rows)]

    spent = np.minimum(np.exp(rng.normal(3.6, 0.9, rows)), 9_999)
    cents = np.rint(spent * 100).astype(np.int64)
    public = (cents * rng.integers(30, 71, rows)) // 100
    cells = [
        _digits(1 + start + np.arange(rows), 7),
        _digits(rng.integers(1_000_000, 2_200_000, rows), 7),
        *(pick(name) for name in tables),
        *(_amounts(values) for values in (cents, public, ((cents - public) * 9) // 10)),
    ]
    separator, newline = np.full((rows, 1), ord(";"), np.uint8), np.full((rows, 1), ord("\n"), np.uint8)
    pieces = [piece for cell in cells for piece in (cell, separator)]
    block = np.concatenate([*pieces[:-1], newline], axis=1).ravel()
    return block[block != 0].tobytes()


def _cells(texts: list[str] | tuple[str, ...]) -> np.ndarray:
    table = np.array([t.encode("cp1252") for t in texts])
    return table.view(np.uint8).reshape(len(texts), -1)


def _digits(values: np.ndarray, width: int) -> np.ndarray:
    return (values[:, None] // 10 ** np.arange(width - 1, -1, -1) % 10 + ord("0")).astype(np.uint8)


def _amounts(cents: np.ndarray) -> np.ndarray:
    """Amounts as « 1234,50 », leading zeros replaced by the padding."""
    whole, rest = cents // 100, cents % 100
    euros = _digits(whole, 4)
    euros[np.arange(4) < 3 - np.floor(np.log10(np.maximum(whole, 1))).astype(int)[:, None]] = 0
    comma = np.full((len(cents), 1), ord(","), np.uint8)
    return np.concatenate([euros, comma, _digits(rest, 2)], axis=1)
