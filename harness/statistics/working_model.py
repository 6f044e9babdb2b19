"""The working model of a search: a grid of curves P(fit | k), and a belief in them that outcomes change.

Searches choose widths and bets by it. No bracket depends on its truth: a belief far from the truth makes a bracket
wide, and never wrong.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SLOPES = ((1.0, 0.05, 8), (2.5, 0.15, 8), (6.0, 0.3, 8), (12.0, 0.38, 8), (30.0, 0.08, 12), (150.0, 0.04, 32))
"""Exponents s of the odds (k/c)^s, with their prior weights, and their numbers of centres c in an octave."""

LAPSES = ((0.01, 0.6), (0.06, 0.25), (0.18, 0.15))
"""Shares of trials that fail at every width, with their prior weights."""

SPREAD = 1.5
"""Mean distance of the centre c from the starting width in octaves, by the prior."""

FAR = 0.15
"""Prior weight of centres at any distance from the starting width."""

MARGIN = 1e-3
"""Least chance of a fit, and of a failure, by any curve, so that no outcome rules a curve out."""


class WorkingModel:
    """The curves P(k) = (1 − g) / (1 + (c/k)^s), moved into [0.001, 0.999], in the order in which they cross ½.

    Attributes:
        largest: Largest width.
        log_prior: Logarithm of the weight of each curve, (curves,).
        crossing: Smallest width at which each curve is at least ½, or ``largest`` + 1 if there is none, (curves,).
        log_crossing: Logarithm of it, (curves,).
        slope: Exponent s of each curve, (curves,).
        lapse: Share g of trials that fail at every width by each curve, (curves,).
    """

    def __init__(self, start: float, largest: int) -> None:
        """Lay out the curves.

        Args:
            start: Width near which the threshold is expected.
            largest: Largest width.
        """
        self.largest = largest
        rows = []
        for slope, share, per_octave in SLOPES:
            octaves = np.arange(-per_octave, math.ceil(per_octave * (math.log2(largest) + 1)) + 1) / per_octave
            near = np.exp(-np.abs(octaves - math.log2(start)) / SPREAD)
            weight = (1 - FAR) * near / near.sum() + FAR / len(octaves)
            for lapse, part in LAPSES:
                log_center = octaves * math.log(2)
                # (1 − g)/(1 + (c/k)^s) ≥ ½ where k ≥ c (1 − 2g)^(−1/s). The margin of the curves leaves ½ where it is.
                first = np.exp(log_center - math.log1p(-2 * lapse) / slope)
                alike = np.full((2, len(octaves)), [[slope], [lapse]])
                rows.append(np.vstack([first, log_center, alike, np.log(weight * share * part)]))
        whole = np.hstack(rows)
        whole = whole[:, np.argsort(whole[0], kind="stable")]
        first, self._log_center, self.slope, self.lapse, self.log_prior = whole
        self.crossing = np.clip(np.ceil(first - 1e-9), 1, largest + 1).astype(np.int64)
        self.log_crossing: Floats = np.log(self.crossing)
        self._chances: dict[float, Floats] = {}
        self._logs: dict[int, tuple[Floats, Floats]] = {}

    def chance(self, k: float) -> Floats:
        """Return the chance of a fit at a width by each curve, (curves,)."""
        if k not in self._chances:
            odds = np.exp(np.clip(self.slope * (math.log(k) - self._log_center), -40, 40))
            self._chances[k] = MARGIN + (1 - 2 * MARGIN) * (1 - self.lapse) * odds / (1 + odds)
        return self._chances[k]

    def logs(self, k: int) -> tuple[Floats, Floats]:
        """Return log 2p and log (2 − 2p) for the chance p of a fit at a width by each curve, twice (curves,)."""
        if k not in self._logs:
            p = self.chance(k)
            self._logs[k] = np.log(2 * p), np.log(2 - 2 * p)
        return self._logs[k]


working_model = lru_cache(maxsize=64)(WorkingModel)
"""The working model of a starting width and a largest width."""


class Belief:
    """The weights of the curves after some outcomes.

    Attributes:
        model: The curves.
        log_weight: Logarithm of the weight of each curve, (curves,). The weights add up to 1.
    """

    def __init__(self, model: WorkingModel) -> None:
        """Begin with the prior.

        Args:
            model: The curves.
        """
        self.model = model
        self.log_weight = model.log_prior - log_sum(model.log_prior)

    @property
    def weight(self) -> Floats:
        """Weight of each curve, (curves,)."""
        return np.asarray(np.exp(self.log_weight), dtype=np.float64)

    def learn(self, k: float, fits: float, failures: float) -> None:
        """Multiply the weights by the likelihood of outcomes at a width."""
        p = self.model.chance(k)
        weight = self.log_weight + fits * np.log(p) + failures * np.log1p(-p)
        self.log_weight = weight - log_sum(weight)

    def log_win(self, k: int, fit: int, trials: int, *, fits: bool) -> float:
        """Return the logarithm of the factor by which bets at a width multiply a capital.

        Args:
            k: Width.
            fit: Number of trials that fit.
            trials: Number of trials.
            fits: Whether the bets are on fits, and not on failures.
        """
        fit_wins, failure_wins = self.model.logs(k)
        taken, other = (np.maximum, np.minimum) if fits else (np.minimum, np.maximum)  # no curve bets on its other side
        return log_sum(self.log_weight + fit * taken(fit_wins, 0.0) + (trials - fit) * other(failure_wins, 0.0))


def log_sum(logs: Floats) -> float:
    """Return log Σ exp of an array, however large or small its values are."""
    most = float(logs.max())
    return most + math.log(float(np.exp(logs - most).sum()))
