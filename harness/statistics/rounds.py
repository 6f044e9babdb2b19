"""The outcomes of a search, round by round."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from harness.components.vocabulary import Verdict


class Tally(NamedTuple):
    """The numbers of fits and trials of a round at one width.

    Attributes:
        sure: Number of trials that are known to fit.
        possible: Number of trials that fit or may fit.
        trials: Number of trials with a verdict.
        errors: Number of trials that ended in an error. They are no evidence.
    """

    sure: int
    possible: int
    trials: int
    errors: int = 0


Rounds = Sequence[Mapping[int, Tally]]
"""The tallies of each round by width, in order."""


def tally(verdicts: Iterable[Verdict]) -> Tally:
    """Return the tally of some verdicts. A trial whose verdict is open may fit.

    >>> tally(["fit", "open", "unfit", "diverged", "error"])
    Tally(sure=1, possible=2, trials=4, errors=1)
    """
    known = list(verdicts)
    sure, errors = known.count("fit"), known.count("error")
    return Tally(sure, sure + known.count("open"), len(known) - errors, errors)


def asked_in(rounds: Rounds) -> dict[int, int]:
    """Return the number of trials by width, errors included."""
    asked: dict[int, int] = {}
    for tallies in rounds:
        for k, found in tallies.items():
            asked[k] = asked.get(k, 0) + found.trials + found.errors
    return asked
