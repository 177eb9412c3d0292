"""Around the plan: why not another, the list of actions, the frontier, what the elasticity leaves of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import streamlit as st

from analytics.constat import in_sentence
from analytics.errors import PaliersError
from analytics.french import THIN, format_euros, format_number, format_percent
from analytics.prescriptive import (
    Actions,
    efficient_frontier,
    optimise_robust,
    prepare,
    reduce_actions,
    why_not,
)
from analytics.prescriptive.plan import total_figures
from charts.frontier import chart_frontier
from charts.picture import Picture
from pages.components import figure
from pages.components.cache import cached
from pages.components.lab import Lab
from pages.components.messages import safe, told_in_french
from pages.components.optimiser_solve import FRESH, Found, Problem
from pages.components.optimiser_words import secret_rows
from pages.components.rates import rate_input
from pages.components.sidebar import View

UNIFORM = "Une hausse uniforme"
POINTS, LISTED = 13, 4
FUTURES = 2000


def show_why_not(view: View, lab: Lab, found: Found) -> None:
    """Another plan beside this one: what it gives, what it breaks, what it costs."""
    if found.plan.goal == "pire_hausse":
        return
    st.subheader(f"Pourquoi pas…{THIN}?")
    left, right = st.columns([2, 1], vertical_alignment="bottom")
    names = [UNIFORM, *lab.outcomes]
    with left:
        chosen = st.selectbox("Autre plan", names, key="o_autre", bind="query-params", format_func=safe)
    if chosen == UNIFORM:
        with right:
            rise = rate_input("De", "3 %", key="o_autre_taux", bounds=(-0.5, 1.0))
        other: float | dict[str, float] = rise
    else:
        other = scenario_rises(lab, found, chosen)
        right.caption("Seules ses hausses de cotisation sont comparées.")
    answer = cached(
        "why_not", view.key, lambda: why_not(found.plan, other), probleme=found.problem.key,
        autre=other if isinstance(other, float) else sorted(other.items()),
    )  # fmt: skip
    st.markdown(safe(answer.phrase))


def scenario_rises(lab: Lab, found: Found, name: str) -> dict[str, float]:
    """Rises of a scenario on the rows of the optimiser, weighted by the premiums."""
    table = lab.outcomes[name].table
    paid = table["cotisation_avant"].to_numpy() + 1e-12
    owner = np.array(found.problem.owner)
    mean = np.bincount(owner, table["hausse"].to_numpy() * paid) / np.bincount(owner, paid)
    return dict(zip(found.problem.table["segment"], mean.tolist(), strict=True))


def show_actions(view: View, found: Found) -> None:
    """Ten actions at most, ready to be forwarded."""
    if found.plan.goal == "pire_hausse":
        return
    st.subheader("Les actions à transmettre")
    actions = cached("plan_actions", view.key, lambda: reduce_actions(found.plan), probleme=found.problem.key)
    st.caption(_say_actions(found, actions))
    text = action_text(view, found, actions)
    st.code(text, language=None, wrap_lines=True)


def _say_actions(found: Found, actions: Actions) -> str:
    count = format_number(len(actions.table))
    plural = "s" if len(actions.table) > 1 else ""
    met = "" if actions.met else " Regroupées, elles ne tiennent plus toutes les contraintes : préférez le plan entier."
    if np.isnan(actions.part):
        return f"{count} action{plural} : ce sont les contraintes qui les demandent, pas le gain.{met}"
    lost = format_euros(actions.perte) if found.plan.goal == "resultat" else f"{format_number(actions.perte)} assurés"
    return f"{count} action{plural} pour {format_percent(actions.part)} du gain du plan ({lost} de moins).{met}"


def action_text(view: View, found: Found, actions: Actions) -> str:
    """One line by action: the rise, who, how many, what it brings."""
    persons = found.problem.table["beneficiaires"]
    secret = secret_rows(persons) if view.shared else np.zeros(len(persons), dtype=bool)
    hidden = set(found.problem.table.loc[secret, "segment"])
    owner = dict(zip(actions.rises["segment"], actions.rises["action"], strict=True))
    lines = []
    for row in actions.table.itertuples():
        names = [s for s, action in owner.items() if action == row.action and s not in hidden]
        if not names:
            continue
        who = name_group(view, found.problem, names)
        line = f"{len(lines) + 1}. {format_percent(row.hausse, 2, signed=True)} : {who}"
        if not hidden:  # a number of persons or of euros would give the hidden ones back by difference
            gain = format_euros(row.gain, signed=True) if found.plan.goal == "resultat" else (
                f"{format_number(row.gain, signed=True)} assurés"
            )  # fmt: skip
            line += f" ({format_number(row.beneficiaires)} personnes, {gain})"
        lines.append(line)
    return "\n".join(lines)


def name_group(view: View, problem: Problem, names: list[str]) -> str:
    """Segments by what they share, when nothing else shares it; else those of most members, by name."""
    table, dataset = problem.table, view.dataset
    inside = table["segment"].isin(names)
    if inside.all():
        return "tous les segments"
    same, parts = pd.Series(True, index=table.index), []
    for dimension in problem.dimensions:
        values = table.loc[inside, dimension].unique()
        within = table[dimension].isin(values)
        same &= within
        if not within.all():
            told = ", ".join(dataset.value_label(dimension, v) for v in sorted(values.astype(str)))
            parts.append(f"{in_sentence(dataset.label(dimension))} {told}")
    if len(names) > 1 and parts and (same == inside).all():
        return " ; ".join(parts)
    first = table[inside].sort_values("beneficiaires", ascending=False)["segment"].tolist()
    more = len(first) - LISTED
    rest = f" et {format_number(more)} autre{'s' if more > 1 else ''}" if more > 0 else ""
    return ", ".join(first[:LISTED]) + rest


def show_frontier(view: View, lab: Lab, found: Found) -> None:
    """The most result for each number of members kept."""
    with figure.folded("Résultat ou assurés : la frontière", icon=":material/show_chart:", key="frontiere") as is_open:
        if not is_open:
            return
        with st.spinner("Calcul de la frontière…"), told_in_french():
            picture = cached(
                "frontier", view.key, lambda: _draw_frontier(view, lab, found), probleme=found.problem.key,
                scenarios=dict(lab.names),
            )  # fmt: skip
            if picture is None:
                st.caption("Ces contraintes ne laissent pas de choix entre résultat et assurés.")
                return
            figure.show(picture, key="frontiere_image", is_demo=view.dataset.is_demo)
            st.caption(
                "Aucun plan qui tient vos contraintes n’est au-dessus de la courbe ; un scénario peut l’être s’il ne "
                "les tient pas, ou s’il agit sur les prestations."
            )


def _draw_frontier(view: View, lab: Lab, found: Found) -> Picture | None:
    rules = replace(found.problem.constraints, grille=None)
    curve = efficient_frontier(found.problem.table, constraints=rules, points=POINTS)
    if curve.empty:
        return None
    totals = found.plan.totals()
    points = [("Ce plan", totals["effectif"], totals["resultat"])]
    points += [(name, o.value("effectif"), o.value("resultat")) for name, o in lab.outcomes.items()]
    if found.uniform:
        points.append(("Hausse uniforme", found.uniform["effectif"], found.uniform["resultat"]))
    known = pd.DataFrame(points, columns=["nom", "effectif", "resultat"]).drop_duplicates(["effectif", "resultat"])
    return chart_frontier(curve, known, title="Résultat et assurés gardés", is_demo=view.dataset.is_demo)


# --- what is left of it -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Robust:
    """The plan over the range of the elasticity, and on draws that did not choose it."""

    table: pd.DataFrame
    lines: tuple[str, ...]


def show_robustness(view: View, lab: Lab, found: Found) -> None:
    """What the plan keeps if the elasticity is another, and its gain on fresh futures."""
    with figure.folded(f"Et si l’élasticité est autre{THIN}?", icon=":material/science:", key="robustesse") as is_open:
        if not is_open:
            return
        with st.spinner("Plan rejoué sur d’autres futurs…"), told_in_french():
            shown = cached(
                "plan_robust", view.key, lambda: _judge(lab, found), probleme=found.problem.key, graine=FRESH
            )
            if not shown.table.empty:
                figure.show_table(shown.table)
            for line in shown.lines:
                st.markdown(safe(line))


def _judge(lab: Lab, found: Found) -> Robust:
    table, lines = pd.DataFrame(), []
    try:
        table, words = _over_elasticities(found)
        lines += words
    except PaliersError as error:
        lines.append(f"{error.message} {error.remede}")
    lines += say_fresh(lab, found)
    return Robust(table, tuple(lines))


def _over_elasticities(found: Found) -> tuple[pd.DataFrame, list[str]]:
    """The plan, the robust plan and the best one had it been known, at each end of the interval."""
    source, p = found.problem.table, found.plan.programme
    weight = source["beneficiaires"] * source["elasticite"] + 1e-12
    ends = [float((source[c] / source["elasticite"].where(source["elasticite"] > 0) * weight).sum() / weight.sum())
            for c in ("elasticite_bas", "elasticite_haut")]  # fmt: skip
    factors = tuple(sorted({round(f, 6) for f in (ends[0], 1.0, ends[1]) if np.isfinite(f) and f > 0}))
    rules = replace(found.problem.constraints, grille=None, ordre=None, ecart_max=None, hausse_uniforme=False)
    robust = optimise_robust(source, constraints=rules, factors=factors or (1.0,))
    if robust.status != "optimal":
        return pd.DataFrame(), [robust.phrase]
    x, rows, worst = found.plan.table["hausse"].to_numpy(), [], []
    for line in robust.stability.itertuples():
        true = replace(p, b=p.b * line.facteur)
        own = total_figures(true, x)["resultat"]
        met = bool((true.slack(x) >= -1e-9 * true.scales()).all())
        worst.append(line.oracle - own)
        rows.append(
            {"Élasticité": f"× {format_number(line.facteur, 2)}", "Ce plan": format_euros(own),
             "Contraintes": "tenues" if met else "non tenues", "Plan prudent": format_euros(line.resultat),
             "Le meilleur, si l’on savait": format_euros(line.oracle)}
        )  # fmt: skip
    left = "" if rules == found.problem.constraints else " (règles entre segments et pas du tarif laissés de côté)"
    worst_prudent = float((robust.stability["oracle"] - robust.stability["resultat"]).max())
    words = (
        f"Sur tout l’intervalle d’élasticité, ce plan laisse au plus {format_euros(max(worst))} à qui la connaîtrait "
        "d’avance ; un plan choisi pour perdre le moins possible en laisserait au plus "
        f"{format_euros(worst_prudent)}{left}."
    )
    broken = any(row["Contraintes"] != "tenues" for row in rows)
    more = (
        ["Là où ce plan ne tient plus les contraintes, il peut dépasser le meilleur plan qui les tient."]
        if broken
        else []
    )
    return pd.DataFrame(rows), [words, *more]


def say_fresh(lab: Lab, found: Found) -> list[str]:
    """The gain over doing nothing and over the uniform rise, on futures that did not choose the plan."""
    own = lab.simulator
    fresh = prepare(own.portfolio, postes=own.postes, futures=own.futures, responses=own.responses, taxes=own.taxes,
                    draws=FUTURES, seed=own.seed + FRESH)  # fmt: skip
    idle = next(iter(lab.scenarios.values()))
    played = fresh.totals(with_rises(lab, found.rises()))["resultat"]
    central, lines = found.plan.totals()["resultat"], []
    references = [("ne rien faire", idle, found.idle["resultat"])]
    if found.uniform:
        same = with_rises(lab, np.full(len(found.problem.owner), found.hausse))
        references.append(("la meilleure hausse uniforme", same, found.uniform["resultat"]))
    for name, levers, value in references:
        gain = (played - fresh.totals(levers)["resultat"]).to_numpy()
        low, high = np.quantile(gain, [0.1, 0.9])
        told, mean = central - value, float(gain.mean())
        curse = " : plus bas que promis, car un plan choisi sur un futur y est souvent flatté" if mean < told else ""
        lines.append(
            f"Face à « {name} », gain promis {format_euros(told, signed=True)} ; rejoué sur "
            f"{format_number(FUTURES)} futurs tirés à neuf, {format_euros(mean, signed=True)} en moyenne{curse} ; de "
            f"{format_euros(low, signed=True)} à {format_euros(high, signed=True)} 8 fois sur 10, positif dans "
            f"{format_percent(float((gain > 0).mean()), 0)} des futurs."
        )
    return lines


def with_rises(lab: Lab, rises: np.ndarray) -> pd.DataFrame:
    """Levers of « ne rien faire » with a rise on each segment."""
    idle = next(iter(lab.scenarios.values()))
    own = pd.DataFrame({"segment": lab.portfolio.table["segment"].astype(str), "levier": "hausse", "poste": "*",
                        "valeur": rises})  # fmt: skip
    return own if idle.empty else pd.concat([idle, own], ignore_index=True)
