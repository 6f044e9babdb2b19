"""Progress of a run: a live display on a terminal, or a line at intervals elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from harness.driver.run import Run
    from harness.driver.threshold_search import ThresholdSearch

LINE_EVERY = 5.0
"""Seconds between two lines if there is no terminal."""

MOST_ROWS = 16
"""Largest number of thresholds shown at a time."""


@contextmanager
def progress(quiet: bool) -> Iterator[Callable[[Run], None] | None]:
    """Show the progress of a run on standard error.

    Yields:
        The function that the run calls after each batch, or None if nothing is shown.
    """
    console = Console(stderr=True)
    if quiet:
        yield None
    elif console.is_terminal:
        with _live(console) as listen:
            yield listen
    else:
        yield _Lines(console)


def rate(run: Run) -> float:
    """Return the number of trials trained per second so far."""
    return run.trained / max(time.monotonic() - run.started, 1e-9)


def left(run: Run) -> str:
    """Return the time left as text, or an empty string while it is not known.

    At the start it is the time that was foreseen. Later the rate of the trials so far counts as much as their share of
    all trials.
    """
    total = max(run.plan.expected() - run.plan.done + run.trained, 1)
    done = min(run.trained / total, 1.0)
    timed = run.trained > 0 and time.monotonic() - run.started >= 1.0
    measured = total * (1.0 - done) / rate(run) if timed else None
    foreseen = None if run.foreseen is None else run.foreseen * (1.0 - done)
    if measured is None:
        if foreseen is None:
            return ""
        seconds = foreseen
    else:
        seconds = measured if foreseen is None else done * measured + (1.0 - done) * foreseen
    if seconds < 90:
        return f"about {max(round(seconds), 1)} s left"
    return f"about {round(seconds / 60)} min left" if seconds < 5400 else f"about {seconds / 3600:.1f} h left"


def estimates(run: Run) -> list[tuple[ThresholdSearch, str]]:
    """Return the thresholds that are being measured, with their current estimates."""
    from harness.statistics.thresholds import threshold

    rows = []
    for search in run.plan.searches:
        if not search.setting.regime.model.has_width:
            fits, trials = search.counts().get(0, (0, 0))
            rows.append((search, f"∞: {fits}/{trials} fit" if trials else "…"))
            continue
        step = search.setting.regime.initializer.width_step
        counts, most = search.counts(), search.method.most_widths
        found = threshold(counts, most_widths=most, smallest=step, evidence=search.evidence())
        low, high = found.low or 0, "∞" if found.high is None else str(found.high)
        point = "…" if found.k_half is None else f"{found.k_half}"
        rows.append((search, f"{point} in ({low}, {high}]" if found.trials else "…"))
    return rows


class _Lines:
    """A display that prints a line every few seconds."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.last = 0.0

    def __call__(self, run: Run) -> None:
        """Print one line if it is time, or if the run is over."""
        now = time.monotonic()
        done, thresholds = len(run.plan.finished), len(run.plan.searches)
        over = done == thresholds
        if not over and now - self.last < LINE_EVERY:
            return
        self.last = now
        parts = [
            f"{run.plan.done} of about {run.plan.expected()} trials",
            f"{rate(run):.1f} a second" if run.trained else "",
            f"{done} of {thresholds} thresholds done",
            "" if over else left(run),
        ]
        self.console.print(Text(", ".join(part for part in parts if part)), soft_wrap=True)


@contextmanager
def _live(console: Console) -> Iterator[Callable[[Run], None]]:
    bar = Progress(
        TextColumn("trials"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}"),
        console=console,
        expand=True,
    )
    task = bar.add_task("trials", total=None, left="")
    with Live(bar, console=console, refresh_per_second=4, transient=True) as live:

        def listen(run: Run) -> None:
            speed = f"{rate(run):.1f}/s  " if run.trained else ""
            done = run.plan.done
            bar.update(task, completed=done, total=max(run.plan.expected(), done), left=speed + left(run))
            live.update(_display(bar, run))

        yield listen


def _display(bar: Progress, run: Run) -> RenderableType:
    rows = estimates(run)
    # Searches that go on come first, because their rows change.
    rows.sort(key=lambda row: row[0].over)
    grid = Table.grid(padding=(0, 2))
    for search, text in rows[:MOST_ROWS]:
        trials = sum(map(len, search.outcomes.values()))
        grid.add_row(
            Text("✓" if search.over else "·", style="green" if search.over else "cyan"),
            Text(search.setting.regime.name, overflow="ellipsis", no_wrap=True),
            Text(f"n={search.n} d={search.d}", no_wrap=True),
            Text(f"k½ {text}", no_wrap=True),
            Text(f"{trials} trials", style="dim", no_wrap=True),
        )
    more = len(rows) - MOST_ROWS
    return Group(bar, grid, Text(f"and {more} more", style="dim") if more > 0 else Text(""))
