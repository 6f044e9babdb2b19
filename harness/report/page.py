"""The page ``report.html``: one file that loads nothing, with tables, figures, trials of each cell, and provenance."""

from __future__ import annotations

import base64
import hashlib
import math
import statistics
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from harness import __version__
from harness.components.numbers import clean, decimal, plain
from harness.report.ablations_view import ablations_view
from harness.report.compact_view import compact_view
from harness.report.comparison_view import comparison_view
from harness.report.explorer import explorer_data
from harness.report.exponents_view import exponents_view, has_exponents
from harness.report.fates_view import fates_view
from harness.report.figures.catalogue import catalogue
from harness.report.figures.layout import for_a_phone
from harness.report.figures.record import LeftOut
from harness.report.figures.style import svg
from harness.report.headline import headline
from harness.report.html import environment, fragment, typeset
from harness.report.inline_svg import inline, with_shared_styles
from harness.report.packing import packed
from harness.report.page_trials import trial_columns, trial_counts
from harness.report.provenance import provenance
from harness.report.questions import question_explained
from harness.report.sensitivity_view import sensitivity_view
from harness.report.summary import summary_views

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from harness.components import Cell, Outcome
    from harness.components.table import Table
    from harness.driver.results import Results
    from harness.report.figures.record import Drawing
    from harness.report.summary import Predictions
    from harness.suite import Suite

MOST_BYTES = 1_900_000
"""Largest size of a page. The largest figures are left out of one that would be larger."""

FIRST = ("replication", "thresholds", "theories")
"""Names of tables that are open."""

HEROES = ("scaling-", "phase-", "transitions")
"""Beginnings of the names of figures that may come first."""

SCRIPTS = ("page.js", "data.js", "explorer.js", "trials.js")
TOO_LARGE = "the page would be too large; harness report --figures writes it to a file"


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
    script = "".join(env.loader.get_source(env, name)[0] for name in SCRIPTS)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    figures = catalogue(results, predictions)
    hero = next((one for one in figures.drawings if one.name.startswith(HEROES)), None)
    drawings = [drawing for drawing in figures.drawings if drawing is not hero]
    heroes = [] if hero is None else [_svg(hero, "h"), _for_a_phone(hero, "p")]
    svgs, styles = with_shared_styles([*heroes, *(_svg(one, f"g{i}") for i, one in enumerate(drawings))])
    definitions = _definitions(results)
    drawn = [_figure(one, element, definitions) for one, element in zip(drawings, svgs[len(heroes) :], strict=True)]
    parts = {
        "styles": Markup(styles),
        "headline": typeset(clean(" ".join(headline(results, predictions)))),
        "hero": None if hero is None else {**_figure(hero, svgs[0], definitions), "narrow": Markup(svgs[1])},
        "short": Markup(fragment(_untitled(compact_view(results), suite))),
        "data": packed({"places": explorer_data(results, predictions), **trial_columns(results)}),
        "title": clean(suite.title or suite.name),
        "description": clean(suite.description),
        "facts": _facts(results),
        "missing": results.missing,
        "regimes": [clean(regime.name) for regime in suite.regimes],
        "tables": list(_tables(results, predictions)),
        "defined": typeset(clean(question_explained(results))),
        "tolerance": plain(suite.budget.report_tolerance),
        "places": list(trial_counts(results)),
        "provenance": _provenance(results),
        "errors": list(_errors(results)),
        "suite_text": "\n".join(clean(line) if not line.isspace() else "" for line in suite.text.splitlines()),
        "version": __version__,
        "script": Markup(script),
        "script_hash": f"sha256-{digest}",
    }
    template = env.get_template("page.html")
    text = template.render(figures=drawn, left_out=figures.left_out, **parts)
    kept = _fitting(drawn, len(text.encode()) - MOST_BYTES)
    if len(kept) == len(drawn):
        return text
    large = [LeftOut(one["name"], TOO_LARGE) for one in drawn if one not in kept]
    return template.render(figures=kept, left_out=[*figures.left_out, *large], **parts)


def _fitting(figures: list[dict[str, Any]], over: int) -> list[dict[str, Any]]:
    """Return the figures without the largest, so that at least ``over`` bytes are left out."""
    kept = list(figures)
    while over > 0 and kept:
        largest = max(kept, key=lambda figure: len(figure["svg"]))
        kept.remove(largest)
        over -= len(largest["svg"].encode())
    return kept


def _tables(results: Results, predictions: Predictions) -> Iterator[dict[str, Any]]:
    """Return all tables of a run that have rows, of which those that are looked up are folded."""
    several = len(results.suite.regimes) > 1
    fates = any(results.decides_fates(regime.name) for regime in results.suite.regimes)
    tables = [
        *summary_views(results, predictions),
        *([exponents_view(results)] if has_exponents(results) else []),
        *([ablations_view(results), comparison_view(results)] if several else []),
        *([fates_view(results)] if fates else []),
        sensitivity_view(results),
    ]
    for table in tables:
        if table.rows:
            named = _untitled(table, results.suite)
            yield {
                "title": typeset(clean(named.title)),
                "rows": len(table.rows),
                "folded": table.name not in FIRST,
                "fragment": Markup(fragment(named)),
            }


def _untitled(table: Table, suite: Suite) -> Table:
    """Return a table without the title of the suite in its own, which is that of the page."""
    return replace(table, title=table.title.removesuffix(f" · {suite.title or suite.name}"))


def _definitions(results: Results) -> list[str]:
    """Return the sentences that define a fit in captions of figures: of all regimes, and of each."""
    regimes = results.suite.regimes
    return [question_explained(results), *(question_explained(results, regimes=[regime]) for regime in regimes)]


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


def _figure(drawing: Drawing, element: str, defined: Iterable[str] = ()) -> dict[str, Any]:
    """Return what the template shows of a figure.

    Args:
        drawing: The figure.
        element: Its SVG.
        defined: Sentences to leave out of its caption, as they are printed above all figures.
    """
    caption = drawing.caption
    for sentences in defined:
        caption = caption.replace(sentences, "")
    return {
        "name": drawing.name,
        "title": typeset(clean(drawing.title)),
        "caption": typeset(clean(caption.strip())),
        "regime": clean(drawing.regime),
        "svg": Markup(element),
    }


def _svg(drawing: Drawing, prefix: str) -> str:
    return inline(svg(drawing.draw()), prefix, clean(drawing.title))


def _for_a_phone(drawing: Drawing, prefix: str) -> str:
    """Return a figure once more, drawn so that its type can be read where it is 360 pixels wide."""
    with for_a_phone():
        return _svg(drawing, prefix)


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
