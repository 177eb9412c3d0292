"""What the store says when it cannot: one class, one French sentence per cause, never a path nor a password."""

from __future__ import annotations

import contextlib
import errno
import sqlite3
from collections.abc import Iterator

from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from analytics.errors import PaliersError, ReadError

_FULL = (
    "Le disque des données est plein : rien n’a été enregistré.",
    "Libérez de la place ou supprimez d’anciens fichiers, puis recommencez.",
)
_READ_ONLY = (
    "Le dossier des données ne peut pas être écrit : rien n’a été enregistré.",
    "Donnez au serveur le droit d’écrire dans le dossier nommé par PALIERS_HOME, puis recommencez.",
)
_STANDBY = (
    "La base des données ne peut pas être écrite : rien n’a été enregistré.",
    "Vérifiez que PALIERS_DATABASE désigne le serveur principal, puis recommencez.",
)
_BUSY = ("La base des données est occupée par un autre programme.", "Réessayez dans une minute.")
_DAMAGED = ("La base des données est abîmée.", "Restaurez sa dernière sauvegarde.")
_ABSENT = (
    "La base des données ne répond pas.",
    "Vérifiez qu’elle est démarrée et que PALIERS_DATABASE la désigne, puis recommencez.",
)
_OTHER = (
    "Le dossier des données ne répond pas comme il faut : rien n’a été enregistré.",
    "Vérifiez le disque et le dossier nommé par PALIERS_HOME, puis recommencez.",
)
_BY_ERRNO = dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), _FULL) | dict.fromkeys(
    (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EEXIST), _READ_ONLY
)
_BY_SQLITE = {
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: _READ_ONLY,
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_IOERR: _OTHER,
}
_BY_SQLSTATE = {"53100": _FULL, "25006": _STANDBY, "55P03": _BUSY}


class StoreError(PaliersError):
    """The store cannot be read or written for now; what it already held is untouched."""

    code = "stockage"


class DiskFullError(StoreError):
    """There is no room left: erasing still works."""

    code = "disque_plein"


def unknown() -> ReadError:
    """No dataset has this token."""
    return ReadError("Ce jeu de données n’existe pas ou a été supprimé.", remede="Déposez de nouveau le fichier.")


def damaged() -> ReadError:
    """A file or the manifest of a dataset cannot be trusted."""
    return ReadError(
        "Ce jeu de données est abîmé sur le disque.", remede="Supprimez-le et déposez de nouveau le fichier."
    )


def busy() -> StoreError:
    """Another program has kept the lock too long."""
    return StoreError(_BUSY[0], remede=_BUSY[1])


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Failures of the disk and of the database become :class:`StoreError`; faults of our code stay what they are."""
    try:
        yield
    except (OSError, PoolTimeout, OperationalError, InterfaceError) as error:
        raise said(error) from error
    except DBAPIError as error:
        # A broken promise of the schema or of the SQL (IntegrityError, ProgrammingError…) is a fault of ours.
        if type(error) is not DatabaseError and getattr(error.orig, "sqlstate", None) not in _BY_SQLSTATE:
            raise
        raise said(error) from error


def said(error: OSError | PoolTimeout | DBAPIError) -> StoreError:
    """What to say of a failure of the disk or of the database."""
    if isinstance(error, PoolTimeout):
        return busy()
    by_disk = isinstance(error, OSError)
    message, remede = _BY_ERRNO.get(error.errno, _OTHER) if by_disk else _of_database(error.orig)
    kind = DiskFullError if message == _FULL[0] else StoreError
    return kind(message, remede=remede)


def _of_database(error: BaseException | None) -> tuple[str, str]:
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", None)
        return _OTHER if code is None else _BY_SQLITE.get(code & 0xFF, _OTHER)  # the low byte is the primary code
    return _BY_SQLSTATE.get(getattr(error, "sqlstate", None), _ABSENT)
