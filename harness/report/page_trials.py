"""The trials of a page: counts of every cell for all readers, and every trial in columns for the script."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, get_args

from harness.components import Cell, Verdict
from harness.components.numbers import clean
from harness.report.questions import fit_in_brief

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.components import Outcome
    from harness.driver.question import Question
    from harness.driver.results import Results

VERDICTS: tuple[Verdict, ...] = get_args(Verdict)


def trial_counts(results: Results) -> Iterator[dict[str, Any]]:
    """Return each (regime, n, d) with a line for each width, and the command that trains a trial again."""
    for regime, n, d, cells in _places(results):
        question = results.question(regime)
        yield {
            "regime": clean(regime),
            "n": n,
            "d": d,
            "asked": fit_in_brief(results, [results.regime(regime)]),
            "trials": sum(len(trials) for _, trials in cells),
            "command": next((clean(results.repeat(cell, trials[0])) for cell, trials in cells if trials), ""),
            "cells": [_counted(cell, trials, question) for cell, trials in cells],
        }


def trial_columns(results: Results) -> dict[str, Any]:
    """Return every trial of a run in the order of :func:`trial_counts`, for the script of a page.

    ``cells`` has for each place and width a list. Its first entry has a digit for each trial: the index of its verdict
    in ``verdicts``. The second has the first steps at which trials met the reported tolerance, with null for those that
    never did. The third has the last measures with three digits, separated by spaces. A fourth has the numbers of the
    trials if they do not count from 0.
    """
    index = results.rung()
    return {
        "verdicts": VERDICTS,
        "cells": [
            [_columns(trials, results.question(regime), index) for _, trials in cells]
            for regime, _, _, cells in _places(results)
        ],
    }


def _places(results: Results) -> Iterator[tuple[str, int, int, list[tuple[Cell, Sequence[Outcome]]]]]:
    for regime in results.suite.regimes:
        for n, d in results.sizes():
            if tried := results.by_width(regime.name, n, d):
                yield regime.name, n, d, [(Cell(regime.name, n, d, k), trials) for k, trials in tried.items()]


def _counted(cell: Cell, trials: Sequence[Outcome], question: Question) -> str:
    verdicts = Counter(map(question.verdict, trials))
    rest = {"open": verdicts["open"], "diverged": verdicts["diverged"], "failed": verdicts["error"]}
    further = ", ".join(f"{count} {word}" for word, count in rest.items() if count)
    said = f"k = {cell.k or '∞'}: {verdicts['fit']} of {len(trials) - verdicts['error']} fit"
    return f"{said} ({further})" if further else said


def _columns(trials: Sequence[Outcome], question: Question, index: int) -> list[Any]:
    numbers = [trial.seed for trial in trials]
    return [
        "".join(str(VERDICTS.index(question.verdict(trial))) for trial in trials),
        [None if trial.message else trial.hits[index] for trial in trials],
        " ".join("–" if trial.message else f"{trial.measure:.3g}" for trial in trials),
        *([] if numbers == list(range(len(trials))) else [numbers]),
    ]
