"""The findings of a verification: how many verdicts of a sample flipped when it was trained again."""

from __future__ import annotations

from dataclasses import dataclass

from harness.components import FateKind, Outcome, Verdict
from harness.exchange.verification_sample import Pick, Stratum
from harness.statistics.brackets import LEVEL
from harness.statistics.paired import clopper_pearson


@dataclass(frozen=True)
class Retrained:
    """A trial as it is stored, and as it was trained again.

    Attributes:
        pick: The stored trial.
        again: New outcome, which is an error if the trial could not be trained.
        verdicts: Stored and new verdict.
        equal: Whether every digit is the same, with those of the fate if both were decided by the same continuation.
        step_difference: Largest difference between the steps at which both met a tolerance, or None if none was met.
        fates: Stored and new kind of the fate, or None if one of the two has no fate.
        edited: Reason why the code is not the code that trained the stored trial, or an empty string if it is.
    """

    pick: Pick
    again: Outcome
    verdicts: tuple[Verdict, Verdict]
    equal: bool
    step_difference: int | None
    fates: tuple[FateKind, FateKind] | None = None
    edited: str = ""

    @property
    def failed(self) -> bool:
        """Whether it could not be trained again."""
        return bool(self.again.message)

    @property
    def other_fate(self) -> bool:
        """Whether both outcomes have a fate, of two kinds."""
        return self.fates is not None and self.fates[0] != self.fates[1]

    @property
    def flipped(self) -> bool:
        """Whether it was trained, and exactly one of the two outcomes fits."""
        return not self.failed and (self.verdicts[0] == "fit") != (self.verdicts[1] == "fit")


@dataclass(frozen=True)
class Share:
    """Number of flipped verdicts, with an exact interval.

    Attributes:
        flipped: Number of flipped verdicts.
        trials: Number of trials.
        share: Quotient of the two, or None without trials. For a whole run, the mean of the parts' shares weighted by
            their sizes.
        interval: Interval of Clopper and Pearson (1934) at a confidence of 95 %. For a whole run, made from intervals
            of its parts, each at half the level.
    """

    flipped: int
    trials: int
    share: float | None
    interval: tuple[float, float]


@dataclass(frozen=True)
class Verification:
    """The results of training a sample again.

    Attributes:
        trials: Trials of the sample.
        sizes: Number of trials of the run in each part.
        device: Device on which they were trained again.
        dtype: Precision in which they were trained again.
        solvers: Stored and new solver by regime.
        expected: Reason by regime why digits may differ, or an empty string if they must be equal.
        rung: Index of the tolerance of the verdicts.
    """

    trials: tuple[Retrained, ...]
    sizes: dict[Stratum, int]
    device: str
    dtype: str
    solvers: dict[str, tuple[str, str]]
    expected: dict[str, str]
    rung: int

    def of(self, part: Stratum) -> list[Retrained]:
        """Return the trials of a part that were trained."""
        return [trial for trial in self.trials if trial.pick.part == part and not trial.failed]

    def share(self, part: Stratum, level: float = LEVEL) -> Share:
        """Return the share of a part's verdicts that flipped. If all its trials were drawn, the share is exact."""
        drawn = self.of(part)
        flipped, trials = sum(trial.flipped for trial in drawn), len(drawn)
        if not trials:
            return Share(0, 0, None, (0.0, 1.0))
        exact = trials == self.sizes[part]
        interval = (flipped / trials, flipped / trials) if exact else clopper_pearson(flipped, trials, level=level)
        return Share(flipped, trials, flipped / trials, interval)

    def whole(self) -> Share:
        """Return the share of the run's verdicts that would flip, estimated from both parts and their sizes."""
        total = sum(self.sizes.values())
        flipped, trials, share, low, high = 0, 0, 0.0, 0.0, 0.0
        for part, size in self.sizes.items():
            if size:
                found = self.share(part, LEVEL / 2)
                weight = size / total
                flipped, trials = flipped + found.flipped, trials + found.trials
                share += weight * (found.share or 0.0)
                low, high = low + weight * found.interval[0], high + weight * found.interval[1]
        return Share(flipped, trials, share if trials else None, (low, min(high, 1.0)) if total else (0.0, 1.0))

    @property
    def broken(self) -> list[Retrained]:
        """Trials that must be equal to the last bit but differ, or that could not be trained."""
        return [trial for trial in self.trials if not trial.equal and not self._may_differ(trial)]

    def _may_differ(self, trial: Retrained) -> str:
        return self.expected[trial.pick.cell.regime] or trial.edited

    @property
    def reasons(self) -> list[str]:
        """Reasons why digits of some trials may differ, sorted."""
        return sorted({*self.expected.values(), *(trial.edited for trial in self.trials)} - {""})

    @property
    def failed(self) -> list[Retrained]:
        """Trials that could not be trained again."""
        return [trial for trial in self.trials if trial.failed]
