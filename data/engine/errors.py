"""What an engine says when it cannot: one French sentence, never an address with its password."""

from __future__ import annotations

from analytics.errors import PaliersError, ParameterError

#: What to install, beside the application, to reach another engine than the embedded one.
SCALE = "requirements-scale.txt"


class EngineError(PaliersError):
    """The engine does not answer, or holds something that cannot be counted exactly."""

    code = "moteur"


class TooManyRows(ParameterError):
    """A cube has more rows than may be pulled."""


def not_installed(what: str) -> EngineError:
    """A library of :data:`SCALE` is missing."""
    return EngineError(
        f"Pour interroger {what}, il manque des bibliothèques à cette installation.",
        remede=f"Installez-les : pip install -r {SCALE}.",
    )


def unreachable(what: str, cause: Exception) -> EngineError:
    """The engine refuses the connection; the message of the driver, which may quote the address, is not repeated."""
    return EngineError(
        f"{what} ne répond pas, ou refuse la connexion ({type(cause).__name__}).",
        remede="Vérifiez l’adresse donnée par PALIERS_ENGINE, le compte, son mot de passe et ses droits de lecture.",
    )


def failed(what: str, cause: Exception) -> EngineError:
    """The engine refuses a query; the message of the driver, which may quote values, is not repeated."""
    return EngineError(
        f"{what} n’a pas pu faire ce calcul ({type(cause).__name__}).",
        remede="Réduisez la période ou le nombre d’axes ; si l’erreur demeure, lisez le journal du moteur.",
    )
