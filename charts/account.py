"""The technical account as it is read: lines down, years across, on the screen and on a sheet of paper."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

import pandas as pd

from analytics.descriptive.account import (
    COMPTABLE,
    COMPTABLE_LINES,
    LINES,
    RATIOS,
    SURVENANCE,
    SURVENANCE_LINES,
    UNDATED,
)
from analytics.french import MISSING, format_number, format_percent, is_missing
from charts.theme import SIMULATED

LINES_OF = {COMPTABLE: COMPTABLE_LINES, SURVENANCE: SURVENANCE_LINES, UNDATED: COMPTABLE_LINES}
STRONG = ("charge", "resultat", "ratio_pc")
_LABELS = {SURVENANCE: {"provision_cloture": "Provision restante", "paye": "Prestations payées à ce jour"}}
_STYLE = """
body { font: 13px/1.45 system-ui, sans-serif; color: #1b1f24; background: #fff; margin: 24px; max-width: 1100px; }
h1 { font-size: 20px; margin: 0 0 4px; } h2 { font-size: 15px; margin: 22px 0 6px; }
p, li { margin: 3px 0; } .note { color: #4a5561; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: 4px 8px; border-bottom: 1px solid #d5dae0; text-align: right; white-space: nowrap; }
th:first-child { text-align: left; white-space: normal; font-weight: inherit; }
thead th { border-bottom: 2px solid #1b1f24; }
tr.fort td, tr.fort th { font-weight: 600; border-top: 1px solid #1b1f24; }
.large { overflow-x: auto; } dt { font-weight: 600; margin-top: 6px; } dd { margin: 0 0 0 12px; }
button { font: inherit; padding: 6px 14px; }
@page { size: A4 landscape; margin: 12mm; }
@media print {
  body { margin: 0; max-width: none; font-size: 10px; } .ecran { display: none; } .large { overflow: visible; }
  th, td { padding: 2px 5px; } table, tr { break-inside: avoid; } h2 { break-after: avoid; }
  dl { columns: 2; } dt { break-after: avoid; }
}
"""


def account_table(view: pd.DataFrame, name: str) -> pd.DataFrame:
    """One view of the account in French: a column Ligne, then one column of text per year.

    Parameters
    ----------
    view : pandas.DataFrame
        `comptable` or `survenance` of an account; lines without any figure are left out.
    name : {"Exercice comptable", "Survenance"}
        Which of the two.
    """
    lines = _shown(view, name)
    labels = [line_label(key, name) for key in lines]
    table = {"Ligne": [f"\u2003{label}" if label.startswith("dont ") else label for label in labels]}
    for row in view.itertuples():
        table[year_label(row)] = [_cell(getattr(row, key), key) for key in lines]
    return pd.DataFrame(table)


def line_label(key: str, name: str) -> str:
    """Label of a line in a view."""
    return _LABELS.get(name, {}).get(key, LINES[key][0])


def account_sheet(
    title: str, subtitle: str, views: Mapping[str, pd.DataFrame], notes: Iterable[str], *, is_demo: bool = False
) -> bytes:
    """The account as a page to print or to forward: no script but the button, nothing fetched.

    Parameters
    ----------
    title, subtitle : str
        What it is, and the perimeter, base and date that it speaks of; may hold text of a file.
    views : mapping of str to pandas.DataFrame
        Views of the account under their names.
    notes : iterable of str
        What is missing.
    is_demo : bool
        Says that the figures are simulated.
    """
    blocks = [
        f"<h2>Par {escape(name.lower())}</h2>\n{_html_table(view, name)}" for name, view in views.items() if len(view)
    ]
    used = dict.fromkeys(k for name, view in views.items() if len(view) for k in _shown(view, name))
    terms = "\n".join(f"<dt>{escape(LINES[k][0])}</dt><dd>{escape(LINES[k][1])}</dd>" for k in used)
    said = "\n".join(f"<li>{escape(note)}</li>" for note in notes)
    simulated = f"<p><strong>{SIMULATED}</strong></p>" if is_demo else ""
    return f"""<!doctype html>
<html lang="fr"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title><style>{_STYLE}</style></head><body>
<button class="ecran" onclick="window.print()">Imprimer</button>
<h1>{escape(title)}</h1><p class="note">{escape(subtitle)}</p>{simulated}
{"".join(blocks)}
<ul class="note">{said}</ul>
<h2>Définitions</h2><dl>{terms}</dl>
</body></html>
""".encode()


def _shown(view: pd.DataFrame, name: str) -> list[str]:
    return [key for key in LINES_OF[name] if view[key].notna().any()]


def year_label(row) -> str:
    """Header of a year, a row of a view: a year not whole says how many months it has."""
    months = (row.fin.year - row.debut.year) * 12 + row.fin.month - row.debut.month + 1
    return str(row.annee) if months == 12 else f"{row.annee} ({months} mois)"


def _cell(value: float, key: str) -> str:
    if is_missing(value):
        return MISSING
    return format_percent(value) if key in RATIOS else format_number(value)


def _html_table(view: pd.DataFrame, name: str) -> str:
    table = account_table(view, name)
    head = "".join(f'<th scope="col">{escape(str(c))}</th>' for c in table.columns)
    rows = []
    for key, cells in zip(_shown(view, name), table.itertuples(index=False), strict=True):
        kind = ' class="fort"' if key in STRONG else ""
        first, *others = (escape(str(c)) for c in cells)
        rows.append(f'<tr{kind}><th scope="row">{first}</th>{"".join(f"<td>{c}</td>" for c in others)}</tr>')
    return f'<div class="large"><table><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
