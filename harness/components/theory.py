"""A claim about the width that is needed, and what it says of one problem."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from harness.components.component import Component
from harness.components.vocabulary import Certainty, Guarantee, Weights

if TYPE_CHECKING:
    import numpy as np

    from harness.components.problem import Problem
    from harness.components.regime import Regime


@dataclass(frozen=True)
class Assumption:
    """One condition of a theorem, checked on the actual problem and regime.

    Attributes:
        text: The condition, short enough for a table note.
        holds: Whether it holds; None where it cannot be checked.
        found: What was found instead, or the measured value.
    """

    text: str
    holds: bool | None
    found: str = ""


@dataclass(frozen=True)
class Width:
    """A width evaluated on data: a number, or ∞/NaN with the reason.

    Attributes:
        value: The width; ``inf`` where no width suffices, ``nan`` where the expression does not apply.
        reason: Why it is not finite, or what it depended on.
    """

    value: float
    reason: str = ""


@dataclass(frozen=True)
class Exponents:
    """Claimed scaling k ~ n^a d^b up to logarithms.

    Attributes:
        large_n: (a, b) for n ≥ d.
        small_n: (a, b) for n ≤ d; None where the claim is the same.
        where: Of which inputs the law is claimed, where that is not inputs in general position on the sphere; widths
            evaluated on these need not follow it then.
        floor: (a, b) of a second law that the claim holds besides, on either side: the larger of the two widths is
            asked for; None where there is none.
    """

    large_n: tuple[float, float]
    small_n: tuple[float, float] | None = None
    where: str = field(default="", compare=False)
    floor: tuple[float, float] | None = None

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


@dataclass(frozen=True)
class Construction:
    """A shallow net that fits a problem: built as a proof builds it, or found where the proof says that there is one.

    Attributes:
        weights: W (k, d) and v (k,), and b (k,) and c () where it has biases.
        activation: Name in :mod:`harness.mathematics.activations`, or ``threshold`` for 1 where z > 0, else 0.
        residual: ‖f − y‖/‖y‖ that it reaches in float64.
        method: How it was made, as one line.
        note: What a reader must know besides, such as that labels were changed.
    """

    weights: Weights
    activation: str
    residual: float
    method: str
    note: str = ""

    @property
    def neurons(self) -> int:
        """Number of hidden neurons, k."""
        return len(self.weights["v"])

    @property
    def biases(self) -> bool:
        """Whether it has biases."""
        return "b" in self.weights


@dataclass(frozen=True)
class Theory(Component, ABC):
    """A published (or derived) claim about the width that is needed.

    Attributes:
        title: What tables call it: authors and year, statement number.
        reference: One line of bibliography.
        bibtex: One BibTeX entry; empty for results derived here.
        guarantee: What is promised at that width.
        certainty: How the text is known. Where parts are known differently, the weakest of those that fix the number.
        certainty_note: Which part is known how.
        formula: The width condition as one line.
        explicit: Whether the constant is printed in the source; otherwise widths are at C = 1.
        unit: What the source counts; widths returned here are always widths.
        exponents: Claimed scaling; None where there is none.
        home: The regime the theorem speaks of, written as in a suite.
    """

    kind: ClassVar[str] = "theory"
    title: ClassVar[str]
    reference: ClassVar[str]
    bibtex: ClassVar[str] = ""
    guarantee: ClassVar[Guarantee]
    certainty: ClassVar[Certainty]
    certainty_note: ClassVar[str] = ""
    formula: ClassVar[str]
    explicit: ClassVar[bool] = False
    unit: ClassVar[Literal["width", "parameters"]] = "width"
    exponents: ClassVar[Exponents | None] = None
    home: ClassVar[Mapping[str, Any]]

    @property
    def verified(self) -> bool:
        """Whether the claim may be printed without a mark."""
        return self.certainty in ("read", "derived")

    @abstractmethod
    def concerns(self, regime: Regime) -> bool:
        """Say whether the theory speaks of networks trained as in this regime; its row then stands beside it."""

    def assumptions(self, problem: Problem, regime: Regime) -> Sequence[Assumption]:
        """Check the theorem's conditions on the actual problem and regime."""
        return ()

    @abstractmethod
    def width(self, problem: Problem, regime: Regime) -> Width:
        """Evaluate the data-dependent width on the actual inputs, with unknown constants set to 1."""

    def scaling(self, n: int, d: int) -> float | None:
        """Evaluate the scaling law C n^a d^b, or its floor, at C = 1; None where the claim has no such form."""
        return None if self.exponents is None else self.exponents.width(n, d)

    def certifies(self, problem: Problem, regime: Regime, weights: Weights) -> bool | None:
        """Say whether the theorem's condition holds for this very network at its initial weights.

        None for claims that cannot be checked on one network, which is all that have an unknown constant.
        """
        return None

    def construct(self, problem: Problem, rng: np.random.Generator) -> Construction | None:
        """Return a network of the claimed width that fits the problem.

        None for claims that come without one; for theorems of existence whose proof is constructive, or whose network
        can be found numerically.

        Raises:
            ValueError: If there is none for this problem, with the reason.
        """
        return None

    def step_size(self, problem: Problem, regime: Regime, weights: Weights) -> float | None:
        """Return the step size of the theorem for loss a/2 ‖f − y‖² with a = 1; None where it gives none."""
        return None
