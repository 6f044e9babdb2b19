"""Results as they are stored."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.driver.provenance import mixture
from harness.driver.results import Results
from harness.driver.step_tuning import with_tuning
from harness.driver.stored import follow_ledgers, lookup, stored_outcomes
from harness.driver.threshold_searches import threshold_searches
from harness.driver.undecided import set_aside_undecided
from harness.engine.draws import canonical
from harness.engine.setting import semantic
from harness.plugin_host.trust import HOW, strangers
from harness.store import Store, StoreError
from harness.suite import Suite, parse_suite
from harness.suite.resolved import EarlierParser, suite_of, without_versions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.driver.threshold_search import ThresholdSearch
    from harness.plugin_host.registry import Registry


def results_of(
    suite: Suite, registry: Registry, found: list[ThresholdSearch], origin: dict[str, Any], directory: Path | None
) -> Results:
    """Return the results that the searches hold by now."""
    outcomes = {one.cell(k): tuple(known) for one in found for k, known in sorted(one.known().items())}
    missing = sum(len(one.missing) for one in found)
    places = {(one.setting.regime.name, one.n, one.d): one for one in found}
    rounds = {place: one.complete for place, one in places.items()}
    endings = {place: ending for place, one in places.items() if (ending := one.ending)}
    choices = {
        one.cell(k): choice
        for one in found
        if one.tuning is not None
        for k in one.known()
        if (choice := one.tuning.choice(k)) is not None
    }
    return Results(
        suite, registry, outcomes, origin, missing, directory, rounds=rounds, endings=endings, choices=choices
    )


def load_results(
    directory: Path, suite: Suite | None = None, registry: Registry | None = None, *, trust_plugins: bool = False
) -> Results:
    """Return the results stored in a run directory, without training anything.

    Args:
        directory: Where the run wrote.
        suite: The suite to read them as, or None for that of the last run. The latter is read with the defaults and
            under the keys that it had then.
        registry: The plugins, or None to load them.
        trust_plugins: Whether to load the plugin files that the results name wherever they are.

    Raises:
        StoreError: If there are none.
        SuiteError: If the stored suite cannot be read with the plugins at hand.
    """
    from harness.plugin_host.loading import load_plugins

    with Store(directory, create=False) as store:
        last = store.last_run()
        if last is None:
            raise StoreError(f"{store.path} holds no run yet")
        text, origin = last.suite, last.provenance
        if registry is None:
            files = [Path(file) for file in origin.get("plugin_files", ())]
            if not trust_plugins and (refused := strangers(files)):
                raise StoreError("\n".join(f"{store.path} was made with a plugin: {why}; {HOW}" for why in refused))
            registry = load_plugins(files=files)
        keys: Mapping[str, str] = {}
        keyless = suite is None and not last.resolved
        if suite is None and last.resolved:
            resolved = dict(last.resolved)
            keys = resolved.pop("keys", {})
            suite = suite_of(resolved, registry, text)
        elif suite is None:
            suite = parse_suite(text, registry, parser=EarlierParser).with_limit(False)
        elif not last.resolved.get("budget", {}).get("limit", False):
            suite = suite.with_limit(False)  # read as the run was made
        found = threshold_searches(suite, registry, origin.get("device", "cpu"), origin.get("solvers"))
        if keyless:
            keys = _keys_then(store, found)
        for search in with_tuning(found):
            search.key = keys.get(search.setting.regime.name, search.key)
        replay(store, found)
        origin = {**origin, **mixture(store, found)}
    return results_of(suite, registry, found, origin, directory)


def _keys_then(store: Store, found: list[ThresholdSearch]) -> dict[str, str]:
    """Return by regime the key of a run that did not record its keys, whose components had other versions."""
    stored: dict[str, list[str]] = {}
    for key, data in store.settings().items():
        stored.setdefault(_unversioned(data), []).append(key)
    keys = {search.setting.regime.name: stored.get(_unversioned(search.data), []) for search in found}
    return {name: known[0] for name, known in keys.items() if len(known) == 1}


def _unversioned(data: Mapping[str, Any]) -> str:
    versions = ("format", "stable_step")
    return canonical({key: value for key, value in without_versions(semantic(data)).items() if key not in versions})


def replay(store: Store, found: list[ThresholdSearch]) -> None:
    """Take searches as far as what is stored of them goes, errors included."""
    every = with_tuning(found)
    stored = stored_outcomes(store, every, errors=True)
    set_aside_undecided(stored, every, again=False)
    follow_ledgers(store, every)
    for search in every:
        search.advance(lookup(stored, search))
