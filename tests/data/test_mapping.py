"""Meaning of the columns: the vocabulary of the trade, what must never be confused, what is asked."""

from __future__ import annotations

import pytest

from analytics.errors import MappingError
from data import propose_mapping, read_table
from data.mapping.labels import french_label, slug
from data.vocabulary import base_of, guess

ROLES = {
    "mois": ["Date", "MOIS", "période", "Periode ", "aaaamm"],
    "mois_soins": ["Mois de soins", "date_soins", "DATE DE SURVENANCE", "Date des actes"],
    "mois_paiement": [
        "Mois de paiement",
        "date_paiement",
        "Date de règlement",
        "Mois comptable",
        "date de remboursement",
    ],
    "prestation": [
        "Prestations",
        "Prestations versées",
        "RC",
        "Remb. AMC",
        "Remboursement mutuelle",
        "Sinistres",
        "montant_prestations",
    ],
    "remboursement_amo": [
        "Remb AMO",
        "remb_amo_eur",
        "RO",
        "Part Sécu",
        "Remboursement sécurité sociale",
        "régime obligatoire",
    ],
    "frais_reels": ["Frais réels", "FR", "Dépense", "depense_payee_eur", "Honoraires", "Montant engagé"],
    "reste_apres_amo": ["rac_apres_amo_eur", "Reste après AMO"],
    "reste_a_charge": ["RAC", "Reste à charge", "reste_a_charge_eur"],
    "cotisation": ["Cotisations TTC", "cotisation_ht", "Primes acquises", "Prime nette"],
    "taxes": ["Taxes", "TSA"],
    "beneficiaires": ["Bénéficiaires", "nb_beneficiaires", "Effectif", "Nombre d'assurés", "Personnes protégées"],
    "actes": ["Actes", "Nb actes", "Nombre d’actes", "Quantité", "Nombre de prestations"],
    "poste": ["Poste", "poste de soins", "Nature de prestation", "Famille d'actes"],
    "contrat": ["Contrat", "Type de contrat"],
    "formule": ["Formule", "Garantie", "Gamme", "Niveau de garantie"],
    "region": ["Région", "region_code", "REGION"],
    "tranche_age": ["Tranche d’âge", "tranche_age_code", "Age", "Classe d'âge"],
    "sexe": ["Sexe", "sexe_code", "Genre", "Sexe du bénéficiaire"],
    "canal": ["Canal", "Canal de distribution", "Réseau de distribution"],
    "panier": ["Panier", "panier_de_soins"],
    "reseau": ["Réseau", "Réseau de soins"],
}
KINDS = {
    "average": [
        "Coût moyen",
        "cout_moyen_eur",
        "Taux de chute",
        "Ratio P/C",
        "P/C",
        "rac_moyen_eur",
        "Prestations par bénéficiaire",
    ],
    "identifier": ["N° contrat", "numero_adherent", "adherent_id", "SIRET", "Matricule"],
    "personal": [
        "email",
        "Adresse e-mail",
        "NIR",
        "Téléphone",
        "IBAN",
        "Nom",
        "Prénom de l’assuré",
        "Date de naissance",
        "Adresse",
    ],
    "calendar": ["Année", "Trimestre", "Date d’effet", "Date de souscription", "date_extraction"],
}


@pytest.mark.parametrize(("header", "role"), [(h, role) for role, headers in ROLES.items() for h in headers])
def test_titles_of_the_trade(header, role):
    assert guess(header).role == role


@pytest.mark.parametrize(("header", "kind"), [(h, kind) for kind, headers in KINDS.items() for h in headers])
def test_titles_that_are_not_amounts(header, kind):
    assert guess(header).kind == kind


@pytest.mark.parametrize(
    "header",
    ["rac_apres_amo_eur", "RAC", "Reste à charge", "reste_apres_ro", "Ticket modérateur", "BRSS", "Dépassement"],
)
def test_what_is_left_to_pay_is_never_a_prestation(header):
    assert guess(header).role not in ("prestation", "remboursement_amo", "frais_reels")


@pytest.mark.parametrize(
    ("header", "base"),
    [("cotisation_ht", "HT"), ("Cotisations TTC", "TTC"), ("Prime nette", "nette"), ("Cotisations", None)],
)
def test_base_named_in_the_title(header, base):
    assert base_of(header) == base


@pytest.mark.parametrize(
    ("header", "name", "label"),
    [
        ("rac_moyen_eur", "rac_moyen", "Reste à charge moyen"),
        ("Montant (€)", "montant", "Montant"),
        ("nb_lignes", "nb_lignes", "Nombre lignes"),
        ("Dépassements d’honoraires", "depassements_d_honoraires", "Dépassements d’honoraires"),
        ("specialite", "specialite", "Spécialité"),
    ],
)
def test_names_and_labels_of_other_columns(header, name, label):
    assert slug(header) == name
    assert french_label(header) == label


def propose(text: str, **answers):
    return propose_mapping(read_table(text.encode()), answers=answers)


def test_roles_confidence_and_no_question_on_a_clear_file():
    mapping = propose(
        "Mois de soins;Mois de paiement;Poste;Prestations\n01/2024;02/2024;Optique;5,5\n02/2024;02/2024;Dentaire;6,5\n"
    )
    assert mapping.columns == {
        "Mois de soins": "mois",
        "Mois de paiement": "mois_paiement",
        "Poste": "poste",
        "Prestations": "prestation",
    }
    assert mapping.date_basis == "soins"
    assert mapping.questions == ()
    assert set(mapping.confidence.values()) == {1.0}


@pytest.mark.parametrize(
    ("header", "basis"),
    [("Mois de soins", "soins"), ("Mois de paiement", "paiement"), ("mois_traitement", "paiement"), ("Mois", None)],
)
def test_kind_of_date(header, basis):
    mapping = propose(f"{header};prestations\n2024-01;5\n2024-02;6\n")
    assert mapping.columns[header] == "mois"
    assert mapping.date_basis == basis
    assert ("date_basis" in {q.key for q in mapping.questions}) == (basis is None)
    assert "date_basis" not in mapping.blocking


def test_date_basis_question_is_worded_for_the_screen():
    question = next(q for q in propose("mois;prestations\n2024-01;5\n").questions if q.key == "date_basis")
    assert question.choices == {"soins": "Mois de soins", "paiement": "Mois de paiement"}
    assert question.text.endswith("?")
    assert question.advice


def test_vague_amounts_are_asked_and_the_answer_is_taken():
    text = "mois;poste;montant\n2024-01;optique;5\n2024-02;optique;6\n"
    mapping = propose(text)
    assert mapping.blocking == ("colonne:montant",)
    for answers in ({"colonne:montant": "prestation"}, {"montant": "prestation"}):
        assert propose(text, **answers).columns["montant"] == "prestation"


def test_two_columns_for_one_role_are_asked():
    text = "mois;prestations;prestation payée\n2024-01;5;6\n"
    assert propose(text).blocking == ("role:prestation",)
    mapping = propose(text, **{"role:prestation": "prestation payée"})
    assert mapping.columns["prestation payée"] == "prestation"
    assert mapping.columns["prestations"] == "prestations"


def test_codes_are_dimensions_and_averages_are_not_used():
    rows = "".join(f"2024-{1 + i % 12:02d};{i % 3};{i % 2};{i};{i / 7:.4f}\n" for i in range(60))
    mapping = propose("mois;specialite_code;complet;prestations;cout_moyen\n" + rows)
    assert mapping.kinds["specialite_code"] == mapping.kinds["complet"] == "dimension"
    assert mapping.columns["cout_moyen"] == "ignorer"
    assert "exactitude.moyenne" in set(mapping.findings["code"])


def test_identifiers_are_left_out_and_named():
    rows = "".join(f"2024-{1 + i % 12:02d};A{i:05d};{i};{i},5\n" for i in range(1500))
    mapping = propose("mois;dossier;num_adherent;prestations\n" + rows)
    assert mapping.columns["dossier"] == mapping.columns["num_adherent"] == "ignorer"
    told = mapping.findings[mapping.findings["code"] == "conformite.identifiant"]
    assert set(told["colonne"]) == {"dossier", "num_adherent"}


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("contact", "prenom.nom{i}@exemple.fr"),
        ("cle", "1 84 12 76 451 0{i:02d} {key:02d}"),
        ("cle", "284127645{i:04d}"),
        ("compte", "FR7630006000011234567890{i:03d}"),
        ("joignable", "06 12 34 56 {i:02d}"),
        ("NIR", "x{i}"),
        ("Nom", "Durand{i}"),
    ],
)
def test_personal_columns_are_dropped_whatever_their_title(header, value):
    keys = [97 - (1841276451000 + 10 + i) % 97 for i in range(20)]
    rows = "".join(f"2024-01;{value.format(i=10 + i, key=keys[i])};5,5\n" for i in range(20))
    mapping = propose(f"mois;{header};prestations\n" + rows)
    assert mapping.columns[header] == "ignorer"
    told = mapping.findings[mapping.findings["code"] == "conformite.donnees_personnelles"]
    assert told["colonne"].tolist() == [header]
    # No answer can bring them back.
    assert (
        propose(f"mois;{header};prestations\n" + rows, **{f"colonne:{header}": "dimension"}).columns[header]
        == "ignorer"
    )


def test_content_names_a_column_that_its_title_does_not():
    mapping = propose("quand;libelle;qui;prestations\n2024-01-05;Optique;H;5\n2024-02-05;Dentaire;F;6\n")
    assert mapping.columns == {"quand": "mois", "libelle": "poste", "qui": "sexe", "prestations": "prestation"}


@pytest.mark.parametrize(
    ("text", "answers", "words"),
    [
        ("poste;prestations\noptique;5\n", {}, "Aucune colonne ne contient de date"),
        ("annee;prestations\n2023;5\n2024;6\n", {}, "que des années"),
        ("mois;prestations\nhier;5\ndemain;6\n", {}, "dates de cette colonne"),
        ("mois;prestations\n2024-01;5\n", {"truc": "x"}, "aucune question"),
        ("mois;prestations\n2024-01;5\n", {"colonne:truc": "x"}, "pas dans le fichier"),
        ("mois;prestations\n2024-01;5\n", {"date_basis": "lune"}, "Réponse inconnue"),
        ("mois;prestations\n2024-01;5\n", {"base": "brute"}, "Réponse inconnue"),
        ("mois;poste;prestations\n2024-01;optique;5\n", {"poste": "prestation"}, "ne peut pas être"),
    ],
)
def test_what_cannot_be_understood_is_said(text, answers, words):
    with pytest.raises(MappingError, match=words):
        propose(text, **answers)


def test_a_personal_column_is_dropped_unless_its_pseudonyms_are_asked_for():
    births = [(1 + i % 2, 50 + i % 40, 1 + i % 12, 1 + i % 90, 100 + i) for i in range(60)]
    nirs = [f"{s} {year:02d} {month:02d} {place:02d} {town:03d} {town:03d}" for s, year, month, place, town in births]
    text = "mois;NIR;prestations\n" + "".join(f"2024-{1 + i % 12:02d};{n};{10 + i}\n" for i, n in enumerate(nirs))
    mapping = propose(text)
    assert mapping.columns["NIR"] == "ignorer"
    (asked,) = (q for q in mapping.questions if q.key == "personnel:NIR")
    assert list(asked.choices) == ["supprimer", "pseudonymiser"]
    assert not mapping.blocking
    kept = propose(text, **{"personnel:NIR": "pseudonymiser"})
    assert kept.kinds["NIR"] == "dimension"
    assert "pseudonymes" in kept.findings.loc[kept.findings["colonne"] == "NIR", "message"].iloc[0]
    assert propose(text, **{"personnel:NIR": "supprimer"}).columns["NIR"] == "ignorer"
    with pytest.raises(MappingError):
        propose(text, **{"personnel:NIR": "garder"})
