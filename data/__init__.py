"""Files in, datasets out: reading, meaning of the columns, quality, storage, demonstration."""

from data.demo_cache import demo_dataset
from data.loading import load_dataset
from data.mapping import Mapping, propose_mapping
from data.readers import Table, read_table

__all__ = ["Mapping", "Table", "demo_dataset", "load_dataset", "propose_mapping", "read_table"]
