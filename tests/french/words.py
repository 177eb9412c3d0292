"""Words of a French mutual’s exports: titles, regions, postes, notes, and what people write around a table."""

from __future__ import annotations

REGIONS = (
    "Île-de-France", "Bretagne", "Auvergne-Rhône-Alpes", "Provence-Alpes-Côte d’Azur", "Hauts-de-France", "Corse",
    "Bourgogne-Franche-Comté", "Pays de la Loire", "Centre-Val de Loire", "Occitanie", "La Réunion", "Normandie",
)  # fmt: skip
POSTES = (
    "Optique", "Dentaire", "Hospitalisation", "Pharmacie", "Soins courants", "Aides auditives", "Médecine douce",
    "Cure thermale",
)  # fmt: skip
#: Only the postes that every mutual names the same way: they may be titles of columns.
POSTES_TITLES = ("Optique", "Dentaire", "Hospitalisation", "Pharmacie", "Soins courants", "Aides auditives")
FORMULES = ("Éco", "Confort", "Confort +", "Intégrale", "Senior – niveau 2", "Bien-être & cœur")
#: A product may be called « Totale » without its lines being totals.
FORMULES_TRAP = ("Éco", "Confort", "Totale")
AGES = (
    ("0 à 19 ans", "20 à 39 ans", "40 à 59 ans", "60 à 74 ans", "75 ans et plus"),
    ("00-19", "20-39", "40-59", "60-79", "80+"),
    ("0-19 ans", "20-39 ans", "40-59 ans", "60 ans et +"),
    ("moins de 20 ans", "20 à 39 ans", "40 à 59 ans", "60 ans ou plus"),
)
SEXES = (("Hommes", "Femmes"), ("H", "F"), ("Masculin", "Féminin"))
CANAUX = ("Agence", "Courtage", "Web", "Téléphone", "Partenaires d’entreprise")
TITLES = {
    "mois": ("Mois", "MOIS", "Mois de soins", "Mois de paiement", "mois_soins", "Mois comptable"),
    "date": ("Date de soins", "DATE_SOINS", "Date de paiement", "Date de règlement", "Date soins"),
    "region": ("Région", "REGION", "Libellé région", "Région de l’assuré"),
    "poste": ("Poste", "POSTE", "Libellé poste", "Poste de soins", "Famille d’actes"),
    "formule": ("Formule", "Garantie", "Libellé formule", "Gamme"),
    "age": ("Tranche d’âge", "TRANCHE_AGE", "Tranche âge", "Âge (tranche)"),
    "sexe": ("Sexe", "SEXE", "Genre"),
    "canal": ("Canal", "Canal de distribution", "Réseau de vente"),
}
MEASURES = {
    "montant": (
        "Prestations", "Prestations versées (€)", "Cotisations HT", "Cotisations TTC (€)", "Frais réels",
        "Remboursement AMO", "Montant remboursé", "Dépense engagée", "PRESTATIONS_NETTES", "Frais de gestion",
    ),
    "nombre": ("Bénéficiaires", "Nb bénéficiaires", "Nombre d’actes", "Quantité", "Adhésions", "NB_ACTES"),
    "taux": ("Taux de remboursement", "Part du poste", "Évolution N/N-1"),
}  # fmt: skip
COMMENTS = (
    "régularisation N-1", "cœur & vue – dossier clos", "à vérifier", "œil gauche", "tarif d’exception",
    "déjà réglé", "Noël", "contrôle des dépassements d’honoraires", "accord préalable reçu",
)  # fmt: skip
MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
    "décembre",
)  # fmt: skip
SHORT = ("janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc.")
CAPITALS = ("JAN", "FÉV", "MAR", "AVR", "MAI", "JUN", "JUL", "AOÛ", "SEP", "OCT", "NOV", "DÉC")
PREAMBLES = (
    ("Tableau de bord santé – suivi mensuel",),
    ("Export du 12/03/2025", "Périmètre : tous contrats"),
    ("Mutuelle d’essai", "Prestations par poste et par région", "Édité le 03/02/2025 à 09:15"),
    ("Requête BO : SUIVI_SANTE_01", "Date d’extraction : 15/01/2025", "Utilisateur : direction technique"),
    ("Cotisations et prestations (en euros)",),
)
NOTES = (
    ("Source : système de gestion",),
    ("(1) Hors Alsace-Moselle", "Source : entrepôt de données"),
    ("Note : les deux derniers mois sont provisoires",),
    ("* données arrêtées au 31/12/2024", "Champ : contrats individuels et collectifs"),
    ("Lecture : montants nets de frais",),
)
TOTALS = ("Total", "TOTAL", "Total général", "TOTAL GÉNÉRAL", "Totaux")
