"""The map, the funnel, the standardised rates and the market: drawn by a real Vega engine."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from analytics.descriptive.funnel import FAR, compute_funnel
from charts.funnel import chart_funnel
from charts.market import BENEFITS, MARKET, PREMIUMS, YOU, chart_families, chart_growth, chart_shares
from charts.regions import EMPTY, FIELD, SELECTION, chart_regions
from charts.standardised import chart_standardised
from data.references.regions import load_regions
from tests.charts.drawing import check_drawing, svg


def tiles(kept=("53",)):
    frame = load_regions().query("code != '5'").reset_index(drop=True)
    frame["valeur"] = np.where(frame["code"].str.startswith("0"), np.nan, 40 + frame.index.to_numpy(float))
    frame["reference"] = frame["valeur"] - 1
    return frame.assign(ecart=1.0, evolution=0.02, choisie=frame["code"].isin(kept))


def regions(kept=("53",), **options):
    return chart_regions(tiles(kept), title="Consommation par région", unit="EUR/unite", **options)


def funnel(**options):
    exposure = np.geomspace(500, 50_000, 20)
    counts = 0.5 * exposure
    counts[4] *= 1.8
    groups = pd.DataFrame(
        {"groupe": [f"Groupe {i}" for i in range(20)], "numerateur": counts, "denominateur": exposure}
    )
    return chart_funnel(
        compute_funnel(groups), group="Formule", title="Fréquence par formule", unit="nombre", size="Bénéficiaires",
        **options,
    )  # fmt: skip


def standardised(**options):
    table = pd.DataFrame(
        {"groupe": ["Corse", "Bretagne"], "brut": [50.0, 42.0], "direct": [47.0, np.nan], "direct_bas": [44.0, np.nan],
         "direct_haut": [51.0, np.nan], "indice": [1.05, 0.9], "indice_bas": [0.95, 0.8], "indice_haut": [1.1, 1.0],
         "raison": ["", "structure incomplète"]}
    )  # fmt: skip
    return chart_standardised(
        table, group="Région", title="Consommation, brut et à âge égal", unit="EUR/unite", reference=45.0, **options
    )


def families(**options):
    table = pd.DataFrame(
        {"repere": ["Mutuelles", "Vous"], "valeur": [0.81, 0.8158], "vous": [False, True],
         "source": ["DREES", "vos données"], "url": ["https://x", ""]}
    )  # fmt: skip
    return chart_families(table, title="Prestations ÷ cotisations", note="2023, hors taxes", **options)


def growth(**options):
    rows = [(y, who, what, v, "source") for y, v in ((2021, 0.03), (2022, np.nan), (2023, 0.06))
            for who in (YOU, MARKET) for what in (PREMIUMS, BENEFITS)]  # fmt: skip
    table = pd.DataFrame(rows, columns=["annee", "qui", "quoi", "valeur", "remarque"])
    return chart_growth(table, title="Évolution annuelle", **options)


FINANCED = (("Optique", 0.73, 0.45), ("Dentaire", 0.41, 0.49), ("Médicaments", 0.13, np.nan), ("Autres", 0.16, np.nan))


def shares(**options):
    table = pd.DataFrame(FINANCED, columns=["libelle", "marche", "vous"]).assign(
        source="DREES", url="https://x", remarque=""
    )
    return chart_shares(table, title="Part du poste payée par les complémentaires, 2017", note="Sur 100 %", **options)


PICTURES = {
    "regions": regions, "funnel": funnel, "standardised": standardised, "families": families, "growth": growth,
    "shares": shares,
}  # fmt: skip


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("width", [700, 320])
def test_the_specification_is_valid_and_draws(name, width):
    check_drawing(PICTURES[name](), width)


@pytest.mark.parametrize("name", PICTURES)
def test_simulated_data_say_so(name):
    assert "Données simulées" in svg(PICTURES[name](is_demo=True))
    assert "Données simulées" not in svg(PICTURES[name]())


def test_every_tile_is_drawn_with_its_name_and_value():
    drawing = svg(regions())
    for row in tiles().itertuples():
        lines = regions().data.set_index("code").loc[row.code, "etiquette"].split("\n")
        assert all(line in drawing for line in lines)
        assert "".join(lines).replace(" ", "") == row.nom.replace(" ", "") or lines == [row.court]
    assert drawing.count(EMPTY) == len(tiles())  # a grey tile under each, seen where there is no value
    assert "40,00\u202f€" in drawing
    assert "5 sans donnée" in regions().alt
    assert len(regions().table) == 13


def test_a_click_gives_the_code_of_a_tile():
    picture = regions()
    (param,) = picture.spec["params"]
    assert param["name"] == SELECTION
    assert param["select"]["fields"] == [FIELD]
    assert set(picture.data[FIELD]) == set(tiles()["code"])


def test_the_kept_region_is_framed_and_no_other():
    assert json.dumps(regions(kept=()).spec) != json.dumps(regions().spec)
    assert regions().data["choisie"].sum() == 1


def test_one_region_alone_and_no_region_are_drawn():
    alone = tiles()
    alone.loc[1:, "valeur"] = np.nan
    assert "une région" in chart_regions(alone, title="P/C par région", unit="taux").alt
    svg(chart_regions(alone, title="P/C par région", unit="taux"))
    alone["valeur"] = np.nan
    assert "aucune" in chart_regions(alone, title="P/C par région", unit="taux").alt


def test_the_funnel_names_its_outlier_in_words_and_on_the_drawing():
    picture = funnel()
    assert "Groupe 4" in picture.alt
    assert "1 hors des limites à 99,8 %" in picture.alt
    assert picture.table.iloc[0]["Position"] == FAR
    assert list(picture.data.loc[picture.data["nom"].fillna("") != "", "groupe"]) == ["Groupe 4"]
    assert len(picture.data) <= 2000


def test_shares_are_bars_out_of_their_own_whole_and_are_never_added():
    picture = shares()
    text = json.dumps(picture.spec)
    assert '"arc"' not in text
    assert "stack" not in text
    assert (picture.data["tout"] == 1.0).all()
    assert (picture.data["depart"] == 0.0).all()
    drawing = svg(picture)
    for label, value, _ in FINANCED:
        assert label in drawing
        assert f"{value * 100:.0f}\u202f%" in drawing
    widths = [float(w) for w in re.findall(r"M0,0h([\d.]+)v", drawing)]
    assert widths == [] or max(widths) <= 700.5
    assert "Total" not in picture.table.to_csv()


def test_a_year_without_figure_breaks_the_line():
    data = growth().data
    assert data.loc[data["annee"] == "2022", "valeur"].isna().all()
    assert "en 2023" in growth().alt
    assert "—" in set(growth().table["Évolution"])


def test_a_market_alone_has_no_legend_of_the_user():
    alone = pd.DataFrame({"repere": ["Mutuelles"], "valeur": [0.81], "vous": [False], "source": ["DREES"], "url": [""]})
    assert f">{YOU}<" not in svg(chart_families(alone, title="P/C", note="2023"))
    assert f">{YOU}<" in svg(families())
    rows = [(2023, YOU, PREMIUMS, np.nan, "absent"), (2023, MARKET, PREMIUMS, 0.03, "DREES")]
    table = pd.DataFrame(rows, columns=["annee", "qui", "quoi", "valeur", "remarque"])
    assert f">{YOU}<" not in svg(chart_growth(table, title="Évolution"))


def test_words_over_shares_stand_past_their_track():
    drawing = svg(shares())
    assert shares().data["tout"].max() < 1.16
    assert '"x": {"field": "marche", "type": "quantitative"}, "text"' not in json.dumps(shares().spec)
    assert "73\u202f%" in drawing


def test_market_tables_print_their_source():
    assert {"Source", "Adresse"} <= set(families().table)
    assert {"Source", "Adresse"} <= set(shares().table)
    assert "Source ou remarque" in growth().table
    assert "Vous 81,6\u202f%" in families().alt
