"""The records of formulas for k½ with a free constant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.claims.claimed_formula import claimed_formula
from harness.claims.predictions import concerned
from harness.report.rows import finite
from harness.statistics.formulas import FORMULAS, constant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.components import Regime
    from harness.driver.question import Asked
    from harness.driver.results import Results
    from harness.statistics.formulas import Constant, Formula
    from harness.statistics.size_bracket import SizeBracket


@dataclass(frozen=True)
class LawRecord:
    """The constants with which one formula for k½ lies in the brackets of one regime at all sizes.

    Attributes:
        regime: Name of the regime.
        law: The formula as text, or the title of the theory that claims it up to a constant.
        theory: Name of that theory, or empty for a formula that is compared in every run.
        allowed: Whether some constant C meets all brackets.
        low: Lower end of low < C ≤ high, or None where it is open or no C is left.
        high: Upper end, or None where it is open or no C is left.
        met: Largest number of brackets that one C meets.
        sizes: Number of sizes with an end of a bracket.
        conflict: Two brackets that no C meets together, or empty where the formula is allowed.
    """

    regime: str
    law: str
    theory: str
    allowed: bool
    low: float | None
    high: float | None
    met: int
    sizes: int
    conflict: str


@dataclass(frozen=True)
class Compared:
    """A formula and the constants that the brackets of a regime allow.

    Attributes:
        regime: Name of the regime.
        law: The formula as text, or the title of the theory that claims it.
        theory: Name of that theory, or an empty string.
        constant: The constants.
        sizes: Number of sizes with an end of a bracket.
    """

    regime: str
    law: str
    theory: str
    constant: Constant
    sizes: int

    def record(self) -> LawRecord:
        """Return the record of the comparison."""
        found = self.constant
        return LawRecord(
            regime=self.regime,
            law=self.law,
            theory=self.theory,
            allowed=found.allowed,
            low=(found.low or None) if found.allowed else None,
            high=finite(found.high) if found.allowed else None,
            met=found.met,
            sizes=self.sizes,
            conflict="; ".join(map(str, found.conflict)),
        )


def each_law(results: Results, tolerance: Asked = None, steps: float | None = None) -> Iterator[Compared]:
    """Yield the usual formulas and the claims of the theories that concern it, for every regime with a width.

    Args:
        results: The results.
        tolerance: A recorded tolerance, 0 for an exact fit, or None.
        steps: A number of steps within the budget, infinity, or None. Without both the question is the leading one.

    Raises:
        ValueError: If the tolerance was not recorded.
    """
    for regime in results.suite.regimes:
        if regime.model.has_width:
            brackets = results.brackets(regime.name, tolerance, steps)
            for formula in FORMULAS:
                yield compared(regime, formula, brackets)
            for theory in concerned(results.registry.theories(), regime, results.suite.dataset):
                claim = claimed_formula(theory)
                if claim is not None:
                    yield compared(regime, claim, brackets, theory.name)


def compared(regime: Regime, formula: Formula, brackets: tuple[SizeBracket, ...], theory: str = "") -> Compared:
    """Return a formula with the constants that the brackets allow. At n = 1 log n vanishes, so it is left out.

    Args:
        regime: The regime.
        formula: The formula.
        brackets: Its brackets at all sizes.
        theory: Name of the theory that claims it, or an empty string.
    """
    bounded = [bracket for bracket in brackets if bracket.bounded and bracket.n > 1]
    return Compared(regime.name, formula.name, theory, constant(bounded, formula), len(bounded))
