"""The parser that turns the tables of a suite file into a suite."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, cast

from harness.complaints import plain_complaints
from harness.suite.budget import read_budget, with_solver
from harness.suite.claims import read_claims
from harness.suite.dataset import read_dataset
from harness.suite.depending import check_samples, check_tunings, check_widths, fit_of, samples_given
from harness.suite.file import METHODS, PaperSection, ProblemsSection, SuiteSection
from harness.suite.for_all_regimes import steps_of_epochs, with_options
from harness.suite.misfits import misfits
from harness.suite.plugin_files import read_plugin_files
from harness.suite.record import Suite
from harness.suite.regimes import check_width_steps, read_regimes
from harness.suite.requires import missing_packages
from harness.suite.search_section import read_search
from harness.suite.tables import Tables

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from harness.complaints import Complaint
    from harness.plugin_host.registry import Registry
    from harness.statistics.search import Search


class SuiteParser:
    """A parser of one suite. It goes on after each fault to find all of them.

    Attributes:
        methods: Searches that a suite may name.
        any_names: Whether regimes may have names that are too long for tables.
    """

    methods: Mapping[str, type[Search]] = METHODS
    any_names: ClassVar[bool] = False

    def __init__(self, data: Mapping[str, Any], registry: Registry, path: Path | None) -> None:
        self.tables = Tables(data, registry, path)

    @property
    def complaints(self) -> list[Complaint]:
        """Faults found so far, in the order of the sections."""
        return self.tables.complaints

    def suite(self, text: str) -> Suite | None:
        """Return the suite, or None if there are complaints."""
        tables = self.tables
        tables.complaints += plain_complaints(tables.data, multiline=[("suite", "description")])
        if tables.complaints:
            return None  # later messages would print these values
        tables.correct_names()
        plugin_files = read_plugin_files(tables)
        tables.complaints += missing_packages(tables.data.get("requires", []))
        if "paper" in tables.data:
            tables.section("paper", PaperSection)
        head = tables.section("suite", SuiteSection)
        problems = tables.section("problems", ProblemsSection)
        section, budget = read_budget(tables)
        dataset = read_dataset(tables)
        search = read_search(tables, self.methods)
        regimes = with_solver(read_regimes(tables, any_names=self.any_names), tables)
        n, given = samples_given(problems, tables.refuse)
        if section is not None:
            regimes = dict(with_options(regimes, section, tables.complaints))
        if budget is not None and problems is not None and section is not None and section.steps is None:
            budget = replace(budget, steps=steps_of_epochs(regimes.values(), n))
        fit, regimes = fit_of(tables.data, tables.registry, search, regimes, tables.refuse)
        check_width_steps(search, regimes, tables)
        check_tunings(search, problems, regimes, tables.refuse)
        check_samples(problems, regimes, tables.refuse)
        if not tables.complaints:
            check_widths(search, given or n, problems, tables.refuse)
        if dataset is not None:
            tables.complaints += misfits(dataset, problems, regimes, tables.data, tables.registry)
        claims = read_claims(tables.data, regimes, budget, tables.complaints)
        tables.complaints = [tables.as_named(complaint) for complaint in tables.complaints]
        for missing in tables.misspelled:
            if missing != "search":
                tables.miss(missing)
        if tables.complaints or head is None or problems is None or budget is None or dataset is None or search is None:
            return None
        return Suite(
            name=head.name,
            title=head.title,
            description=head.description,
            seed=head.seed,
            dataset=dataset,
            resample=problems.resample is True,
            each_cell=problems.resample == "cell",
            held_out=problems.held_out,
            validation=problems.validation,
            n=n,
            n_given=given,
            claims=claims,
            d=cast("tuple[int, ...]", problems.d),
            budget=replace(budget, fit=fit, limit=budget.limit and fit is None),
            search=search,
            regimes=tuple(regimes.values()),
            plugin_files=plugin_files,
            path=tables.path,
            text=text,
        )
