"""The tables of held-out error: each regime with its chosen step and cost, and every pair of regimes by seed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from harness.components import Cell
from harness.components.entries import Entry, Missing, Note, Number, Spread, Text
from harness.components.numbers import decimal
from harness.components.table import Column, Row, Table
from harness.report import setting
from harness.report.caption import problems_explained
from harness.report.provenance import provenance
from harness.statistics.difference import Difference, difference, holm, noise_floor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.components import Outcome, Regime
    from harness.driver.results import Results
    from harness.statistics.choice import Choice

MEASURE = "held-out-error"
TRAINING = "training-error"

NONE = (
    f"No regime of this suite records its held-out error: write held_out = 1000 in [problems], and "
    f'diagnostics = ["{TRAINING}", "{MEASURE}"] in the regimes.'
)

EDGES = {
    "smallest": Note("the smallest of the candidates: smaller steps may do better"),
    "largest": Note("the largest of the candidates: larger steps may do better"),
}

DIVERGED = "diverged: share of the tuning trials that diverged or failed."
TUNING = "tuning: steps of all tuning trials, over those of the trials shown."


def held_out_view(results: Results, *, all_sizes: bool = False) -> Table:
    """Return training and held-out error of every regime at every width, with its step and its cost.

    Args:
        results: Results of the run.
        all_sizes: Whether to show every n and d, not only the largest.
    """
    suite = results.suite
    rows = [
        _row(results, regime, cell)
        for n, d in _sizes(results, all_sizes=all_sizes)
        for regime in watched(results)
        for k in results.widths(regime.name, n, d)
        if (cell := Cell(regime.name, n, d, k))
    ]
    said = [
        "training, held-out: mean error over the trials that did not diverge, with Student's interval at 95 %; "
        f"{_unit(results)}.",
        "step: chosen by tune for this n, d and k on problems of its own, or the regime's own policy.",
        DIVERGED,
        "steps: mean number of steps of a trial.",
        TUNING,
        f"Step size: {setting.steps_explained(suite.regimes)}.",
        problems_explained(results),
        *_only_largest(results, all_sizes=all_sizes),
    ]
    return Table(
        name="held-out",
        title=f"Held-out error · {suite.title or suite.name}",
        caption=" ".join(said) if rows else NONE,
        columns=(
            Column("regime", fold=True),
            Column("n", "right", fold=True),
            Column("d", "right", fold=True),
            Column("k", "right"),
            Column("training", "right"),
            Column("held-out", "right"),
            Column("step", "right"),
            Column("diverged", "right", priority=2, legend=DIVERGED),
            Column("steps", "right"),
            Column("tuning", "right", priority=1, legend=TUNING),
            Column("trials", "right"),
        ),
        rows=tuple(rows),
        provenance=provenance(results.provenance),
    )


def held_out_pairs_view(results: Results, *, all_sizes: bool = False) -> Table:
    """Return every two regimes with their mean paired difference in held-out error at every width both have.

    Args:
        results: Results of the run.
        all_sizes: Whether to show every n and d, not only the largest.
    """
    pairs = list(_pairs(results, all_sizes=all_sizes))
    corrected = holm([pair.found.p_value for pair in pairs])
    rows = [
        Row(
            (
                Text(pair.first),
                Text(pair.second),
                Number(pair.n),
                Number(pair.d),
                Number(pair.k or math.inf),
                Spread(pair.found.mean, pair.found.low, pair.found.high),
                Number(pair.found.p_value, width=False),
                Number(p, width=False, style="strong" if p < 0.05 else ""),
                Missing("of shares of labels only") if math.isnan(pair.floor) else Number(pair.floor, width=False),
                Number(pair.found.pairs),
            )
        )
        for pair, p in zip(pairs, corrected, strict=True)
    ]
    independent = "each seed has held-out samples of its own" if results.suite.resample else "all seeds share them"
    said = [
        f"difference: mean over seeds of the held-out error of the regime less that of the other on the same problem, "
        f"{_unit(results)}, with Student's interval at 95 %.",
        "p: two-sided sign-flip test of no difference; Holm: corrected for all pairs of this table.",
        "noise: largest standard error that the finite number of held-out samples alone can cause, where "
        f"{independent} and no sample is drawn twice. Differences of this size say nothing.",
        problems_explained(results),
        *_only_largest(results, all_sizes=all_sizes),
    ]
    return Table(
        name="held-out-pairs",
        title=f"Regimes against each other on held-out samples · {results.suite.title or results.suite.name}",
        caption=" ".join(said) if rows else NONE,
        columns=(
            Column("regime", fold=True),
            Column("against", wrap=30),
            Column("n", "right", fold=True),
            Column("d", "right", fold=True),
            Column("k", "right"),
            Column("difference", "right"),
            Column("p", "right", priority=1),
            Column("Holm", "right"),
            Column("noise", "right"),
            Column("seeds", "right", priority=2),
        ),
        rows=tuple(rows),
        provenance=provenance(results.provenance),
    )


@dataclass(frozen=True)
class _Pair:
    first: str
    second: str
    n: int
    d: int
    k: int
    found: Difference
    floor: float


def watched(results: Results) -> list[Regime]:
    """Return the regimes that record their held-out error, of suites that have held-out samples."""
    if not results.suite.held_out:
        return []
    return [r for r in results.suite.regimes if any(diagnostic.name == MEASURE for diagnostic in r.diagnostics)]


def _sizes(results: Results, *, all_sizes: bool) -> tuple[tuple[int, int], ...]:
    sizes = setting.sizes(results.suite)
    return sizes if all_sizes else sizes[-1:]


def _only_largest(results: Results, *, all_sizes: bool) -> list[str]:
    several = not all_sizes and len(setting.sizes(results.suite)) > 1
    return ["Shown for the largest n and d; other sizes with --all-sizes."] if several else []


def _in_points(results: Results) -> bool:
    """Return whether labels are signs or classes, whose errors are shares; for unknown kinds, errors are looked at."""
    kind = results.suite.dataset.targets().kind
    if kind is not None:
        return kind in ("signs", "one-hot")
    errors = (o.diagnostics.get(MEASURE) for outcomes in results.outcomes.values() for o in outcomes)
    size = results.suite.held_out
    return all(abs(error * size - round(error * size)) < 1e-6 for error in errors if error is not None)


def _unit(results: Results) -> str:
    return "in percentage points" if _in_points(results) else "as ‖f − y‖/‖y‖"


def _row(results: Results, regime: Regime, cell: Cell) -> Row:
    trials = [trial for trial in results.outcomes[cell] if not trial.message]
    choice = results.choices.get(cell)
    factor = 100.0 if _in_points(results) else 1.0
    steps = [trial.steps for trial in trials]
    return Row(
        (
            Text(regime.name),
            Number(cell.n),
            Number(cell.d),
            Number(cell.k or math.inf),
            _mean(trials, TRAINING, factor),
            _mean(trials, MEASURE, factor),
            _step(regime, choice),
            Missing("not tuned") if choice is None else Number(choice.failed, width=False),
            Number(math.fsum(steps) / len(steps), width=False) if steps else Missing("no trial"),
            Missing("not tuned") if choice is None or not sum(steps) else Text(_share(choice, steps)),
            Number(len(trials)),
        )
    )


def _share(choice: Choice, steps: list[int]) -> str:
    return f"{decimal(choice.steps / sum(steps))}×"


def _step(regime: Regime, choice: Choice | None) -> Entry:
    if choice is None:
        return Text(setting.step(regime.optimizer))
    name = "η" if choice.option == "step_size" else "c"
    return Text(f"{name} = {decimal(choice.value)}", notes=(EDGES[choice.edge],) if choice.edge else ())


def _mean(trials: list[Outcome], name: str, factor: float) -> Entry:
    values = [factor * trial.diagnostics[name] for trial in trials if name in trial.diagnostics]
    if not values:
        return Missing("not recorded")
    found = difference(values)
    return Spread(found.mean, found.low, found.high)


def _pairs(results: Results, *, all_sizes: bool) -> Iterator[_Pair]:
    factor = 100.0 if _in_points(results) else 1.0
    for n, d in _sizes(results, all_sizes=all_sizes):
        for first, second in combinations(watched(results), 2):
            shared = set(results.widths(first.name, n, d)) & set(results.widths(second.name, n, d))
            for k in sorted(shared):
                one, two = (_errors(results, Cell(regime.name, n, d, k)) for regime in (first, second))
                seeds = sorted(one.keys() & two.keys())
                if seeds:
                    found = difference([factor * (one[seed] - two[seed]) for seed in seeds])
                    mine, its = (math.fsum(side[seed] for seed in seeds) / len(seeds) for side in (one, two))
                    samples = results.suite.held_out * (len(seeds) if results.suite.resample else 1)
                    floor = noise_floor(mine, its, samples) if _in_points(results) else math.nan
                    yield _Pair(first.name, second.name, n, d, k, found, factor * floor)


def _errors(results: Results, cell: Cell) -> dict[int, float]:
    return {o.seed: o.diagnostics[MEASURE] for o in results.outcomes[cell] if MEASURE in o.diagnostics}
