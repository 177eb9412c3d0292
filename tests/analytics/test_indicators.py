import pytest

from analytics.errors import ParameterError
from analytics.indicators import INDICATORS, available_indicators, get_indicator, missing_measures
from analytics.schema import COTISATION_MEASURES, PRESTATION_MEASURES


def test_every_indicator_is_documented_and_uses_known_measures():
    known = {*COTISATION_MEASURES, *PRESTATION_MEASURES}
    for key, indicator in INDICATORS.items():
        assert indicator.key == key
        assert indicator.label
        assert indicator.definition.endswith((".", ")."))
        assert indicator.reference
        assert set(indicator.measures) <= known
        assert indicator.unit in {"EUR", "EUR/unite", "taux", "nombre"}


def test_public_keys_are_there():
    public = {
        "cotisation", "prestation", "ratio_pc", "consommation", "frequence", "cout_moyen", "reste_a_charge_moyen",
        "taux_couverture", "resultat_technique",
    }  # fmt: skip
    assert public <= set(INDICATORS)


def test_what_a_dataset_can_compute(small):
    keys = {i.key for i in available_indicators(small)}
    assert "ratio_pc" in keys
    assert "resultat_technique" in keys  # management costs are subtracted only when known
    assert "taux_frais_gestion" not in keys
    assert missing_measures(get_indicator("taux_frais_gestion"), small) == ("frais_gestion",)


def test_unknown_key(small):
    with pytest.raises(ParameterError, match="Indicateur inconnu"):
        get_indicator("marge", small)
