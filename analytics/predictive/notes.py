"""What a reader must know before trusting the forecast, in French sentences."""

from __future__ import annotations

from analytics.predictive import menu
from analytics.predictive.backtest import SerieRuns
from analytics.predictive.intervals import MIN_ORIGINS
from analytics.predictive.prepare import History
from analytics.predictive.run import Settings

_KINDS = {
    "constante": "ne varie pas : sa fourchette est réduite à cette valeur",
    "intermittente": "a trop de mois à zéro : seul son niveau est prolongé",
}


def collect_warnings(
    histories: tuple[History, ...], runs: tuple[SerieRuns, ...], settings: Settings, loose: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """Warnings on the data, then on what the models could do.

    Parameters
    ----------
    histories : tuple of History
        Every series, empty ones included.
    runs : tuple of SerieRuns
        Those that were forecast.
    settings : Settings
        Says how many months were left out.
    loose : tuple of str
        Sentences from the reconciliation.
    """
    found = [f"Série « {h.serie} » : aucune valeur connue, pas de prévision." for h in histories if h.kind == "vide"]
    if settings.incomplete:
        months = (
            "Le dernier mois, incomplet, est"
            if settings.incomplete == 1
            else (f"Les {settings.incomplete} derniers mois, incomplets, sont")
        )
        plural = "" if settings.incomplete == 1 else "s"
        found.append(f"{months} écarté{plural} de l’historique et prévu{plural}.")
    for s in runs:
        found += [f"Série « {s.history.serie} » : {text}." for text in _of_serie(s)]
    return (*found, *loose)


def _of_serie(s: SerieRuns) -> list[str]:
    h, known = s.history, s.history.n_known
    texts = []
    if h.kind in _KINDS:
        texts.append(_KINDS[h.kind])
    elif known < menu.SHORT:
        months = f"{known} mois connu{'s' * (known > 1)}"
        texts.append(f"{months} seulement, prévision indicative : ni saisonnalité, ni bande à 95 %")
    elif known < menu.FULL:
        texts.append(f"{known} mois connus seulement, modèles simples et fourchette large")
    if h.n_gaps:
        texts.append(f"mois manquants estimés, non comptés comme des zéros : {h.n_gaps}")
    if h.lag:
        texts.append(f"s’arrête {h.lag} mois avant les autres, prévue à partir de son dernier mois")
    if h.kind not in _KINDS and known >= menu.SHORT and len(s.origins) < MIN_ORIGINS:
        texts.append("trop peu d’essais dans le passé pour vérifier la fourchette, donnée à titre indicatif")
    texts += [f"{menu.LABELS[m]} écarté, {reason}" for m, reason in s.final.rejected.items()]
    texts += [
        f"l’effet de « {e.name} » n’est pas compté, {e.reason}"
        for e in s.final.effects
        if not e.kept and e.beta != e.beta
    ]
    return texts
