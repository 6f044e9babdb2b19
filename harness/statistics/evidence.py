"""Evidence against each value of k½ from trials at all widths, by bets that pay off where the value is wrong.

For each place j let H_j be the hypothesis "k½ = j": P(k) < ½ for k < j and P(k) ≥ ½ for k ≥ j, where P(k) is the chance
of a fit at width k. A player with a capital of 1 bets against each H_j. A round of M trials at width k, m of which fit,
multiplies the capital by

    Σ_c w_c (2q_c)^m (2 − 2q_c)^(M − m),   q_c = max(p_c, ½) for k < j and min(p_c, ½) for k ≥ j,

where p_c is the chance of a fit by curve c of a working model, and w_c its weight before the round. Under H_j no trial
multiplies the capital by more than 1 in expectation, since (2q − 1)(2P − 1) ≤ 0. The capital is thus a nonnegative
supermartingale, and the chance that it ever reaches 1/α is at most α (Ville 1939), whatever rule chose widths, sizes of
rounds and the end. The true k½ is one of the j, so the set of j against which the capital never reached 1/α contains it
with a confidence of 1 − α. There is no union over widths, and evidence at several widths multiplies.

This needs two conditions. Outcomes of different trials are independent, also at different widths, so each trial has a
problem of its own. And the order of the rounds is known: the evidence follows from the rounds, not from the counts.

Places count admissible widths: place j is width j times their step, and the place after the largest width is "beyond".
"""

from __future__ import annotations

import math
from copy import copy
from typing import TYPE_CHECKING

import numpy as np

from harness.statistics.brackets import LEVEL
from harness.statistics.working_model import Belief, working_model

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.statistics.rounds import Rounds, Tally


class Evidence:
    """The capital of the bets against each k½, and the beliefs that the bets follow.

    Attributes:
        start: Width near which the threshold is expected.
        largest: Largest width that may be tried.
        step: Distance of admissible widths, which are their multiples.
        floor: Width that k½ exceeds by a theorem, or 0.
        capital: Logarithm of the capital against k½ = j · step for j = 0, 1, …, and beyond the largest width.
        peak: Largest value of the capital so far.
        sure: Belief in the chance that a trial is known to fit.
        possible: Belief in the chance that a trial fits or may fit. It is the same object while no trial is open.
        trials: Number of trials so far, errors included.
        tried: Trials and errors by width.
    """

    def __init__(self, start: float, largest: int, *, step: int = 1, floor: int = 0) -> None:
        """Begin without trials.

        Args:
            start: Width near which the threshold is expected.
            largest: Largest width that may be tried.
            step: Distance of admissible widths.
            floor: Width that k½ exceeds by a theorem, or 0.

        Raises:
            ValueError: If no multiple of ``step`` is as small as ``largest``.
        """
        if largest < step:
            raise ValueError(f"the largest width is {largest}, but widths must be multiples of {step}")
        self.start, self.largest, self.step, self.floor = start, largest, step, floor
        self.places = largest // step
        model = working_model(min(max(start / step, 1.0), float(self.places)), self.places)
        self.sure = self.possible = Belief(model)
        self.capital = np.zeros(self.places + 2)
        self.peak = np.zeros(self.places + 2)
        self.peak[: min(floor // step, self.places) + 1] = math.inf
        self.trials = 0
        self.tried: dict[int, tuple[int, int]] = {}

    @property
    def has_open(self) -> bool:
        """Whether a trial has an open verdict, so that the two beliefs differ."""
        return self.sure is not self.possible

    def tell(self, tallies: Mapping[int, Tally]) -> None:
        """Take the outcomes of a round, in the order of the widths.

        A trial that may fit counts as unfit in the bets that fits win, and as a fit in the bets that failures win. So
        the capital is at most what it would be if its verdict were known.

        Args:
            tallies: Outcomes by width, each a multiple of the step.
        """
        for k, (sure, possible, trials, errors) in sorted(tallies.items()):
            place = k // self.step
            if possible > sure and not self.has_open:  # the beliefs are alike as long as all verdicts are known
                self.possible = copy(self.sure)
            self.capital[place + 1 :] += self.sure.log_win(place, sure, trials, fits=True)
            self.capital[: place + 1] += self.possible.log_win(place, possible, trials, fits=False)
            np.maximum(self.peak, self.capital, out=self.peak)
            if self.has_open:
                self.possible.learn(place, possible, trials - possible)
            self.sure.learn(place, sure, trials - sure)
            count, failed = self.tried.get(k, (0, 0))
            self.tried[k] = count + trials + errors, failed + errors
            self.trials += trials + errors

    def remaining(self, level: float = LEVEL) -> tuple[int, int] | None:
        """Return the first and the last place that are not excluded at a level, or None if all are excluded."""
        (left,) = np.nonzero(self.peak < -math.log(level))
        return (int(left[0]), int(left[-1])) if len(left) else None

    def bracket(self, level: float = LEVEL) -> tuple[int | None, int | None]:
        """Return (low, high): at a confidence of 1 − level, low < k½ ≤ high.

        The bracket may be read at several levels, each of which holds by itself.

        Args:
            level: Chance that the bracket misses k½.

        Returns:
            ``low`` is None if no width is excluded, and ``high`` is None if a k½ beyond the largest width is not
            excluded. Both are None if every k½ is: the trials then contradict a single crossing of ½.
        """
        if (left := self.remaining(level)) is None:
            return None, None
        first, last = left
        low = (first - 1) * self.step
        return low or None, None if last > self.places else last * self.step


def replay(rounds: Rounds, start: float, largest: int, *, step: int = 1, floor: int = 0) -> Evidence:
    """Return the evidence of rounds that are known.

    Args:
        rounds: The tallies of each round by width.
        start: Width near which the threshold was expected.
        largest: Largest width that could be tried.
        step: Distance of admissible widths.
        floor: Width that k½ exceeds by a theorem, or 0.

    Raises:
        ValueError: If no multiple of ``step`` is as small as ``largest``.

    >>> from harness.statistics.rounds import Tally
    >>> first, second = {8: Tally(0, 0, 6), 16: Tally(6, 6, 6)}, {10: Tally(0, 0, 8), 11: Tally(8, 8, 8)}
    >>> replay([first, second], start=10, largest=64).bracket()
    (8, 16)
    >>> replay([first, second, second], start=10, largest=64).bracket()
    (10, 11)
    """
    evidence = Evidence(start, largest, step=step, floor=floor)
    for tallies in rounds:
        evidence.tell(tallies)
    return evidence
