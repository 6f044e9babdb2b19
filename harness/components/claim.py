"""The statement of a theory as data: its source, what it promises, and how its width scales."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from typing import Any, Literal

from harness.components.vocabulary import Certainty, Guarantee


@dataclass(frozen=True)
class Reference:
    """A source that claims cite, written once for all claims of a paper.

    Attributes:
        text: One line of bibliography.
        bibtex: One BibTeX entry, or an empty string for results derived in the plugin.
        seen: Address of the text from which the claims are known and with which the entry was compared, or an empty
            string if there is none.
    """

    text: str
    bibtex: str = ""
    seen: str = ""


@dataclass(frozen=True)
class Exponents:
    """Claimed scaling k ~ n^a d^b up to logarithms.

    Attributes:
        large_n: (a, b) for n ≥ d.
        small_n: (a, b) for n ≤ d, or None if the claim is the same.
        where: The inputs for which the scaling is claimed. Empty for inputs in general position on the sphere. Widths
            evaluated on the sphere need not follow a scaling that is claimed for other inputs.
        floor: (a, b) of a second scaling that the claim requires as well, or None. The larger of the two widths counts.
        logs: Power of log n that the claim has beside n^a d^b. Formulas print it. Widths at C = 1 set logarithms to 1.
    """

    large_n: tuple[float, float]
    small_n: tuple[float, float] | None = None
    where: str = field(default="", compare=False)
    floor: tuple[float, float] | None = None
    logs: float = 0.0

    def at(self, n: float, d: float) -> tuple[float, float]:
        """Return (a, b) that applies at (n, d).

        >>> claim = Exponents((1.5, -1.0), floor=(1.0, 0.0))  # max(n^{3/2}/d, n)
        >>> claim.at(400, 10), claim.at(400, 20), claim.at(400, 40)
        ((1.5, -1.0), (1.5, -1.0), (1.0, 0.0))
        """
        law = self.small_n if self.small_n is not None and n < d else self.large_n
        if self.floor is None:
            return law
        above = (self.floor[0] - law[0]) * math.log(n) + (self.floor[1] - law[1]) * math.log(d)
        return self.floor if above > 1e-9 else law  # where they meet, rounding must not choose

    def width(self, n: float, d: float) -> float:
        """Return n^a d^b with the exponents that apply there.

        >>> Exponents((1.5, -1.0), floor=(1.0, 0.0)).width(400, 40)
        400.0
        """
        a, b = self.at(n, d)
        return math.pow(n, a) * math.pow(d, b)


@dataclass(frozen=True, kw_only=True)
class Claim:
    """The statement of a theory, as tables print it. Variants share it through :func:`dataclasses.replace`.

    Attributes:
        title: Name in tables: authors and year, statement number.
        formula: The width condition as one line.
        reference: The source.
        guarantee: What is promised at that width.
        certainty: How the text is known. If its parts are known differently, the weakest of those that fix the number.
        certainty_note: Which part is known how.
        explicit: Whether the source prints the constant. Otherwise widths are at C = 1.
        unit: What the source counts. Widths returned by a theory are always widths.
        exponents: Claimed scaling, or None if there is none.
        home: The regime that the theorem is about, written as in a suite.
    """

    title: str
    formula: str
    reference: Reference
    guarantee: Guarantee
    certainty: Certainty
    certainty_note: str = ""
    explicit: bool = False
    unit: Literal["width", "parameters"] = "width"
    exponents: Exponents | None = None
    home: Mapping[str, Any]

    @property
    def verified(self) -> bool:
        """Whether the claim may be printed without a mark."""
        return self.certainty in ("read", "derived")


REQUIRED = tuple(one.name for one in fields(Claim) if one.default is MISSING)
"""Fields that every claim states."""


def stated_by(cls: type) -> Claim | None:
    """Return the claim that a class states attribute by attribute, or None if a required one is missing.

    The attributes have the names of the fields of :class:`Claim`, but ``reference`` and ``bibtex`` are two strings. A
    class whose base has a claim may state a part.
    """
    stated = {one.name: getattr(cls, one.name) for one in fields(Claim) if hasattr(cls, one.name)}
    if isinstance(text := stated.get("reference"), str):
        stated["reference"] = Reference(text, getattr(cls, "bibtex", ""))
    inherited: Claim | None = getattr(cls, "claim", None)
    if inherited is not None:
        return replace(inherited, **stated)
    return Claim(**stated) if stated.keys() >= set(REQUIRED) else None
