"""The tuning trials of a regime at one size, which choose its step size at each width."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.components import Cell, Diagnostic, Outcome, Regime, Tuning
from harness.engine.draws import digest
from harness.statistics.choice import Attempted, Choice, choose

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from harness.driver.threshold_search import ThresholdSearch
    from harness.engine.setting import Setting
    from harness.plugin_host.registry import Registry


@dataclass(frozen=True)
class StepTuning:
    """The trials that choose the step size of a regime at one size.

    Attributes:
        tuning: The candidates, and the measure by which one is chosen.
        searches: The tuning trials of each candidate. Regimes that are equal but for ``select`` share them.
    """

    tuning: Tuning
    searches: tuple[ThresholdSearch, ...]

    def chosen_by(self, search: ThresholdSearch, k: int) -> bool:
        """Return whether a search holds tuning trials of this choice, and the choice at a width is known.

        Args:
            search: A search whose outcomes are new.
            k: Width.
        """
        return any(one is search for one in self.searches) and self.choice(k) is not None

    def choice(self, k: int) -> Choice | None:
        """Return the choice at a width, or None while tuning trials are missing."""
        wanted, attempts = range(self.tuning.trials), []
        for search in self.searches:
            known = search.by_seed(k)
            if any(seed not in known for seed in wanted):
                return None
            attempts.append(attempted(self.tuning, [known[seed] for seed in wanted], search.setting))
        return choose(self.tuning.option, self.tuning.candidates, attempts)


def attempted(tuning: Tuning, trials: Sequence[Outcome], setting: Setting) -> Attempted:
    """Return the scores of the tuning trials of a candidate.

    Losses below the last tolerance count as the tolerance, at which training stops. Candidates that reach it
    then differ in their steps.

    Args:
        tuning: The measure.
        trials: The trials.
        setting: The setting of the trials.
    """
    good = [trial for trial in trials if not (trial.message or trial.diverged)]
    if tuning.select == "validation-error":
        scores = [trial.diagnostics.get(tuning.select) for trial in good]
    else:
        scores = [max(trial.measure, setting.tolerances[-1]) for trial in good]
    known = tuple(score for score in scores if score is not None)
    return Attempted(known, len(trials) - len(known), sum(trial.steps for trial in trials))


def candidate_settings(setting: Setting, registry: Registry) -> list[Setting]:
    """Return the setting of each candidate of a tuned regime: problems and seeds are others than those of its trials.

    Args:
        setting: The setting of the regime.
        registry: The plugins. The one of the diagnostic is looked up.
    """
    tuning = setting.regime.tune
    assert tuning is not None
    base = int(digest({"for": "tuning", "seed": setting.base_seed})[:15], 16)
    watched: tuple[Diagnostic, ...] = ()
    if setting.validation:
        watched = (registry.find("diagnostic", "validation-error")(),)
    return [
        replace(
            setting,
            regime=replace(at_candidate(setting.regime, index), diagnostics=watched),
            base_seed=base,
            spectrum=False,
            limit=False,
            held_out=0,
            theory=None,
        )
        for index in range(len(tuning.candidates))
    ]


def at_candidate(regime: Regime, index: int) -> Regime:
    """Return a tuned regime with one of its candidates."""
    tuning = regime.tune
    assert tuning is not None
    value = f"{tuning.option} {tuning.candidates[index]:g}"
    optimizer = tuning.with_candidate(regime.optimizer, index)
    return replace(regime, name=f"{regime.name}, tuning {value}", optimizer=optimizer, tune=None, theory="")


def chosen_alone(search: ThresholdSearch, cell: Cell) -> tuple[Setting, Choice]:
    """Return the setting of a tuned regime at one cell, after training its tuning trials in this process.

    Args:
        search: A search of the regime, at any size.
        cell: The cell, which need not be one of the suite.
    """
    from harness.engine.work import train  # brings torch

    regime, tuned = search.setting.regime, search.tuning
    assert tuned is not None
    assert regime.tune is not None
    trials = range(tuned.tuning.trials)
    attempts = [attempted(tuned.tuning, train(one.setting, cell, trials), one.setting) for one in tuned.searches]
    chosen = choose(tuned.tuning.option, tuned.tuning.candidates, attempts)
    optimizer = regime.tune.with_candidate(regime.optimizer, chosen.index)
    return replace(search.setting, regime=replace(regime, optimizer=optimizer, tune=None)), chosen


def with_tuning(searches: Iterable[ThresholdSearch]) -> list[ThresholdSearch]:
    """Return searches with the tuning trials that they wait for, each once."""
    found: dict[int, ThresholdSearch] = {}
    for search in searches:
        for one in (*(search.tuning.searches if search.tuning else ()), search):
            found.setdefault(id(one), one)
    return list(found.values())
