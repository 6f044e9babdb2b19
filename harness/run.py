"""The driver: suite → pursuits → batches → executor → store → results."""

from __future__ import annotations

import math
import platform
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from harness.complaints import printable
from harness.components import Cell, Outcome, Regime
from harness.engine.fused.build import compiler_version
from harness.engine.setting import Setting, semantic_key, step_theory
from harness.engine.solvers import solver_for
from harness.executors.base import Batch, BatchFailed, Executor
from harness.faults import error_outcome, said
from harness.mixture import mixed_versions
from harness.problems import digest
from harness.processor import processor
from harness.pursuit import USUAL_TRIALS, Pursuit, expected_trials, starting_width
from harness.recovery import Recovery
from harness.registry import Registry
from harness.results import Results
from harness.sharding import Shard
from harness.store import Place, Store, StoreError
from harness.suite import Suite, parse_suite
from harness.trust import HOW, strangers


def resolve_device(wanted: str) -> str:
    """Return the device that ``auto`` means here, or check that the wanted one exists.

    Raises:
        ValueError: If there is no such device.
    """
    if wanted == "cpu":
        return wanted
    import torch

    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    count = torch.cuda.device_count()
    kind, _, number = wanted.partition(":")
    if kind != "cuda" or not (number or "0").isdecimal():
        raise ValueError(f"device {wanted!r} is unknown; write cpu, cuda, cuda:0 or auto")
    if int(number or 0) >= count:
        raise ValueError(f"device {wanted!r} was asked for, and there are {count} CUDA devices here; write 'cpu'")
    return wanted


def provenance(suite: Suite, registry: Registry, device: str) -> dict[str, Any]:
    """Return what a reader needs to know about where numbers come from, as plain data."""
    return {
        "versions": installed(),
        "plugins": {plugin.name: f"{plugin.package} {plugin.version}" for plugin in registry if plugin.status == "ok"},
        "plugin_files": [plugin.origin for plugin in registry if plugin.is_file],
        "machine": f"{platform.system()} {platform.machine()}",
        "processor": processor(device),
        "device": device,
        "solvers": {
            r.name: solver_for(r, device, suite.budget.dtype, ahead=steps_ahead(suite, r)).name for r in suite.regimes
        },
        "suite": suite.name,
        "suite_hash": digest(suite.text)[:12],
        "seed": suite.seed,
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
    }


def installed() -> dict[str, str]:
    """Return the versions of what computes here, by name."""
    packages = ("convergence-harness", "torch", "numpy", "scipy")
    found = {name: _version(name) for name in packages} | {"python": platform.python_version()}
    return found | ({"compiler": made_by} if (made_by := compiler_version()) else {})


def mixture(store: Store | None) -> dict[str, Any]:
    """Return what the runs of a directory were together.

    Returns:
        Under ``mixed``, which plugins were of several versions; under ``merged``, what ``harness merge`` united; each
        only if there is something to say.
    """
    origins = store.origins() if store is not None else []
    found = mixed_versions(origins)
    united = [origin["merged"] for origin in origins if "merged" in origin]
    return ({"mixed": found} if found else {}) | ({"merged": united[-1]} if united else {})


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def steps_ahead(suite: Suite, regime: Regime) -> float:
    """Return the network-steps that a regime takes if every trial uses its whole budget.

    What is stored already is not taken off: which solver trains a regime must not depend on how far a run has come.
    """
    trials = 0
    for d in suite.d:
        for n in suite.n:
            trials += expected_trials(suite.search, regime, n, d) or USUAL_TRIALS
    return float(trials) * suite.budget.steps


class RegimeError(ValueError):
    """A regime's components raise where they are only asked what they are."""


def pursuits(suite: Suite, registry: Registry, device: str, solvers: Mapping[str, str] | None = None) -> list[Pursuit]:
    """Return one pursuit per regime, n and d of the suite.

    Args:
        suite: What is asked.
        registry: The plugins.
        device: Where networks are trained.
        solvers: By regime, what trained them on the machine that the results come from.

    Raises:
        RegimeError: If a component of a regime raises when it is asked what it is.
    """
    budget = suite.budget
    rung = budget.tolerances.index(budget.report_tolerance)
    found = []
    for regime in suite.regimes:
        before = (solvers or {}).get(regime.name)
        try:
            solver = solver_for(regime, device, budget.dtype, before, steps_ahead(suite, regime))
            for d in suite.d:
                starting_width(regime, suite.n[0], d)
        except Exception as error:  # somebody's code
            raise RegimeError(f"regime {printable(regime.name)} cannot be trained: {said(error)}") from error
        setting = Setting(
            regime=regime,
            theory=step_theory(regime, registry),
            dataset=suite.dataset,
            resample=suite.resample,
            base_seed=suite.seed,
            steps=budget.steps,
            tolerances=tuple(budget.tolerances),
            dtype=budget.dtype,
            device=device,
            spectrum=budget.spectrum,
            solver=solver.name,
        )
        data = setting.data(registry)
        key = semantic_key(data)
        found += [Pursuit(setting, data, key, solver, n, d, suite.search, rung) for d in suite.d for n in suite.n]
    return found


def results_of(
    suite: Suite, registry: Registry, found: list[Pursuit], origin: dict[str, Any], directory: Path | None
) -> Results:
    """Return the results that the pursuits hold by now."""
    outcomes = {p.cell(k): tuple(known) for p in found for k, known in sorted(p.known().items())}
    missing = sum(outcome is None for p in found for outcome in p.waiting.values())
    return Results(suite, registry, outcomes, origin, missing, directory)


def load_results(
    directory: Path, suite: Suite | None = None, registry: Registry | None = None, *, trust_plugins: bool = False
) -> Results:
    """Return the results stored in a run directory, without training anything.

    Args:
        directory: Where the run wrote.
        suite: The suite to read them as; by default that of the last run.
        registry: The plugins; loaded if not given.
        trust_plugins: Whether to load the plugin files that the results name wherever they are.

    Raises:
        StoreError: If there are none.
        SuiteError: If the stored suite cannot be read with the plugins at hand.
    """
    from harness.plugins import load_plugins

    with Store(directory, create=False) as store:
        last = store.last_run()
        if last is None:
            raise StoreError(f"{store.path} holds no run yet")
        _, text, origin = last
        if registry is None:
            files = [Path(file) for file in origin.get("plugin_files", ())]
            if not trust_plugins and (refused := strangers(files)):
                raise StoreError("\n".join(f"{store.path} was made with a plugin: {why}; {HOW}" for why in refused))
            registry = load_plugins(files=files)
        if suite is None:
            suite = parse_suite(text, registry)
        found = pursuits(suite, registry, origin.get("device", "cpu"), origin.get("solvers"))
        stored = _stored(store, found, errors=True)
        for pursuit in found:
            pursuit.advance(_lookup(stored, pursuit))
        origin = {**origin, **mixture(store)}
    return results_of(suite, registry, found, origin, directory)


Stored = dict[str, dict[Place, Outcome]]
"""Key → (n, d, k, seed) → outcome."""


def _stored(store: Store | None, found: list[Pursuit], *, errors: bool = False) -> Stored:
    """Read what is stored for these pursuits, once."""
    rungs = {p.key: len(p.setting.tolerances) for p in found}
    return {key: store.outcomes(key, errors=errors, rungs=n) if store else {} for key, n in rungs.items()}


def _lookup(stored: Stored, pursuit: Pursuit) -> Callable[[Cell, int], Outcome | None]:
    """Return how a pursuit looks up a trial."""
    known = stored[pursuit.key]
    return lambda cell, seed: known.get((cell.n, cell.d, cell.k, seed))


def batches(
    pursuit: Pursuit,
    missing: list[tuple[int, int]],
    hungry: int = 0,
    recovery: Recovery | None = None,
    trial_seconds: float = math.inf,
) -> Iterator[Batch]:
    """Group missing trials (width, seed) into batches of equal shape.

    Args:
        pursuit: Whose trials they are.
        missing: What is to be trained.
        hungry: Number of workers with nothing to do; batches are split to feed them where lanes are independent.
        recovery: What is known of shapes that did not fit into memory.
        trial_seconds: Most time that a trial may take.
    """
    recovery = recovery or Recovery()
    by_width: dict[int, list[int]] = defaultdict(list)
    for k, seed in missing:
        by_width[k].append(seed)
    for k, seeds in by_width.items():
        most = pursuit.solver.lanes(pursuit.setting, pursuit.n, pursuit.d, k)
        if pursuit.solver.fixed_lanes:
            blocks: dict[int, list[int]] = defaultdict(list)
            for seed in seeds:
                blocks[seed // most].append(seed)
            groups = list(blocks.values())
        else:
            parts = max(-(-len(seeds) // most), min(hungry, len(seeds) // 4), 1)
            size = -(-len(seeds) // parts)
            groups = [seeds[i : i + size] for i in range(0, len(seeds), size)]
        for group in groups:
            room = recovery.most(pursuit.key, pursuit.n, pursuit.d, k, len(group))
            for i in range(0, len(group), room):
                yield Batch(pursuit.cell(k), tuple(group[i : i + room]), pursuit.data, pursuit.key, trial_seconds)


@dataclass
class Run:
    """A run in progress.

    Attributes:
        suite: What is run.
        registry: The plugins.
        store: Where outcomes go; None for a plan, which keeps nothing.
        device: Where networks are trained.
        workers: Batches trained at a time.
        found: The pursuits.
        trained: Trials trained by this run.
        reused: Trials taken from the store.
        started: When it began.
        shard: The part of the grid that is trained; all of it if not given.
    """

    suite: Suite
    registry: Registry
    store: Store | None
    device: str
    workers: int = 1
    found: list[Pursuit] = field(default_factory=list)
    trained: int = 0
    started: float = field(default_factory=time.monotonic)
    shard: Shard | None = None

    def __post_init__(self) -> None:
        self.found = pursuits(self.suite, self.registry, self.device)
        if self.shard is not None:
            self.found = self.shard.part(self.found)
        self._stored = _stored(self.store, self.found)
        self._open: dict[int, list[tuple[int, int]]] = {}
        self._recovery = Recovery()
        # Regimes that differ in name only share their trials: the first of them trains, the others follow.
        leaders: dict[tuple[str, int, int], int] = {}
        self._followers: dict[int, list[int]] = {}
        for i, pursuit in enumerate(self.found):
            leader = leaders.setdefault((pursuit.key, pursuit.n, pursuit.d), i)
            if leader != i:
                self._followers.setdefault(leader, []).append(i)
            if missing := pursuit.advance(_lookup(self._stored, pursuit)):
                self._open[i] = missing

    @property
    def reused(self) -> int:
        """Trials taken from the store."""
        return sum(pursuit.reused for pursuit in self.found)

    @property
    def finished(self) -> list[Pursuit]:
        """The pursuits whose search is over."""
        return [pursuit for i, pursuit in enumerate(self.found) if i not in self._open]

    @property
    def missing(self) -> int:
        """Trials that are known to be wanted and not there yet."""
        return sum(outcome is None for pursuit in self.found for outcome in pursuit.waiting.values())

    def expected(self) -> int:
        """Return the trials that the whole run will take, as far as can be told.

        A grid knows; a search that is not over is taken to need as many as those that are, and never fewer than it
        has asked for.
        """
        over = [sum(map(len, p.outcomes.values())) for p in self.finished]
        usual = sum(over) / len(over) if over else 60.0
        total = 0
        for i, pursuit in enumerate(self.found):
            asked = sum(map(len, pursuit.outcomes.values())) + len(pursuit.waiting)
            known = pursuit.expected()
            total += known if known is not None else (asked if i not in self._open else max(asked, round(usual)))
        return total

    def done(self) -> int:
        """Return the trials that are there."""
        known = sum(len(o) for p in self.found for o in p.outcomes.values())
        return known + sum(outcome is not None for p in self.found for outcome in p.waiting.values())

    def results(self) -> Results:
        """Return what is known by now; of a shard, what is stored of the whole suite."""
        origin = provenance(self.suite, self.registry, self.device) | mixture(self.store)
        directory = self.store.path.parent if self.store else None
        found = self.found
        if self.shard is not None:
            origin["shard"] = str(self.shard)
            found = pursuits(self.suite, self.registry, self.device)
            stored = _stored(self.store, found, errors=True)
            for pursuit in found:
                pursuit.advance(_lookup(stored, pursuit))
        return results_of(self.suite, self.registry, found, origin, directory)

    def go(self, executor: Executor, listen: Callable[[Run], None] | None = None) -> Results:
        """Train what is missing; call ``listen`` after each batch. What is finished is on disk at any moment."""
        if self.store is None:
            raise RuntimeError("a run without a store trains nothing")
        by_cell = {(p.setting.regime.name, p.n, p.d): i for i, p in enumerate(self.found)}
        in_hand = 0
        ready = self._ready(0)
        if ready and len(ready) < executor.workers:
            ready = self._ready(-(-executor.workers // len(ready)))
        for batch in sorted(ready, key=self._cost, reverse=True):
            executor.submit(batch)
            in_hand += 1
        if listen:
            listen(self)
        while in_hand:
            try:
                batch, outcomes = executor.next_done()
            except BatchFailed as failed:
                again = self._recovery.after(failed.batch, failed.fault)
                for smaller in again:
                    executor.submit(smaller)
                in_hand += len(again) - 1
                if again:
                    continue
                batch = failed.batch
                outcomes = [error_outcome(batch.seeds[0], len(self.suite.budget.tolerances), failed.fault.message)]
                in_hand += 1
            in_hand -= 1
            self.store.put(batch.key, batch.setting, batch.cell, outcomes)
            cell = batch.cell
            self._stored[batch.key] |= {(cell.n, cell.d, cell.k, outcome.seed): outcome for outcome in outcomes}
            self.trained += len(outcomes)
            i = by_cell[batch.cell.regime, batch.cell.n, batch.cell.d]
            pursuit = self.found[i]
            if pursuit.accept(batch.cell.k, outcomes):
                missing = pursuit.advance(_lookup(self._stored, pursuit))
                if not missing:
                    self._close(i)
                for further in self._batches(pursuit, missing, max(executor.workers - in_hand, 0)):
                    executor.submit(further)
                    in_hand += 1
            if listen:
                listen(self)
        return self.results()

    def _ready(self, hungry: int) -> list[Batch]:
        """Return the batches that can be trained at once, each width split for so many hungry workers."""
        following = {i for followers in self._followers.values() for i in followers}
        leading = [(self.found[i], missing) for i, missing in self._open.items() if i not in following]
        return [batch for pursuit, missing in leading for batch in self._batches(pursuit, missing, hungry)]

    def _batches(self, pursuit: Pursuit, missing: list[tuple[int, int]], hungry: int) -> Iterator[Batch]:
        return batches(pursuit, missing, hungry, self._recovery, self.suite.budget.trial_seconds)

    def _close(self, leader: int) -> None:
        """Note that a pursuit is over, and with it those that follow it."""
        for i in (leader, *self._followers.get(leader, ())):
            if i == leader or not self.found[i].advance(_lookup(self._stored, self.found[i])):
                self._open.pop(i, None)

    def _cost(self, batch: Batch) -> float:
        cell = batch.cell
        return float(len(batch.seeds)) * cell.n * cell.d * cell.k
