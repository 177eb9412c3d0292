"""Files in: bytes to a typed table, every line accounted for."""

from data.readers.table import Table, read_table, refuse_empty

__all__ = ["Table", "read_table", "refuse_empty"]
