"""Sentences that state a measured result by hand, with a number, where a block should."""

from __future__ import annotations

import re
from collections.abc import Iterator

NUMBER = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|dozen|half|third|quarter|tenth|hundred|twice)\b", re.I
)

RESULT = re.compile(
    r"\b(?:found|measured|observed|reach(?:es|ed)?|suffic(?:e|es)|never|always|rarely|hardly|mostly|in practice"
    r"|minutes?|seconds?|hours?|times (?:as|the|more|less|wider|slower|faster)|of \d+ (?:nets|trials|networks))\b"
    r"|k½ ?(?:is|of|=|d/n|from|≈|~)|kd/n ?(?:is|of|=|≈|~)|weights? a label|fits? (?:from|\d)|succeeds? from",
    re.I,
)

FINDING = re.compile(
    r"k½ ?(?:is|of|=|≈|~) ?\d|kd/n ?(?:is|of|=|≈|~) ?\d|weights? a label|succeeds? from|fits? from kd"
    r"|\b\d+ of (?:the )?\d* ?(?:nets|trials|networks|failures)\b|\d+ times (?:wider|the measured|k½)",
    re.I,
)
"""Results in pages, which have other numbers too."""

STALE = re.compile(
    r"1\.0 to 1\.2 weights|equal thresholds at most|(?:fit|succeeds) from (?:the line )?kd = n on|found: hardly"
    r"|at the same width the same draws|3 to 8 times n/d|never helped|one weight a label",
    re.I,
)
"""Statements of earlier releases that do not hold."""


def sentences(text: str) -> Iterator[str]:
    """Yield the sentences of a text, with white space as one blank.

    >>> list(sentences("It fits. At n = 5, k½ = 3."))
    ['It fits.', 'At n = 5, k½ = 3.']
    """
    yield from re.split(r"(?<=[.:;!?])\s+(?=\S)", " ".join(text.split()))


def comments(text: str) -> str:
    r"""Return the comments of a TOML file, those behind values included.

    >>> comments('# one\nn = 5  # two')
    ' one\n two'
    """
    found = (re.search(r"^[^\"#]*(?:\"[^\"]*\"[^\"#]*)*#:?(.*)$", line) for line in text.splitlines())
    return "\n".join(match[1] for match in found if match)


def results_in(text: str) -> list[str]:
    """Return the sentences of a text that look like results with a number."""
    return [said for said in sentences(text) if NUMBER.search(said) and RESULT.search(said)]


def findings_in(text: str) -> list[str]:
    """Return the sentences of a page that state a result with a number."""
    return [said for said in sentences(text) if NUMBER.search(said) and FINDING.search(said)]


def stale_in(text: str) -> list[str]:
    """Return the sentences of a text that earlier releases had and that do not hold."""
    return [said for said in sentences(text) if STALE.search(said)]
