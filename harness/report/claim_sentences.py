"""The sentences on the claims of a suite, with their verdicts."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from harness.components.numbers import clean, decimal
from harness.statistics.verdict import VERDICTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.driver.replication import Replication


CLAIMS = 3
"""Number of claims that have a sentence of their own, those that are not replicated first."""


def claim_sentences(found: Sequence[Replication]) -> list[str]:
    """Return how many claims have which verdict, and a sentence on each of the first few that are not replicated."""
    if not found:
        return []
    counts = Counter(one.tested.verdict for one in found)
    if len(found) == 1:
        first = f"The claim of this suite is {found[0].tested.verdict}."
    elif len(counts) == 1:
        first = f"All {len(found)} claims are {found[0].tested.verdict}."
    else:
        said = [f"{counts[kind]} {'is' if counts[kind] == 1 else 'are'} {kind}" for kind in VERDICTS if counts[kind]]
        first = f"Of {len(found)} claims {', '.join(said[:-1])} and {said[-1]}."
    return [first, *map(_claim, sorted(found, key=lambda one: one.tested.verdict == "replicated")[:CLAIMS])]


def _claim(one: Replication) -> str:
    """Return the sentence on a claim: its text, its verdict, and what was measured."""
    section, found = one.section, one.tested
    what = f"“{clean(section.text).rstrip('.')}” ({clean(section.source)})"
    if found.value is None:
        return f"{what}: {found.verdict}, as nothing is known of one side."
    sign = "a quotient" if section.as_ratio else "a difference"
    number, low, high = (decimal(end) if math.isfinite(end) else "∞" for end in (found.value, found.low, found.high))
    low = low if math.isfinite(found.low) else "−∞"
    return f"{what}: {found.verdict}, with {sign} of {number} ({low}, {high})."
