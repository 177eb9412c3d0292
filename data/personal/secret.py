"""Keys of the pseudonyms: one per purpose, in a file of their own, never beside the data.

The key lives in ``~/.config/paliers/cle-<usage>`` (mode 0600), made on first use, or is derived from the file that
``$PALIERS_KEY`` names. Whoever holds both the data and the key can tell who is who: back it up apart from the data.

Rotation: move the key file away; the next upload makes a new key and new pseudonyms. Datasets already kept do not
change, and no longer meet the new ones. To forget who is who for good, destroy the old key.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from pathlib import Path

from analytics.errors import ParameterError, ReadError

_BYTES = 32
_LEAST = 16
_PURPOSE = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


def key_path(purpose: str) -> Path:
    """File of the key of a purpose; it may not exist yet.

    Raises
    ------
    ParameterError
        The purpose is not a short name, or the file would be inside the data store.
    """
    if not _PURPOSE.fullmatch(purpose):
        raise ParameterError(
            "Nom d’usage impossible.",
            valeur=purpose,
            remede="Écrivez des minuscules, des chiffres et des traits d’union.",
        )
    given = os.environ.get("PALIERS_KEY")
    path = Path(given).expanduser() if given else Path.home() / ".config" / "paliers" / f"cle-{purpose}"
    if path.resolve().is_relative_to(_store()):
        raise ParameterError(
            "La clé des pseudonymes est rangée avec les données.",
            remede="Donnez dans PALIERS_KEY un fichier hors du dossier des données.",
        )
    return path


def load_key(purpose: str = "pilotage") -> bytes:
    """Key of 32 bytes of a purpose, the same at each call; made on first use unless $PALIERS_KEY names a file.

    Raises
    ------
    ParameterError
        See :func:`key_path`.
    ReadError
        The file cannot be read or made, is too short, or may be read by other users of the machine.
    """
    path = key_path(purpose)
    try:
        if os.environ.get("PALIERS_KEY"):
            # One file for every purpose: each key is derived, so that their pseudonyms do not meet.
            return hmac.digest(_read(path), f"paliers/{purpose}".encode(), hashlib.sha256)
        if not path.exists():
            _make(path)
        _refuse_open(path)
        return hashlib.sha256(_read(path)).digest()
    except OSError as fault:
        raise ReadError(
            f"La clé des pseudonymes est illisible : {fault.strerror or type(fault).__name__}.",
            remede=f"Rendez le fichier {path} lisible par le seul compte qui lance Paliers.",
        ) from fault


def _store() -> Path:
    # The store may use this package: it is only looked up when a key is asked for.
    from data.store import home

    return home().resolve()


def _read(path: Path) -> bytes:
    secret = path.read_bytes().strip()
    if len(secret) < _LEAST:
        raise ReadError(
            "La clé des pseudonymes est trop courte.",
            remede=f"Le fichier {path} doit contenir au moins {_LEAST} octets tirés au hasard.",
        )
    return secret


def _make(path: Path) -> None:
    """A new key, whole or absent: two servers that start together keep the first one written."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_hex(_BYTES).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return  # another process was first: its key is the key
    finally:
        draft.unlink()


def _refuse_open(path: Path) -> None:
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise ReadError(
            "La clé des pseudonymes est lisible par d’autres comptes.", remede=f"Lancez : chmod 600 {path}"
        )
