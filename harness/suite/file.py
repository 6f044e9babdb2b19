"""The sections of a suite file as pydantic models: types, ranges, and defaults."""

from __future__ import annotations

import math
import re
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, Literal

from annotated_types import Ge, Gt, Le, MinLen
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from harness.complaints import Refusal, show
from harness.components import Fraction, Positive  # not under TYPE_CHECKING: pydantic reads the annotations
from harness.statistics.adaptive import Adaptive
from harness.statistics.search import Grid, Search

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_SIZE = 1_000_000
MAX_ENTRIES = 10_000
MAX_STEPS = 10**9
TOLERANCES = (1e-1, 1e-2, 2.5e-3, 1e-3)
REPORT_TOLERANCE = 1e-2

Size = Annotated[int, Gt(0), Le(MAX_SIZE)]


class Section(BaseModel):
    """A table of the file."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, populate_by_name=False, defer_build=True
    )


class Range(Section):
    """Whole numbers at equal distances, with both ends."""

    start: Size = Field(alias="from")
    to: Size
    step: Size = 1


def _expand(sizes: int | list[int] | Range) -> tuple[int, ...]:
    if isinstance(sizes, Range):
        if sizes.to < sizes.start:
            raise Refusal("empty-range", f"is an empty range: from = {sizes.start} is above to = {sizes.to}")
        if (sizes.to - sizes.start) // sizes.step >= MAX_ENTRIES:
            raise Refusal("wrong-length", f"is a range of more than {MAX_ENTRIES} numbers: raise step")
        return tuple(range(sizes.start, sizes.to + 1, sizes.step))
    entries = (sizes,) if isinstance(sizes, int) else tuple(sizes)
    seen: set[int] = set()
    twice = next((size for size in entries if size in seen or seen.add(size)), None)  # type: ignore[func-returns-value]  # add() returns None, which is false
    if twice is not None:
        raise Refusal("given-twice", f"has {twice} more than once: give each once")
    return entries


Sizes = Annotated[
    Size | Annotated[list[Size], MinLen(1)] | Range,
    AfterValidator(_expand),
    Field(description="One whole number, a list, or { from = …, to = …, step = … }."),
]


def _expand_or_formula(sizes: Any) -> tuple[int | str, ...]:
    """Return sizes written out, and formulas as they are."""
    if not isinstance(sizes, list) or not any(isinstance(size, str) for size in sizes):
        return _expand(sizes) if not isinstance(sizes, str) else (sizes,)
    seen = _expand([size for size in sizes if isinstance(size, int)])
    return (*seen, *(size for size in sizes if isinstance(size, str)))


Formula = Annotated[str, Field(pattern="[a-z]")]
"""A formula of n or d, which has a letter, so that numbers in quotes are refused."""

SizesOrFormulas = Annotated[
    Size | Formula | Annotated[list[Size | Formula], MinLen(1)] | Range,
    AfterValidator(_expand_or_formula),
    Field(description="Like sizes, with formulas such as 'd^1.5' or '2*n/d' among them, which are rounded up."),
]


def _suite_name(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", name) or len(name) > 80:
        raise Refusal(
            "invalid-name",
            f"found {show(name)}, expected lower-case letters, digits and single hyphens (results are kept in a folder "
            "of this name)",
        )
    return name


def _device(device: str) -> str:
    if not re.fullmatch(r"auto|cpu|cuda(:[0-9]{1,3})?", device):
        raise Refusal("unknown-value", f"found {show(device)}, expected 'auto', 'cpu', 'cuda' or 'cuda:0'")
    return device


def _decreasing(tolerances: list[float]) -> list[float]:
    for above, below in pairwise(tolerances):
        if not below < above:
            raise Refusal("not-decreasing", f"must fall from each to the next, but {below:g} follows {above:g}")
    return tolerances


class SuiteSection(Section):
    """The name of the suite, its texts and its seed."""

    name: Annotated[str, AfterValidator(_suite_name)] = Field(description="Folder of its results below reports/.")
    title: str = Field("", description="One line, for the head of tables.")
    description: str = Field("", description="What it shows.")
    seed: Annotated[int, Ge(0), Le(2**63 - 1)] = Field(0, description="All random numbers follow from it.")


class ProblemsSection(Section):
    """The problems that networks are trained on."""

    dataset: str | dict[str, Any] = Field(description="Name of a dataset, or { use = name, … } with its options.")
    n: SizesOrFormulas
    d: Sizes
    held_out: Annotated[int, Ge(0), Le(MAX_SIZE)] = Field(
        0, description="Further samples of each problem that no network is trained on; diagnostics see them."
    )
    validation: Annotated[int, Ge(0), Le(MAX_SIZE)] = Field(
        0, description="Further samples of each problem to choose a setting by, apart from the held-out ones."
    )
    resample: bool | Literal["cell"] = Field(
        True, description="Whether each trial draws its own data; 'cell' keeps one draw for a cell, false one for all."
    )


class FitSection(Section):
    """The diagnostic that decides whether a trial fits."""

    diagnostic: str = Field(description="Name of a diagnostic, which is then recorded of every trial.")
    at_least: float | None = Field(None, description="Smallest value of a fit.")
    at_most: float | None = Field(None, description="Largest value of a fit.")

    @model_validator(mode="after")
    def _one_bound(self) -> FitSection:
        if (self.at_least is None) == (self.at_most is None):
            raise Refusal("missing", "needs at_least or at_most, one of the two")
        return self


class BudgetSection(Section):
    """The largest number of steps, and how closely networks must fit."""

    steps: Annotated[int, Gt(0), Le(MAX_STEPS)] | None = Field(
        None, description="Most steps of the optimizer in a trial; needed unless there are epochs."
    )
    epochs: Annotated[int, Gt(0), Le(MAX_STEPS)] | None = Field(
        None, description="Most passes over the samples in a trial, for all regimes that name none."
    )
    errors: list[Fraction] = Field(
        [], description="Shares of wrong labels whose first steps are recorded too, for criteria that name none."
    )
    margins: list[float] = Field(
        [], description="Smallest margins whose first steps are recorded too, for criteria that name none."
    )
    tolerances: Annotated[list[Positive], MinLen(1), AfterValidator(_decreasing)] = Field(
        list(TOLERANCES),
        description="The step at which each is first met is recorded; largest first. Networks are trained to the last. "
        "If left out where limit is false and no diagnostic decides, that is the one that counts as a fit.",
    )
    report_tolerance: Positive | None = Field(None, description=f"What counts as a fit; else {REPORT_TOLERANCE:g}.")
    fit: FitSection | None = Field(
        None, description="What counts as a fit in place of report_tolerance: a diagnostic at the end of training."
    )
    dtype: Literal["float32", "float64"] = "float32"
    device: Annotated[str, AfterValidator(_device)] = Field("auto", description="auto, cpu, cuda or cuda:0.")
    spectrum: bool = Field(True, description="Whether the eigenvalues of J₀J₀ᵀ are computed for each trial.")
    limit: bool = Field(
        True, description="Whether it is decided what becomes of each trial with unlimited steps, where that is known."
    )
    solver: str = Field("", description="Name of the solver of all regimes that name none; chosen if left out.")
    trial_seconds: Positive = Field(
        3600.0, description="Most time that a trial may take, as many times for a batch as it has trials."
    )

    def reported(self) -> float:
        """Return the tolerance that counts as a fit.

        Raises:
            ValueError: If it is not one of the recorded tolerances.
        """
        only = self.tolerances[0] if len(self.tolerances) == 1 else REPORT_TOLERANCE
        chosen = only if self.report_tolerance is None else self.report_tolerance
        for tolerance in self.tolerances:
            if math.isclose(tolerance, chosen, rel_tol=1e-12):
                return tolerance
        default = " (the default)" if self.report_tolerance is None else ""
        raise ValueError(f"{chosen:g}{default} is not among tolerances = {show(self.tolerances)}")

    def recorded(self) -> tuple[float, ...]:
        """Return the tolerances to which networks are trained.

        Those below the reported one are trained where the suite lists them. Otherwise they serve the proofs of fates,
        which begin with the weights at the end of training, and diagnostics of the end that decide fits.

        >>> BudgetSection(steps=10).recorded(), BudgetSection(steps=10, limit=False).recorded()
        ((0.1, 0.01, 0.0025, 0.001), (0.1, 0.01))
        """
        if "tolerances" in self.model_fields_set or self.limit or self.fit is not None:
            return tuple(self.tolerances)
        reported = self.reported()
        return tuple(tolerance for tolerance in self.tolerances if tolerance >= reported)


class PaperSection(Section):
    """The size of the paper that the suite is about: keys that replace those of the suite in a run at that size."""

    problems: dict[str, Any] = Field({}, description="Keys of [problems].")
    budget: dict[str, Any] = Field({}, description="Keys of [budget].")
    search: dict[str, Any] = Field({}, description="Keys of [search].")
    regimes: dict[str, Any] = Field({}, description="Keys of each regime; of a table, those that it names.")


SECTIONS: Mapping[str, type[Section]] = {
    "suite": SuiteSection,
    "problems": ProblemsSection,
    "budget": BudgetSection,
}
"""The sections that every suite has, and their models."""

METHODS: Mapping[str, type[Search]] = {cls.name: cls for cls in (Adaptive, Grid)}
"""The searches that [search] may name, whose options are the keys of that section."""


class SuiteFile(Section):
    """A bench of problems, widths, budget, criterion and regimes."""

    plugins: list[str] = Field([], description="Python files with further components, relative to this file.")
    requires: list[str] = Field([], description="Packages that must be installed, such as 'harness-foo>=0.2'.")
    suite: SuiteSection
    problems: ProblemsSection
    budget: BudgetSection
    search: dict[str, Any] = Field({"method": "adaptive"}, description="Which widths are tried.")
    regimes: Annotated[list[dict[str, Any]], MinLen(1)] = Field(description="What is trained.")
    paper: PaperSection | None = Field(None, description="What a run at the paper's size changes.")
    claims: list[dict[str, Any]] = Field([], description="Claims of papers that the results are compared with.")
