"""Files that were once read wrong in silence: now read right, asked about, or refused, by the table and the dataset."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile

import openpyxl
import pandas as pd
import pytest

from analytics.errors import MappingError, ReadError
from data import load_dataset, read_table

TITLES = "mois;poste;montant remboursé\n"
MONTHS = [f"{m:02d}/2024" for m in range(1, 7)]
POSTES = ("Optique", "Dentaire", "Pharmacie")
ROWS = [(m, p, 100 * i + 10 * j + 0.5) for i, m in enumerate(MONTHS, 1) for j, p in enumerate(POSTES)]
TOTAL = sum(value for *_, value in ROWS)


def lines(rows=ROWS, form="{m};{p};{v}") -> str:
    return "".join(form.format(m=m, p=p, v=f"{v:.2f}".replace(".", ",")) + "\n" for m, p, v in rows)


def asked(raw: str | bytes, key: str) -> dict[str, str]:
    """The choices of a question that blocks."""
    with pytest.raises(MappingError) as caught:
        load_dataset(raw if isinstance(raw, bytes) else raw.encode())
    return next(q.choices for q in caught.value.questions if q.key == key)


def amount(raw: str | bytes, **answers: str) -> float:
    mapping = {key.replace("__", ":"): answer for key, answer in answers.items()}
    dataset = load_dataset(raw if isinstance(raw, bytes) else raw.encode(), mapping=mapping)
    return pytest.approx(float(dataset.prestation["prestation"].sum()), abs=1e-6)


def book(**sheets) -> bytes:
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name, rows in sheets.items():
        sheet = made.create_sheet(name.removeprefix("f"))
        for row in rows:
            sheet.append(row)
    buffer = io.BytesIO()
    made.save(buffer)
    return buffer.getvalue()


def accounted(raw: bytes) -> None:
    """Every line is accepted, rejected, left out or a title, once."""
    table = read_table(raw)
    places = [*table.lines, *table.rejected["ligne"], *table.left_out["ligne"], *table.dialect["header_rows"]]
    assert sorted(places) == list(range(1, table.dialect["lignes"] + 1))


# Two tables


@pytest.mark.parametrize("between", ["\n", "\n\n", "", "COTISATIONS;;\n", "\nCOTISATIONS\n"])
@pytest.mark.parametrize("second", ["mois;région;cotisation\n01/2024;Bretagne;500,00\n02/2024;Corse;600,00\n"])
def test_a_second_table_is_never_added_to_the_first(between, second):
    raw = TITLES + lines() + between + second
    assert list(asked(raw, "tableaux")) == ["premier"]
    assert amount(raw, tableaux="premier") == TOTAL
    table = read_table(raw.encode())
    assert len(table.tidy) == len(ROWS)
    assert (table.left_out["raison"] == "autre tableau").sum() == 3
    accounted(raw.encode())


def test_a_second_table_without_a_known_title_is_seen_after_a_blank_line():
    raw = TITLES + lines() + "\nPériodicité;Zone;Effet\n01/2024;Bretagne;500,00\n"
    assert "tableaux" in [q.key for q in read_table(raw.encode()).questions]


def test_a_narrower_second_table_is_asked_about():
    assert asked(TITLES + lines() + "\nmois;cotisation\n01/2024;500,00\n", "tableaux")


def test_a_second_table_of_a_sheet_is_asked_about():
    titles, other = ["mois", "poste", "montant remboursé"], ["mois", "région", "cotisation"]
    day = dt.date(2024, 1, 1)
    raw = book(f1=[titles, [day, "Optique", 10.5], [day, "Dentaire", 1], [], other, [day, "Bretagne", 500]])
    assert asked(raw, "tableaux")
    assert amount(raw, tableaux="premier") == 11.5


def test_titles_printed_again_are_left_out():
    raw = TITLES + lines(ROWS[:6]) + TITLES + lines(ROWS[6:12]) + TITLES.upper() + lines(ROWS[12:])
    assert amount(raw) == TOTAL
    table = read_table(raw.encode())
    assert table.left_out["raison"].tolist() == ["titres répétés"] * 2
    assert table.rejected.empty
    assert table.questions == ()


def test_one_odd_row_is_no_second_table():
    table = read_table((TITLES + lines(ROWS[:9]) + "inconnu;néant;voir note\n" + lines(ROWS[9:])).encode())
    assert table.rejected["ligne"].tolist() == [11]
    assert table.questions == ()


# Units


@pytest.mark.parametrize(
    ("unit", "factor"),
    [
        ("k€", 1000), ("en k€", 1000), ("K EUR", 1000), ("kEUR", 1000), ("en milliers d’euros", 1000),
        ("milliers", 1000), ("M€", 1e6), ("en millions d'euros", 1e6), ("Md€", 1e9), ("centimes", 0.01),
        ("en euros", 1), ("€", 1),
    ],
)  # fmt: skip
def test_the_unit_of_a_title_or_of_a_row_multiplies_the_column(unit, factor):
    by_title = TITLES.replace("remboursé", f"remboursé ({unit})") + lines()
    by_row = TITLES + f";;{unit}\n" + lines()
    assert amount(by_title) == TOTAL * factor
    assert amount(by_row) == TOTAL * factor
    for raw, line in ((by_title, 1), (by_row, 2)):
        table = read_table(raw.encode())
        found = table.findings[table.findings["code"] == "conformite.unite"]
        assert found["ligne"].tolist() == ([] if factor == 1 else [line])
        assert table.rejected.empty
        accounted(raw.encode())


@pytest.mark.parametrize("title", ["plus de 10 k€", "commentaires", "demeure", "recent"])
def test_other_titles_say_no_unit(title):
    table = read_table((f"mois;poste;{title}\n" + lines()).encode())
    assert not table.dialect["unites"]


@pytest.mark.parametrize(
    "raw",
    [
        "Prestations en milliers d'euros\n\n" + TITLES + lines(),
        "Prestations (en k€)\n" + TITLES + lines(),
        TITLES + lines() + "\nMontants en milliers d’euros\n",
        TITLES + lines() + "Unité : milliers d’euros;;\n",
        TITLES + "en milliers d’euros;;\n" + lines(),
    ],
)
def test_the_unit_of_a_note_is_asked(raw):
    key = "unite:montant remboursé"
    assert list(asked(raw, key))[:2] == ["milliers", "euros"]
    for answer, factor in (("milliers", 1000), ("euros", 1), ("centimes", 0.01)):
        dataset = load_dataset(raw.encode(), mapping={key: answer})
        assert dataset.prestation["prestation"].sum() == pytest.approx(TOTAL * factor)
    with pytest.raises(MappingError):
        load_dataset(raw.encode(), mapping={key: "francs"})


def test_the_unit_of_the_first_title_of_a_wide_table_is_asked():
    raw = "poste (en k€);janv. 2024;févr. 2024;mars 2024\nOptique;1,5;2;3\nDentaire;10;20;30\n"
    (question,) = (q for q in read_table(raw.encode()).questions if q.key.startswith("unite:"))
    table = read_table(raw.encode(), answers={question.key: "milliers"})
    assert table.tidy["valeur"].sum() == 66500


def test_a_threshold_in_a_note_is_no_unit():
    assert amount("Contrats de plus de 10 k€\n\n" + TITLES + lines()) == TOTAL


@pytest.mark.parametrize("threshold", [1, 1 << 40])
def test_a_large_file_is_in_the_same_unit(tmp_path, threshold):
    path = tmp_path / "milliers.csv"
    path.write_text(TITLES.replace("remboursé", "remboursé (k€)") + lines() * 200, encoding="utf-8")
    found = load_dataset(path, threshold=threshold).prestation["prestation"].sum()
    assert found == pytest.approx(TOTAL * 200_000)


# Sheets


def yearly(year: int, value: float = 10.0) -> list:
    return [["mois", "poste", "montant remboursé"], *([dt.date(year, m, 1), "Optique", value] for m in (1, 2, 3))]


def test_sheets_of_the_same_titles_are_asked_about_and_may_be_stacked():
    raw = book(f2023=yearly(2023), f2024=[["Prestations"], [], *yearly(2024, 100.25), ["Total", None, 300.75]])
    assert list(asked(raw, "feuille")) == ["toutes", "2023", "2024"]
    assert amount(raw, feuille="2023") == 30
    assert amount(raw, feuille="toutes") == 330.75
    table = read_table(raw, answers={"feuille": "toutes"})
    assert table.lines.tolist() == [2, 3, 4, 8, 9, 10]
    assert table.dialect["feuilles"] == {"2023": 0, "2024": 4}
    reasons = dict(zip(table.left_out["ligne"], table.left_out["raison"], strict=True))
    assert reasons[7] == "titres répétés (feuille « 2024 », ligne 3)"
    assert reasons[11] == "ligne de total (feuille « 2024 », ligne 7)"
    assert sorted([*table.lines, *reasons, 1]) == list(range(1, 12))


def test_other_sheets_do_not_block():
    raw = book(f2024=yearly(2024), fListe=[["code", "libellé"], ["A", "Optique"], ["B", "Dentaire"]])
    assert amount(raw) == 30


# Dates


def moments(form: str) -> str:
    days = [dt.date(year, month, day) for year in (2023, 2024) for month in range(1, 13) for day in (1, 15, 28)]
    return TITLES + "".join(f"{day.strftime(form)};Optique;1,00\n" for day in days)


@pytest.mark.parametrize("form", ["%y-%m-%d", "%y/%m/%d", "%y.%m.%d", "%d/%m/%y", "%d-%m-%y", "%d/%m/%Y", "%d%b%Y"])
def test_the_place_of_a_year_of_two_digits(form):
    months = load_dataset(moments(form).encode()).prestation["mois"]
    assert months.tolist() == list(pd.date_range("2023-01-01", "2024-12-01", freq="MS"))


@pytest.mark.parametrize("dates", ["24-{m:02d}-15", "15/{m:02d}/24", "15/{m:02d}/05", "{y}-{m:02d}-15"])
@pytest.mark.parametrize("threshold", [1, 1 << 40])
def test_a_year_that_may_be_a_day_is_asked(tmp_path, dates, threshold):
    raw = TITLES + "".join(f"{dates.format(m=m, y=20 + m % 4)};Optique;1,00\n" for m in range(1, 13))
    assert list(asked(raw, "ordre_date:mois")) == ["jour_mois", "annee_mois_jour"]
    path = tmp_path / "annees.csv"
    path.write_text(raw, encoding="utf-8")
    for answer, part in (("annee_mois_jour", 0), ("jour_mois", 2)):
        months = load_dataset(path, mapping={"ordre_date:mois": answer}, threshold=threshold).prestation["mois"]
        years = {2000 + int(re.split("[-/]", line)[part][:2]) for line in raw.splitlines()[1:]}
        assert set(months.dt.year) == years


@pytest.mark.parametrize("threshold", [1, 1 << 40])
def test_an_american_file_of_months_is_asked_then_read(tmp_path, threshold):
    raw = TITLES + "".join(f"{m:02d}/01/2024;Optique;1,00\n" for m in range(1, 13)) * 40
    assert asked(raw, "ordre_date:mois")
    path = tmp_path / "us.csv"
    path.write_text(raw, encoding="utf-8")
    dataset = load_dataset(path, mapping={"ordre_date:mois": "mois_jour"}, threshold=threshold)
    assert dataset.prestation["mois"].dt.month.tolist() == list(range(1, 13))


def test_the_last_instant_of_a_month_stays_in_it():
    rows = [["date soins", "poste", "montant remboursé"]]
    rows += [[dt.datetime(2024, 1, 31, 23, 59, 59, us), "Optique", 1.0] for us in (0, 400_000, 997_000, 999_999)]
    rows += [[dt.datetime(2024, 2, 1), "Optique", 10.0]]
    months = load_dataset(book(f1=rows)).prestation
    assert dict(zip(months["mois"].dt.month, months["prestation"], strict=True)) == {1: 4.0, 2: 10.0}


def test_a_day_number_with_hours_is_a_day():
    table = read_table(b"date;montant\n45323;1\n45323.5;2\n45351.99;3\n")
    assert [str(d)[:10] for d in table.tidy["date"]] == ["2024-02-01", "2024-02-01", "2024-02-29"]


# Formulas


def test_formulas_never_calculated_are_refused_with_their_cell():
    rows = [["mois", "poste", "montant remboursé"], [dt.date(2024, 1, 1), "Optique", 10.5]]
    raw = book(fFeuil=[*rows, [dt.date(2024, 2, 1), "Dentaire", "=C2*2"]])
    with pytest.raises(ReadError, match="jamais calculées") as caught:
        read_table(raw)
    assert caught.value.ligne == 3
    assert "C3" in str(caught.value)
    assert "Ouvrez puis enregistrez" in str(caught.value)


@pytest.mark.parametrize(
    "cell", [b'<c r="C3"><f>C2*2</f><v>21</v></c>', b'<c r="B3" t="str"><f>""</f><v></v></c><c r="C3"><v>21</v></c>']
)
def test_formulas_with_a_result_even_empty_are_read(cell):
    rows = [["mois", "poste", "montant remboursé"], [dt.date(2024, 1, 1), "Optique", 10.5]]
    raw, made = book(fFeuil=[*rows, [dt.date(2024, 2, 1), None, "=C2*2"]]), io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name.endswith("sheet1.xml"):
                content, count = re.subn(rb'<c r="C3">.*?</c>', cell, content)
                assert count == 1
            new.writestr(name, content)
    assert read_table(made.getvalue()).tidy["montant remboursé"].tolist() == [10.5, 21.0]


# Rows that say « total »


def named(label: str) -> str:
    rows = [(m, label if p == "Dentaire" else p, v) for m, p, v in ROWS]
    return TITLES.replace("poste", "contrat") + lines(rows)


@pytest.mark.parametrize("label", ["Total", "Total général", "Total Optique", "Total 2024"])
def test_what_says_total_and_adds_up_nothing_is_asked(label):
    raw = named(label)
    (question,) = read_table(raw.encode()).questions
    assert question.key == "lignes_total:contrat"
    assert list(question.choices) == ["total", "garder"]
    assert amount(raw, lignes_total__contrat="garder") == TOTAL
    assert amount(raw, lignes_total__contrat="total") == sum(v for _, p, v in ROWS if p != "Dentaire")


@pytest.mark.parametrize("label", ["Total Energies", "TOTAL ENERGIES SE"])
def test_a_company_called_total_is_kept_and_said(label):
    raw = named(label)
    assert amount(raw) == TOTAL
    table = read_table(raw.encode())
    assert label in table.findings.set_index("code").loc[["conformite.totaux"], "valeur"].tolist()
    assert amount(raw, lignes_total__contrat="total") == sum(v for _, p, v in ROWS if p != "Dentaire")


@pytest.mark.parametrize("label", ["Total", "Sous-total", "Total 01/2024", "TOTAL GENERAL"])
def test_a_total_of_its_month_is_left_out_without_a_question(label):
    sums = [(m, label, sum(v for x, _, v in ROWS if x == m)) for m in MONTHS]
    assert amount(TITLES + lines(sorted(ROWS + sums, key=lambda row: row[0]))) == TOTAL
    assert amount(TITLES + lines(ROWS + sums)) == TOTAL
    assert amount(TITLES + lines(sums + ROWS)) == TOTAL


@pytest.mark.parametrize("row", ["Total;;99999,00", ";Total;99999,00", ";;99999,00", "06/2024;Total général;{total}"])
def test_a_total_without_a_month_or_of_everything_is_left_out(row):
    row = row.format(total=f"{TOTAL:.2f}".replace(".", ","))
    assert amount(TITLES + lines() + row + "\n") == TOTAL


# Spellings


@pytest.mark.parametrize("form", ['="{m}";="{p}";="{v}"', "{m};{p};EUR {v}", "{m};{p};eur {v}", "{m};{p};€ {v}"])
def test_spellings_of_exports(form):
    assert amount(TITLES + lines(form=form)) == TOTAL


def test_scientific_notation_is_read_and_said():
    raw = TITLES + "01/2024;Optique;1,2E+03\n01/2024;Dentaire;1,23456E+02\n02/2024;Optique;7,5E-01\n"
    table = read_table(raw.encode())
    assert table.tidy["montant remboursé"].tolist() == [1200.0, 123.456, 0.75]
    assert "exactitude.notation_scientifique" in set(table.findings["code"])
