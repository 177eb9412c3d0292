"""Forecasting models: each takes a sample and a horizon and returns a prediction."""
