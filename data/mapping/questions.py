"""The questions a file may raise: stable keys, French sentences, most likely answer first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from analytics.errors import MappingError, Question
from analytics.schema import BASES, DATE_BASES
from data.personal import ACTIONS, Personal

#: Start of the keys that carry the name of a column or of a role.
PREFIXES = (
    "colonne:", "role:", "decimale:", "ordre_date:", "repetition:", "total:", "zero_manquant:", "personnel:",
    "unite:", "lignes_total:", "sens:",
)  # fmt: skip
#: Those whose name need not be a column of the long table.
_FREE = ("role:", "repetition:", "total:", "zero_manquant:", "unite:", "lignes_total:")
#: Questions about the whole file -> their answers; () for a number of year or the name of a sheet.
GLOBAL: Mapping[str, tuple[str, ...]] = {
    "date_basis": DATE_BASES,
    "base": BASES,
    "zero_manquant": ("manquant", "zero"),
    "trimestres": ("premier_mois",),
    "forme": ("colonnes", "long"),
    "annee": (),
    "feuille": (),
    "tableaux": ("premier",),
}
_ROLE_CHOICES = {
    "prestation": "Les prestations versées par la mutuelle",
    "cotisation": "Les cotisations",
    "frais_reels": "Les frais réels (la dépense totale)",
    "remboursement_amo": "Les remboursements de l’assurance maladie obligatoire",
    "mesure": "Un autre montant",
    "ignorer": "Rien d’utile : ne pas l’utiliser",
}
_ROLE_WORDS = {
    "mois": "le mois",
    "prestation": "les prestations",
    "cotisation": "les cotisations",
    "frais_reels": "les frais réels",
    "remboursement_amo": "les remboursements AMO",
    "beneficiaires": "les bénéficiaires",
    "actes": "le nombre d’actes",
}


def date_basis_question() -> Question:
    """Care month or payment month."""
    return Question(
        "date_basis",
        "Le mois du fichier est-il celui des soins ou celui du paiement ?",
        {"soins": "Mois de soins", "paiement": "Mois de paiement"},
        "En mois de soins les derniers mois sont incomplets ; en mois de paiement ils sont complets, mais en retard.",
    )


def base_question() -> Question:
    """Base of the premiums."""
    return Question(
        "base",
        "Les cotisations sont-elles toutes taxes comprises, hors taxes, ou nettes de chargements ?",
        {"TTC": "TTC, taxes comprises", "HT": "HT, hors taxes", "nette": "Nettes de chargements"},
        "Le ratio P/C en dépend : la base est écrite à côté de lui.",
    )


def role_question(header: str) -> Question:
    """What an amount without a telling title is."""
    return Question(
        f"colonne:{header}",
        f"Que contient la colonne « {header} » ?",
        dict(_ROLE_CHOICES),
        "Aucun montant du fichier n’a un titre que nous reconnaissons.",
    )


def header_question(role: str, headers: Iterable[str]) -> Question:
    """Which of several columns plays a role."""
    words = _ROLE_WORDS.get(role, role)
    return Question(
        f"role:{role}",
        f"Plusieurs colonnes peuvent être {words}. Laquelle faut-il prendre ?",
        {h: h for h in headers},
        "Les totaux en dépendent ; les autres colonnes sont laissées de côté.",
    )


def lone_date_question(headers: Iterable[str]) -> Question:
    """Whether a date that is not named as that of the amounts gives their month."""
    names = list(headers)
    alone = f"La seule date du fichier est « {names[0]} » : est-ce bien le mois des montants ?"
    several = "Aucune date du fichier n’est clairement celle des montants. Laquelle donne leur mois ?"
    return Question(
        "role:mois",
        alone if len(names) == 1 else several,
        {h: f"« {h} » est le mois des montants" for h in names},
        "Si aucune ne l’est, retirez ce fichier et exportez-le avec le mois des soins ou du paiement.",
    )


def sense_question(header: str, taken: list[str], *, several: bool) -> Question:
    """Whether the amounts of some values are taken away; `several` when only one of the values is."""
    groups = [[v] for v in taken] if several else [taken]
    choices = {}
    for group in groups:
        shown, values = ", ".join(f"« {v} »" for v in group), " | ".join(group)
        choices[f"soustraire:{values}"] = f"Soustraire les lignes {shown}"
    for group in groups if not several else []:
        shown, values = ", ".join(f"« {v} »" for v in group), " | ".join(group)
        choices[f"ecarter:{values}"] = f"Ne pas prendre les lignes {shown}"
    return Question(
        f"sens:{header}",
        f"La colonne « {header} » donne un sens aux montants, qui sont tous écrits positifs. Comment les additionner ?",
        {**choices, "additionner": "Additionner toutes les lignes telles quelles"},
        "Une annulation additionnée au lieu d’être soustraite compte deux fois.",
    )


def repetition_question(measure: str, label: str) -> Question:
    """Whether a premium or a membership is written several times or shared out."""
    return Question(
        f"repetition:{measure}",
        f"{label} : le même montant est-il répété sur les lignes d’un mois, ou réparti entre elles ?",
        {"repartie": "Réparti : les lignes s’additionnent", "repetee": "Répété : à prendre une seule fois"},
        "Le total en dépend.",
    )


def empty_months_question(months: Iterable[str], count: int) -> Question:
    """Whether months of zeros are missing months."""
    return Question(
        "zero_manquant",
        f"Tous les montants sont à zéro pour {', '.join(months)}{'…' if count > 6 else ''}. Est-ce un mois manquant ?",
        {"manquant": "Mois manquant : ces lignes ne sont pas prises", "zero": "Vrais zéros : ils comptent"},
        "Un mois manquant pris pour un zéro fausse les évolutions, les moyennes et les prévisions.",
    )


def total_question(header: str, parts: Iterable[str]) -> Question:
    """Whether a column that adds up others is left out."""
    return Question(
        f"total:{header}",
        f"La colonne « {header} » est-elle le total des colonnes {', '.join(f'« {p} »' for p in parts)} ?",
        {"total": "Oui : ne pas la compter une seconde fois", "garder": "Non : la garder comme un autre montant"},
        "Un total compté avec ses parties double les montants.",
    )


def margin_question(title: str, label: str, *, says: bool) -> Question:
    """Whether a value of an axis adds up others."""
    why = "semble un total" if says else "est égale, partout, à la somme de toutes les autres"
    return Question(
        f"total:{title}={label}",
        f"Dans « {title} », la valeur « {label} » {why} : ses montants sont-ils déjà comptés dans d’autres lignes ?",
        {"total": "Oui : ne pas les compter une seconde fois", "garder": "Non : les garder, ils s’ajoutent aux autres"},
        "Un total compté avec ses parties double les montants.",
    )


def margins_question(names: Iterable[str]) -> Question:
    """Which of several breakdowns of the same amounts is used."""
    return Question(
        "total:axes",
        "Les mêmes montants sont donnés plusieurs fois, selon des axes qui ne se croisent pas. Lequel garder ?",
        {name: f"Le détail par {name}" if name != "Total" else "Le total seul" for name in names},
        "Additionner ces répartitions compterait les montants plusieurs fois.",
    )


def personal_question(header: str, found: Personal) -> Question:
    """Whether a column that identifies people is dropped, or replaced by pseudonyms."""
    return Question(
        f"personnel:{header}",
        f"La colonne « {header} » contient des {found.label}. Qu’en faire ?",
        {action: ACTIONS[action] for action in found.actions},
        "Sans réponse, elle est supprimée. Un pseudonyme ne désigne plus personne, mais compte encore chacun une fois.",
    )


def period_question() -> Question:
    """Whether quarters may stand on their first month."""
    return Question(
        "trimestres",
        "Le fichier est par trimestre. Faut-il le garder ainsi ?",
        {"premier_mois": "Oui : chaque trimestre est placé sur son premier mois"},
        "Les évolutions d’un mois à l’autre et les prévisions mensuelles n’auront pas de sens.",
    )


def check_answers(answers: Mapping[str, str], headers: Iterable[str], asked: Iterable[str] = ()) -> dict[str, str]:
    """Answers with every key under its full name ("Montant" is short for "colonne:Montant").

    Parameters
    ----------
    answers : mapping
        As given.
    headers : iterable of str
        Columns of the file.
    asked : iterable of str
        Keys of the questions that the reading asks, whatever they are.

    Raises
    ------
    MappingError
        A key that is neither a question nor a column of the file.
    """
    known, asked, checked = set(headers), set(asked), {}
    # An explicit "colonne:Montant" wins over the short form, so that the `mapping` of a dataset can be given back.
    for key, answer in sorted(answers.items(), key=lambda item: item[0].startswith(PREFIXES)):
        if key in asked or _is_global(key, answer, known):
            checked[key] = answer
        elif key.startswith(PREFIXES):
            if not key.startswith(_FREE) and key.split(":", 1)[1] not in known:
                raise MappingError("Cette colonne n’est pas dans le fichier.", colonne=key.split(":", 1)[1])
            checked[key] = answer
        elif key in known:
            checked[f"colonne:{key}"] = answer
        else:
            raise MappingError("Cette réponse ne correspond à aucune question.", valeur=key)
    return checked


def _is_global(key: str, answer: str, headers: set[str]) -> bool:
    """Whether a key is that of a question about the file; a column of the same title is told by its answer."""
    if key not in GLOBAL or key not in headers:
        return key in GLOBAL
    return answer in GLOBAL[key] if GLOBAL[key] else answer.isdigit()


def check_choice(question: Question, answer: str | None) -> None:
    """Refuse an answer that is not one of the choices.

    Raises
    ------
    MappingError
    """
    if answer is not None and answer not in question.choices:
        raise MappingError(
            f"Réponse inconnue à la question « {question.key} ».",
            valeur=answer,
            remede=f"Réponses possibles : {', '.join(question.choices)}.",
            questions=(question,),
        )
