"""The searches for all thresholds of a suite."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harness.complaints import printable
from harness.components.fault import said
from harness.driver.step_tuning import StepTuning, candidate_settings
from harness.driver.threshold_search import ThresholdSearch
from harness.engine.continuations import decider
from harness.engine.continuations import named as named_continuation
from harness.engine.setting import Setting, semantic_key, step_theory
from harness.engine.solvers import choose_again, named, shipped
from harness.plugin_host.digests import component_digests
from harness.statistics.search import USUAL_TRIALS, Grid

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from harness.components import Regime, Solver
    from harness.plugin_host.registry import Registry
    from harness.suite import Suite


Tuned = tuple[str, int, int]
"""(key, n, d) of the tuning trials of a candidate."""


def steps_ahead(suite: Suite, regime: Regime) -> float:
    """Return the network-steps that a regime takes if every trial uses its whole budget.

    Stored trials are counted too, because the choice of a solver must not depend on the progress of a run.
    """
    expected = [suite.search.expected(regime, n, d) for n, d in suite.sizes]
    trials = sum(USUAL_TRIALS if known is None else known for known in expected)
    return float(trials) * suite.budget.steps


class RegimeError(ValueError):
    """A component of a regime raises when it is asked for its properties, or its solver cannot train it here."""


def threshold_searches(
    suite: Suite,
    registry: Registry,
    device: str,
    solvers: Mapping[str, str] | None = None,
    *,
    earlier: Mapping[str, str] | None = None,
) -> list[ThresholdSearch]:
    """Return one search per regime, n and d of the suite.

    Args:
        suite: The suite.
        registry: The plugins.
        device: Where networks are trained.
        solvers: Solver by regime of results that are only read. It is used even if this machine lacks it.
        earlier: Solver by regime of an earlier run in the directory, which is kept if this machine has it.

    Raises:
        RegimeError: If a component of a regime raises when it is asked for its properties, or the solver that the
            suite names cannot train the regime here.
    """
    budget = suite.budget
    index = budget.tolerances.index(budget.report_tolerance)
    found: list[ThresholdSearch] = []
    shared: dict[Tuned, ThresholdSearch] = {}
    for regime in suite.regimes:
        read, kept = ((one or {}).get(regime.name) for one in (solvers, earlier))
        try:
            solver = _solver(suite, regime, registry, device, read, kept)
            for n, d in suite.sizes:
                regime.starting_width(n, d)
        except RegimeError:
            raise
        except Exception as error:  # a plugin's code may raise anything
            raise RegimeError(f"regime {printable(regime.name)} cannot be trained: {said(error)}") from error
        continuation = named_continuation(regime.continuation, registry) if regime.continuation else None
        if continuation is not None and solver.decides_fates:
            raise RegimeError(
                f"regime {printable(regime.name)} names continuation {continuation.name!r}, but solver {solver.name} "
                "decides its fates: leave out continuation, or name another solver"
            )
        fates = decider(regime, solver, suite.q, continuation) if budget.limit else ""
        setting = Setting(
            regime=regime,
            theory=step_theory(regime, registry),
            dataset=suite.dataset,
            resample=suite.resample,
            problems=suite.problems,
            held_out=suite.held_out,
            validation=suite.validation,
            base_seed=suite.seed,
            steps=budget.steps,
            tolerances=tuple(budget.tolerances),
            dtype=budget.dtype,
            device=device,
            spectrum=budget.spectrum,
            solver=solver,
            limit=bool(fates),
            continuation=continuation,
        )
        data = setting.data(registry)
        key = semantic_key(data)
        sizes = suite.sizes
        plugins = component_digests(data, registry)
        searches = [
            ThresholdSearch(
                setting,
                data,
                key,
                solver,
                n,
                d,
                suite.search,
                index,
                fit=budget.fit,
                plugins=plugins,
                fates=fates,
                sizes=len(sizes),
            )
            for n, d in sizes
        ]
        if regime.tune is not None:
            _tuned(searches, registry, shared)
        found += searches
    return found


def _tuned(searches: Iterable[ThresholdSearch], registry: Registry, shared: dict[Tuned, ThresholdSearch]) -> None:
    """Give searches of a tuned regime the trials that choose its step sizes.

    Args:
        searches: The searches of the regime.
        registry: The plugins.
        shared: Tuning trials of earlier regimes, to which these are added.

    Raises:
        RegimeError: If the solver goes to the limit at once, so that its step size changes nothing.
    """
    for search in searches:
        setting, method = search.setting, search.method
        tuning = setting.regime.tune
        assert tuning is not None
        name = printable(setting.regime.name)
        if search.solver.closed_form:
            raise RegimeError(
                f"regime {name} is solved exactly by {search.solver.name}: leave out tune, or name a solver"
            )
        if not isinstance(method, Grid):
            raise RegimeError(f"regime {name} is tuned at each width: write method = 'grid' in [search]")
        candidates = []
        for candidate in candidate_settings(setting, registry):
            data = candidate.data(registry)
            key = semantic_key(data), search.n, search.d
            one = shared.get(key)
            if one is None:
                limited = replace(method, trials=tuning.trials)
                one = search.anew(setting=candidate, data=data, key=key[0], method=limited, fates="", fit=None)
                shared[key] = one
            elif isinstance(one.method, Grid) and one.method.trials < tuning.trials:
                one.method = replace(one.method, trials=tuning.trials)
            candidates.append(one)
        search.tuning = StepTuning(tuning, tuple(candidates))


def _solver(
    suite: Suite, regime: Regime, registry: Registry, device: str, read: str | None, kept: str | None
) -> Solver:
    """Return the solver of a regime: the one that trained it, or that the suite names, or that is chosen here.

    Args:
        suite: The suite.
        regime: The regime.
        registry: The plugins.
        device: Where networks are trained.
        read: Name of the solver of results that are only read, or None.
        kept: Name of the solver of an earlier run in the directory, or None.

    Raises:
        RegimeError: The solver that the suite names cannot train the regime here.
        LookupError: There is no such solver, or none can train the regime.
    """
    dtype = suite.budget.dtype
    q = suite.q
    if read is not None and not (solver := named(read, registry)).unfit(regime, q):
        return solver
    if not regime.solver:
        return choose_again(regime, dtype, device, kept, steps_ahead(suite, regime), registry, q)
    solver = named(regime.solver, registry)
    if read is None and (reason := solver.why_not(regime, dtype, device, q)):
        raise RegimeError(f"regime {printable(regime.name)} names solver {solver.name!r}: {reason}")
    return solver


def passed_over(suite: Suite, searches: Iterable[ThresholdSearch], device: str) -> Iterator[str]:
    """Yield a line for each faster solver that cannot train a regime on this machine, with the reason.

    Args:
        suite: The suite.
        searches: Its searches.
        device: Where networks are trained.
    """
    dtype = suite.budget.dtype
    chosen = {search.setting.regime.name: (search.setting.regime, search.solver) for search in searches}
    for regime, taken in chosen.values():
        ahead = steps_ahead(suite, regime)
        for solver in (s for s in shipped() if s.preference < taken.preference and s.pays(ahead) and not regime.solver):
            if solver.unfit(regime, suite.q) or solver.elsewhere(device):
                continue
            if reason := solver.why_not(regime, dtype, device, suite.q):
                here = f"{printable(regime.name)} here ({reason})"
                yield f"the {solver.name} solver cannot train {here}; {taken.name} does instead"
