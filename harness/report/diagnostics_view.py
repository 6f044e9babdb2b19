"""The table of diagnostics: movement, spectrum and rate of the networks, and the diagnostics of the regimes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from harness.components import Cell, Mark
from harness.components.entries import Count, Entry, Number, Text
from harness.components.numbers import plain
from harness.components.reason import arrival
from harness.components.table import Column, Row, Table
from harness.report import setting
from harness.report.caption import problems_explained
from harness.report.provenance import provenance
from harness.report.questions import fit_explained

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from harness.components import Diagnostic, Outcome, Regime
    from harness.driver.question import Asked
    from harness.driver.results import Results

EXPECTED = (
    "expected step: of unfit trials that were still falling, the step at which they would meet the tolerance at their "
    "rate."
)

KEPT = {"first": "at the start", "last": "at the end", "min": "smallest on the way", "max": "largest on the way"}
"""Names of the recorded values of a diagnostic."""


def diagnostics_view(
    results: Results,
    *,
    tolerance: Asked = None,
    all_sizes: bool = False,
    regimes: Collection[str] | None = None,
) -> Table:
    """Return median and quartiles of every diagnostic at the width nearest to k½ of each regime.

    Args:
        results: Results of the run.
        tolerance: A tolerance or a mark that the run records, or None for the reported tolerance.
        all_sizes: Whether to show every n and d, not only the largest.
        regimes: Names of the regimes to show, or None for all.

    Returns:
        The table.
    """
    suite = results.suite
    asked = tolerance if isinstance(tolerance, Mark) else suite.budget.criterion(tolerance)[0]
    sizes = setting.sizes(suite) if all_sizes else setting.sizes(suite)[-1:]
    rows: list[Row] = []
    shown = [regime for regime in suite.regimes if regimes is None or regime.name in regimes]
    for regime in shown:
        for n, d in sizes:
            rows += _block(results, regime, n, d, asked)
    return Table(
        name="diagnostics",
        title=f"Networks near the threshold · {suite.title or suite.name}",
        caption=_caption(results, shown, asked, all_sizes=all_sizes),
        columns=(
            Column("regime", fold=True),
            Column("n", "right", fold=True),
            Column("d", "right", fold=True),
            Column("k", "right", fold=True),
            Column("fits", "right", fold=True),
            Column("quantity"),
            Column("lower quartile", "right"),
            Column("median", "right"),
            Column("upper quartile", "right"),
            Column("trials", "right", priority=1),
        ),
        rows=tuple(rows),
        provenance=provenance(results.provenance),
    )


def width_shown(results: Results, regime: Regime, n: int, d: int, tolerance: float | Mark) -> int | None:
    """Return the tried width nearest to k½ in the logarithm, or to its upper bound, or the widest without one."""
    tried = results.widths(regime.name, n, d)
    found = results.threshold(regime.name, n, d, tolerance)
    point = found.k_half or found.high
    if not tried or point is None:
        return max(tried, default=None)
    return min(tried, key=lambda k: (abs(math.log(k / point)), k))


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """Return lower quartile, median and upper quartile. If ∞ is among the values, quartiles are observed values.

    >>> quartiles([1.0, 2.0, 3.0]), quartiles([1.0, 2.0, float("inf"), float("inf")])
    ((1.5, 2.0, 2.5), (1.0, 2.0, inf))
    """
    method = "linear" if np.isfinite(values).all() else "inverted_cdf"
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75], method=method)  # type: ignore[call-overload]  # method is one of NumPy's names
    return float(low), float(middle), float(high)


def _block(results: Results, regime: Regime, n: int, d: int, asked: float | Mark) -> Iterator[Row]:
    k = width_shown(results, regime, n, d, asked)
    if k is None:
        return
    trials = [trial for trial in results.outcomes[Cell(regime.name, n, d, k)] if not trial.message]
    hits = [_hit(results, regime, trial, asked) for trial in trials]
    question = results.question(regime.name, asked, results.suite.budget.steps)
    fit = sum(question.verdict(trial) == "fit" for trial in trials)
    where: tuple[Entry, ...] = (
        Text(regime.name),
        Number(n),
        Number(d),
        Number(k or math.inf),
        Count(fit, len(trials)),
    )
    for quantity, values in _quantities(trials, hits, regime.diagnostics, asked):
        if values:
            spread = (Number(value, width=False) for value in quartiles(values))
            yield Row((*where, Text(quantity), *spread, Number(len(values))))


def _hit(results: Results, regime: Regime, trial: Outcome, asked: float | Mark) -> int | None:
    """Return the first step at which a trial met the tolerance or the mark, or None."""
    if isinstance(asked, Mark):
        return results.question(regime.name, asked).hit(trial)
    return trial.hits[results.rung(asked)]


def _quantities(
    trials: Sequence[Outcome], hits: Sequence[int | None], diagnostics: Sequence[Diagnostic], asked: float | Mark
) -> Iterator[tuple[str, list[float]]]:
    name = str(asked) if isinstance(asked, Mark) else plain(asked)
    yield f"steps to {name}", [math.inf if hit is None else float(hit) for hit in hits]
    if not isinstance(asked, Mark):  # a measure that falls says nothing of the step at which a mark is met
        falling = [trial for trial, hit in zip(trials, hits, strict=True) if trial.falling and hit is None]
        arrivals = [arrival(trial, asked) for trial in falling]
        yield "expected step, still falling", [step for step in arrivals if step is not None]
    yield "1 − rate", [1.0 - trial.rate for trial in trials if trial.rate is not None]
    yield "movement", [trial.movement for trial in trials if trial.movement is not None]
    yield "λ_min(J₀J₀ᵀ)", [trial.lambda_min for trial in trials if trial.lambda_min is not None]
    yield "λ_max(J₀J₀ᵀ)", [trial.lambda_max for trial in trials if trial.lambda_max is not None]
    for diagnostic in diagnostics:
        name = diagnostic.name
        values = [trial.diagnostics[name] for trial in trials if name in trial.diagnostics]
        yield f"{name}, {KEPT[diagnostic.summary]}", values


def _caption(results: Results, regimes: Sequence[Regime], asked: float | Mark, *, all_sizes: bool) -> str:
    suite = results.suite
    met = f"the {asked.measure}" if isinstance(asked, Mark) else "the tolerance"
    known = {diagnostic.name: diagnostic for regime in regimes for diagnostic in regime.diagnostics}
    said = [
        "Trials at the tried width nearest to k½ within the budget, at its upper bound where it has no other, or at "
        "the widest where it has none; those that ended in an error are left out, and so are numbers that make no "
        "sense for a trial.",
        f"steps: first step at which {met} was met, ∞ where it was not.",
        *([] if isinstance(asked, Mark) else [EXPECTED]),
        "rate: factor by which the measure falls at each step, fitted over the second half of the run.",
        "movement: ‖w − w₀‖/‖w₀‖ of the trained weights.",
        "J₀: Jacobian of the outputs in the trained weights at the start.",
        *(f"{name}: {setting.summary(type(diagnostic))}" for name, diagnostic in known.items()),
        fit_explained(results.question(suite.regimes[0].name, asked, suite.budget.steps)),
        setting.measures_explained(suite.regimes),
        problems_explained(results),
    ]
    if not all_sizes and len(setting.sizes(suite)) > 1:
        said.append("Shown for the largest n and d; other sizes with --all-sizes.")
    return " ".join(said)
