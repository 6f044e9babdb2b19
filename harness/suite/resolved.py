"""Suites with every default spelled out, so that a default that changes later does not change an old run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from harness.plugin_host.component_data import component_spec
from harness.plugin_host.composition import regime_spec
from harness.statistics.galloping import Galloping
from harness.suite.claim import data_of
from harness.suite.parser import SuiteParser
from harness.suite.source import SuiteError

if TYPE_CHECKING:
    from harness.components import Regime
    from harness.plugin_host.registry import Registry
    from harness.statistics.search import Search
    from harness.suite.record import Suite


def resolve(suite: Suite, registry: Registry) -> dict[str, Any]:
    """Return a suite as plain data of a suite file's form, with the value of every option.

    Versions of components are left out: they are part of the stored settings, and the data are for reading results.
    """
    fit = suite.budget.fit
    search = {name: value for name, value in vars(suite.search).items() if value != ()}
    data = {
        "suite": {"name": suite.name, "title": suite.title, "description": suite.description, "seed": suite.seed},
        "problems": {
            "dataset": component_spec(suite.dataset, "dataset", registry),
            "n": suite.n_given or suite.n,
            "d": suite.d,
            "resample": "cell" if suite.each_cell else suite.resample,
            "held_out": suite.held_out,
            "validation": suite.validation,
        },
        "budget": vars(suite.budget)
        | {"fit": fit.data() if fit else None}
        | {"solver": "", "epochs": None, "errors": [], "margins": []},  # regimes have these
        "search": {"method": suite.search.name, **search},
        "regimes": [_regime(regime, registry) for regime in suite.regimes],
        **({"claims": [data_of(claim) for claim in suite.claims]} if suite.claims else {}),
    }
    found: dict[str, Any] = json.loads(json.dumps(without_versions(data)))
    return found


def _regime(regime: Regime, registry: Registry) -> dict[str, Any]:
    named = {"solver": regime.solver, "continuation": regime.continuation}
    return {**regime_spec(regime, registry), **{key: name for key, name in named.items() if name}}


def without_versions(data: Any) -> Any:
    """Return plain data without the versions of components."""
    if isinstance(data, Mapping):
        return {key: without_versions(value) for key, value in data.items() if not (key == "version" and "use" in data)}
    return [without_versions(value) for value in data] if isinstance(data, list | tuple) else data


def suite_of(data: Mapping[str, Any], registry: Registry, text: str) -> Suite:
    """Return the suite that :func:`resolve` made plain data of; executes nothing.

    Args:
        data: The plain data.
        registry: Where components are looked up.
        text: Text of the suite file.

    Raises:
        SuiteError: With all complaints.
    """
    budget = data.get("budget")
    if isinstance(budget, Mapping):
        data = {**data, "budget": {"limit": False, **budget}}  # suites of before there were fates
    parser = _ResolvedParser(data, registry, None)
    suite = parser.suite(text)
    if suite is None:
        raise SuiteError(parser.complaints)
    return suite


class EarlierParser(SuiteParser):
    """A parser of suites that were run with the first adaptive search."""

    methods: Mapping[str, type[Search]] = {**SuiteParser.methods, Galloping.name: Galloping}


class _ResolvedParser(SuiteParser):
    """A parser that accepts the names that the harness itself gave to regimes, which may be long."""

    any_names = True

    @property
    def methods(self) -> Mapping[str, type[Search]]:  # type: ignore[override]  # read only, as it follows from the data
        """Searches that the suite may name. The first adaptive search had a number of widths."""
        search = self.tables.data.get("search")
        earlier = isinstance(search, Mapping) and search.get("method") == Galloping.name and "widths" in search
        return EarlierParser.methods if earlier else SuiteParser.methods
