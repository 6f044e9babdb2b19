"""The page ``report.html``: one file that loads nothing, with tables, figures, trials of each cell, and provenance."""

from __future__ import annotations

import base64
import hashlib
import math
import statistics
from collections import Counter
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from harness import __version__
from harness.components import Cell
from harness.components.numbers import clean, decimal
from harness.report.compact_view import compact_view
from harness.report.explorer import explorer_data
from harness.report.exponents_view import exponents_view, has_exponents
from harness.report.figures.catalogue import catalogue
from harness.report.figures.layout import for_a_phone
from harness.report.figures.style import svg
from harness.report.headline import headline
from harness.report.html import environment, fragment
from harness.report.inline_svg import inline, with_shared_styles
from harness.report.provenance import provenance
from harness.report.sensitivity_view import sensitivity_view
from harness.report.summary import summary_views

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.components import Outcome
    from harness.driver.results import Results
    from harness.report.figures.record import Drawing
    from harness.report.summary import Predictions

MOST_TRIALS = 6000
"""Largest number of trials of a run that are listed one by one."""

FIRST = ("thresholds", "theories")
HEROES = ("scaling-", "phase-", "transitions")
"""Beginnings of the names of figures that may come first."""

LONG = 60
"""Number of rows from which a table is folded, other than the first two tables."""

MOST_IN_CELL = 40
"""Largest number of trials listed in one cell."""


def page(results: Results, predictions: Predictions) -> str:
    """Return a run as one HTML file.

    Args:
        results: Results of the run.
        predictions: Predictions of each (regime, n, d).

    Returns:
        HTML.
    """
    suite = results.suite
    env = environment()
    assert env.loader is not None  # environment() sets it
    script = "".join(env.loader.get_source(env, name)[0] for name in ("page.js", "explorer.js"))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    figures = catalogue(results, predictions)
    scaling = [exponents_view(results)] if has_exponents(results) else []
    tables = [*summary_views(results, predictions), *scaling, sensitivity_view(results)]
    listed = results.trial_count <= MOST_TRIALS
    hero = next((one for one in figures.drawings if one.name.startswith(HEROES)), None)
    drawings = [drawing for drawing in figures.drawings if drawing is not hero]
    heroes = [] if hero is None else [_svg(hero, "h"), _for_a_phone(hero, "p")]
    svgs, styles = with_shared_styles([*heroes, *(_svg(one, f"g{i}") for i, one in enumerate(drawings))])
    return env.get_template("page.html").render(
        styles=Markup(styles),
        headline=clean(" ".join(headline(results, predictions))),
        hero=None if hero is None else {**_figure(hero, svgs[0]), "narrow": Markup(svgs[1])},
        short=Markup(fragment(compact_view(results))),
        explore=Markup(explorer_data(results, predictions)),
        title=clean(suite.title or suite.name),
        description=clean(suite.description),
        facts=_facts(results),
        missing=results.missing,
        regimes=[clean(regime.name) for regime in suite.regimes],
        tables=[
            {
                "title": clean(table.title),
                "rows": len(table.rows),
                "folded": len(table.rows) > LONG and table.name not in FIRST,
                "fragment": Markup(fragment(table)),
            }
            for table in tables
            if table.rows
        ],
        figures=list(map(_figure, drawings, svgs[len(heroes) :])),
        left_out=figures.left_out,
        limit=_limit(results, listed=listed),
        places=list(_places(results, listed=listed)),
        provenance=_provenance(results),
        errors=list(_errors(results)),
        suite_text="\n".join(clean(line) if not line.isspace() else "" for line in suite.text.splitlines()),
        version=__version__,
        script=Markup(script),
        script_hash=f"sha256-{digest}",
    )


def _facts(results: Results) -> str:
    said = [
        f"Suite {clean(results.suite.name)}",
        f"{len(results.suite.regimes)} regime{'s' if len(results.suite.regimes) > 1 else ''}",
        f"{results.trial_count} trials",
        f"{duration(_seconds(results))} of training",
        clean(str(results.provenance.get("date", ""))),
    ]
    return " · ".join(filter(None, said))


def _seconds(results: Results) -> float:
    return math.fsum(trial.seconds for trials in results.outcomes.values() for trial in trials)


def duration(seconds: float) -> str:
    """Return a time as text.

    >>> duration(0.25), duration(75), duration(7300)
    ('0.25 s', '1 min 15 s', '2 h 1 min')
    """
    if seconds < 60:
        return f"{decimal(seconds)} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


# Figures within the page.


def _figure(drawing: Drawing, element: str) -> dict[str, Any]:
    return {
        "name": drawing.name,
        "title": clean(drawing.title),
        "caption": clean(drawing.caption),
        "regime": clean(drawing.regime),
        "svg": Markup(element),
    }


def _svg(drawing: Drawing, prefix: str) -> str:
    return inline(svg(drawing.draw()), prefix, clean(drawing.title))


def _for_a_phone(drawing: Drawing, prefix: str) -> str:
    """Return a figure once more, drawn so that its type can be read where it is 360 pixels wide."""
    with for_a_phone():
        return _svg(drawing, prefix)


# Trials.


HEADS = f"{'trial':>5} {'verdict':<8} {'step':>7} {'measure':>8}"
"""Heads of the columns of :func:`_line`."""


def _limit(results: Results, *, listed: bool) -> str:
    if listed:
        return f"Of a cell the first {MOST_IN_CELL} trials are listed."
    return (
        f"Trials are listed one by one up to {MOST_TRIALS} in a run; this one has {results.trial_count}, so that only "
        "counts are shown. All outcomes are in results.sqlite."
    )


def _places(results: Results, *, listed: bool) -> Iterator[dict[str, Any]]:
    for regime in results.suite.regimes:
        for n, d in results.sizes():
            widths = results.widths(regime.name, n, d)
            if widths:
                cells = [_cell(results, Cell(regime.name, n, d, k), listed=listed) for k in widths]
                yield {
                    "regime": clean(regime.name),
                    "n": n,
                    "d": d,
                    "trials": sum(len(results.outcomes[Cell(regime.name, n, d, k)]) for k in widths),
                    "cells": cells,
                }


def _cell(results: Results, cell: Cell, *, listed: bool) -> dict[str, Any]:
    trials = results.outcomes[cell]
    rung, asked = results.rung(), results.question(cell.regime, results.suite.budget.report_tolerance)
    verdicts = Counter(asked.verdict(trial) for trial in trials)
    bad = {"diverged": verdicts["diverged"], "failed": verdicts["error"]}
    rest = [f"{count} {word}" for word, count in bad.items() if count]
    shown = trials[:MOST_IN_CELL] if listed else ()
    return {
        "k": cell.k or "∞",
        "fit": verdicts["fit"],
        "judged": len(trials) - verdicts["error"],
        "rest": f" ({', '.join(rest)})" if rest else "",
        "command": clean(results.repeat(cell, trials[0])) if trials else "",
        "listing": "\n".join([HEADS, *(_line(trial, rung) for trial in shown)]) if shown else "",
        "unlisted": len(trials) - len(shown) if listed else 0,
    }


def _line(trial: Outcome, rung: int) -> str:
    hit = trial.hits[rung]
    step = "–" if hit is None else str(hit)
    measure = "–" if trial.message else f"{trial.measure:.3g}"
    return f"{trial.seed:>5} {trial.verdict(rung):<8} {step:>7} {measure:>8}"


# Where numbers come from.


def _provenance(results: Results) -> list[tuple[str, str]]:
    seconds = [trial.seconds for trials in results.outcomes.values() for trial in trials]
    devices = Counter(trial.device for trials in results.outcomes.values() for trial in trials if trial.device)
    found = {key.replace("_", " "): clean(value) for key, value in provenance(results.provenance).items()}
    found["trials"] = str(results.trial_count)
    found["duration"] = f"{duration(math.fsum(seconds))} of training in all"
    if seconds:
        found["duration"] += f", a trial's median {duration(statistics.median(seconds))}"
    if devices:
        found["trained on"] = ", ".join(f"{clean(name)}: {count}" for name, count in sorted(devices.items()))
    found["errors"] = str(len(results.errors()) or "none")
    return sorted(found.items())


def _errors(results: Results) -> Iterator[dict[str, str]]:
    """Return each error message once, with the first trial that ended with it."""
    by_message: dict[str, list[tuple[Cell, Outcome]]] = {}
    for cell, outcome in results.errors():
        by_message.setdefault(outcome.message, []).append((cell, outcome))
    for message, places in by_message.items():
        cell, outcome = places[0]
        more = f" and {len(places) - 1} more" if len(places) > 1 else ""
        place = f"{clean(cell.regime)}, n = {cell.n}, d = {cell.d}, k = {cell.k}, trial {outcome.seed}{more}"
        yield {"places": place, "message": clean(message), "command": clean(results.repeat(cell, outcome))}
