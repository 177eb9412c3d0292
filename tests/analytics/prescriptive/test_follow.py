"""A decision against later data: known shocks found again, exact sums, partial years, files checked."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.errors import InsufficientData, ParameterError
from analytics.prescriptive import build_portfolio, no_lever, prepare
from analytics.prescriptive.follow import EFFETS, follow_decision
from analytics.prescriptive.follow_file import LARGEST, export_decision, from_plain, import_decision, to_plain
from analytics.prescriptive.follow_levels import MIN_MONTHS
from analytics.prescriptive.follow_record import MOST, NUMBERS, Engagement, commit, sum_segments
from analytics.schema import Dataset

BASE, EFFECT = pd.Timestamp("2024-01-01"), pd.Timestamp("2025-01-01")
SEGMENTS = {("individuel", "F1"): (1000.0, 60.0, 50.0), ("individuel", "F2"): (400.0, 90.0, 70.0),
            ("collectif", "F1"): (2000.0, 50.0, 45.0)}  # fmt: skip
SEASON = 1 + 0.2 * np.sin(np.arange(12) / 12 * 2 * np.pi)
KEYS = ("contrat", "formule")


def make(debut: pd.Timestamp, months: int, rules=lambda contrat, formule, i: (1.0, 1.0, 1.0)) -> Dataset:
    """Months of a mutual whose heads, premium and claims per head are multiplied by what the rules say."""
    premiums, claims = [], []
    for i in range(months):
        mois = debut + pd.DateOffset(months=i)
        for (contrat, formule), (heads, price, cost) in SEGMENTS.items():
            kept, rise, drift = rules(contrat, formule, i)
            if kept == 0:
                continue
            n, season = heads * kept, SEASON[mois.month - 1]
            premiums.append((mois, contrat, formule, n, n * price * rise))
            for poste, part in (("dentaire", 0.4), ("optique", 0.6)):
                claims.append((mois, contrat, formule, poste, n * cost * drift * season * part))
    return Dataset(
        pd.DataFrame(premiums, columns=["mois", *KEYS, "beneficiaires", "cotisation"]),
        pd.DataFrame(claims, columns=["mois", *KEYS, "poste", "prestation"]),
        base="HT", date_basis="paiement",
    )  # fmt: skip


def decide(rise: float = 0.04, *, effet=EFFECT, dataset=None, **options) -> Engagement:
    base = dataset or make(BASE, 12)
    portfolio = build_portfolio(
        base, elasticite=(2.0, 4.0, 6.0), by=KEYS, chargement=0.15, retention=0.95, derive=0.03, derive_sd=0.02
    )
    simulator = prepare(portfolio.table, postes=portfolio.postes, draws=500)
    levers = pd.DataFrame({"segment": ["*"], "levier": ["hausse"], "valeur": [rise]})
    given = {
        "nom": "Plan", "effet": effet, "decide_le": date(2024, 11, 12), "a_revoir_le": date(2025, 6, 1),
        "dimensions": KEYS, "idle": simulator.play(no_lever()), "levers": levers, "hypotheses": portfolio.notes,
    }  # fmt: skip
    return commit(base, portfolio, simulator.play(levers), **given | options)


@pytest.fixture(scope="module")
def engagement() -> Engagement:
    return decide()


def as_planned(e: Engagement, shocks=lambda c, f, i: (1.0, 1.0, 1.0), months: int = 12) -> Dataset:
    """Later data exactly as expected, then shocked."""
    plan = e.segments.set_index(list(KEYS))

    def rules(contrat, formule, i):
        row = plan.loc[(contrat, formule)]
        own = (row["effectif"] / row["effectif_base"], (row["cotisation"] / row["effectif"])
               / (row["cotisation_base"] / row["effectif_base"]), (row["prestation"] / row["effectif"])
               / (row["prestation_base"] / row["effectif_base"]))  # fmt: skip
        return tuple(np.array(own) * shocks(contrat, formule, i))

    return make(EFFECT, months, rules)


def brute(e: Engagement, later: Dataset, months: int) -> dict[str, float]:
    """Both results by hand: no bridge, no frame of ours."""
    ratio = e.segments["nette"].sum() / e.segments["cotisation"].sum()
    first = later.cotisation["mois"] < EFFECT + pd.DateOffset(months=months)
    care = later.prestation["mois"] < EFFECT + pd.DateOffset(months=months)
    paid, cost = later.cotisation.loc[first, "cotisation"].sum(), later.prestation.loc[care, "prestation"].sum()
    share = SEASON[:months].sum() / SEASON.sum()
    expected = e.segments["cotisation"].sum() * ratio * months / 12 - e.segments["prestation"].sum() * share
    return {"observe": paid * ratio - cost, "attendu": expected, "pc": cost / paid if paid else np.nan}


def levels(found):
    return found.levels.set_index("indicateur")


@pytest.mark.parametrize("months", [12, 5])
def test_as_expected_nothing_is_left_to_explain(engagement, months):
    found = follow_decision(engagement, as_planned(engagement, months=months))
    assert len(found.months) == months
    for key, bridge in found.bridges.items():
        assert abs(bridge.total) <= 1e-6 * abs(bridge.before), key
    assert levels(found)["ecart"].abs().max() < 1.0
    assert found.verdict.reponse == "oui"
    assert found.segments["hausse_observee"].to_numpy() == pytest.approx(0.04, abs=1e-6)
    assert found.levels.loc[0, "attendu"] == pytest.approx(brute(engagement, as_planned(engagement), months)["attendu"])


@pytest.mark.parametrize("months", [12, 7])
def test_known_shocks_are_found_again(engagement, months):
    later = as_planned(engagement, lambda c, f, i: (0.97, 0.99, 1.05), months)
    found, by_hand = follow_decision(engagement, later), brute(engagement, later, months)
    result = found.bridges["resultat"]
    assert result.after == pytest.approx(by_hand["observe"], rel=1e-7)
    assert result.before == pytest.approx(by_hand["attendu"], rel=1e-6)
    effects = result.by().set_index("effet")["montant"]
    premium, claims = (found.bridges[k].before for k in ("cotisation", "prestation"))
    net = 0.85 * premium
    # Shapley of a product of three factors, by hand: heads 0.97, price 0.99, care 1.05.
    assert effects["effectif"] == pytest.approx(-0.03 * (net * (1 + 0.99) / 2 - claims * (1 + 1.05) / 2), rel=1e-6)
    assert effects["cotisation_moyenne"] == pytest.approx(-0.01 * net * (1 + 0.97) / 2, rel=1e-6)
    assert effects["consommation"] == pytest.approx(-0.05 * claims * (1 + 0.97) / 2, rel=1e-6)
    assert abs(effects["mix"]) < 1e-6 * net
    ratio = found.bridges["pc"]
    assert ratio.after == pytest.approx(by_hand["pc"], rel=1e-7)
    assert ratio.by().set_index("effet")["montant"]["consommation"] > 0
    assert found.segments["hausse_observee"].to_numpy() == pytest.approx(1.04 * 0.99 - 1, abs=1e-6)
    assert levels(found).loc["effectif", "observe"] == pytest.approx(0.97 * engagement.segments["effectif"].sum())
    assert found.verdict.reponse == "non"


@settings(max_examples=30)
@given(st.lists(st.tuples(*[st.sampled_from([0.0, 0.5, 0.9, 1.0, 1.3])] * 3), min_size=3, max_size=3),
       st.integers(1, 12))  # fmt: skip
def test_effects_always_sum_to_the_gap(shocks, months):
    e = ENGAGEMENT
    rules = dict(zip(SEGMENTS, shocks, strict=True))
    later = as_planned(e, lambda c, f, i: rules[c, f], months)
    found = follow_decision(e, later)
    for key, bridge in found.bridges.items():
        scale = max(abs(bridge.before), abs(bridge.after), 1e-9)
        assert bridge.table["montant"].sum() == pytest.approx(bridge.after - bridge.before, abs=1e-9 * scale), key
        assert set(bridge.table["effet"]) <= set(EFFETS)
        row = levels(found).loc[key]
        assert row["ecart"] == pytest.approx(bridge.total, abs=1e-9 * scale)
    if len(later.cotisation) and "resultat" in found.bridges:
        assert found.bridges["resultat"].after == pytest.approx(brute(e, later, months)["observe"], rel=1e-6, abs=1e-3)


ENGAGEMENT = decide()


def test_a_closed_and_a_new_segment_have_their_own_bars(engagement):
    later = as_planned(engagement, lambda c, f, i: (0.0, 1.0, 1.0) if f == "F2" else (1.0, 1.0, 1.0))
    extra = later.cotisation[later.cotisation["contrat"] == "collectif"].assign(formule="F9", beneficiaires=100.0,
                                                                               cotisation=5000.0)  # fmt: skip
    later = replace(later, cotisation=pd.concat([later.cotisation, extra], ignore_index=True))
    found = follow_decision(engagement, later)
    effects = found.bridges["resultat"].by("formule").set_index(["formule", "effet"])["montant"]
    plan = engagement.segments.set_index("formule").loc["F2"]
    assert effects["F2", "fermeture"] == pytest.approx(plan["prestation"] - plan["nette"], rel=1e-7)
    assert effects["F9", "ouverture"] == pytest.approx(12 * 5000.0 * 0.85, rel=1e-6)
    heads = found.segments.set_index("formule")
    assert heads.loc["F2", "effectif_observe"] == 0.0
    assert heads.loc["F9", "effectif_attendu"] == 0.0
    assert np.isnan(heads.loc["F9", "hausse"])


def test_only_complete_months_of_the_year_simulated_are_compared(engagement):
    later = as_planned(engagement, months=12)
    known = pd.DatetimeIndex(["2024-12-01", "2025-02-01", "2025-03-01", "2025-05-01", "2026-01-01"])
    found = follow_decision(engagement, later, complete=known)
    assert list(found.months) == list(known[1:4])
    share = SEASON[[1, 2, 4]].sum() / SEASON.sum()
    assert found.bridges["prestation"].before == pytest.approx(
        engagement.segments["prestation"].sum() * share, rel=1e-7
    )
    assert any("manquent" in note for note in found.notes)
    blind = follow_decision(engagement, replace(later, date_basis="soins"))
    assert blind.months[-1] == pd.Timestamp("2025-10-01")


def test_interval_of_a_part_of_the_year(engagement):
    year, part = (levels(follow_decision(engagement, as_planned(engagement, months=m))) for m in (12, 3))
    for key, factor in {"resultat": 0.5, "prestation": 0.5, "pc": 2.0, "effectif": 1.0}.items():
        widths = [t.loc[key, "haut"] - t.loc[key, "bas"] for t in (year, part)]
        assert widths[1] == pytest.approx(factor * widths[0], rel=1e-6), key
    plan = engagement.level("resultat")
    assert year.loc["resultat", "bas"] == pytest.approx(plan["bas"], rel=1e-6)
    assert year.loc["resultat", "rien"] == pytest.approx(plan["rien"], rel=1e-6)


def test_no_answer_when_nothing_can_be_told(engagement):
    early = follow_decision(engagement, make(BASE, 12))
    assert early.verdict.reponse == "on ne peut pas dire"
    assert "Aucun mois complet" in early.verdict.phrase
    assert early.bridges == {}
    short = follow_decision(engagement, as_planned(engagement, months=MIN_MONTHS - 1))
    assert short.verdict.reponse == "on ne peut pas dire"
    assert "au moins 3 mois" in short.verdict.phrase
    # Half of the effect: inside both intervals, doing nothing would have given the same.
    small = decide(0.005)
    assert follow_decision(small, as_planned(small)).verdict.reponse == "on ne peut pas dire"
    assert "Sans rien faire" in follow_decision(small, as_planned(small)).verdict.phrase
    idle = decide(0.005, idle=None)
    assert follow_decision(idle, as_planned(idle)).verdict.reponse == "oui"


def test_missing_columns_are_told_in_words(engagement):
    later = as_planned(engagement, lambda c, f, i: (1.0, 1.0, 1.1))
    heads = follow_decision(engagement, replace(later, cotisation=later.cotisation.drop(columns="beneficiaires")))
    assert "effectifs" in levels(heads).loc["effectif", "raison"]
    assert set(heads.bridges["resultat"].table["effet"]) <= {"cotisation", "prestation", "ouverture", "fermeture"}
    full = follow_decision(engagement, later)
    assert heads.bridges["resultat"].total == pytest.approx(full.bridges["resultat"].total)
    assert heads.bridges["pc"].total == pytest.approx(full.bridges["pc"].total)
    assert any("Sans les effectifs" in note for note in heads.notes)
    alone = follow_decision(engagement, replace(later, prestation=later.prestation.drop(columns="prestation")))
    assert list(alone.bridges) == ["cotisation"]
    assert np.isnan(levels(alone).loc["resultat", "observe"])
    other = follow_decision(engagement, replace(later, base="TTC"))
    assert list(other.bridges) == ["prestation"]
    assert "base TTC" in levels(other).loc["resultat", "raison"]
    nothing = follow_decision(replace(engagement, filtres={"region": ("A",)}), later)
    assert "périmètre" in nothing.verdict.phrase


def test_a_dimension_lost_since_makes_larger_segments(engagement):
    later = as_planned(engagement, lambda c, f, i: (0.9, 1.0, 1.0))
    coarse = replace(later, prestation=later.prestation.drop(columns="formule"))
    found, full = follow_decision(engagement, coarse), follow_decision(engagement, later)
    assert found.bridges["resultat"].keys == ("contrat",)
    assert found.bridges["resultat"].total == pytest.approx(full.bridges["resultat"].total)
    assert "Formule" in " ".join(found.notes)
    none = replace(coarse, prestation=coarse.prestation.drop(columns="contrat"))
    whole = follow_decision(engagement, none)
    assert whole.bridges["pc"].total == pytest.approx(full.bridges["pc"].total)
    assert len(whole.segments) == 1


def test_the_perimeter_of_the_decision_is_kept(engagement):
    one = replace(engagement, filtres={"contrat": ("individuel",)},
                  segments=engagement.segments[engagement.segments["contrat"] == "individuel"])  # fmt: skip
    found = follow_decision(one, as_planned(engagement))
    assert abs(found.bridges["resultat"].total) < 1.0


def test_dates_that_cannot_follow_each_other_are_refused():
    with pytest.raises(ParameterError, match="après les mois"):
        decide(effet=pd.Timestamp("2024-12-15"))
    with pytest.raises(ParameterError, match="précède"):
        decide(a_revoir_le=date(2024, 1, 1))
    with pytest.raises(InsufficientData, match="saison"):
        decide(filtres={"contrat": ("inconnu",)})


def test_what_is_committed_can_always_be_read_back():
    wide = decide(hypotheses=["x" * 5000] * 200, nom="Plan\n à 3\u202f%")
    assert from_plain(to_plain(wide)).segments.equals(wide.segments)
    assert len(from_plain(to_plain(wide)).hypotheses) == 60
    assert from_plain(json.loads(json.dumps(to_plain(wide)))).level("pc") == wide.level("pc")


def test_too_many_segments_lose_their_last_dimension():
    rng = np.random.default_rng(1)
    table = pd.DataFrame({"contrat": np.repeat(["a", "b"], MOST), "formule": np.arange(2 * MOST).astype(str),
                          **{c: rng.gamma(2.0, 10.0, 2 * MOST) for c in NUMBERS}})  # fmt: skip
    kept, keys = sum_segments(table, KEYS)
    assert (keys, len(kept)) == (("contrat",), 2)
    assert kept["cotisation"].sum() == pytest.approx(table["cotisation"].sum())
    first = table[table["contrat"] == "a"]
    assert kept.loc[0, "hausse"] == pytest.approx(np.average(first["hausse"], weights=first["cotisation_base"]))


def test_a_file_comes_back_as_it_was(engagement):
    raw = export_decision("direction technique", "P/C trop haut cette année", engagement)
    assert len(raw) < LARGEST
    back = import_decision(raw)
    assert (back.qui, back.pourquoi) == ("direction technique", "P/C trop haut cette année")
    assert to_plain(back.engagement) == to_plain(engagement)
    later = as_planned(engagement, lambda c, f, i: (0.97, 0.99, 1.05), 6)
    pd.testing.assert_frame_equal(
        follow_decision(back.engagement, later).levels, follow_decision(engagement, later).levels
    )
    numbers = replace(back.engagement, segments=pd.DataFrame(engagement.segments))
    assert numbers.phrase() == engagement.phrase()


HOSTILE = {
    "format": ["autre", None, 3], "version": [2, "1", None], "nom": ["", "x" * 300, 3, None, "\u202e"],
    "decide_le": ["2024-13-01", "12/11/2024", 3, None, "9999-01-01", "2026-01-01"], "effet": ["2024-06", "2025", []],
    "a_revoir_le": ["2020-01-01"], "debut": ["2026-01", "1999-01"], "base": ["autre", 3, []],
    "dimensions": ["contrat", ["contrat", "contrat"], ["hausse", "formule"], [[]], [str(i) for i in range(99)]],
    "filtres": [[], {"x": "y"}, {"x": [3]}, {str(i): [] for i in range(99)}],
    "segments": [[], {}, {"contrat": []}, None], "saison": [{}, {"cotisation": [1.0] * 12}], "attendu": [{}, []],
    "leviers": [[["*", "hausse"]], [["*", [], "*", 1]], [["*", "inconnu", "*", 1]], [["*", "hausse", "*", "1"]], {}],
    "hypotheses": ["texte", ["x" * 2000], [3], ["x"] * 100], "pourquoi": [None, 3, ""], "qui": [3, {}],
}  # fmt: skip


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, values in HOSTILE.items() for v in values])
def test_a_field_out_of_shape_is_refused(engagement, name, value):
    content = json.loads(export_decision("x", "une bonne raison", engagement))
    with pytest.raises(ParameterError):
        import_decision(json.dumps(content | {name: value}).encode())


@pytest.mark.parametrize("value", ["1e999", "NaN", "-Infinity", "-1", "true", '"3"', "1" + "0" * 400, "[]", "null"])
def test_a_number_that_cannot_be_is_refused(engagement, value):
    content = to_plain(engagement) | {"qui": "", "pourquoi": "une bonne raison"}
    content["segments"]["effectif"][0] = "ICI"
    text = json.dumps(content).replace('"ICI"', value)
    with pytest.raises(ParameterError):
        import_decision(text.encode())


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"\xff\xfe", b"[]", b"null", b"[" * 100_000, b" " * (LARGEST + 1), b'{"a":1,"a":2}', b"MZ\x00\x01"],
)
def test_what_is_not_a_decision_is_refused(raw):
    with pytest.raises(ParameterError):
        import_decision(raw)


def test_marks_that_hide_text_are_taken_off(engagement):
    content = to_plain(engagement) | {"nom": "Plan\u202e\x00\ud800 A\n", "qui": "\ud800", "pourquoi": "a b\tc"}
    back = import_decision(json.dumps(content).encode())
    assert (back.engagement.nom, back.qui, back.pourquoi) == ("Plan A", "", "a b c")
    assert from_plain(to_plain(back.engagement)).nom == "Plan A"
