"""What a forecast costs, alone in a process: a hundred series with eight past origins, one series, the memory."""

from __future__ import annotations

import time

from analytics.predictive import forecast
from benchmarks.children import peak_ram
from benchmarks.forecast_data import read_m3
from benchmarks.report import print_json

HORIZON, ORIGINS = 12, 8


def seconds_of(frame, **options: object) -> tuple[float, float]:
    """Wall and processor seconds of one forecast."""
    wall, spent = time.perf_counter(), time.process_time()
    forecast(frame, horizon=HORIZON, calendar=None, prophet=False, n_origins=ORIGINS, **options)
    return time.perf_counter() - wall, time.process_time() - spent


def main() -> None:
    """Print the line of JSON: seconds by mode, and the most memory held (MiB)."""
    (window,) = read_m3(sample=True)
    one = window.train[window.train["serie"] == window.train["serie"].iloc[0]]
    seconds_of(one)  # imports and caches
    figures = {}
    for name, frame, mode in (
        ("une", one, "sm4"),
        ("cent", window.train, "sm4"),
        ("cent_rapide", window.train, "core4"),
    ):
        figures[f"{name}_s"], figures[f"{name}_cpu"] = seconds_of(frame, mode=mode)
    print_json("cout", {**figures, "ram": peak_ram()})


if __name__ == "__main__":
    main()
