"""The sample of stored trials that is trained again. Half of it comes from cells where verdicts flip most easily."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.components import Cell, Outcome
from harness.driver.results import Results
from harness.engine.draws import stream

Stratum = Literal["mixed", "decided"]
"""Part of a run: cells where some trials fit and some do not, or cells where all end alike."""


@dataclass(frozen=True)
class Pick:
    """A stored trial that is trained again."""

    cell: Cell
    part: Stratum
    stored: Outcome


def parts(results: Results, rung: int) -> dict[Stratum, list[Pick]]:
    """Return the trials of a run by part, without trials that ended in an error and have no verdict.

    Args:
        results: The run.
        rung: Index of the tolerance of the verdicts.

    Returns:
        Trials by part.
    """
    found: dict[Stratum, list[Pick]] = {"mixed": [], "decided": []}
    for cell, outcomes in sorted(results.outcomes.items()):
        judged = [outcome for outcome in outcomes if not outcome.message]
        fits = sum(outcome.verdict(rung) == "fit" for outcome in judged)
        part: Stratum = "mixed" if 0 < fits < len(judged) else "decided"
        found[part] += [Pick(cell, part, outcome) for outcome in judged]
    return found


def sample(found: dict[Stratum, list[Pick]], trials: int, seed: int) -> list[Pick]:
    """Draw trials without replacement, at least half of them from mixed cells as far as there are any.

    Equal seeds draw equal samples.

    Args:
        found: Trials by part.
        trials: Size of the sample.
        seed: Seed of the sample.

    Returns:
        Trials of the sample, those of mixed cells first.

    >>> def trials(part):
    ...     return [Pick(Cell("r", 9, 3, 2), part, Outcome(seed, (), 0, 0.0)) for seed in range(9)]
    >>> [pick.part for pick in sample({"mixed": trials("mixed"), "decided": trials("decided")}, 3, seed=0)]
    ['mixed', 'mixed', 'decided']
    """
    rng = stream({"for": "verify", "seed": seed})
    mixed = min(len(found["mixed"]), max(-(-trials // 2), trials - len(found["decided"])))
    decided = min(len(found["decided"]), trials - mixed)
    drawn: list[Pick] = []
    for picks, count in ((found["mixed"], mixed), (found["decided"], decided)):
        drawn += [picks[int(i)] for i in sorted(rng.choice(len(picks), count, replace=False))] if count else []
    return drawn
