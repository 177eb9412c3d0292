"""Files of millions of lines: understood on a sample, swept once and added up, no line lost; else DuckDB."""
