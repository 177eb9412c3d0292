"""Recent months brought to what they will cost once everything is paid."""

from analytics.completion.complete import complete
from analytics.completion.develop import Development, develop
from analytics.completion.mack import ChainLadder, chain_ladder
from analytics.completion.maturity import STATUTS, describe_maturity, develop_dataset, has_both_months, maturity
from analytics.completion.perimeter import number_payments
from analytics.completion.replay import Closing, Replay, known_at, look_back, replay, replay_months

__all__ = [
    "STATUTS",
    "ChainLadder",
    "Closing",
    "Development",
    "Replay",
    "chain_ladder",
    "complete",
    "describe_maturity",
    "develop",
    "develop_dataset",
    "has_both_months",
    "known_at",
    "look_back",
    "maturity",
    "number_payments",
    "replay",
    "replay_months",
]
