"""The simulated mutual: contract, budget, stability, calibration on published figures, planted facts."""

import numpy as np
import pandas as pd
import pytest

import data.demo as demo
from analytics.errors import ParameterError
from analytics.schema import dimensions_of, validate
from data.demo import PLANTED, find_planted, generate, last_complete_month
from data.demo.baskets import LINES, amounts, parts
from data.demo.calendar import count_working_days
from data.demo.care import PAYMENT
from data.demo.portfolio import premium_index, yearly_rise
from data.demo.world import build_cells
from data.references import load_market

UNTIL = "2026-10"
MONEY = ["frais_reels", "remboursement_amo", "prestation"]


@pytest.fixture(scope="module")
def dataset():
    return generate(until=UNTIL)


@pytest.fixture(scope="module")
def clean():
    return generate(until=UNTIL, planted=False)


@pytest.fixture(scope="module")
def yearly(dataset):
    """Sums by year of care, full years only."""
    cotisation, prestation = dataset.cotisation, dataset.prestation
    measures = ["beneficiaires", "cotisation", "taxes", "frais_gestion", "adhesions", "resiliations"]
    table = cotisation.groupby(cotisation["mois"].dt.year)[measures].sum()
    table["prestation"] = prestation.groupby(prestation["mois"].dt.year)["prestation"].sum()
    return table.loc[2017:2025]


def by_year(dataset, poste, column):
    frame = dataset.prestation
    frame = frame[frame["poste"] == poste]
    return frame.groupby(frame["mois"].dt.year)[column].sum()


def published(indicateur, contrat=None, perimetre="ensemble OC"):
    rows = load_market(indicateur).query("perimetre == @perimetre")
    rows = rows[rows["poste"].isna() & (rows["contrat"].isna() if contrat is None else rows["contrat"] == contrat)]
    return rows.set_index("annee")["valeur"]


class TestContract:
    def test_is_valid_and_says_it_is_simulated(self, dataset):
        assert validate(dataset) is dataset
        assert dataset.is_demo
        assert "simulées" in dataset.source
        assert (dataset.base, dataset.date_basis, dataset.as_of) == ("HT", "soins", pd.Timestamp("2026-10-01"))

    def test_dimensions_are_categories_without_missing_value(self, dataset):
        contract = ("contrat", "formule", "region", "tranche_age")
        assert dimensions_of(dataset.cotisation) == contract
        assert dimensions_of(dataset.prestation) == (*contract, "poste", "panier")
        for frame in (dataset.cotisation, dataset.prestation):
            for name in dimensions_of(frame):
                assert isinstance(frame[name].dtype, pd.CategoricalDtype)
                assert frame[name].notna().all()

    def test_stays_within_the_budget(self, dataset):
        assert 900_000 < len(dataset.prestation) <= 1_500_000
        assert dataset.prestation.memory_usage(deep=True).sum() < 100e6
        assert len(dataset.cotisation) <= 118 * 390

    def test_months_are_complete_and_ordered(self, dataset):
        assert list(dataset.months) == list(pd.date_range("2017-01-01", "2026-10-01", freq="MS"))
        frame = dataset.prestation
        assert (frame["mois_paiement"] >= frame["mois"]).all()
        assert frame["mois_paiement"].max() == dataset.as_of
        assert set(frame["mois"].dt.day) | set(frame["mois_paiement"].dt.day) == {1}

    def test_amounts_are_positive_and_the_patient_is_never_refunded_too_much(self, dataset):
        frame = dataset.prestation
        assert (frame[[*MONEY, "actes"]] > 0).all(axis=None)
        assert pd.api.types.is_integer_dtype(frame["actes"])
        rest = frame["frais_reels"] - frame["remboursement_amo"] - frame["prestation"]
        assert rest.min() > -0.005
        assert (dataset.cotisation.select_dtypes("number") >= 0).all(axis=None)

    def test_paniers_belong_to_their_postes(self, dataset):
        found = dataset.prestation.groupby("poste", observed=True)["panier"].agg(lambda values: frozenset(values))
        assert found["dentaire"] == {"100 % Santé", "maîtrisé", "libre"}
        assert found["optique"] == found["audiologie"] == {"100 % Santé", "libre"}
        assert all(
            found[poste] == {"sans panier"} for poste in ("hospitalisation", "soins courants", "pharmacie", "autres")
        )

    def test_members_follow_joiners_and_leavers(self, dataset):
        moves = dataset.cotisation.groupby("mois")[["beneficiaires", "adhesions", "resiliations"]].sum()
        change = moves["beneficiaires"].diff().iloc[1:]
        assert (change == (moves["adhesions"] - moves["resiliations"]).iloc[1:]).all()
        assert moves["beneficiaires"].between(117_000, 123_000).all()

    def test_every_care_cell_has_members(self, dataset):
        keys = ["mois", "contrat", "formule", "region", "tranche_age"]
        exposed = dataset.cotisation.loc[dataset.cotisation["beneficiaires"] > 0, keys]
        cared = dataset.prestation[keys].drop_duplicates()
        assert len(cared.merge(exposed, on=keys)) == len(cared)


class TestReproducibility:
    @pytest.mark.parametrize("until", ["2018-05", "2024-05"])
    def test_earlier_facts_do_not_move(self, dataset, until):
        short, last = generate(until=until), pd.Timestamp(until)
        long = dataset.prestation
        long = long[(long["mois"] <= last) & (long["mois_paiement"] <= last)]
        assert short.prestation.equals(long.reset_index(drop=True))
        premiums = dataset.cotisation[dataset.cotisation["mois"] <= last].reset_index(drop=True)
        assert short.cotisation.equals(premiums)

    def test_same_seed_same_mutual_and_other_seed_another_one(self):
        first, again, other = generate(until="2017-03"), generate(until="2017-03"), generate(seed=7, until="2017-03")
        assert first.prestation.equals(again.prestation)
        assert first.fingerprint == again.fingerprint
        assert first.prestation["prestation"].sum() != other.prestation["prestation"].sum()

    def test_fingerprint_tells_the_datasets_apart(self):
        options = ({}, {"until": "2017-02"}, {"seed": 7}, {"planted": False}, {"events": False})
        prints = {generate(**({"until": "2017-01"} | option)).fingerprint for option in options}
        assert {len(text) for text in prints} == {64}
        assert len(prints) == 5

    @pytest.mark.parametrize("until", [pd.Timestamp("2017-02-17"), "2017-02", "2017-02-01"])
    def test_until_may_be_a_date_or_a_month(self, until):
        assert generate(until=until).as_of == pd.Timestamp("2017-02-01")

    @pytest.mark.parametrize("until", ["2016-12", "bientôt"])
    def test_until_out_of_range_is_refused(self, until):
        with pytest.raises(ParameterError):
            generate(until=until)

    @pytest.mark.parametrize("case", ["2026-11-23 06:40 > 2026-10", "2026-01-01 > 2025-12", "2024-03-31 > 2024-02"])
    def test_last_complete_month_is_the_one_before(self, case):
        today, last = (pd.Timestamp(text) for text in case.split(" > "))
        assert last_complete_month(today) == last

    def test_without_until_the_last_complete_month_is_taken(self, monkeypatch):
        monkeypatch.setattr(demo, "last_complete_month", lambda today: pd.Timestamp("2017-02-01"))
        assert generate().as_of == pd.Timestamp("2017-02-01")


class TestCalibration:
    def test_ratio_of_full_years_is_in_the_published_range(self, yearly):
        ratio = 100 * yearly["prestation"] / yearly["cotisation"]
        assert ratio.drop(2020).between(74, 85).all()
        market = 100 * (published("prestations") / published("cotisations_ht")).dropna()
        market = pd.concat([published("retour_sur_cotisations"), market[[2020, 2021]]])
        assert (ratio[market.index] - market).abs().max() < 3
        assert ratio[2020] == ratio.min()

    @pytest.mark.parametrize("contrat", ["individuel", "collectif"])
    def test_ratio_by_contract_is_near_the_published_one(self, dataset, contrat):
        paid, due = (
            t[(t["contrat"] == contrat) & (t["mois"].dt.year == 2023)] for t in (dataset.prestation, dataset.cotisation)
        )
        ratio = 100 * paid["prestation"].sum() / due["cotisation"].sum()
        assert ratio == pytest.approx(published("retour_sur_cotisations", contrat)[2023], abs=3)

    def test_premiums_are_shared_evenly_between_contracts(self, dataset):
        sums = dataset.cotisation.groupby([dataset.cotisation["mois"].dt.year, "contrat"], observed=True)[
            "cotisation"
        ].sum()
        share = 100 * sums.unstack()["collectif"] / sums.groupby(level=0).sum()
        assert share[2018] == pytest.approx(published("part_cotisations", "collectif")[2018], abs=3)
        assert share[2021] == pytest.approx(published("part_cotisations", "collectif")[2021], abs=3)
        assert share.between(45, 55).all()

    def test_cost_per_head_is_near_the_published_one_and_drifts(self, yearly):
        head = 12 * yearly["prestation"] / yearly["beneficiaires"]
        assert head[2022] == pytest.approx(published("remboursement_moyen")[2022], rel=0.06)
        growth = head.pct_change()[[2018, 2019, 2022, 2023, 2024, 2025]]
        assert growth.between(0.005, 0.08).all()

    def test_premium_per_head_follows_the_announced_rises(self, yearly):
        growth = 100 * (yearly["cotisation"] / yearly["beneficiaires"]).pct_change()
        rises = published("hausse_annoncee", perimetre="mutuelles")
        assert (growth[rises.index] - rises).abs().max() < 1.0

    def test_shares_by_poste_are_near_those_of_mutuals(self, dataset):
        rows = load_market("prestations_poste").query("annee == 2017 and perimetre == 'mutuelles'").set_index("libelle")
        total = rows["valeur"][["CSBM (total soins et biens médicaux)", "Prestations connexes à la santé"]].sum()
        known = 100 * rows.groupby("poste")["valeur"].sum() / total
        paid = dataset.prestation[dataset.prestation["mois"].dt.year == 2017]
        share = 100 * paid.groupby("poste", observed=True)["prestation"].sum() / paid["prestation"].sum()
        named = ["hospitalisation", "soins courants", "dentaire", "pharmacie", "optique"]
        assert (share[named] - known[named]).abs().max() < 1.5
        assert share["audiologie"] + share["autres"] == pytest.approx(100 - known[named].sum(), abs=1.5)

    @pytest.mark.parametrize("case", ["2019 hospitalisation", "2019 dentaire", "2019 pharmacie", "2023 dentaire"])
    def test_shares_of_later_years_are_near_those_of_all_insurers(self, dataset, case):
        annee, poste = int(case[:4]), case[5:]
        known = load_market("part_poste").query("annee == @annee and poste == @poste")["valeur"].item()
        paid = dataset.prestation[dataset.prestation["mois"].dt.year == annee]
        share = 100 * paid.loc[paid["poste"] == poste, "prestation"].sum() / paid["prestation"].sum()
        assert share == pytest.approx(known, abs=3)

    def test_management_costs_and_taxes(self, yearly):
        rate = 100 * yearly["frais_gestion"] / yearly["cotisation"]
        known = published("charges_gestion", perimetre="mutuelles")
        assert (rate[known.index] - known).abs().max() < 1
        assert (yearly["taxes"] / yearly["cotisation"]).to_numpy() == pytest.approx(0.1327, abs=1e-5)

    @pytest.mark.parametrize("poste", ["optique", "audiologie", "dentaire"])
    @pytest.mark.parametrize("annee", [2020, 2021])
    def test_take_up_of_100_sante_is_the_published_one(self, dataset, poste, annee):
        frame = dataset.prestation
        frame = frame[(frame["poste"] == poste) & (frame["mois"].dt.year == annee) & (frame["panier"] != "maîtrisé")]
        acts = frame.groupby("panier", observed=True)["actes"].sum()
        known = load_market("penetration_100_sante").query("annee == @annee and poste == @poste")["valeur"].item()
        assert 100 * acts["100 % Santé"] / acts.sum() == pytest.approx(known, abs=2.5)

    def test_members_grow_older_slowly(self, dataset):
        heads = (
            dataset.cotisation.groupby([dataset.cotisation["mois"].dt.year, "tranche_age"], observed=True)[
                "beneficiaires"
            ]
            .sum()
            .unstack()
        )
        old = 100 * heads[["60-74", "75 et +"]].sum(axis=1) / heads.sum(axis=1)
        assert 1 < old[2025] - old[2017] < 4

    def test_rises_come_from_the_references(self):
        assert yearly_rise("individuel", 2024) == 0.073
        assert yearly_rise("collectif", 2024) == 0.099
        assert yearly_rise("individuel", 2022) == yearly_rise("collectif", 2022) == 0.034
        assert yearly_rise("collectif", 2026) == 0.047
        assert premium_index("individuel", 2019) == pytest.approx(1.02 * 1.01)


class TestCalendar:
    def test_working_days_agree_with_a_hand_count(self):
        """May 2024: 23 weekdays less 1, 8, 9 and 20 May; August 2023: 23 less Tuesday 15."""
        months = pd.DatetimeIndex(["2023-08-01", "2024-05-01"])
        assert count_working_days(months).tolist() == [22, 19]

    def test_august_is_low_and_january_high_in_optics(self, clean):
        frame = clean.prestation
        frame = frame[frame["mois"].dt.year.isin([2018, 2019, 2022, 2024])]
        acts = frame.groupby(["poste", frame["mois"].dt.month], observed=True)["actes"].sum().unstack()
        relative = acts.div(acts.mean(axis=1), axis=0)
        assert (relative.idxmin(axis=1) == 8).all()
        assert relative.loc["optique"].idxmax() == 1
        assert relative.loc["soins courants", 8] == pytest.approx(0.78, abs=0.06)

    def test_working_days_show_in_the_acts_with_the_stated_elasticity(self, clean):
        """Regression of the change on the year before, same month: season cancels out."""
        frame = clean.prestation[clean.prestation["poste"] == "soins courants"]
        acts = frame.groupby("mois")["actes"].sum()
        acts = acts[acts.index < "2026-05-01"]
        days = pd.Series(count_working_days(acts.index), index=acts.index)
        ordinary = [year not in (2020, 2021) for year in acts.index.year]
        x, y = (np.log(s).diff(12)[ordinary].dropna() for s in (days, acts))
        assert np.polyfit(x, y, 1)[0] == pytest.approx(0.7, abs=0.2)


class TestPayments:
    def test_known_part_of_the_last_months_is_the_pattern(self, dataset):
        """Seen against the same months developed by six more months of payments."""
        later = generate(until="2027-04", planted=False).prestation
        later = later[later["mois"].between("2026-06-01", "2026-10-01")]
        known = later[later["mois_paiement"] <= dataset.as_of]
        part = known.groupby("mois")["prestation"].sum() / later.groupby("mois")["prestation"].sum()
        assert part.iloc[-1] == pytest.approx(0.36, abs=0.04)
        assert part.is_monotonic_decreasing
        assert part.iloc[0] > 0.97
        last = known[known["mois"] == dataset.as_of].groupby("poste", observed=True)["actes"].sum()
        whole = later[later["mois"] == dataset.as_of].groupby("poste", observed=True)["actes"].sum()
        stated = pd.Series({poste: values[0] for poste, values in PAYMENT.items()})
        assert (last / whole - stated).abs().drop("audiologie").max() < 0.06
        assert (last / whole).between(0.15, 0.65).all()


class TestPlantedFacts:
    def test_every_fact_is_described(self):
        assert len({fact.key for fact in PLANTED}) == len(PLANTED)
        for fact in PLANTED:
            assert all((fact.label, fact.mesure, fact.debut.day == 1))
            assert pd.isna(fact.fin) or fact.fin >= fact.debut
            assert np.isfinite(fact.effect)

    @pytest.mark.parametrize(
        ("key", "poste", "avant", "apres", "derive"),
        [
            ("optique_2020", "optique", 2019, 2020, 1.005),
            ("dentaire_2020", "dentaire", 2019, 2020, 1.0125),
            ("dentaire_2021", "dentaire", 2020, 2021, 1.0125),
            ("dentaire_amo_2023", "dentaire", 2022, 2024, 1.075),
        ],
    )
    def test_reforms_change_the_cost_of_an_act(self, dataset, key, poste, avant, apres, derive):
        mean = by_year(dataset, poste, "prestation") / by_year(dataset, poste, "actes")
        assert mean[apres] / mean[avant] / derive - 1 == pytest.approx(find_planted(key).effect, abs=0.03)

    def test_dental_steps_add_up_to_the_stated_rise(self):
        """Expected AMC per act, from the parts and amounts in force."""
        weights = np.bincount(build_cells()["formule"], weights=build_cells()["poids"])
        rows = [place for place, line in enumerate(LINES) if line.poste == "dentaire"]
        cost = {
            month: ((amounts(pd.Timestamp(month))[2] * parts(pd.Timestamp(month)))[rows] @ weights).sum()
            for month in ("2019-06", "2021-06", "2023-09", "2023-11", "2025-12", "2026-01")
        }
        assert 1.25 < cost["2021-06"] / cost["2019-06"] < 1.31
        assert cost["2023-11"] / cost["2023-09"] - 1 == pytest.approx(
            find_planted("dentaire_amo_2023").effect, abs=0.01
        )
        assert cost["2026-01"] / cost["2025-12"] - 1 == pytest.approx(find_planted("dentaire_2026").effect, abs=0.01)

    def test_hearing_aids_rise_by_sixty_percent(self, dataset, yearly):
        head = by_year(dataset, "audiologie", "prestation") / yearly["beneficiaires"]
        assert head[2021] / head[2019] - 1 == pytest.approx(find_planted("audiologie_2021").effect, abs=0.12)

    def test_no_charge_is_left_in_the_100_sante_basket(self, dataset):
        frame = dataset.prestation[dataset.prestation["panier"] == "100 % Santé"]
        assert frame["mois"].min() == pd.Timestamp("2020-01-01")
        frame = frame[(frame["poste"] != "audiologie") | (frame["mois"] >= "2021-01-01")]
        rest = frame["frais_reels"] - frame["remboursement_amo"] - frame["prestation"]
        assert rest.abs().max() < 0.015

    def test_lockdowns(self, dataset):
        heads = dataset.cotisation.groupby("mois")["beneficiaires"].sum()
        head = dataset.prestation.groupby("mois")["prestation"].sum() / heads
        spring = head["2020-03":"2020-05"].sum() / head["2019-03":"2019-05"].sum() - 1
        assert spring == pytest.approx(find_planted("covid_printemps").effect, abs=0.02)
        autumn = 2 * head["2020-11-01"] / (head["2019-11-01"] + head["2021-11-01"]) - 1
        assert autumn == pytest.approx(find_planted("covid_automne").effect, abs=0.03)
        dental = dataset.prestation[dataset.prestation["poste"] == "dentaire"].groupby("mois")["actes"].sum()
        assert dental["2020-04-01"] / dental["2019-04-01"] < 0.12

    def test_leavers(self, dataset, yearly):
        january = dataset.cotisation[dataset.cotisation["mois"].dt.month == 1]
        part = january.groupby(january["mois"].dt.year)["resiliations"].sum().loc[2017:2025] / yearly["resiliations"]
        assert part.loc[:2020].between(0.42, 0.50).all()
        assert part.loc[2021:].to_numpy() == pytest.approx(find_planted("janvier").effect, abs=0.02)
        more = yearly.loc[2021, "resiliations"] / yearly.loc[2020, "resiliations"] - 1
        assert more == pytest.approx(find_planted("resiliation_2020").effect, abs=0.03)

    def test_premiums_step_up_in_january_only(self, dataset):
        sums = dataset.cotisation.groupby("mois")[["cotisation", "beneficiaires"]].sum()
        change = (sums["cotisation"] / sums["beneficiaires"]).pct_change().dropna()
        assert change[change.index.month == 1].min() > 0.008
        assert change[change.index.month != 1].abs().max() < 0.004

    def test_dental_amo_rate_falls_by_a_seventh(self, dataset):
        frame = dataset.prestation[dataset.prestation["poste"] == "dentaire"]
        frame = frame[frame["panier"] == "maîtrisé"]
        rate = frame.groupby("mois")["remboursement_amo"].sum() / frame.groupby("mois")["frais_reels"].sum()
        assert rate["2023-09-01"] * 6 / 7 == pytest.approx(rate["2023-11-01"], rel=0.005)
        assert rate["2023-10-01"] == pytest.approx((rate["2023-09-01"] + rate["2023-11-01"]) / 2, rel=0.005)

    def test_regional_drift_is_where_it_is_said_and_as_large(self, dataset):
        frame = dataset.prestation
        frame = frame[frame["poste"] == "dentaire"]
        here = (frame["region"] == "Occitanie").rename("ici")
        sums = frame.groupby(["mois", here])[["prestation", "actes"]].sum()
        cost = (sums["prestation"] / sums["actes"]).unstack()
        relative = cost[True] / cost[False]
        before, after = relative["2023-11":"2025-10"].mean(), relative["2026-02":"2026-10"].mean()
        assert after / before - 1 == pytest.approx(find_planted("derive_dentaire").effect, abs=0.08)

    def test_planted_facts_are_the_only_difference(self, dataset, clean):
        """Without them the same lines come out: only the drift, the centimes and the repeated lines differ."""
        twice, cents, drift = (find_planted(key) for key in ("double_envoi", "centimes", "derive_dentaire"))
        repeated = dataset.prestation.duplicated(keep="first")
        assert (repeated <= twice.mask(dataset.prestation)).all()
        once = dataset.prestation[~repeated].reset_index(drop=True)
        keys = [c for c in once.columns if c not in MONEY]
        assert once[keys].equals(clean.prestation[keys])
        changed = (once[MONEY] != clean.prestation[MONEY]).any(axis=1)
        assert (changed <= (cents.mask(once) | drift.mask(once))).all()
        assert changed[cents.mask(once)].all()
        assert dataset.cotisation.equals(clean.cotisation)

    def test_one_batch_is_there_twice(self, dataset, clean):
        fact = find_planted("double_envoi")
        batch = clean.prestation[fact.mask(clean.prestation)]
        assert len(batch) > 50
        assert not clean.prestation.duplicated().any()
        assert dataset.prestation.duplicated().sum() == len(batch)
        month = dataset.prestation[dataset.prestation["mois_paiement"] == fact.debut]
        assert 0.005 < batch["prestation"].sum() / month["prestation"].sum() < 0.04

    def test_one_month_is_in_centimes(self, dataset, clean):
        fact = find_planted("centimes")
        wrong, right = (d.prestation[fact.mask(d.prestation)] for d in (dataset, clean))
        assert len(wrong) > 0
        assert wrong[MONEY].to_numpy() == pytest.approx(100 * right[MONEY].to_numpy())
        assert (wrong["actes"].to_numpy() == right["actes"].to_numpy()).all()
        month = clean.prestation.loc[clean.prestation["mois"] == fact.debut, "prestation"].sum()
        assert 0.02 < (wrong["prestation"].sum() - right["prestation"].sum()) / month < 0.12
