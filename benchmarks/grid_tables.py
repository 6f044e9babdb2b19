"""Tables of the grid's time and of the comparison with the plain loop."""

from __future__ import annotations

from benchmarks.check import Checked
from benchmarks.grid import GridTimes
from benchmarks.machine import Machine
from harness.components import Cell
from harness.components.entries import Count, Entry, Missing, Number, Text
from harness.components.table import Column, Row, Table


def duration(seconds: float) -> Text:
    """Return a time as people say it.

    >>> duration(12.34).value, duration(754).value, duration(30_000).value
    ('12.3 s', '12.6 min', '8.3 h')
    """
    if seconds < 120:
        return Text(f"{seconds:.1f} s")
    return Text(f"{seconds / 60:.1f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h")


def times_table(found: GridTimes, machine: Machine) -> Table:
    """Return the grid's time, as run and as extrapolated, beside that of the plain loop."""
    factor = found.all_cells / found.cells
    per_step = 1e6 * found.seconds / max(found.network_steps, 1)
    whole = factor > 1

    def row(what: str, run: Entry, all_of_it: Entry) -> Row:
        return Row((Text(what), run, all_of_it if whole else Missing()))

    def numbers(what: str, value: float) -> Row:
        return row(what, Number(value), Number(value * factor))

    return Table(
        "grid",
        f"Time of {found.suite}: {found.solver} solver, {found.workers} workers, at most {found.steps} steps",
        "The cells of the middle column were run through the harness into a temporary directory; the last column is "
        "extrapolated by the number of cells. Start-up: until the workers were there. Plain loop: the steps that were "
        "taken times its time of a step in each of the cells, in as many processes as there are workers. "
        f"{found.device}. {machine}.",
        (Column("what"), Column("as run", "right"), Column("whole grid", "right")),
        (
            numbers("cells", found.cells),
            numbers("networks", found.networks),
            numbers("of which fit", found.fits),
            numbers("network-steps", found.network_steps),
            row("start-up", duration(found.start_up), duration(found.start_up)),
            row("wall time with start-up", duration(found.start_up + found.seconds), duration(found.whole)),
            row("µs of a network-step, all workers", Number(per_step, width=False), Missing()),
            row("plain loop, wall time", duration(found.loop), duration(found.loop_whole)),
            row(
                "plain loop, µs of a network-step, one worker",
                Number(found.loop_microseconds, width=False),
                Missing(),
            ),
            row(
                "times faster, without start-up",
                Text(f"{found.loop / found.seconds:.0f}×"),
                Text(f"{found.loop / found.seconds:.0f}×"),
            ),
        ),
    )


def check_tables(found: Checked, machine: Machine) -> list[Table]:
    """Return the cells compared with the plain loop, and the networks on which they disagree, if there are any."""
    trials, same = sum(each.trials for each in found.cells), sum(each.same for each in found.cells)
    cells = [
        Row(
            (
                _size(each.cell),
                Count(each.fits, each.trials),
                Count(each.loop_fits, each.trials),
                Count(each.same, each.trials),
                Count(each.same_step, min(each.fits, each.loop_fits)),
            )
        )
        for each in found.cells
    ]
    tables = [
        Table(
            "check",
            f"Verdicts equal to the plain loop's: {same} of {trials}, in {len(cells)} cells drawn at random",
            "The same problems, initial weights, step sizes, precision and budget. same step: of the networks that "
            f"both fit, those whose first hit is at the very same step. {machine}.",
            (
                Column("n, d, k"),
                Column("engine fits", "right"),
                Column("loop fits", "right"),
                Column("same verdict", "right"),
                Column("same step", "right"),
            ),
            tuple(cells),
        )
    ]
    if found.differences:
        rows = [
            Row(
                (
                    _size(each.cell),
                    Number(each.seed),
                    Text(each.engine),
                    Number(each.engine_measure, width=False),
                    Text(each.loop),
                    Number(each.loop_measure, width=False),
                )
            )
            for each in found.differences
        ]
        tables.append(
            Table(
                "differences",
                "Networks with different verdicts",
                "The criterion's measure is that of the last step that each took.",
                (
                    Column("n, d, k"),
                    Column("seed", "right"),
                    Column("engine"),
                    Column("its measure", "right"),
                    Column("loop"),
                    Column("the loop's measure", "right"),
                ),
                tuple(rows),
            )
        )
    return tables


def _size(cell: Cell) -> Text:
    return Text(f"{cell.n}, {cell.d}, {cell.k}")
