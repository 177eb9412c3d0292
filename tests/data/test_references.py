"""Reference figures: every entry has a date and a source, and agrees with the published file when it is at hand."""

import pandas as pd
import pytest

from analytics.errors import SchemaError
from data import references
from data.references import load_events, load_market, load_taxes, load_value_labels
from tests.conftest import SHARED

PUBLISHED = SHARED / "chiffres_drees_ocam" / "chiffres_complementaire_sante.csv"
LOADERS = (load_market, load_events, load_taxes)


@pytest.fixture(scope="module")
def published():
    if not PUBLISHED.exists():
        pytest.skip(f"chiffres publiés absents : {PUBLISHED}")
    return pd.read_csv(PUBLISHED)


@pytest.mark.parametrize("load", LOADERS)
def test_every_entry_has_a_source_and_an_address(load):
    frame = load()
    assert len(frame) > 0
    assert frame["source"].str.len().gt(10).all()
    assert frame["url"].str.startswith("https://").all()


def test_market_figures_are_dated_numbers_with_a_unit():
    market = load_market()
    assert market["annee"].between(2010, 2030).all()
    assert market["valeur"].notna().all()
    assert set(market["unite"]) <= {"%", "M€", "Md€", "€"}
    assert market["intitule"].notna().all()
    keys = ["indicateur", "annee", "perimetre", "contrat", "poste", "libelle"]
    assert not market.duplicated(keys).any()


def test_market_covers_what_the_benchmark_needs():
    market = load_market()
    whole = market[(market["perimetre"] == "ensemble OC") & market["contrat"].isna() & market["poste"].isna()]
    assert set(whole.loc[whole["indicateur"] == "cotisations_ht", "annee"]) == set(range(2020, 2025))
    assert set(whole.loc[whole["indicateur"] == "prestations", "annee"]) >= set(range(2020, 2025))
    assert {2022, 2023, 2024} <= set(whole.loc[whole["indicateur"] == "retour_sur_cotisations", "annee"])
    assert {2020, 2026} <= set(load_market("hausse_annoncee")["annee"])


def test_published_parts_of_2017_add_up():
    """Postes and other benefits of mutuals make their total: 13 369 M€ of care and 893 M€ beside."""
    parts = load_market("prestations_poste").query("annee == 2017 and perimetre == 'mutuelles'")
    by_label = parts.set_index("libelle")["valeur"]
    care = by_label.drop(
        [
            "CSBM (total soins et biens médicaux)",
            "Prestations connexes à la santé",
            "Frais d’hébergement à l’hôpital ou en cure",
        ]
    )
    assert care.sum() == pytest.approx(by_label["CSBM (total soins et biens médicaux)"], abs=2)
    assert by_label["Frais d’hébergement à l’hôpital ou en cure"] < by_label["Prestations connexes à la santé"]


def test_ratio_published_is_the_ratio_of_the_published_sums():
    market = load_market()
    whole = market[(market["perimetre"] == "ensemble OC") & market["contrat"].isna() & market["poste"].isna()]
    table = whole.pivot_table(index="annee", columns="indicateur", values="valeur").loc[2022:2024]
    ratio = 100 * table["prestations"] / table["cotisations_ht"]
    assert (ratio - table["retour_sur_cotisations"]).abs().max() < 0.6


def test_a_few_figures_typed_from_the_domain_notes():
    market = load_market()

    def value(indicateur, annee, perimetre, contrat=None):
        rows = market.query("indicateur == @indicateur and annee == @annee and perimetre == @perimetre")
        rows = rows[rows["contrat"].isna() if contrat is None else rows["contrat"] == contrat]
        return rows["valeur"].item()

    assert value("cotisations_ht", 2024, "ensemble OC") == 46.5
    assert value("retour_sur_cotisations", 2023, "mutuelles") == 81
    assert value("retour_sur_cotisations", 2023, "ensemble OC", "collectif") == 87
    assert value("charges_gestion", 2023, "ensemble OC") == 19.3
    assert value("hausse_annoncee", 2024, "mutuelles") == 8.1
    assert value("hausse_annoncee", 2025, "mutuelles") == 6.0
    assert value("hausse_annoncee", 2026, "mutuelles", "individuel") == 4.3


@pytest.mark.parametrize(
    ("indicateur", "mesure"),
    [
        ("cotisations_ht", "cotisations collectées (HT)"),
        ("prestations", "prestations versées (hors frais de gestion)"),
        ("retour_sur_cotisations", "prestations / cotisations"),
        ("charges_gestion", "charges de gestion / cotisations"),
        ("remboursement_moyen", "remboursement moyen par assuré"),
        ("part_poste", "part du poste dans les prestations des OC"),
        ("prestations_poste", "prestations versées"),
        ("penetration_100_sante", "taux de pénétration 100 % Santé"),
        ("part_financee", "part du poste financée par les OC (document source)"),
    ],
)
def test_typed_figures_agree_with_the_published_file(published, indicateur, mesure):
    typed = load_market(indicateur)
    typed = typed[~typed["note"].fillna("").str.contains("recettes")]
    known = published[published["mesure"] == mesure]
    known = set(
        zip(known["annee"], known["organisme"].str.replace("'", "’"), known["valeur"], known["unite"], strict=True)
    )
    rows = zip(typed["annee"], typed["perimetre"], typed["valeur"], typed["unite"], strict=True)
    assert [row for row in rows if row not in known] == []


def test_events_have_ordered_first_of_month_dates():
    events = load_events()
    assert (events["debut"].dt.day == 1).all()
    ended = events.dropna(subset="fin")
    assert (ended["fin"].dt.day == 1).all()
    assert (ended["fin"] >= ended["debut"]).all()
    assert events["fin"].isna().eq(events["forme"] == "palier").all()
    assert events["debut"].is_monotonic_increasing
    assert events["evenement"].is_unique


@pytest.mark.parametrize(
    ("poste", "mois"),
    [("optique", {"2020-01"}), ("dentaire", {"2020-01", "2021-01", "2023-10", "2026-01"}), ("audiologie", {"2021-01"})],
)
def test_events_of_a_poste_keep_its_own_and_the_common_ones(poste, mois):
    events = load_events(poste)
    own = events[[poste in postes for postes in events["postes"]]]
    assert set(own["debut"].dt.strftime("%Y-%m")) == mois
    assert {"Premier confinement (Covid-19)", "Deuxième confinement (Covid-19)"} <= set(events["evenement"])
    assert len(events) < len(load_events())


def test_taxes_in_force_are_those_of_urssaf():
    taxes = load_taxes()
    tsa = taxes[taxes["taxe"] == "Taxe de solidarité additionnelle"].set_index("contrat")
    assert tsa.loc["responsable", "taux"] == 0.1327
    assert tsa.loc["non responsable", "taux"] == 0.2027
    assert (tsa["debut"] == pd.Timestamp("2016-01-01")).all()
    assert (taxes.loc[taxes["debut"] >= "2026-01-01", "statut"] == "à confirmer").all()


def test_market_ratio_on_taxed_premiums_is_the_known_one():
    """79 % of premiums without tax is 70 % with the tax of responsible contracts (2024)."""
    whole = load_market().query("annee == 2024 and perimetre == 'ensemble OC'").set_index("indicateur")["valeur"]
    rate = load_taxes().query("contrat == 'responsable'")["taux"].item()
    assert whole["prestations"] / (whole["cotisations_ht"] * (1 + rate)) == pytest.approx(0.70, abs=0.005)


def test_value_labels_name_the_codes_of_open_damir():
    labels = load_value_labels()
    assert labels["region"]["11"] == "Île-de-France"
    assert labels["region"]["5"] == "Outre-mer"
    assert labels["region"]["94"] == "Corse"
    assert labels["sexe"] == {"0": "Sexe inconnu", "1": "Homme", "2": "Femme", "9": "Sexe inconnu"}
    assert labels["tranche_age"]["0"] == "0-19 ans"
    assert labels["tranche_age"]["80"] == "80 ans et plus"
    assert all(isinstance(code, str) for codes in labels.values() for code in codes)


def test_value_labels_cover_every_code_of_the_real_file():
    path = SHARED / "open_damir_mensuel" / "damir_mensuel_region_sexe_age_mois_soins_2019_2024.csv.gz"
    if not path.exists():
        pytest.skip(f"Open DAMIR absent : {path}")
    columns = {"region_code": "region", "sexe_code": "sexe", "tranche_age_code": "tranche_age"}
    frame = pd.read_csv(path, usecols=list(columns), dtype=str)
    labels = load_value_labels()
    for column, dimension in columns.items():
        assert set(frame[column]) <= set(labels[dimension])


def test_returned_frames_and_labels_are_not_shared():
    market = load_market()
    market.loc[0, "valeur"] = -1.0
    load_value_labels()["sexe"]["1"] = "X"
    assert load_market().loc[0, "valeur"] != -1.0
    assert load_value_labels()["sexe"]["1"] == "Homme"


@pytest.mark.parametrize("field", ["annee", "source", "unite"])
def test_a_figure_without_date_source_or_unit_is_refused(monkeypatch, field):
    entry = {"indicateur": "x", "annee": 2024, "perimetre": "p", "valeur": 1, "unite": "%", "source": "s"}
    content = {
        "sources": {"s": {"nom": "Nom", "url": "https://x"}},
        "indicateurs": {},
        "chiffres": [entry | {field: None}],
    }
    monkeypatch.setattr(references, "_read", lambda name: content)
    with pytest.raises(SchemaError, match=field):
        load_market()


def test_an_unknown_source_is_refused(monkeypatch):
    entry = {"evenement": "E", "debut": "2020-01-01", "forme": "palier", "postes": [], "source": "inconnue"}
    monkeypatch.setattr(references, "_read", lambda name: {"sources": {}, "evenements": [entry]})
    with pytest.raises(SchemaError, match="inconnue"):
        load_events()
