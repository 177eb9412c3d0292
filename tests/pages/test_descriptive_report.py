"""Cards, account, bases and dictionary on a page of their own, without a browser."""

from dataclasses import replace

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from analytics.descriptive.account import compute_account
from data import store
from pages.components.account import export_table
from pages.components.card_facts import is_neutral
from tests.pages.conftest import UNWANTED, words
from tests.samples import make_dataset


def script():
    from pages.components.account import show_account
    from pages.components.bases import show_bases
    from pages.components.cards import show_cards
    from pages.components.dictionary import show_dictionary
    from pages.components.sidebar import show_sidebar

    view = show_sidebar()
    show_cards(view)
    show_account(view)
    show_bases(view)
    show_dictionary(view)


def draw(dataset=None, *, open_=(), **query):
    """The page, on a dataset that is kept, with some sections open."""
    app = AppTest.from_function(script, default_timeout=90)
    if dataset is not None:
        query["d"] = store.save(dataset)
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    for key in open_:
        app.session_state[key] = True
    return app.run() if open_ else app


def lagged(months=40, *, base="HT"):
    """The small mutual paid over four months, cut at its last care month."""
    small = make_dataset(months)
    parts = [
        small.prestation.assign(
            mois_paiement=small.prestation["mois"] + pd.DateOffset(months=k),
            **{m: small.prestation[m] * share for m in ("prestation", "actes", "frais_reels", "remboursement_amo")},
        )
        for k, share in enumerate((0.4, 0.3, 0.2, 0.1))
    ]
    care = pd.concat(parts, ignore_index=True)
    care = care[care["mois_paiement"] <= small.months[-1]].reset_index(drop=True)
    return replace(small, prestation=care, date_basis="soins", base=base)


def clean(app):
    assert not app.exception, app.exception
    text = words(app)
    assert not UNWANTED.search(text), UNWANTED.search(text)
    return text.replace("\\", "")


def test_all_sections_in_french_on_two_dates():
    keys = ("carte_prestation_detail", "carte_ratio_pc_detail", "dictionnaire", "compte")
    text = clean(draw(lagged(), open_=keys))
    for word in (
        "payé à 9", "À jours ouvrés égaux", "À périmètre constant", "Déjà payé", "En base TTC", "se rejoignent",
        "Variation de provision", "Indicateurs", "à désigner", "Taxe",
    ):  # fmt: skip
        assert word in text, word


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d,
        lambda d: replace(d, base=None),
        lambda d: replace(d, date_basis=None),
        lambda d: replace(d, cotisation=pd.DataFrame({"mois": d.months[:0]}), base=None),
        lambda d: replace(d, prestation=pd.DataFrame({"mois": d.months[:0]})),
        lambda d: replace(d, prestation=d.prestation.drop(columns=["prestation", "poste", "region", "contrat"])),
    ],
    ids=["accounting", "no base", "no date", "no premium", "premiums alone", "no benefit"],
)
@pytest.mark.parametrize("months", [6, 40])
def test_poor_files_say_what_is_missing(change, months):
    app = draw(change(make_dataset(months)), open_=("compte", "dictionnaire"))
    clean(app)


def test_a_change_printed_as_zero_is_grey_without_an_arrow():
    flat = make_dataset(36)
    level = flat.cotisation.assign(cotisation=1000.0)
    app = draw(replace(flat, cotisation=level))
    metric = next(m for m in app.metric if m.label.startswith("Cotisations"))
    assert metric.delta.startswith("0,0")
    assert metric.proto.color == metric.proto.MetricColor.Value("GRAY")
    assert metric.proto.direction == metric.proto.MetricDirection.Value("NONE")
    moved = next(m for m in app.metric if m.label == "Prestations")
    assert moved.proto.direction != metric.proto.direction


def test_neutral_is_read_on_what_is_printed():
    assert is_neutral("0,0\u202f% en un an".replace(" en un an", ""))
    assert is_neutral("0,0\u202fpt")
    assert not is_neutral("-0,1\u202f%")


def test_a_ratio_always_prints_its_base():
    for base, printed in (("TTC", "base TTC"), (None, "base non précisée")):
        app = draw(replace(make_dataset(30), base=base))
        assert all(printed in m.label for m in app.metric if "P/C" in m.label or "Cotisations" in m.label)


def test_a_card_without_a_value_says_why():
    told = [caption.value for caption in draw(lagged(), f_poste="dentaire").caption]
    assert told.count("« Cotisations » n’est pas ventilé par poste.") == 2  # premiums, and the ratio made of them


def test_the_account_in_another_base():
    text = clean(draw(lagged(), open_=("compte",), compte_base="TTC", taxe="15 %"))
    assert "cotisations en base TTC (convertie, taxe 15,00\u202f%, votre saisie)" in text
    assert clean(draw(lagged(), open_=("compte",))).count("cotisations en base HT") == 1


def test_one_date_names_its_only_view():
    text = clean(draw(make_dataset(40), open_=("compte",)))
    assert "seule la vue par exercice comptable existe" in text


def test_the_account_says_that_the_period_does_not_count_and_its_file_names_partial_years():
    text = clean(draw(lagged(), open_=("compte",), fin="2021-06", debut="2021-01"))
    assert "la période choisie à gauche ne s’applique pas" in text
    account = compute_account(lagged())
    columns = list(export_table(account, account.vues).columns)
    assert columns == ["Vue", "Ligne", "Base", "2020", "2021", "2022", "2023 (4 mois)"]


def test_care_alone_does_not_speak_of_premiums_nor_repeat_a_cause():
    small = make_dataset(40)
    care = replace(small, cotisation=pd.DataFrame({"mois": small.months[:0]}), base=None)
    text = clean(draw(care, open_=("compte",)))
    assert "cotisations en base" not in text
    assert text.count("Le fichier n’a pas de cotisations") == 1
    assert "provision inconnue" not in text


def test_taxes_of_the_file_are_said_to_be_taken_line_by_line():
    dataset = lagged(base="TTC")
    taxed = dataset.cotisation.assign(taxes=dataset.cotisation["cotisation"] * 0.1)
    text = clean(draw(replace(dataset, cotisation=taxed), open_=("compte",), compte_base="HT"))
    assert "taxes : celles de votre fichier, ligne à ligne" in text


def test_search_and_owner_kept_with_the_data():
    app = draw(lagged(30), open_=("dictionnaire",))
    app.text_input(key="dico").set_value("reste a charge").run()
    text = clean(app)
    assert "Reste à charge moyen" in text
    assert "Taux de couverture" not in text.split("dico")[-1].split("termes sur")[-1]
    app.selectbox(key="dico_terme").set_value("reste_a_charge_moyen").run()
    app.text_input(key="_dico_proprietaire_reste_a_charge_moyen").set_value("Pôle <b>santé</b>").run()
    app.button(key="dico_enregistrer").click().run()
    assert "propriétaire : Pôle <b>santé</b>" in clean(app)
    token = app.query_params["d"]
    again = draw(open_=("dictionnaire",), d=token if isinstance(token, str) else token[0])
    assert "propriétaire : Pôle <b>santé</b>" in clean(again)


def test_shared_mode_hides_what_is_found_by_difference():
    opened = draw(lagged(), open_=("carte_prestation_detail",), partage="true")
    assert "non montré en mode partage" in clean(opened)
    few = lagged()
    few = replace(few, cotisation=few.cotisation.assign(beneficiaires=1.0))
    text = clean(draw(few, open_=("compte",), partage="true"))
    assert "trop peu de personnes" in text
    assert "Charge de prestations" not in text
