"""Tables of exponents and of memory."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.machine import Machine
from benchmarks.memory import SIZE, Memory
from benchmarks.power_law import Fit
from benchmarks.scaling import Axis
from harness.components.entries import Number, Text
from harness.components.table import Column, Row, Table


def _fit(found: Fit) -> Text:
    return Text(f"{found.exponent:.2f} ± {found.error:.2f}".replace("-", "−"))


def exponents_table(axes: Sequence[Axis], dtype: str, device: str, repetitions: int, machine: Machine) -> Table:
    """Return the fitted exponent of each axis."""
    rows = [
        Row(
            (
                Text(axis.name),
                Text(f"{axis.sizes[0]} … {axis.sizes[-1]}"),
                Text(axis.fixed),
                Text(f"{1e3 * axis.seconds[0]:.3g} … {1e3 * axis.seconds[-1]:.3g}"),
                _fit(axis.exponent),
                _fit(axis.upper),
            )
        )
        for axis in axes
    ]
    return Table(
        "scaling",
        "How the time grows",
        "Exponent of time in each size, the others fixed: least squares of log time on log size over "
        f"{len(axes[0].sizes)} sizes, ± its standard error, over both decades and over the upper one, where constants "
        f"weigh less. Median of {repetitions} repetitions in which all sizes take turns; one thread, {dtype}, "
        f"{device}, softplus, full-batch gradient descent with a given step size; cells: of a whole run with its "
        "database; set-up: drawing one trial and the stable step from its kernel's largest eigenvalue. "
        f"{machine}.",
        (
            Column("size"),
            Column("from … to"),
            Column("fixed", wrap=30),
            Column("ms", "right"),
            Column("exponent", "right"),
            Column("upper decade", "right"),
        ),
        tuple(rows),
    )


def memory_table(found: Sequence[Memory], machine: Machine) -> Table:
    """Return the peak memory against the number of trials."""
    rows = [
        Row(
            (
                Text(each.solver),
                Number(each.trials),
                Number(each.idle),
                Number(each.peak),
                Number(each.peak - each.idle),
                Number(each.unbounded),
            )
        )
        for each in found
    ]
    n, d, k = SIZE
    return Table(
        "memory",
        "Peak memory does not grow with the run",
        f"One cell of so many trials at n = {n}, d = {d}, k = {k}, with the stable step, driver and one worker "
        "together, started anew. idle: of a run of one trial. all at once: what inputs and initial kernels "
        f"of all trials would take if they were held together. MiB. {machine}.",
        (
            Column("solver"),
            Column("trials", "right"),
            Column("idle", "right"),
            Column("peak", "right"),
            Column("of the run", "right"),
            Column("all at once", "right"),
        ),
        tuple(rows),
    )
