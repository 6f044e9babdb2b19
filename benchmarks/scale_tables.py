"""Tables of what one driver can take."""

from __future__ import annotations

from benchmarks.machine import Machine
from benchmarks.scale import Measured, forecasts, saturation
from harness.components.entries import Number, Text
from harness.components.table import Column, Row, Table


def measured_table(found: list[Measured], machine: Machine) -> Table:
    """Return what runs of instant trials cost the driver."""
    columns = ("trials", "batches", "s", "µs/outcome", "B/outcome", "read s", "MB", "B/batch out", "B/outcome back")
    rows = [
        (
            m.trials,
            m.batches,
            round(m.seconds, 1),
            round(1e6 * m.driver_seconds),
            round(m.file_bytes / m.trials),
            round(m.read_seconds, 1),
            round(m.peak_bytes / 1e6),
            m.sent_bytes,
            m.received_bytes,
        )
        for m in found
    ]
    return Table(
        name="scale",
        title="What trials that take no time cost the driver",
        caption="Written by the real driver into a real file, a transaction a batch; read: by a report, all of it; MB: "
        f"most memory held. {machine}.",
        columns=tuple(Column(name, "right") for name in columns),
        rows=tuple(Row(tuple(Number(value) for value in row)) for row in rows),
    )


def forecast_table(measured: Measured) -> Table:
    """Return the model's forecasts from one measurement."""
    rows = [
        (
            Number(f.trials),
            Number(f.workers),
            Number(f.training_seconds),
            Number(round(f.wall_seconds / 3600, 2)),
            Number(round(f.file_bytes / 1e9, 1)),
            Text(f.bound_by),
            Number(round(saturation(measured, f.training_seconds))),
        )
        for f in forecasts(measured)
    ]
    return Table(
        name="forecast",
        title="Runs on clusters, by the model",
        caption="wall: the slower of workers, trials · s per trial / workers, and driver, trials · µs per outcome; "
        "saturates: workers from which the driver is the slower one.",
        columns=tuple(
            Column(name, "right") for name in ("trials", "workers", "s/trial", "wall h", "GB", "bound by", "saturates")
        ),
        rows=tuple(Row(row) for row in rows),
    )
