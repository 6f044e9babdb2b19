"""The parser that turns the tables of a suite file into records."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from harness.complaints import Code, Complaint, SpecError, nearest, plain_complaints, show
from harness.plugin_host.component_data import component_from
from harness.plugin_host.composition import build_regime, unique_names
from harness.plugin_host.options import configure, option_names
from harness.plugin_host.registry import AmbiguousName, UnknownName
from harness.plugin_host.validation import from_pydantic
from harness.statistics.adaptive import Adaptive
from harness.statistics.search import Grid, Search
from harness.suite.claims import read_claims
from harness.suite.depending import check_samples, check_tunings, check_widths, fit_of, samples_given
from harness.suite.file import (
    SECTIONS,
    BudgetSection,
    PaperSection,
    ProblemsSection,
    Section,
    Sizes,
    SuiteFile,
    SuiteSection,
)
from harness.suite.for_all_regimes import steps_of_epochs, with_options
from harness.suite.misfits import misfits
from harness.suite.record import Budget, Suite
from harness.suite.requires import missing_packages

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.components import Dataset, Regime
    from harness.plugin_host.registry import Plugin, Registry

S = TypeVar("S", bound=Section)
METHODS: Mapping[str, type[Search]] = {cls.name: cls for cls in (Adaptive, Grid)}
MAX_NAME = 80


def sections() -> str:
    """Return the sections that a suite needs, as text for messages."""
    return ", ".join(f"[{section}]" for section in SECTIONS) + " and [[regimes]]"


def plugin_paths(data: Mapping[str, Any], path: Path | None) -> tuple[Path, ...]:
    """Return the absolute paths of the plugin files that a suite names.

    Entries that are not file names are left out. The parser reports them.

    Args:
        data: Tables of the suite.
        path: File of the suite, or None if it is a text. Relative names start at its folder.

    Returns:
        One path per valid entry, in the order of the suite.
    """
    listed = data.get("plugins", ())
    if not isinstance(listed, list):
        return ()
    folder = path.parent if path is not None else Path()
    return tuple((folder / name).resolve() for name in listed if isinstance(name, str) and "\0" not in name)


class SuiteParser:
    """A parser of one suite. It goes on after each fault to find all of them.

    Attributes:
        methods: Searches that a suite may name.
    """

    methods: Mapping[str, type[Search]] = METHODS

    def __init__(self, data: Mapping[str, Any], registry: Registry, path: Path | None) -> None:
        self.data, self.registry, self.path = data, registry, path
        self.complaints: list[Complaint] = []
        self.plugin_files: list[Path] = []
        self._misspelled: dict[str, str] = {}
        self._read_budget: BudgetSection | None = None

    def suite(self, text: str) -> Suite | None:
        """Return the suite, or None if there are complaints."""
        self.complaints += plain_complaints(self.data, multiline=[("suite", "description")])
        if self.complaints:
            return None  # later messages would print these values
        self._unknown_sections()
        self._plugins()
        self.complaints += missing_packages(self.data.get("requires", []))
        if "paper" in self.data:
            self._section("paper", PaperSection)
        head = self._section("suite", SuiteSection)
        problems = self._section("problems", ProblemsSection)
        budget = self._budget()
        dataset = self._dataset()
        search = self._search()
        regimes = self._regimes()
        regimes = self._with_solver(regimes)
        n, given = samples_given(problems, self._refuse)
        section = self._read_budget
        if section is not None:
            regimes = dict(with_options(regimes, section, self.complaints))
        if budget is not None and problems is not None and section is not None and section.steps is None:
            budget = replace(budget, steps=steps_of_epochs(regimes.values(), n))
        fit, regimes = fit_of(self.data, self.registry, search, regimes, self._refuse)
        self._width_steps(search, regimes)
        check_tunings(search, problems, regimes, self._refuse)
        check_samples(problems, regimes, self._refuse)
        if not self.complaints:
            check_widths(search, given or n, problems, self._refuse)
        if dataset is not None:
            self.complaints += misfits(dataset, problems, regimes, self.data, self.registry)
        claims = read_claims(self.data, regimes, budget, self.complaints)
        self.complaints = [self._under_its_name(complaint) for complaint in self.complaints]
        for missing in self._misspelled:
            if missing != "search":
                self._miss(missing)
        if self.complaints or head is None or problems is None or budget is None or dataset is None or search is None:
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
            plugin_files=tuple(self.plugin_files),
            path=self.path,
            text=text,
        )

    def _refuse(self, code: Code, path: tuple[str | int, ...], message: str, close: str = "") -> None:
        self.complaints.append(Complaint(code, path, message, close))

    def _unknown_sections(self) -> None:
        """Refuse sections that no suite has, and read misspelled sections under their correct names.

        The parser then also checks what a misspelled section contains.
        """
        known = list(SuiteFile.model_fields)
        for key, value in self.data.items():
            if key in known:
                continue
            home = _home_of(key)
            if home and not isinstance(value, dict):
                self._refuse("misplaced-key", (key,), f"is not a section of a suite; it belongs in [{home}]")
                continue
            close = nearest(key, known)
            self._refuse("unknown-section", (key,), f"is not a section of a suite ({', '.join(known)})", close)
            if isinstance(value, dict | list) and close in (*SECTIONS, "search", "regimes") and close not in self.data:
                self._misspelled.setdefault(close, key)
        right = {name: self.data[key] for name, key in self._misspelled.items()}
        self.data = {**self.data, **right}

    def _under_its_name(self, complaint: Complaint) -> Complaint:
        """Return the complaint with the name that the file gives to its section, which may be misspelled."""
        section, *below = complaint.path or ("",)
        return (
            replace(complaint, path=(self._misspelled[section], *below)) if section in self._misspelled else complaint
        )

    def _plugins(self) -> None:
        listed = self.data.get("plugins", [])
        if not isinstance(listed, list):
            self._refuse("wrong-type", ("plugins",), f"found {show(listed)}, expected a list of Python files")
            return
        loaded: dict[str, Plugin] = {}
        for file in self.registry:
            if file.is_file:
                loaded.setdefault(self._file_key(file.origin), file)
        for index, name in enumerate(listed):
            if not isinstance(name, str):
                self._refuse(
                    "wrong-type", ("plugins", index), f"found {show(name)}, expected the name of a Python file"
                )
                continue
            found = plugin_paths({"plugins": [name]}, self.path)
            key = self._file_key(str(found[0])) if found else ""
            plugin = loaded.get(key)
            if plugin is None or plugin.status == "blocked":
                self._refuse("plugin-not-loaded", ("plugins", index), f"plugin {show(name)} was not loaded")
            elif plugin.status == "broken":
                message = f"plugin {show(name)} could not be loaded: {plugin.reason}"
                self._refuse("plugin-not-loaded", ("plugins", index), message)
            else:
                self.plugin_files.append(Path(plugin.origin))

    def _file_key(self, origin: str) -> str:
        """Return the part of a plugin file's path that identifies it.

        A suite that is read from a store has no folder. Its plugin files are compared by their last names only.
        """
        return Path(origin).name if self.path is None else origin

    def _miss(self, section: str) -> None:
        self._refuse("missing-section", (section,), f"is missing: a suite needs {sections()}")

    def _table(self, key: str, *, needed: bool = True) -> dict[str, Any] | None:
        if key not in self.data:
            if needed:
                self._miss(key)
            return None
        value = self.data[key]
        if isinstance(value, dict):
            return value
        if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            self._refuse("wrong-brackets", (key,), f"is a list of tables: write [{key}], once, with single brackets")
        else:
            self._refuse("wrong-type", (key,), f"found {show(value)}, expected a section [{key}]")
        return None

    def _section(self, key: str, model: type[S]) -> S | None:
        table = self._table(key)
        if table is None:
            return None
        known = list(model.model_fields)
        rest = dict(table)
        for name in table:
            home = _home_of(name)
            if name not in known and home not in ("", key):
                where = f"in [{home}]" if home != name else f"above the first section, not in [{key}]"
                self._refuse("misplaced-key", (key, name), f"is not a key of [{key}]; it belongs {where}")
                del rest[name]
        try:
            return model.model_validate_json(json.dumps(rest), strict=True)
        except ValidationError as error:
            self.complaints += [c.below(key) for c in from_pydantic(error, rest, known)]
            return None

    def _budget(self) -> Budget | None:
        table = self.data.get("budget")
        if isinstance(table, dict) and not {"steps", "epochs"} & set(table):
            self._refuse("missing", ("budget", "steps"), "is missing")
        section = self._read_budget = self._section("budget", BudgetSection)
        ladder = section or self._ladder()
        try:
            reported = ladder.reported() if ladder is not None else None
        except ValueError as error:
            self._refuse("tolerance-not-recorded", ("budget", "report_tolerance"), str(error))
            return None
        if section is None or reported is None:
            return None
        rungs = tuple(section.tolerances)
        return Budget(
            section.steps or 0,
            rungs,
            reported,
            section.dtype,
            section.device,
            section.spectrum,
            section.trial_seconds,
            section.limit,
        )

    def _with_solver(self, regimes: dict[int, Regime]) -> dict[int, Regime]:
        """Return the regimes with the solver of [budget] where they name none."""
        table = self.data.get("budget")
        name = table.get("solver", "") if isinstance(table, dict) else ""
        if not name or not isinstance(name, str):
            return regimes
        try:
            self.registry.find("solver", name)
        except UnknownName as error:
            self._refuse("unknown-name", ("budget", "solver"), error.message, error.nearest)
        except AmbiguousName as error:
            self._refuse("ambiguous-name", ("budget", "solver"), str(error))
        return {index: replace(regime, solver=regime.solver or name) for index, regime in regimes.items()}

    def _ladder(self) -> BudgetSection | None:
        """Return a budget with the tolerances alone, or None if they have faults.

        It is used where another key of the budget has a fault, so that the reported tolerance is checked too.
        """
        table = self.data.get("budget")
        if not isinstance(table, dict):
            return None
        given = {key: table[key] for key in ("tolerances", "report_tolerance") if key in table}
        try:
            return BudgetSection.model_validate_json(json.dumps({"steps": 1, **given}), strict=True)
        except ValidationError:
            return None

    def _dataset(self) -> Dataset | None:
        table = self.data.get("problems")
        given = table.get("dataset") if isinstance(table, dict) else None
        if not isinstance(given, str | dict):
            return None  # the section has a complaint about it already
        try:
            return cast("Dataset", component_from(self.registry, "dataset", self._beside(given)))
        except SpecError as error:
            below = ("problems", "dataset")
            # Only what reads a file has a path, and users call that after the format of the file.
            reader = "table" if isinstance(given, dict) and "path" in given else ""
            self.complaints += [
                replace(c, path=below) if isinstance(given, str) else c.below(*below)
                for c in (
                    replace(c, nearest=c.nearest or reader) if c.code == "unknown-name" else c for c in error.complaints
                )
            ]
            return None

    def _beside(self, given: str | dict[str, Any]) -> str | dict[str, Any]:
        """Return the options of a dataset, with a path that starts at the folder of the suite if the file is there.

        Other paths start at the current directory, and so does one that leads to the same file from there: the path is
        part of the key that trials are stored by.
        """
        path = given.get("path") if isinstance(given, dict) else None
        if not isinstance(given, dict) or not isinstance(path, str) or self.path is None or not path or "\0" in path:
            return given
        beside, here = self.path.parent / path, Path(path).expanduser()
        same = not beside.is_file() or (here.is_file() and here.samefile(beside))
        return given if same else {**given, "path": str(beside)}

    def _search(self) -> Search | None:
        table = self._table("search", needed=False)
        if table is None:
            return self.methods["adaptive"]() if "search" not in self.data else None
        options = {key: value for key, value in table.items() if key != "method"}
        method = table.get("method", "adaptive")
        if not isinstance(method, str) or method not in self.methods:
            expected = " or ".join(map(show, self.methods))
            close = nearest(method, self.methods)
            message = f"found {show(method)}, expected {expected}"
            code: Code = "unknown-value" if isinstance(method, str) else "wrong-type"
            self._refuse(code, ("search", "method"), message, close)
            if not close:
                return None
            method = close  # so that the other options are still checked, by the nearest method
        cls = self.methods[method]
        options = self._widths(method, options)
        for key in list(options):
            other = next((m for m, c in self.methods.items() if key in option_names(c) and m != method), None)
            if key not in option_names(cls) and other is not None:
                message = f"is an option of method = {show(other)}, not of {show(method)}"
                self._refuse("other-method", ("search", key), message)
                del options[key]
        try:
            return configure(cls, options)
        except SpecError as error:
            refused = {c.path for c in self.complaints}
            self.complaints += [c for c in (c.below("search") for c in error.complaints) if c.path not in refused]
            return None

    def _widths(self, method: str, options: dict[str, Any]) -> dict[str, Any]:
        """Return the options with a range of widths written out.

        Widths are refused for a search that chooses its own.
        """
        widths = options.get("widths")
        if method == "grid" and isinstance(widths, str | list):
            listed = widths if isinstance(widths, list) else [widths]
            formulas = [width for width in listed if _is_formula(width)]
            widths = [width for width in listed if not _is_formula(width)]
            rest = {key: value for key, value in options.items() if key != "widths"}
            options = {**rest, "formulas": [*formulas, *options.get("formulas", [])]} if formulas else options
            if not widths and formulas:
                return options
        if self.methods[method] is Adaptive and isinstance(widths, int):
            message = "limits nothing: the brackets of the adaptive search do not pay for widths; leave it out"
            self._refuse("other-method", ("search", "widths"), message)
            return {key: value for key, value in options.items() if key != "widths"}
        if method == "adaptive" and isinstance(widths, list | dict):
            message = "lists widths, but the adaptive search chooses its own; use method = 'grid'"
            self._refuse("other-method", ("search", "widths"), message)
            return {key: value for key, value in options.items() if key != "widths"}
        if method == "grid" and widths is not None:
            try:
                adapter: TypeAdapter[Any] = TypeAdapter(Sizes)
                return {**options, "widths": list(adapter.validate_json(json.dumps(widths), strict=True))}
            except ValidationError as error:
                found = from_pydantic(error, widths, ("from", "to", "step"))
                self.complaints += [c.below("search", "widths") for c in found]
                return {**options, "widths": [1]}  # so that the other options are still checked
        return options

    def _regimes(self) -> dict[int, Regime]:
        """Return the regimes that could be built, by their index in the file."""
        listed = self.data.get("regimes")
        if "regimes" not in self.data:
            self._miss("regimes")
        elif isinstance(listed, dict):
            self._refuse("wrong-brackets", ("regimes",), "is one table, expected a list of them: write [[regimes]]")
        elif not isinstance(listed, list) or not listed:
            self._refuse("wrong-type", ("regimes",), f"found {show(listed)}, expected at least one table [[regimes]]")
        if not isinstance(listed, list):
            return {}
        built: dict[int, Regime] = {}
        for index, spec in enumerate(listed):
            if not isinstance(spec, dict):
                self._refuse("wrong-type", ("regimes", index), f"found {show(spec)}, expected a table [[regimes]]")
                continue
            try:
                built[index] = build_regime(spec, self.registry)
            except SpecError as error:
                self.complaints += [c.below("regimes", index) for c in error.complaints]
        self._names(listed)
        unique = unique_names(built.values(), ("name" in listed[index] for index in built))
        return dict(zip(built, unique, strict=True))

    def _names(self, listed: list[Any]) -> None:
        first: dict[str, int] = {}
        for index, spec in enumerate(listed):
            name = spec.get("name") if isinstance(spec, dict) else None
            if not isinstance(name, str):
                continue
            if len(name) > MAX_NAME:
                message = f"is {len(name)} characters long, expected at most {MAX_NAME}"
                self._refuse("too-long", ("regimes", index, "name"), message)
            if name.strip() and name != name.strip():
                message = f"found {show(name)}, expected {show(name.strip())}: files of tables drop blanks at the ends"
                self._refuse("surrounding-blanks", ("regimes", index, "name"), message)
            shown = unicodedata.normalize("NFC", " ".join(name.split()))  # names that look alike are one name
            if shown in first:
                message = f"found {show(name)}, the name of regimes[{first[shown]}] too"
                self._refuse("given-twice", ("regimes", index, "name"), message)
            first.setdefault(shown, index)

    def _width_steps(self, search: Search | None, regimes: Mapping[int, Regime]) -> None:
        """Refuse widths that the initializer of a regime cannot draw."""
        for index, regime in regimes.items():
            step = regime.initializer.width_step
            subject = f"regimes[{index}] ({regime.initializer.name}) needs multiples of {step}"
            if search is not None and (found := search.inadmissible(step)) is not None:
                option, value = found
                self._refuse("width-not-multiple", ("search", option), f"found {show(value)}, but {subject}")


def _is_formula(size: Any) -> bool:
    """Return whether an entry of a list of sizes is a text with a letter. Numbers in quotes are faults."""
    return isinstance(size, str) and any(map(str.isalpha, size))


def _home_of(key: str) -> str:
    """Return the section that has this key, or the key itself if it is the name of a section."""
    if key in SuiteFile.model_fields:
        return key
    for name, model in SECTIONS.items():
        if key in model.model_fields:
            return name
    return "search" if any(key in option_names(cls) for cls in METHODS.values()) or key == "method" else ""
