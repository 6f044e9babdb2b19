"""Complaints about a dataset and regimes that cannot be put together."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal

from harness.complaints import Complaint, printable, show
from harness.components import Criterion, Dataset
from harness.components.fault import said

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from harness.components import Regime, Targets
    from harness.plugin_host.registry import Registry
    from harness.suite.file import ProblemsSection

Algorithm = Literal["solver", "continuation"]
ALGORITHMS: Mapping[Algorithm, str] = {"solver": "train the regime", "continuation": "decide the fates of the regime"}
"""Verbs of the algorithms that regimes name, by their kind, as messages need them."""


def misfits(
    dataset: Dataset,
    problems: ProblemsSection | None,
    regimes: Mapping[int, Regime],
    data: Mapping[str, Any],
    registry: Registry,
) -> Iterator[Complaint]:
    """Yield a complaint for each part of a regime that does not fit, and for samples that the dataset cannot draw.

    Args:
        dataset: Where problems come from.
        problems: The section about them, or None if it has faults of its own.
        regimes: Regimes by their place in the file.
        data: The tables of the file.
        registry: The plugins, for the names of components that would do.
    """
    for key in ("held_out", "validation"):
        if problems is not None and getattr(problems, key) and type(dataset).split is Dataset.split:
            message = f"dataset {show(dataset.name)} has no further samples: its plugin does not define split()"
            yield Complaint("not-accepted", ("problems", key), message)
    try:
        targets = dataset.targets()
    except Exception:  # a plugin may fail in any way, and a file may be missing: drawing a problem reports it
        return
    for index, regime in regimes.items():
        found = chain(
            _of_labels(regime, targets, show(dataset.name), registry), _of_algorithms(regime, targets.outputs, registry)
        )
        for part, message, fits in found:
            names = ", ".join(show(name) for name in fits)
            path = ("regimes", index, part) if part in data["regimes"][index] else ("regimes", index)
            yield Complaint("not-accepted", path, f"{message}; use {names}" if names else message)


def _of_labels(
    regime: Regime, targets: Targets, dataset: str, registry: Registry
) -> Iterator[tuple[str, str, Iterable[str]]]:
    """Yield each ingredient at fault, what is wrong with it, and the names of those that would do."""
    if targets.outputs > 1:
        for part, made in (("model", regime.model), ("initializer", regime.initializer)):
            if made.outputs == "one":
                message = f"{part} {show(made.name)} has one output, but dataset {dataset} needs {targets.outputs}"
                yield part, message, _of_any_outputs(part, regime, registry)
    criterion = regime.criterion
    if isinstance(regime.optimizer.step_size, str) and type(criterion).curvature is Criterion.curvature:
        message = f"criterion {show(criterion.name)} has no curvature, so the step size must be a number"
        yield "optimizer", f"{message}; found {show(regime.optimizer.step_size)}", ()
    if targets.kind is not None and targets.kind not in criterion.targets:
        wanted = " or ".join(criterion.targets)
        message = f"criterion {show(criterion.name)} needs labels that are {wanted}, but those of dataset {dataset} are"
        names = registry.names("criterion")
        fits = (name for name in names if targets.kind in registry.find("criterion", name).targets)
        yield "criterion", f"{message} {targets.kind}", fits
    elif criterion.further() and targets.kind in ("numbers", "values"):
        message = f"errors and margins need labels that are signs or classes, but those of dataset {dataset} are"
        yield "criterion", f"{message} {targets.kind}", ()


def _of_algorithms(regime: Regime, q: int, registry: Registry) -> Iterator[tuple[str, str, Iterable[str]]]:
    """Yield the faults of a solver that cannot train the regime on any machine, and of a continuation."""

    def reason(kind: Algorithm, name: str) -> str:
        made = registry.find(kind, name)()
        try:
            return str(made.unfit(regime, q) if kind == "solver" else made.why_not(regime, q))
        except Exception as error:  # a plugin may fail in any way
            return said(error)

    for kind, does in ALGORITHMS.items():
        given = str(getattr(regime, kind))
        if given and (why := reason(kind, given)):
            fits = (name for name in registry.names(kind) if not reason(kind, name))
            yield kind, f"{kind} {show(given)} cannot {does}: {printable(why)}", fits


def _of_any_outputs(part: Any, regime: Regime, registry: Registry) -> Iterator[str]:
    for name in registry.names(part):
        cls = registry.find(part, name)
        if cls.outputs == "any" and (part == "model" or cls().accepts(regime.model)):
            yield name
