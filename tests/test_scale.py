"""The model of large runs: closed forms."""

from __future__ import annotations

import pytest

from benchmarks.scale import Measured, forecast, saturation

ONE = Measured(
    trials=1000,
    batches=10,
    seconds=0.2,
    file_bytes=500_000,
    sent_bytes=900,
    received_bytes=450,
    read_seconds=0.1,
    peak_bytes=1,
)


def test_the_slower_of_workers_and_driver_decides() -> None:
    assert ONE.driver_seconds == pytest.approx(2e-4)
    assert saturation(ONE, 1.0) == pytest.approx(5000)
    below = forecast(ONE, 1e6, workers=1000, training_seconds=1.0)
    assert below.bound_by == "workers"
    assert below.wall_seconds == pytest.approx(1000)
    above = forecast(ONE, 1e6, workers=20_000, training_seconds=1.0)
    assert above.bound_by == "driver"
    assert above.wall_seconds == pytest.approx(200)
    assert above.file_bytes == pytest.approx(5e8)
