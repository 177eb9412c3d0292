"""The verdict on one file: exact, asked, refused, wrong and said, or wrong in silence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from analytics.errors import MappingError, ReadError
from data import propose_mapping, read_table
from data.readers import Table, refuse_empty
from tests.french.compare import Gap, compare
from tests.french.spec import ASK, PERSONAL, READ, REFUSE, Case

EXACT, ASKED, REFUSED, LOUD, SILENT, CRASH = "exact", "questionné", "refusé", "faux et dit", "FAUX EN SILENCE", "PANNE"


@dataclass(frozen=True)
class Verdict:
    """What happened to a file; `good` when it is what its truth asks."""

    case: Case
    outcome: str
    good: bool
    why: str = ""
    wrong: int = 0
    total: int = 0

    def __str__(self) -> str:
        return f"{self.outcome:16} {self.case.spec} | {self.why}"


FAULTS = (ArithmeticError, AttributeError, LookupError, OSError, RuntimeError, TypeError, ValueError)


def judge(case: Case) -> Verdict:
    """Read the file and compare with its truth."""
    total = max((t.cells for t in case.truths), default=0)
    try:
        table = read_table(case.content, name=case.name, sheet=case.sheet)
        refuse_empty(table)
    except (ReadError, MappingError) as error:
        said = bool(str(error.message)) and bool(error.remede)
        why = str(error)[:200] if said else f"refus sans remède : {error}"
        if case.expected in (REFUSE, ASK):
            return Verdict(case, REFUSED, said, why)
        return Verdict(case, LOUD, False, f"refus : {why}", total, total)
    except FAULTS as error:  # a fault of the reader is a verdict, and is printed
        return Verdict(case, CRASH, False, f"{type(error).__name__}: {str(error)[:200]}", total, total)
    return {READ: judge_read, ASK: judge_asked, REFUSE: judge_accepted, PERSONAL: judge_personal}[case.expected](
        case, table
    )


def judge_read(case: Case, table: Table) -> Verdict:
    """A readable file: every cell exact, the lines accounted for, the damaged lines rejected."""
    gap = compare(table.tidy, table.lines.tolist(), case.truths)
    if not gap.exact:
        told = says(table, gap)
        return Verdict(case, LOUD if told else SILENT, False, gap.why, gap.wrong, gap.total)
    problem = check_balance(case, table) or check_frame(case, table)
    if problem:
        return Verdict(case, SILENT, False, problem, 0, gap.total)
    problem = check_rejected(case, table)
    if problem:  # a note rejected instead of left out: nothing is misread, and it is said
        return Verdict(case, LOUD, False, problem, 0, gap.total)
    if table.questions:
        asked = ", ".join(q.key for q in table.questions)
        return Verdict(case, ASKED, False, f"question inutile : {asked}", 0, gap.total)
    return Verdict(case, EXACT, True, "", 0, gap.total)


def says(table: Table, gap: Gap) -> bool:
    """A question, a finding or a rejection speaks of the columns or of the lines that differ."""
    if len(table.questions):
        return True
    findings = table.findings
    columns, lines = set(gap.columns), set(gap.lines)
    told = {int(n) for frame in (table.rejected, table.left_out) for n in frame["ligne"].dropna()}
    about = set(findings["colonne"].astype(str)) & columns
    codes = " ".join(findings["code"].astype(str))
    text_lost = "encodage" in codes or "texte_abime" in codes
    return bool(about or text_lost or (lines and lines <= told | {int(n) for n in findings["ligne"].dropna()}))


def account(table: Table) -> Counter:
    """How many times each line of the file is spoken of."""
    accepted = dict.fromkeys(int(n) for n in table.lines)
    others: Iterable[int] = [
        *(int(n) for n in table.rejected["ligne"]),
        *(int(n) for n in table.left_out["ligne"]),
        *(int(n) for n in table.dialect["header_rows"]),
    ]
    return Counter([*accepted, *others])


def check_balance(case: Case, table: Table) -> str:
    """Lines in = accepted + rejected + left out + header; empty when the count is right."""
    if case.records is None:
        return ""
    seen, known = account(table), set(case.records)
    lost = sorted(known - set(seen))
    twice = sorted(n for n, times in seen.items() if times > 1)
    ghosts = sorted(set(seen) - known) if case.frame else []
    if lost:
        return f"bilan : lignes {lost[:5]} nulle part"
    if twice:
        return f"bilan : lignes {twice[:5]} comptées deux fois"
    return f"bilan : lignes {ghosts[:5]} inconnues" if ghosts else ""


def check_rejected(case: Case, table: Table) -> str:
    """The damaged lines are rejected with a reason, and no other."""
    found = sorted(int(n) for n in table.rejected["ligne"])
    if found != sorted(case.rejected):
        return f"rejets {found[:6]} au lieu de {sorted(case.rejected)[:6]}"
    return "" if (table.rejected["raison"].astype(str) != "").all() else "rejet sans raison"


def check_frame(case: Case, table: Table) -> str:
    """The frame keeps the cells as written; only wholly empty columns may be more or less."""
    if not case.frame:
        return ""
    found = [tuple("" if v is None or v != v else str(v) for v in row) for row in table.frame.itertuples(index=False)]
    width = len(case.frame[0])
    cut = [row[:width] for row in found]
    if any(cell.strip() for row in found for cell in row[width:]):
        return "frame : cellules en trop"
    same = [tuple(c.replace("\r\n", "\n") for c in row) for row in cut]
    wrong = [i for i, (a, b) in enumerate(zip(same, case.frame, strict=False)) if a != b]
    if len(same) != len(case.frame):
        return f"frame : {len(same)} lignes au lieu de {len(case.frame)}"
    return f"frame : {same[wrong[0]]} au lieu de {case.frame[wrong[0]]}" if wrong else ""


def judge_asked(case: Case, table: Table) -> Verdict:
    """A file that two people would read differently: a question or a finding must name the column."""
    keys = " ".join(q.key + " " + q.text for q in table.questions)
    findings = table.findings
    texts = " ".join(findings["code"].astype(str) + " " + findings["message"].astype(str))
    if not case.about:  # the encoding: told once for the file, the values must be right
        gap = compare(table.tidy, table.lines.tolist(), case.truths)
        told = "encodage" in keys + texts or "UTF-8" in texts
        if gap.exact:
            why = "" if told else "mélange d’encodages non dit"
            return Verdict(case, ASKED if told else SILENT, told, why, 0, gap.total)
        return Verdict(case, LOUD if told else SILENT, False, gap.why, gap.wrong, gap.total)
    title = case.about[0]
    if title in keys:
        return Verdict(case, ASKED, True)
    column = table.tidy[title] if title in table.tidy.columns else None
    named = findings.loc[findings["colonne"].astype(str) == title]
    if not named.empty or len(table.rejected):
        return Verdict(case, ASKED, True, "dit par un constat ou des rejets")
    kind = "absente" if column is None else str(column.dtype)
    return Verdict(case, SILENT, False, f"ambiguïté non demandée : {title} lue {kind}")


def judge_accepted(case: Case, table: Table) -> Verdict:
    """What is not a table was read as one."""
    return Verdict(case, SILENT, False, f"accepté à tort : {len(table.tidy)} lignes, {list(table.tidy.columns)[:4]}")


def judge_personal(case: Case, table: Table) -> Verdict:
    """Read like any file; the mapping names the personal column and drops it."""
    verdict = judge_read(case, table)
    if not verdict.good:
        return verdict
    mapping, title = propose_mapping(table), case.about[0]
    named = mapping.findings["colonne"].astype(str).eq(title).any() or any(title in q.text for q in mapping.questions)
    role = str(mapping.columns.get(title))
    if role in ("ignorer", "pseudonyme") and named:
        return verdict
    why = f"colonne personnelle « {title} » : rôle {role}, {'nommée' if named else 'non nommée'}"
    return Verdict(case, SILENT if role != "ignorer" else LOUD, False, why, 0, verdict.total)
