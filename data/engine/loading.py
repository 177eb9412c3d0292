"""Lines that stay in an engine, as a dataset: their monthly cube, under the mapping that a file of them would have."""

from __future__ import annotations

import io
from collections.abc import Mapping as MappingABC
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from analytics.errors import MappingError, Question
from analytics.french import format_number
from analytics.schema import CONTRACT_DIMENSIONS, COTISATION_MEASURES, LABELS, Dataset
from data.engine.columns import Columns
from data.engine.errors import TooManyRows
from data.engine.spec import Axis, Dimension, Filter, Measure, Month, Spec, name_of
from data.findings import finding, join, to_frame
from data.loading import load_dataset
from data.mapping import Mapping, propose_mapping
from data.mapping.questions import repetition_question
from data.mapping.roles import MAX_VALUES
from data.readers import read_table
from data.references import load_damir

if TYPE_CHECKING:
    from data.engine import Engine

#: Lines looked at to tell what each column is.
SAMPLE = 20_000
#: Decimals kept of amounts stored as doubles.
DECIMALS = 6
#: Rows that the monthly cube of a dataset may have.
MAX_DATASET = 2_000_000
_COUNT = "paliers lignes"
#: Findings of a published layout that list columns: those of all the columns, not of the cube.
_OF_COLUMNS = ("accessibilite.montants_bruts", "accessibilite.colonnes_de_detail")


@dataclass(frozen=True)
class _Asked:
    """What is asked of the engine: the axes and the sums, and the axes by which it may be asked piece by piece.

    `codes` is the column whose values a published layout puts together, if any.
    """

    axes: tuple[Dimension, ...]
    sums: tuple[Measure, ...]
    months: tuple[Dimension, ...]
    codes: str | None = None

    @property
    def headers(self) -> tuple[str, ...]:
        """Columns of the cube."""
        return tuple(map(name_of, (*self.axes, *self.sums)))


@dataclass(frozen=True)
class _Seen:
    """What was seen of the lines: the engine, how many each row of the cube stands for, whether codes were merged."""

    engine: str
    counts: np.ndarray
    merged: bool


def load_from_engine(
    engine: Engine,
    mapping: MappingABC[str, str] | None = None,
    *,
    name: str | None = None,
    base: str | None = None,
) -> Dataset:
    """Make the monthly tables of lines that stay in an engine: it adds them up, and only the cube comes here.

    The dataset is that of :func:`data.load_dataset` on the same lines, but for what only the lines tell: copies are
    not looked for, and lines not used are counted, not listed.

    Parameters
    ----------
    engine : Engine
    mapping : mapping, optional
        Answers to questions, as for :func:`data.load_dataset`.
    name : str, optional
        Name shown as the source; that of the engine by default.
    base : {"TTC", "HT", "nette"}, optional
        Base of the premiums.

    Returns
    -------
    Dataset

    Raises
    ------
    MappingError
        No month or no amount is recognised, an amount is stored as text, or a total depends on an answer.
    ParameterError
        The cube is too large even month by month.
    ReadError, EngineError
        As :meth:`data.engine.Engine.cube`.
    """
    answers = dict(mapping or {}) | ({"base": base} if base is not None else {})
    source = name or engine.name
    sample = propose_mapping(read_table(_parquet(engine.lines(limit=SAMPLE)), name=source), answers=answers)
    # Whether a month is empty cannot be told from some of its lines.
    _ask([q for q in sample.questions if q.key in sample.blocking and not q.key.startswith("zero_manquant")])
    _check_premiums(sample, answers)
    asked = _what_to_ask(engine, sample, answers)
    cube, merged = _pull(engine, asked)
    counts = cube.column(_COUNT).to_numpy()
    table = cube.drop_columns([_COUNT])
    raw = _parquet(table)
    given = {k: v for k, v in answers.items() if _is_about(k, asked.headers, engine.columns())}
    given |= _forced(propose_mapping(read_table(raw, name=source), answers=given), sample)
    dataset = load_dataset(raw, name=source, mapping=given)
    return _told(dataset, sample, asked, _Seen(engine.name, counts, merged))


def _parquet(table: pa.Table) -> bytes:
    output = io.BytesIO()
    pq.write_table(table, output)
    return output.getvalue()


def _ask(questions: list[Question]) -> None:
    if questions:
        text = " ".join(q.text for q in questions)
        raise MappingError("Un total dépend de votre réponse.", remede=text, questions=tuple(questions))


def _check_premiums(mapping: Mapping, answers: MappingABC[str, str]) -> None:
    """Once lines are added up nothing tells whether a premium was repeated on each: it is asked."""
    others = {mapping.columns[h] for h in mapping.headers("dimension")} - set(CONTRACT_DIMENSIONS)
    if not others and mapping.header_of("mois_paiement") is None:
        return
    measures = [m for m in COTISATION_MEASURES if mapping.header_of(m) is not None]
    questions = [repetition_question(m, LABELS[m]) for m in measures]
    _ask([q for q in questions if answers.get(q.key) is None])
    repeated = [m for m, q in zip(measures, questions, strict=True) if answers[q.key] != "repartie"]
    if repeated:
        raise MappingError(
            "Un montant répété sur plusieurs lignes ne peut pas être additionné par le moteur.",
            colonne=mapping.header_of(repeated[0]),
            remede="Mettez les cotisations et les effectifs dans une table à part, une ligne par mois et par contrat.",
        )


def _what_to_ask(engine: Engine, mapping: Mapping, answers: MappingABC[str, str]) -> _Asked:
    columns = engine.columns()
    chosen = [h for h in mapping.headers("dimension") if h in answers or f"colonne:{h}" in answers]
    dimensions = [*chosen, *_small_enough(engine, [h for h in mapping.headers("dimension") if h not in chosen])]
    months = tuple(_month_axis(h, columns) for h in mapping.headers("mois"))
    sums = []
    for header in mapping.headers("mesure"):
        column = columns[header]
        if column.kind == "texte":
            raise MappingError(
                "Les montants de cette colonne sont du texte : le moteur ne peut pas les additionner.",
                colonne=header,
                remede="Convertissez la colonne en DECIMAL dans le moteur.",
            )
        sums.append(Measure("somme", header, scale=DECIMALS if column.vague else None))
    # Pieces are cut by month of payment first: a published file is one.
    pieces = sorted(months, key=lambda m: mapping.columns[name_of(m)] != "mois_paiement")
    codes = mapping.header_of("poste") if mapping.layout else None
    return _Asked((*months, *map(Axis, dimensions)), tuple(sums), tuple(pieces), codes)


def _month_axis(header: str, columns: Columns) -> Dimension:
    return Month(header) if columns[header].kind in ("date", "horodatage") else Axis(header)


def _small_enough(engine: Engine, headers: Sequence[str]) -> list[str]:
    """Dimensions that are not identifiers, counted on every line."""
    if not headers:
        return []
    counts = engine.cube(Spec([], [Measure("distincts", h, str(i)) for i, h in enumerate(headers)])).to_pylist()[0]
    return [h for i, h in enumerate(headers) if counts[str(i)] <= MAX_VALUES]


def _pull(engine: Engine, asked: _Asked) -> tuple[pa.Table, bool]:
    """The cube, and whether it had to be made month by month, its codes put together."""
    try:
        return engine.cube(_spec(asked, ())), False
    except TooManyRows:
        return _piecewise(engine, asked, (), asked.months), True


def _spec(asked: _Asked, filters: tuple[Filter, ...]) -> Spec:
    return Spec(asked.axes, (*asked.sums, Measure("lignes", name=_COUNT)), filters)


def _piecewise(engine: Engine, asked: _Asked, filters: tuple[Filter, ...], months: tuple[Dimension, ...]) -> pa.Table:
    """The cube cut along a first axis of months, then along the others where it is still too large."""
    axis, *rest = months
    column = axis if isinstance(axis, Month) else name_of(axis)
    pieces, rows = [], 0
    for value in engine.cube(Spec([axis], [], filters)).column(0).to_pylist():
        kept = (*filters, Filter(column, "parmi", (value,)))
        try:
            piece = engine.cube(_spec(asked, kept))
        except TooManyRows:
            if not rest:
                raise
            piece = _piecewise(engine, asked, kept, tuple(rest))
        pieces.append(_together(piece, asked))
        rows += pieces[-1].num_rows
        if rows > MAX_DATASET:
            raise TooManyRows(
                f"Le cube mensuel de ces lignes a plus de {format_number(MAX_DATASET)} lignes.",
                remede="Laissez de côté un axe : répondez « ignorer » à « colonne:<titre> ».",
            )
    return _together(pa.concat_tables(pieces), asked)


def _together(cube: pa.Table, asked: _Asked) -> pa.Table:
    """Rows whose codes a published layout puts in the same poste added up, under the first of these codes."""
    if asked.codes is None:
        return cube
    damir = load_damir()
    encoded = cube.column(asked.codes).combine_chunks().dictionary_encode()
    values = encoded.dictionary.to_pylist()
    least: dict[str, str] = {}
    for value in sorted(values, key=str):
        least.setdefault(damir.poste(str(value)), value)
    merged = pa.array([least[damir.poste(str(v))] for v in values], encoded.dictionary.type).take(encoded.indices)
    cube = cube.set_column(cube.column_names.index(asked.codes), asked.codes, merged)
    names, sums = list(map(name_of, asked.axes)), [*map(name_of, asked.sums), _COUNT]
    found = cube.group_by(names, use_threads=False).aggregate([(s, "sum") for s in sums])
    return found.select([*names, *(f"{s}_sum" for s in sums)]).rename_columns([*names, *sums])


def _is_about(key: str, headers: Sequence[str], columns: Columns) -> bool:
    """Whether an answer is about the cube: those about columns that it lacks have done their work."""
    told = key.partition(":")[2] if ":" in key else key
    return told not in columns or told in headers


def _forced(cube: Mapping, sample: Mapping) -> dict[str, str]:
    """Roles of the lines, where sums would have been taken for something else."""
    return {
        f"colonne:{header}": sample.columns[header]
        for header, role in cube.columns.items()
        if role != sample.columns[header] and sample.kinds[header] in ("mesure", "dimension")
    }


def _told(dataset: Dataset, sample: Mapping, asked: _Asked, seen: _Seen) -> Dataset:
    """The dataset with what was seen of the lines: columns not used, lines counted and not rows of the cube."""
    replaced = (*_OF_COLUMNS, "exhaustivite.mois_absent", *(("conformite.postes_damir",) if seen.merged else ()))
    findings = dataset.findings[~dataset.findings["code"].isin(replaced)].assign(ligne=pd.NA)
    unused = {h: "ignorer" for h in sample.columns if h not in asked.headers}
    identifiers = {h for h in unused if sample.kinds[h] == "dimension"}
    aside = sample.findings["colonne"].isin(unused) & (sample.findings["code"] != "conformite.identifiant")
    identifiers |= set(sample.findings.loc[sample.findings["code"] == "conformite.identifiant", "colonne"])
    kept = sample.findings[aside | sample.findings["code"].isin(_OF_COLUMNS)]
    rows = [
        finding(
            "unicite.non_cherchee", "info", "Les lignes restent dans leur moteur : leurs doublons ne sont pas cherchés."
        ),
        *(_identifier(h) for h in unused if h in identifiers),
    ]
    if len(dataset.rejected):
        message = f"Lignes sans mois, rejetées : {format_number(_lines_of(dataset.rejected, seen.counts))}."
        rows.append(finding("exhaustivite.mois_absent", "attention", message, colonne="mois"))
    if seen.merged and asked.codes is not None:
        message = "Natures de prestation réunies en postes avant de quitter le moteur, pour que le cube reste petit."
        remedy = "Table des postes : data/references/damir.yaml, datée et sourcée."
        rows.append(finding("conformite.postes_damir", "info", message, colonne="poste", remede=remedy))
    return replace(
        dataset,
        findings=join(findings.astype({"ligne": "Int64"}), kept, to_frame(rows)),
        mapping={**sample.answers, **dataset.mapping, **unused},
        dialect={**dataset.dialect, "lignes": int(seen.counts.sum()), "moteur": seen.engine},
        rejected=_counted(dataset.rejected, seen.counts),
        left_out=_counted(dataset.left_out, seen.counts),
    )


def _identifier(header: str) -> dict:
    message = f"La colonne « {header} » n’est pas utilisée : c’est un identifiant, pas un axe d’analyse."
    return finding("conformite.identifiant", "attention", message, colonne=header)


def _lines_of(frame: pd.DataFrame, counts: np.ndarray) -> int:
    return int(counts[frame["ligne"].to_numpy(dtype=np.int64) - 1].sum())


def _counted(frame: pd.DataFrame, counts: np.ndarray) -> pd.DataFrame:
    """Lines not used, one row per reason with their number: they have no line number."""
    if frame.empty:
        return frame
    rows = []
    for (column, reason), part in frame.groupby(["colonne", "raison"], sort=False):
        said = f"{reason} (lignes : {format_number(_lines_of(part, counts))})"
        rows.append({"ligne": 0, "colonne": column, "valeur": "", "raison": said})
    return pd.DataFrame(rows).astype(frame.dtypes.to_dict())
