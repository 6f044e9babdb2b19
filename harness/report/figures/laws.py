"""Theories as lines of figures. Theories that claim the same power n^a d^b share a line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.report.figures.style import folded, raised, short

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.claims.predictions import Prediction
    from harness.components import Exponents, Theory

GUARANTEES = ("convergence", "certificate")


@dataclass(frozen=True)
class Law:
    """A claimed power n^a d^b with constant 1.

    Attributes:
        exponents: a and b.
        theories: Theories that claim it.
    """

    exponents: Exponents
    theories: tuple[Theory, ...]

    def width(self, n: float, d: float) -> float:
        """Return n^a d^b, or the floor if it is higher."""
        return self.exponents.width(n, d)

    @property
    def guarantees(self) -> bool:
        """Whether one of the theories guarantees that training fits."""
        return any(theory.claim.guarantee in GUARANTEES for theory in self.theories)

    @property
    def label(self) -> str:
        """The power and its theories, for a legend. † marks unverified theories."""
        first = min(
            self.theories, key=lambda theory: (theory.claim.guarantee not in GUARANTEES, not theory.claim.verified)
        )
        more = f" and\N{NO-BREAK SPACE}{len(self.theories) - 1}\N{NO-BREAK SPACE}more" if len(self.theories) > 1 else ""
        mark = "" if first.claim.verified else "†"
        law, floor = power(*self.exponents.large_n), self.exponents.floor
        law = law if floor is None else f"max({law}, {power(*floor)})"
        return folded(f"{law}: {short(first.claim.title, 80)}{mark}{more}")


def laws(predictions: Iterable[Prediction]) -> list[Law]:
    """Return the distinct powers of some predictions, the smallest first."""
    found: dict[Exponents, dict[str, Theory]] = {}
    for prediction in predictions:
        theory = prediction.theory
        if theory.claim.exponents is not None:
            found.setdefault(theory.claim.exponents, {})[theory.name] = theory
    several = [Law(exponents, tuple(theories.values())) for exponents, theories in found.items()]
    return sorted(several, key=lambda law: law.width(400, 20))


def power(a: float, b: float) -> str:
    """Return n^a d^b on one line.

    >>> power(2, -1), power(1, 0), power(1.5, -2), power(0, 0)
    ('n²/d', 'n', 'n¹·⁵/d²', '1')
    """
    above = "".join(_factor(name, e) for name, e in (("n", a), ("d", b)) if e > 0) or "1"
    below = "".join(_factor(name, -e) for name, e in (("n", a), ("d", b)) if e < 0)
    return f"{above}/{below}" if below else above


def _factor(name: str, exponent: float) -> str:
    return name if exponent == 1 else name + raised(f"{exponent:g}")
