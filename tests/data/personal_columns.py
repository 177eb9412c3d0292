"""300 labelled columns per seed: about 120 hold personal data, 180 look like it and do not.

Written before the detector. Family names are drawn mostly outside the embedded list, as in a real portfolio, where
the few hundred most frequent names cover about one person in five.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd


def listed(text: str) -> list[str]:
    """Items of a text, separated by « ; » where there is one, else by spaces."""
    return text.replace("\n", ";").split(";") if ";" in text else text.split()


BARE = ("col1", "champ_7", "V3", "Colonne 12", "data", "x", "ZONE_LIBRE", "f12", "B", "valeur")
FREQUENT = listed("""MARTIN BERNARD DUBOIS THOMAS ROBERT RICHARD PETIT DURAND LEROY MOREAU SIMON LAURENT LEFEBVRE
MICHEL GARCIA DAVID BERTRAND ROUX VINCENT FOURNIER MOREL GIRARD LEFEVRE MERCIER DUPONT LAMBERT
BONNET FRANCOIS MARTINEZ LEGRAND GARNIER FAURE ROUSSEAU BLANC GUERIN MULLER HENRY ROUSSEL NICOLAS
PERRIN MORIN MATHIEU CLEMENT GAUTHIER DUMONT LOPEZ FONTAINE CHEVALIER ROBIN MASSON SANCHEZ NGUYEN
DENIS LEMAIRE DUFOUR LUCAS BRUN DIALLO TRAORE BLANCHARD""")
RARE = listed("""ABADIE ABGRALL ACHARD AGOSTINI ALLEGRE AMBLARD ANSELME ARCHAMBAULT ARNOULD ASTRUC AUDOUIN AUFFRET
AVRIL AZOULAY BABIN BACHELET BALLAND BARDET BARRAUD BASTIDE BAUDOUIN BEAUFILS BELHADJ BELIN
BENAMARA BENHAMOU BERGERON BERLAND BESNIER BIDAULT BLANQUART BOISSEAU BONNAFOUS BORDE BOUAZIZ
BOUCHAREB BOUDET BOUKHARI BOULARD BOURREAU BOUSSARD BRANDAO BRISSET BRUGIERE BURGAUD CABROL CADIOU
CAILLAUD CALVET CANTIN CARDOSO CASTAING CAZENAVE CHABERT CHAIGNEAU CHAMBON CHANTEREAU CHARDON
CHASTANG CHENU CHERIF COLLIGNON COMBES CONAN COQUELIN CORBEL COSNARD COURBON CROUZET DAGUET
DALMASSO DANJOU DARRAS DEBRAY DECROIX DEFRANCE DEHAENE DELCROIX DELHAYE DEMANGE DERRIEN DESBOIS
DEVILLERS DJEBBAR DOUILLARD DRAPEAU DROUIN DUCHEMIN DUFRESNE DUQUESNE DUTHEIL ELAMRANI ESCOFFIER
ESTEVE EYRAUD FABREGUES FARGES FERCHAUD FEUILLET FILLION FLAMANT FONTENEAU FOURCADE FRADIN FREMONT
GABORIT GADREAU GALLAND GARRIGUES GAUVAIN GENTY GERBAUD GHERARDI GLORIEUX GODIN GOUJON GOURDON
GRAVELEAU GRELLIER GRIMAUD GUEDJ GUENEAU GUIGNARD GUITTON HADJADJ HAMARD HAUTECOEUR HERBERT
HILAIRE HOUSSIN HUGON JACQUEMIN JAMET JANVIER JEGOU JOUAN KERLEAU KOWALSKI KRIEF LABARRE LACHAUD
LAFFITTE LAMOTTE LANDAIS LARRIEU LAVERGNE LEBEAU LEBOUCHER LECHEVALIER LEFLOCH LEMARCHAND
LENORMAND LEPRETRE LEROUGE LESUEUR LHERMITTE LORIOT LOUVET MAGNE MAILLOUX MALHERBE MANCEAU MARAIS
MARCEL MARTY MAUGER MELIN MENAGER MESSAOUDI METAIS MICHELET MIGNOT MOISAN MONTAGNE MORICEAU
MOUREAU NAUDIN NEVEUX OUVRARD PAPON PARISOT PASQUET PAUCHET PELLOUX PERROUD PETITJEAN PEYRE PHAM
PICHOT PINEL PLANCHE POIROT PONTHIEU POUPARD PRADEL QUEMENER QUESNEL RABIER RAFFIN RAMBAUD RAVEL
REGNAULT RENOU RIBOT RIGAUD ROBILLARD ROCHETTE ROUDAUT ROUGIER RUAULT SABOURIN SALLES SARRAZIN
SAULNIER SERVANT SIMONET SOULIER TALBOT TAVERNIER THEVENIN THIBAUD TISSIER TOUATI TRICOT VALLIN
VASSEUR VERNET VERRIER VIGNERON VILLARD VOGEL WALTER YVON ZIMMERMANN""")
FIRST = listed("""Jean Marie Michel Pierre Philippe Nathalie Isabelle Sylvie Catherine Christophe Nicolas Patrick
Daniel Martine Monique Françoise Alain Stéphane Céline Éric Thomas Julien Sandrine Laurent David
Camille Léa Manon Chloé Emma Lucas Hugo Louis Gabriel Jules Arthur Raphaël Inès Sarah Zoé Jade
Alice Louise Mohamed Fatima Karim Yanis Aïcha René Marcel Simone Jeanne Denise Paulette Ginette
Odette Yvette Lucien Raymond Roger Georges Kévin Anthony Jérémy Mélanie Aurélie Élodie Émilie
Guillaume Maxime Romain Antoine Clément Mathieu Benoît Hélène Brigitte Chantal Annie Jean-Pierre
Marie-Christine Anne-Sophie Jean-Luc Théo Enzo Nathan Lina Mila Adèle Ambre Léo Gaëlle Yann Maëlys
Corentin Solenn Thibaud Gwenaëlle Bérangère Mireille Huguette Abdelkader Mamadou Aminata Mehdi
Nadia Samira Youssef Ludivine Priscilla""")
COMMUNES = listed("""Paris;Marseille;Lyon;Toulouse;Nice;Nantes;Montpellier;Strasbourg;Bordeaux;Lille;Rennes;Reims
Toulon;Le Havre;Saint-Étienne;Grenoble;Dijon;Angers;Villeurbanne;Saint-Denis;Nîmes
Clermont-Ferrand;Aix-en-Provence;Le Mans;Brest;Tours;Amiens;Limoges;Annecy;Boulogne-Billancourt
Metz;Perpignan;Besançon;Orléans;Rouen;Montreuil;Caen;Argenteuil;Mulhouse;Nancy;Saint-Paul
Roubaix;Tourcoing;Nanterre;Vitry-sur-Seine;Créteil;Avignon;Poitiers;Aubervilliers;Dunkerque
Versailles;Colombes;Saint-Pierre;La Rochelle;Antibes;Saint-Maur-des-Fossés;Calais;Cannes;Béziers
Mérignac;Drancy;Ajaccio;Bourges;Quimper;Valence;Lorient;Vannes;Chambéry;Niort;Cholet
La Roche-sur-Yon;Laval;Arles;Évreux;Blois;Albi;Tarbes;Gap;Saint-Brieuc;Saint-Malo;Saint-Nazaire
Cherbourg;Belfort;Épinal;Troyes;Châlons-en-Champagne;Charleville-Mézières;Beauvais;Compiègne
Sainte-Marie;Saint-Martin;Fontaine;Vienne;Roanne;Vichy;Moulins;Nevers;Auxerre;Sens;Chartres
Dreux;Alençon;Lisieux;Martigues;Fréjus;Hyères;Draguignan;Cahors;Agen;Dax;Pau;Bayonne;Biarritz
Anglet;Royan;Saintes;Cognac""")
POSTES = listed("""Optique;Dentaire;Pharmacie;Hospitalisation;Soins courants;Auxiliaires médicaux;Analyses;Imagerie
Transport;Audioprothèse;Cures thermales;Appareillage;Consultations généralistes
Consultations spécialistes;Prothèses dentaires;Orthodontie;Honoraires chirurgicaux
Forfait journalier;Chambre particulière;Médecines douces;Prévention;Maternité""")
SPECIALTIES = listed("""Médecine générale;Cardiologie;Dermatologie;Gynécologie obstétrique;Ophtalmologie;Pédiatrie
Psychiatrie;Radiologie;Rhumatologie;ORL;Chirurgien-dentiste;Sage-femme;Infirmier
Masseur-kinésithérapeute;Orthophoniste;Orthoptiste;Pédicure-podologue;Pharmacien;Biologiste
Anesthésie réanimation;Chirurgie orthopédique;Endocrinologie;Gastro-entérologie;Néphrologie
Neurologie;Oncologie;Pneumologie;Stomatologie;Urologie;Gériatrie""")
FORMULAS = listed("""Essentielle;Confort;Sérénité;Premium;Équilibre;Harmonie;Éco;Jeune actif;Famille;Senior Plus
Formule 1;Formule 2;Formule 3;Santé Zen;Option Optique;Renfort dentaire;Pack Bien-être;Horizon
Alizé;Émeraude;Saphir;Rubis;Topaze;Ambre;Diamant;Tempo;Intégrale;Base entreprise
Surcomplémentaire;TNS Madelin;Agents territoriaux""")
DRUGS = listed("""DOLIPRANE 1000MG CPR;DAFALGAN 500MG GELULE;KARDEGIC 75MG PDR;LEVOTHYROX 50 CPR;SPASFON LYOC 80MG
IMODIUM 2MG;AMOXICILLINE BIOGARAN 1G;METFORMINE MYLAN 850;ATORVASTATINE 20MG;OMEPRAZOLE 20MG GEL
VENTOLINE 100UG;EFFERALGAN 1G EFF;BISOPROLOL 5MG;RAMIPRIL ARROW 5MG;TAHOR 10MG;XARELTO 20MG
ELIQUIS 5MG;LASILIX 40MG;SMECTA SACHET;GAVISCON SUSP BUV;VERRE UNIFOCAL;MONTURE CLASSE A
LENTILLES SOUPLES;COURONNE CERAMIQUE;INLAY CORE;IMPLANT;SEMELLES ORTHOPEDIQUES""")
DEPARTMENTS = [*(f"{d:02d}" for d in range(1, 96) if d != 20), "2A", "2B", "971", "972", "973", "974", "976"]


@dataclass(frozen=True)
class Labelled:
    """A column and what it is: `kind` tells how it was made, `personal` what must be answered."""

    header: str
    kind: str
    personal: bool
    texts: pd.Series


def luhn(digits: str) -> str:
    total = sum(d if i % 2 else sum(divmod(2 * d, 10)) for i, d in enumerate(int(c) for c in reversed(digits)))
    return digits + str(-total % 10)


def draw_number(rng, length: int) -> str:
    return "".join(map(str, rng.integers(0, 10, length)))


def _birth(rng) -> pd.Timestamp:
    return pd.Timestamp("1928-01-01") + pd.Timedelta(days=int(365.25 * 95 * rng.beta(1.3, 1.2)))


def draw_date(rng, first: str = "2022-01-01", days: int = 1000) -> pd.Timestamp:
    return pd.Timestamp(first) + pd.Timedelta(days=int(rng.integers(0, days)))


def nir13(rng, home: str, sexes: str = "12") -> str:
    born = _birth(rng)
    draw = rng.random()
    place = home if draw < 0.45 else "99" if draw < 0.55 else str(rng.choice(DEPARTMENTS))
    month = born.month if rng.random() > 0.01 else int(rng.integers(20, 43))
    commune = draw_number(rng, 5 - len(place)).replace("000", "001")
    sex = sexes[int(rng.random() < 0.53)]
    return f"{sex}{born.year % 100:02d}{month:02d}{place}{commune}{rng.integers(1, 999):03d}"


def with_key(body: str) -> str:
    number = int(body.replace("2A", "19").replace("2B", "18"))
    return f"{body}{97 - number % 97:02d}"


def spaced(nir: str) -> str:
    return " ".join(p for p in (nir[0], nir[1:3], nir[3:5], nir[5:7], nir[7:10], nir[10:13], nir[13:]) if p)


def draw_iban(rng, country: str = "FR") -> str:
    length = {"FR": 23, "BE": 12, "DE": 18, "LU": 16}[country]
    body = draw_number(rng, length)
    code = "".join(str(int(c, 36)) for c in body + country + "00")
    return f"{country}{98 - int(code) % 97:02d}{body}"


def draw_surname(rng) -> str:
    return str(rng.choice(FREQUENT if rng.random() < 0.22 else RARE))


def without_accents(text: str) -> str:
    return text.upper().translate(str.maketrans("ÉÈËÎÏÔÇ", "EEEIIOC"))


def _phone(rng, style: int) -> str:
    digits = f"{rng.choice(list('1234566677'))}{draw_number(rng, 8)}"
    pairs = [digits[i : i + 2] for i in range(1, 9, 2)]
    return (
        f"0{digits}",
        " ".join([f"0{digits[0]}", *pairs]),
        ".".join([f"0{digits[0]}", *pairs]),
        f"+33{digits}",
        f"+33 {digits[0]} " + " ".join(pairs),
        f"0033{digits}",
        "-".join([f"0{digits[0]}", *pairs]),
    )[style]


def _email(rng) -> str:
    name = f"{without_accents(str(rng.choice(FIRST))).lower()}.{draw_surname(rng).lower()}{rng.integers(0, 99)}"
    return f"{name}@{rng.choice(['orange.fr', 'gmail.com', 'free.fr', 'laposte.net', 'mutuelle-test.fr'])}"


def _address(rng) -> str:
    way = rng.choice(listed("rue RUE avenue bd Chemin impasse ALLEE place route av. Lotissement"))
    of = rng.choice(["des Lilas", "DE LA GARE", "Victor Hugo", "du Moulin", "Jean Jaurès", "DES ECOLES", "du Stade"])
    suffix = rng.choice(["", "", "", " bis", " ter"])
    end = f" {rng.integers(10000, 95999)} {rng.choice(COMMUNES)}" if rng.random() < 0.3 else ""
    return f"{rng.integers(1, 180)}{suffix} {way} {of}{end}"


def _person(rng, style: int) -> str:
    last, first = draw_surname(rng), str(rng.choice(FIRST))
    return (
        f"{last} {without_accents(first)}",
        f"{first} {last.title()}",
        f"{rng.choice(['Mme', 'M.', 'MME', 'MR'])} {last} {first}",
        f"{last}, {first}",
        f"{last} {first}",
        f"{last}-{draw_surname(rng)} {first}",
    )[style]


def _written(when: pd.Timestamp, style: str) -> str:
    return when.strftime(style)


DATE_STYLES = ("%d/%m/%Y", "%Y-%m-%d", "%Y%m%d", "%d%m%Y", "%d.%m.%Y", "%d-%m-%Y", "%d/%m/%y", "%Y-%m-%d %H:%M:%S")


def _many(make: Callable[[], str]) -> Callable[[int], list[str]]:
    return lambda n: [make() for _ in range(n)]


def _identifiers(rng) -> list[tuple[str, int, tuple[str, ...], Callable[[int], list[str]]]]:
    """Kind, number of columns, French titles, maker of `n` cells."""
    home, phone, person = str(rng.choice(DEPARTMENTS)), int(rng.integers(7)), int(rng.integers(6))
    births = DATE_STYLES[int(rng.integers(len(DATE_STYLES)))]
    upper = bool(rng.integers(2))

    def nir(*, key: bool, spaces: bool, sexes: str = "12") -> Callable[[int], list[str]]:
        def make() -> str:
            body = nir13(rng, home, sexes)
            whole = with_key(body) if key else body
            return spaced(whole) if spaces else whole

        return _many(make)

    titles = ("NIR", "N° de sécurité sociale", "num_secu", "matricule_ss", "NIR_ASSURE", "Immatriculation")
    return [
        ("nir 15", 12, titles, nir(key=True, spaces=bool(rng.integers(2)))),
        ("nir 13", 16, titles, nir(key=False, spaces=rng.random() < 0.3)),
        ("nia", 4, ("NIA", "num_assure", "immat"), nir(key=True, spaces=False, sexes="34")),
        ("iban", 10, ("IBAN", "RIB", "Compte bancaire", "coordonnees"),
         _many(lambda: draw_iban(rng, "FR" if rng.random() < 0.9 else str(rng.choice(["BE", "DE", "LU"]))))),
        ("courriel", 10, ("E-mail", "Courriel", "mail_adherent", "contact"), _many(lambda: _email(rng))),
        ("telephone", 14, ("Téléphone", "tel_mobile", "Portable", "joignable"), _many(lambda: _phone(rng, phone))),
        ("nom complet", 16, ("Nom", "Nom Prénom", "Bénéficiaire", "assure", "Identité"),
         _many(lambda: _person(rng, person))),
        ("nom de famille", 8, ("Nom", "nom_usage", "NOM_NAISSANCE"),
         _many(lambda: draw_surname(rng) if upper else draw_surname(rng).title())),
        ("prenom", 8, ("Prénom", "PRENOM_BENEF", "prenoms"),
         _many(lambda: without_accents(str(rng.choice(FIRST))) if upper else str(rng.choice(FIRST)))),
        ("naissance", 16, ("Date de naissance", "DDN", "Né(e) le", "dt_naiss"),
         _many(lambda: _written(_birth(rng), births))),
        ("adresse", 6, ("Adresse", "adresse_1", "Voie", "domicile"), _many(lambda: _address(rng))),
    ]  # fmt: skip


def _others(rng) -> list[tuple[str, int, tuple[str, ...], Callable[[int], list[str]]]]:
    style, start = DATE_STYLES[int(rng.integers(len(DATE_STYLES)))], int(rng.integers(0, 9 * 10**6))
    prefix = str(rng.choice(["2024", "CT-", "MUT", "1", "2", "0612", "20230", "AB"]))
    cents, unit = ",."[int(rng.integers(2))], str(rng.choice(["", "", " €"]))

    def pick(values) -> Callable[[int], list[str]]:
        return _many(lambda: str(rng.choice(values)))

    def sequence(width: int) -> Callable[[int], list[str]]:
        return lambda n: [f"{prefix}{start + 7 * i:0{width}d}" for i in range(n)]

    def amount() -> str:
        return f"{rng.gamma(1.2, 40):.2f}".replace(".", cents) + unit

    return [
        ("finess", 14, ("FINESS", "num_finess_etab", "Établissement", "Code exécutant"),
         _many(lambda: f"{rng.choice(DEPARTMENTS)[:2]}{draw_number(rng, 7)}")),
        ("siret", 12, ("SIRET", "siret_entreprise", "Employeur"), _many(lambda: luhn(draw_number(rng, 13)))),
        ("siren", 8, ("SIREN", "Entreprise"), _many(lambda: luhn(draw_number(rng, 8)))),
        ("rpps", 12, ("RPPS", "Num PS", "prescripteur"), _many(lambda: luhn(f"10{draw_number(rng, 8)}"))),
        ("cip13", 10, ("CIP13", "code_cip", "Code produit"), _many(lambda: f"34009{draw_number(rng, 8)}")),
        ("cip7", 6, ("CIP7", "cip"), _many(lambda: f"3{draw_number(rng, 6)}")),
        ("ccam", 6, ("Code CCAM", "acte"),
         _many(lambda: "".join(rng.choice(list("ABCDEFGHJKLMNPQRSTVWYZ"), 4)) + draw_number(rng, 3))),
        ("montant", 14, ("Montant remboursé", "prestations", "Frais réels", "mt_rc"), _many(amount)),
        ("quantite", 8, ("Quantité", "nb_actes", "Nombre d’actes"), _many(lambda: str(rng.poisson(3)))),
        ("date de soins", 14, ("Date de soins", "dt_soins", "Date", "date_exec"),
         _many(lambda: _written(draw_date(rng), style))),
        ("date d’effet", 4, ("Date d’effet", "dt_adhesion", "Date de souscription"),
         _many(lambda: _written(draw_date(rng, "1992-01-01", 11600), style))),
        ("mois", 6, ("Mois", "periode", "mois_paiement"), _many(lambda: draw_date(rng).strftime("%Y-%m"))),
        ("contrat", 14, ("N° contrat", "num_contrat", "ref_dossier", "Identifiant"), sequence(8)),
        ("contrat 13 chiffres", 6, ("N° adhérent", "reference"), _many(lambda: draw_number(rng, 13))),
        ("contrat 15 chiffres", 4, ("N° sinistre", "id_ligne"), _many(lambda: draw_number(rng, 15))),
        ("facture", 4, ("N° de facture", "num_bordereau"),
         _many(lambda: f"{draw_date(rng):%Y%m}{draw_number(rng, 7)}")),
        ("horodatage", 2, ("timestamp",), _many(lambda: str(draw_date(rng).value // 10**6))),
        ("formule", 5, ("Formule", "garantie", "Nom de la formule"), pick(FORMULAS)),
        ("commune", 7, ("Commune", "Ville", "lib_commune"), pick(COMMUNES)),
        ("specialite", 5, ("Spécialité", "lib_specialite"), pick(SPECIALTIES)),
        ("produit", 4, ("Produit", "libelle_produit"), pick(DRUGS)),
        ("poste", 5, ("Poste", "Libellé", "nature"), pick(POSTES)),
        ("code postal", 4, ("Code postal", "cp"), _many(lambda: f"{rng.integers(1000, 95999):05d}")),
        ("departement", 3, ("Département", "dep"), pick(DEPARTMENTS)),
        ("sexe", 3, ("Sexe", "civilite"), pick([("H", "F"), ("1", "2"), ("M.", "Mme")][int(rng.integers(3))])),
    ]  # fmt: skip


def _cells(rng, make: Callable[[int], list[str]]) -> pd.Series:
    """From 40 to 600 lines, some empty, some repeated, sometimes a few cells that say nothing."""
    values = np.array(make(int(rng.integers(40, 600))), dtype=object)
    values = values[rng.integers(0, len(values), int(len(values) * rng.uniform(1, 1.6)))]
    values[rng.random(len(values)) < rng.choice([0, 0, 0.1, 0.4])] = ""
    if rng.random() < 0.2:
        values[rng.integers(0, len(values), 3)] = rng.choice(["INCONNU", "-", "NC", "0"])
    return pd.Series(values, dtype="str")


def labelled_columns(seed: int) -> list[Labelled]:
    """About 120 columns of personal data and 180 others, half of them under a title that says nothing."""
    rng = np.random.default_rng(seed)
    columns = []
    for personal, catalogue in ((True, _identifiers), (False, _others)):
        for rank, (kind, count, *_) in enumerate(catalogue(rng)):
            for _ in range(count):
                titles, make = catalogue(rng)[rank][2:]
                header = str(rng.choice(BARE if rng.random() < 0.5 else titles))
                columns.append(Labelled(header, kind, personal, _cells(rng, make)))
    return columns
