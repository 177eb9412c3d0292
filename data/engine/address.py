"""Where the lines are: one text, read once, whose password is never shown again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from analytics.errors import ParameterError

#: Schemes and the engine that each names.
SCHEMES = {"postgres": "postgres", "postgresql": "postgres", "spark": "spark", "clickhouse": "clickhouse"}
_OPTIONS = {"postgres": ("sslmode", "sslrootcert", "host"), "spark": ("parquet",), "clickhouse": ("secure",)}
_ADVICE = (
    "Écrivez un chemin de fichiers Parquet, postgres://compte:motdepasse@serveur:5432/base/table, "
    "spark://serveur:7077/schema/table ou clickhouse://compte:motdepasse@serveur:8123/base/table ; "
    "?schema=… et ?table=… l’emportent sur le chemin."
)


@dataclass(frozen=True)
class Address:
    """An engine and the lines in it.

    Attributes
    ----------
    kind : {"parquet", "postgres", "spark", "clickhouse"}
    table : str
        Name of the table; the path of the files for "parquet".
    schema : str
        Schema of the table, "" for the usual one.
    database, host, user, password : str
    port : int or None
    options : mapping
        Other options of the address, all of them known.
    """

    kind: str
    table: str = ""
    schema: str = ""
    database: str = ""
    host: str = ""
    port: int | None = None
    user: str = ""
    password: str = field(default="", repr=False)
    options: Mapping[str, str] = field(default_factory=dict)


def read_address(text: str) -> Address:
    """Read the address of an engine.

    Parameters
    ----------
    text : str
        ``postgres://user:password@host:port/database/[schema/]table``,
        ``clickhouse://user:password@host:port/database/table`` (``?secure=1`` for TLS),
        ``spark://host:port/[schema/]table`` or ``spark://host:port?parquet=/folder/seen/by/every/worker``,
        or the path of a Parquet file or folder. ``?table=`` and ``?schema=`` say it too, and win. Whatever is not a
        plain character is written %xx.

    Raises
    ------
    ParameterError
        The address is not one of these; it is never quoted, for it may hold a password.
    """
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]+)://", text)
    if scheme is None or scheme[1].lower() == "file":
        return _files(text, scheme)
    kind = SCHEMES.get(scheme[1].lower())
    if kind is None:
        raise ParameterError("Ce moteur n’est pas connu.", valeur=scheme[1], remede=_ADVICE)
    try:
        parts = urlsplit(text)
        port, host = parts.port, parts.hostname or ""
    except ValueError:  # its message quotes the address
        raise ParameterError("L’adresse du moteur est mal écrite.", remede=_ADVICE) from None
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    unknown = sorted(set(options) - {"table", "schema", *_OPTIONS[kind]})
    if unknown or parts.fragment:
        raise ParameterError("L’adresse du moteur a une option inconnue.", valeur=", ".join(unknown), remede=_ADVICE)
    path = [unquote(p) for p in parts.path.split("/") if p]
    database, schema, table = _placed(kind, path, options)
    return Address(
        kind,
        table,
        schema,
        database,
        host=options.get("host", host) if kind == "postgres" else host,
        port=port,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        options={k: v for k, v in options.items() if k not in ("table", "schema", "host")},
    )


def _files(text: str, scheme: re.Match[str] | None) -> Address:
    path = unquote(urlsplit(text).path) if scheme else text
    if not path.strip():
        raise ParameterError("L’adresse du moteur est vide.", remede=_ADVICE)
    return Address("parquet", table=str(Path(path).expanduser()))


def _placed(kind: str, path: list[str], options: Mapping[str, str]) -> tuple[str, str, str]:
    """Database, schema and table: from the path, then from the options."""
    rest = list(path)
    database = rest.pop(0) if kind != "spark" and rest else ""
    table = options.get("table") or (rest.pop() if rest else "")
    schema = options.get("schema") or (rest.pop() if rest else "")
    if kind == "clickhouse" and schema:
        raise ParameterError("ClickHouse n’a pas de schéma : donnez la base et la table.", remede=_ADVICE)
    if rest or (not table and "parquet" not in options) or (kind == "postgres" and not database):
        raise ParameterError("L’adresse du moteur ne dit pas où sont les lignes.", remede=_ADVICE)
    return database, schema, table
