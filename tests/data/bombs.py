"""Small files that become huge once opened: a workbook, a Parquet file, a gzip."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

_CONTENT_TYPES = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="xml" ContentType="application/xml"/>
<Override PartName="/xl/workbook.xml"
 ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>
<Override PartName="/xl/worksheets/sheet1.xml"
 ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>
</Types>"""
_RELATIONS = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Id="rId1" Target="{target}"
 Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}"/>
</Relationships>"""
_BOOK = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"
 xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">
<sheets><sheet name="Feuille1" sheetId="1" r:id="rId1"/></sheets></workbook>"""
_SHEET = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
)


def workbook_bomb(path: Path, rows: int = 600_000, columns: int = 12) -> Path:
    """Workbook whose sheet is a row of titles then rows of `1`: hundreds of kilobytes, 190 bytes of XML a row."""
    row = "<row>" + "<c><v>1</v></c>" * columns + "</row>"
    titles = "".join(f'<c t="inlineStr"><is><t>montant {i}</t></is></c>' for i in range(columns))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as book:
        book.writestr("[Content_Types].xml", _CONTENT_TYPES)
        book.writestr("_rels/.rels", _RELATIONS.format(target="xl/workbook.xml", kind="officeDocument"))
        book.writestr("xl/workbook.xml", _BOOK)
        book.writestr("xl/_rels/workbook.xml.rels", _RELATIONS.format(target="worksheets/sheet1.xml", kind="worksheet"))
        with book.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            sheet.write(f"{_SHEET}<row>{titles}</row>".encode())
            for start in range(0, rows, 10_000):
                sheet.write((row * min(10_000, rows - start)).encode())
            sheet.write(b"</sheetData></worksheet>")
    return path


def parquet_bomb(path: Path, rows: int = 200_000_000, group: int = 1_000_000) -> Path:
    """Parquet file of one column of equal numbers: a few kilobytes for each million of rows."""
    table = pa.table({"montant": np.ones(group, dtype=np.int64)})
    with pq.ParquetWriter(path, table.schema, compression="zstd") as writer:
        for _ in range(rows // group):
            writer.write_table(table, row_group_size=group)
    return path


def gzip_bomb(path: Path, megabytes: int = 210) -> Path:
    """CSV of one line repeated, a thousand times smaller than its text."""
    piece = b"1\n" * (1 << 19)
    with gzip.open(path, "wb", compresslevel=9) as stream:
        stream.write(b"prestation\n")
        for _ in range(megabytes):
            stream.write(piece)
    return path
