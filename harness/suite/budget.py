"""The reader of the budget of a suite."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic import ValidationError

from harness.plugin_host.registry import AmbiguousName, UnknownName
from harness.suite.file import BudgetSection
from harness.suite.record import Budget

if TYPE_CHECKING:
    from harness.components import Regime
    from harness.suite.tables import Tables


def read_budget(tables: Tables) -> tuple[BudgetSection | None, Budget | None]:
    """Return the section [budget] and the budget without what depends on regimes, each None if it has faults."""
    table = tables.data.get("budget")
    if isinstance(table, dict) and not {"steps", "epochs"} & set(table):
        tables.refuse("missing", ("budget", "steps"), "is missing")
    section = tables.section("budget", BudgetSection)
    ladder = section or _ladder(tables)
    try:
        reported = ladder.reported() if ladder is not None else None
    except ValueError as error:
        tables.refuse("tolerance-not-recorded", ("budget", "report_tolerance"), str(error))
        return section, None
    if section is None or reported is None:
        return section, None
    budget = Budget(
        section.steps or 0,
        section.recorded(),
        reported,
        section.dtype,
        section.device,
        section.spectrum,
        section.trial_seconds,
        section.limit,
    )
    return section, budget


def _ladder(tables: Tables) -> BudgetSection | None:
    """Return a budget with the tolerances alone, or None if they have faults.

    It is used where another key of the budget has a fault, so that the reported tolerance is checked too.
    """
    table = tables.data.get("budget")
    if not isinstance(table, dict):
        return None
    given = {key: table[key] for key in ("tolerances", "report_tolerance") if key in table}
    try:
        return BudgetSection.model_validate_json(json.dumps({"steps": 1, **given}), strict=True)
    except ValidationError:
        return None


def with_solver(regimes: dict[int, Regime], tables: Tables) -> dict[int, Regime]:
    """Return the regimes with the solver of [budget] where they name none."""
    table = tables.data.get("budget")
    name = table.get("solver", "") if isinstance(table, dict) else ""
    if not name or not isinstance(name, str):
        return regimes
    try:
        tables.registry.find("solver", name)
    except UnknownName as error:
        tables.refuse("unknown-name", ("budget", "solver"), error.message, error.nearest)
    except AmbiguousName as error:
        tables.refuse("ambiguous-name", ("budget", "solver"), str(error))
    return {index: replace(regime, solver=regime.solver or name) for index, regime in regimes.items()}
