"""The redressement: the increase that closed formulas give, by category and together, and the formula by hand."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analytics.french import format_euros, format_percent
from analytics.prescriptive import IDLE, redressement, redressement_table
from pages.components import figure
from pages.components.cache import cached
from pages.components.lab import Lab
from pages.components.messages import told_in_french
from pages.components.rates import rate_input
from pages.components.sidebar import View

DIMENSIONS = ("contrat", "formule", "tranche_age")
FILE, NET = "base du fichier", "nette de frais de gestion"


def show_redressement(view: View, lab: Lab) -> None:
    """Table by category and together, then the formula on typed figures; folded."""
    with figure.folded(
        "Le redressement par formule, catégorie par catégorie", icon=":material/calculate:", key="redressement"
    ) as is_open:
        if not is_open:
            return
        with told_in_french():
            known = [d for d in DIMENSIONS if d in lab.portfolio.table.columns]
            columns = st.columns(4)
            by = None
            with columns[0]:
                if known:
                    by = st.selectbox(
                        "Catégories", known, key="rd_par", bind="query-params", format_func=view.dataset.label
                    )  # fmt: skip
            with columns[1]:
                base = st.selectbox(
                    "Cotisations", (FILE, NET), key="rd_base", bind="query-params",
                    help="Nette de frais : ce qui reste de la cotisation pour payer les prestations ; sa cible "
                    "d’équilibre est 100 %.",
                )  # fmt: skip
            with columns[2]:
                cover = rate_input("Effet des garanties", "0 %", key="rd_garanties", bounds=(-0.9, 1.0))
            with columns[3]:
                default = format_percent(lab.targets[0].seuil) if base == FILE else "100 %"
                suffix = "f" if base == FILE else "n"
                aim = rate_input("Cible de S/P", default, key=f"rd_cible_{suffix}", bounds=(0.1, 2.0))
            table = cached(
                "redressement", view.key, lambda: table_of(view, lab, by, base == NET, cover, aim),
                rien=lab.names[IDLE], par=by, base=base, garanties=cover, cible=aim,
            )  # fmt: skip
            figure.show_table(told_redressement(table))
            st.caption(
                f"Cotisations : {base} ({view.dataset.base or 'non précisée'}). Redressement = S/P × (1 + dérive) "
                "× (1 + garanties) / cible − 1, sans départs. Solidarité : ce que la catégorie paie en plus, ou en "
                "moins, quand toutes ont la hausse d’ensemble."
            )
            _show_by_hand()


def table_of(view: View, lab: Lab, by: str | None, is_net: bool, cover: float, aim: float) -> pd.DataFrame:
    """The redressement of each category at the central drift of its own segments."""
    idle = lab.outcomes[IDLE].table.set_index("segment")
    table = lab.portfolio.table.set_index("segment")
    heads = table["beneficiaires"]
    premium = table["cotisation"] * heads * (1.0 - table["chargement"] if is_net else 1.0)
    after = idle["prestation"] / idle["effectif"].where(idle["effectif"] > 0)
    claims = table["prestation"] * heads
    projected = (after * heads).reindex(table.index).fillna(0.0)
    groups = pd.Series("Tous", index=table.index)
    if by is not None:
        groups = table[by].map(lambda v: view.dataset.value_label(by, "non renseigné" if pd.isna(v) else str(v)))
    sums = pd.DataFrame({"prestation": claims, "cotisation": premium, "projete": projected}).groupby(
        groups.rename("categorie"), observed=True
    ).sum().reset_index()  # fmt: skip
    kept = sums[sums["prestation"] > 0]
    drift = dict(zip(kept["categorie"], kept["projete"] / kept["prestation"] - 1.0, strict=True))
    return redressement_table(kept, derive=drift, garanties=cover, cible=aim)


def told_redressement(table: pd.DataFrame) -> pd.DataFrame:
    """The table under French heads."""
    return pd.DataFrame(
        {
            "Catégorie": table["categorie"],
            "Prestations": table["charge"].map(format_euros),
            "Cotisations": table["cotisation"].map(format_euros),
            "S/P": table["sp"].map(lambda v: format_percent(v, 2)),
            "Dérive": table["derive"].map(lambda v: format_percent(v, 2, signed=True)),
            "Redressement": table["redressement"].map(lambda v: format_percent(v, 2, signed=True)),
            "S/P projeté": table["sp_projete"].map(lambda v: format_percent(v, 2)),
            "Solidarité": table["solidarite"].map(lambda v: format_euros(v, signed=True)),
        }
    )


def _show_by_hand() -> None:
    """The formula on four typed rates."""
    st.markdown("**À la main**")
    columns = st.columns(4)
    asked = (("S/P", "100 %", "rd_sp", (0.01, 5.0)), ("Dérive", "0 %", "rd_d", (-0.9, 5.0)),
             ("Garanties", "0 %", "rd_g", (-0.9, 5.0)), ("Cible", "100 %", "rd_c", (0.01, 5.0)))  # fmt: skip
    values = []
    for column, (label, default, key, bounds) in zip(columns, asked, strict=True):
        with column:
            values.append(rate_input(label, default, key=key, bounds=bounds))
    ratio, drift, cover, aim = values
    rise = redressement(ratio, drift, cover, cible=aim)
    told = " × ".join(
        [format_percent(ratio, 2), f"(1 + {format_percent(drift, 2)})", f"(1 + {format_percent(cover, 2)})"]
    )
    st.markdown(f"{told} / {format_percent(aim, 2)} − 1 = **{format_percent(rise, 2, signed=True)}**")
