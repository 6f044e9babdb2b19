"""The driver: suite → pursuits → batches → executor → store → results."""

from __future__ import annotations

import platform
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from harness.components import Cell, Outcome
from harness.engine.setting import Setting, semantic_key, step_theory
from harness.engine.solvers import solver_for
from harness.executors.base import Batch, Executor
from harness.problems import digest
from harness.pursuit import Pursuit
from harness.registry import Registry
from harness.results import Results
from harness.store import Place, Store, StoreError
from harness.suite import Suite, parse_suite


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
    packages = ("convergence-harness", "torch", "numpy", "scipy")
    return {
        "versions": {name: _version(name) for name in packages} | {"python": platform.python_version()},
        "plugins": {plugin.name: f"{plugin.package} {plugin.version}" for plugin in registry if plugin.status == "ok"},
        "plugin_files": [plugin.origin for plugin in registry if plugin.is_file],
        "machine": f"{platform.system()} {platform.machine()}",
        "device": device,
        "solvers": {r.name: solver_for(r, device, suite.budget.dtype).name for r in suite.regimes},
        "suite": suite.name,
        "suite_hash": digest(suite.text)[:12],
        "seed": suite.seed,
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
    }


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def pursuits(suite: Suite, registry: Registry, device: str, solvers: Mapping[str, str] | None = None) -> list[Pursuit]:
    """Return one pursuit per regime, n and d of the suite.

    Args:
        suite: What is asked.
        registry: The plugins.
        device: Where networks are trained.
        solvers: By regime, what trained them on the machine that the results come from.
    """
    budget = suite.budget
    rung = budget.tolerances.index(budget.report_tolerance)
    found = []
    for regime in suite.regimes:
        solver = solver_for(regime, device, budget.dtype, (solvers or {}).get(regime.name))
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


def load_results(directory: Path, suite: Suite | None = None, registry: Registry | None = None) -> Results:
    """Return the results stored in a run directory, without training anything.

    Args:
        directory: Where the run wrote.
        suite: The suite to read them as; by default that of the last run.
        registry: The plugins; loaded if not given.

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
            registry = load_plugins(files=origin.get("plugin_files", ()))
        if suite is None:
            suite = parse_suite(text, registry)
        found = pursuits(suite, registry, origin["device"], origin.get("solvers"))
        stored = _stored(store, found, errors=True)
        for pursuit in found:
            pursuit.advance(_lookup(stored, pursuit))
    return results_of(suite, registry, found, origin, directory)


Stored = dict[str, dict[Place, Outcome]]
"""Key → (n, d, k, seed) → outcome."""


def _stored(store: Store | None, found: list[Pursuit], *, errors: bool = False) -> Stored:
    """Read what is stored for these pursuits, once."""
    keys = {p.key for p in found}
    return {key: store.outcomes(key, errors=errors) if store else {} for key in keys}


def _lookup(stored: Stored, pursuit: Pursuit) -> Callable[[Cell, int], Outcome | None]:
    """Return how a pursuit looks up a trial."""
    known = stored[pursuit.key]
    return lambda cell, seed: known.get((cell.n, cell.d, cell.k, seed))


def batches(pursuit: Pursuit, missing: list[tuple[int, int]], hungry: int = 0) -> Iterator[Batch]:
    """Group missing trials (width, seed) into batches of equal shape.

    Args:
        pursuit: Whose trials they are.
        missing: What is to be trained.
        hungry: Number of workers with nothing to do; batches are split to feed them where lanes are independent.
    """
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
            yield Batch(pursuit.cell(k), tuple(group), pursuit.data, pursuit.key)


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
    """

    suite: Suite
    registry: Registry
    store: Store | None
    device: str
    workers: int = 1
    found: list[Pursuit] = field(default_factory=list)
    trained: int = 0
    started: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.found = pursuits(self.suite, self.registry, self.device)
        self._stored = _stored(self.store, self.found)
        self._open: dict[int, list[tuple[int, int]]] = {}
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
        """Return what is known by now."""
        origin = provenance(self.suite, self.registry, self.device)
        directory = self.store.path.parent if self.store else None
        return results_of(self.suite, self.registry, self.found, origin, directory)

    def go(self, executor: Executor, listen: Callable[[Run], None] | None = None) -> Results:
        """Train what is missing; call ``listen`` after each batch. What is finished is on disk at any moment."""
        if self.store is None:
            raise RuntimeError("a run without a store trains nothing")
        by_cell = {(p.setting.regime.name, p.n, p.d): i for i, p in enumerate(self.found)}
        in_hand = 0
        following = {i for followers in self._followers.values() for i in followers}
        ready = [
            batch
            for i, missing in self._open.items()
            if i not in following
            for batch in batches(self.found[i], missing)
        ]
        for batch in sorted(ready, key=self._cost, reverse=True):
            executor.submit(batch)
            in_hand += 1
        if listen:
            listen(self)
        while in_hand:
            batch, outcomes = executor.next_done()
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
                for further in batches(pursuit, missing, hungry=max(self.workers - in_hand, 0)):
                    executor.submit(further)
                    in_hand += 1
            if listen:
                listen(self)
        return self.results()

    def _close(self, leader: int) -> None:
        """Note that a pursuit is over, and with it those that follow it."""
        for i in (leader, *self._followers.get(leader, ())):
            if i == leader or not self.found[i].advance(_lookup(self._stored, self.found[i])):
                self._open.pop(i, None)

    def _cost(self, batch: Batch) -> float:
        cell = batch.cell
        return float(len(batch.seeds)) * cell.n * cell.d * cell.k
