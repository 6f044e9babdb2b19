"""The number of trials without which no end of a bracket can be certified."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from harness.statistics.adaptive import Adaptive
from harness.statistics.brackets import fewest_equal

if TYPE_CHECKING:
    from harness.suite import Suite


def fewest_trials(suite: Suite, widths: int = 0) -> int:
    """Return the least number of trials that can certify an end of a bracket in a suite. They all agree.

    A grid needs as many at one width. In an adaptive search trials at several widths count together, and each at most
    doubles the capital of its bets, which has to reach 1/level (:mod:`harness.statistics.evidence`).

    Args:
        suite: The suite.
        widths: Number of widths that were tried.
    """
    search = suite.search
    if isinstance(search, Adaptive):
        return math.ceil(-math.log2(search.level(len(suite.sizes))))
    return fewest_equal(max(search.most_widths or 0, widths))


def too_few_trials(suite: Suite) -> str:
    """Return the warning about a suite with too few trials for an end of a bracket or for both, or an empty string.

    >>> from types import SimpleNamespace
    >>> from harness.statistics.adaptive import Adaptive
    >>> too_few_trials(SimpleNamespace(search=Adaptive(trials=4), sizes=[(40, 10)], budget=SimpleNamespace(fit=None)))
    '[search] trials = 4 certify no width, so k½ gets no bracket: an end takes at least 5 that agree'
    """
    if suite.budget.fit is not None and not suite.budget.fit.monotone:
        return ""  # no width is certified with any number of trials
    needed, trials = fewest_trials(suite), suite.search.trials
    said = f"[search] trials = {trials}"
    if not isinstance(suite.search, Adaptive):
        what = f"{said} at a width certify none, so k½ gets no bracket: a width takes {needed} that agree"
        return what if trials < needed else ""
    each = f"an end takes at least {needed} that agree"
    if trials < needed:
        return f"{said} certify no width, so k½ gets no bracket: {each}"
    return f"{said} certify one end of a bracket at most: {each}" if trials < 2 * needed else ""
