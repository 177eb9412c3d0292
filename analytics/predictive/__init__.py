"""What comes next: forecasts, their backtest and their coherence."""

from analytics.predictive.forecast import Forecast, forecast
from analytics.predictive.reconciliation import reconcile

__all__ = ["Forecast", "forecast", "reconcile"]
