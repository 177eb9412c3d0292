"""What came of a decision: levels, the bridge from expected to observed, the verdict, and what may be shared of it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analytics.disclosure import K
from analytics.french import format_gap, format_percent, format_period, format_value, is_missing
from analytics.prescriptive.follow import EFFETS, Follow, follow_decision
from analytics.prescriptive.follow_levels import ORDER
from analytics.prescriptive.follow_record import SUIVIS, Engagement
from analytics.schema import Selection
from charts.export import to_csv
from charts.picture import Picture
from charts.waterfall import chart_waterfall
from pages.components import figure
from pages.components.cache import cached
from pages.components.decisions_kept import Kept
from pages.components.messages import safe
from pages.components.sharing import may_show
from pages.components.sidebar import View

ICONS = {"oui": ":material/check_circle:", "non": ":material/cancel:", "on ne peut pas dire": ":material/help:"}
SECRET = f"Mode partage : cette décision porte sur moins de {K} personnes, ou permettrait de les retrouver."
SECRET_BRIDGE = f"Mode partage : un segment compte moins de {K} personnes, le détail de l’écart n’est pas montré."
MOST_ROWS = 200
#: Part of the level under which an amount is what rounding left.
ROUNDING = 1e-9


def follow_of(view: View, kept: Kept) -> Follow:
    """The decision against these data, computed once."""
    months = view.opened.complete_months
    return cached(
        "follow", view.key, lambda: follow_decision(kept.engagement, view.dataset, complete=months), decision=kept.key
    )


def may_tell(view: View, kept: Kept) -> bool:
    """Whether the figures of a decision may be shown in this mode."""
    return not view.shared or cached("follow_secret", view.key, lambda: _may_tell(view, kept), decision=kept.key)


def _may_tell(view: View, kept: Kept) -> bool:
    """Its heads, expected or not, and its perimeter on every month it speaks of."""
    engagement, months = kept.engagement, follow_of(view, kept).months
    heads = engagement.segments[["effectif_base", "effectif"]].sum()
    known, scope = view.dataset.months, dict(engagement.filtres)
    measured = (known >= engagement.debut) & (known <= engagement.fin)
    if (heads < K).any() or (scope and not measured.any()):
        return False
    periods = [Selection(engagement.debut, engagement.fin, scope)] if measured.any() else []
    periods += [Selection(months[0], months[-1], scope)] if len(months) else []
    return all(may_show(view, period) for period in periods)


def show_verdict(view: View, kept: Kept) -> None:
    """« L’effet attendu est-il là ? », in one sentence."""
    found = follow_of(view, kept)
    told = found.verdict.phrase + (_say_first(found) if _may_detail(view, found) else "")
    st.markdown(f"{ICONS[found.verdict.reponse]} **L’effet attendu est-il là\u202f?** {safe(told)}")


def show_follow(view: View, kept: Kept) -> None:
    """Levels, bridge, segments, what was left out, and the files of it."""
    found, engagement, key = follow_of(view, kept), kept.engagement, kept.key
    table = tell_levels(found)
    if len(found.months):
        figure.show_table(table)
        _show_bridge(view, kept, found)
        if not view.shared and len(found.segments) > 1:
            with figure.folded("Par segment", icon=":material/groups:", key=f"suivi_segments_{key}") as is_open:
                if is_open:
                    figure.show_table(_tell_segments(view, engagement, found).head(MOST_ROWS))
        for note in found.notes[:2] if view.shared else found.notes:  # a remark may speak of a few persons
            st.caption(safe(note))
        st.caption(
            "L’intervalle de l’année est porté à ces mois comme si chaque mois était un tirage : il est large au début."
        )
        if not view.shared:
            st.download_button(
                "Suivi (CSV)", lambda: to_csv(table, is_demo=view.dataset.is_demo), "suivi-decision.csv", "text/csv",
                key=f"suivi_csv_{key}", icon=":material/download:", on_click="ignore",
            )  # fmt: skip


def tell_levels(found: Follow) -> pd.DataFrame:
    """The levels in French."""
    rows = []
    for row in found.levels.itertuples():
        label, unit, _ = SUIVIS[row.indicateur]
        value = {c: format_value(getattr(row, c), unit) for c in ("attendu", "bas", "haut", "rien", "observe")}
        between = "—" if is_missing(row.bas) else f"{value['bas']} à {value['haut']}"
        rows.append((label, value["attendu"], between, value["rien"], value["observe"], format_gap(row.ecart, unit),
                     row.reponse, row.raison))  # fmt: skip
    columns = ["Indicateur", "Attendu", "8 fois sur 10", "Sans rien faire", "Observé", "Écart", "Effet présent",
               "Remarque"]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns)
    return table if table["Remarque"].any() else table.drop(columns="Remarque")


def bars_of(found: Follow, key: str) -> pd.DataFrame:
    """Bars of a bridge that move: effet (French), montant."""
    bridge = found.bridges[key]
    amounts = bridge.by().set_index("effet")["montant"]
    order = {effect: rank for rank, effect in enumerate(EFFETS)}
    amounts = amounts.sort_index(key=lambda names: names.map(lambda n: order.get(n, len(order))))
    amounts = amounts[amounts.abs() > ROUNDING * max(abs(bridge.before), abs(bridge.after))]
    return pd.DataFrame({"effet": [EFFETS.get(e, e) for e in amounts.index], "montant": amounts.to_numpy()})


def _may_detail(view: View, found: Follow) -> bool:
    """Whether the bridge may be shown: in « partage » mode, when each segment covers nobody or enough people."""
    heads = found.segments[["effectif_attendu", "effectif_observe"]]
    return not view.shared or bool(((heads >= K) | (heads == 0)).all(axis=None))


def _say_first(found: Follow) -> str:
    """The effect that weighs most in the first bridge; "" when there is none."""
    key = next((k for k in ORDER if k in found.bridges), None)
    bars = bars_of(found, key) if key else pd.DataFrame()
    if bars.empty:
        return ""
    row = bars.loc[bars["montant"].abs().idxmax()]
    name = row["effet"][:1].lower() + row["effet"][1:]
    return f" Premier effet : {name} ({format_gap(row['montant'], SUIVIS[key][1])})."


def _show_bridge(view: View, kept: Kept, found: Follow) -> None:
    names = {SUIVIS[k][0]: k for k in SUIVIS if k in found.bridges}
    if not names:
        return
    if not _may_detail(view, found):
        st.caption(f":material/shield_lock: {SECRET_BRIDGE}")
        return
    chosen = st.segmented_control(
        "De l’attendu à l’observé", list(names), default=next(iter(names)), required=True, key=f"suivi_{kept.key}"
    )
    key = names.get(chosen, next(iter(names.values())))
    picture = cached("follow_picture", view.key, lambda: _picture(view, found, key), decision=kept.key, k=key)
    figure.show(picture, key=f"suivi_pont_{kept.key}", is_demo=view.dataset.is_demo)
    total = format_gap(found.bridges[key].total, SUIVIS[key][1])
    st.caption(f"La somme des barres est exactement l’écart entre l’observé et l’attendu : {total}.")


def _picture(view: View, found: Follow, key: str) -> Picture:
    label, unit, _ = SUIVIS[key]
    period = format_period(found.months[0], found.months[-1])
    return chart_waterfall(
        bars_of(found, key), start=found.bridges[key].before, start_label="Attendu",
        end_label="Observé", title=f"{label}, {period} : de l’attendu à l’observé", unit=unit,
        is_demo=view.dataset.is_demo,
    )  # fmt: skip


def _tell_segments(view: View, engagement: Engagement, found: Follow) -> pd.DataFrame:
    dataset, table = view.dataset, found.segments
    keys = [d for d in engagement.dimensions if d in table.columns]
    shown = {dataset.label(d): [dataset.value_label(d, v) for v in table[d]] for d in keys}
    shown["Hausse décidée"] = table["hausse"].map(lambda v: format_percent(v, signed=True))
    shown["Hausse observée"] = table["hausse_observee"].map(lambda v: format_percent(v, signed=True))
    shown["Assurés attendus"], shown["Assurés observés"] = table["effectif_attendu"], table["effectif_observe"]
    return pd.DataFrame(shown).assign(**{c: shown[c].round() for c in ("Assurés attendus", "Assurés observés")})
