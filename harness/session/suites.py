"""Load a suite by name, from a file, from text or from a mapping, and check that its problems can be drawn."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import suite as suites
from harness.complaints import ProblemError, show
from harness.driver.fewest_trials import too_few_trials
from harness.suite.toml_text import toml_text

if TYPE_CHECKING:
    from harness.plugin_host.registry import Registry
    from harness.suite import Suite

_LOG = logging.getLogger("harness")


def load_suite(
    source: str | Path | Mapping[str, Any],
    *,
    plugin_files: Iterable[str | Path] = (),
    trust_plugins: bool = False,
    seed: int | None = None,
    paper_size: bool = False,
) -> Suite:
    """Load a suite and the plugins that it needs.

    Args:
        source: Name of a shipped suite, path of a TOML file, TOML text (more than one line), or the same as nested
            mappings, with ``regimes`` a list.
        plugin_files: Files with further components, besides those that the suite names.
        trust_plugins: Whether to load the plugin files that the suite names wherever they are. Otherwise files outside
            of the current directory, or of another user, are refused.
        seed: Seed in place of that of the suite, or None. The suite then has a name of its own.
        paper_size: Whether the table ``[paper]`` of the suite replaces what it names, likewise.

    Returns:
        The suite, with its plugins as ``registry``.

    Raises:
        SuiteError: With all that is wrong with the suite.
        TypeError: If the source is of another type, or a mapping holds what TOML has no type for.

    >>> suite = load_suite("quickstart")
    >>> suite.name, suite.n, [regime.name for regime in suite.regimes]  # doctest: +ELLIPSIS
    ('quickstart', (...), [...])
    """
    options: Any = {"plugin_files": plugin_files, "trust_plugins": trust_plugins}
    if not isinstance(source, str | Path | Mapping):
        raise TypeError(f"suite: found {show(source)}, expected a name, a path, a TOML text or a mapping")
    if isinstance(source, Mapping):
        loaded, registry = suites.load_text(toml_text(source), **options)
    elif isinstance(source, str) and "\n" in source:
        loaded, registry = suites.load_text(source, **options)
    else:
        loaded, registry = suites.load_suite(source, **options)
    for plugin in registry.broken:
        _LOG.warning("plugin %s (%s) was not loaded: %s", plugin.name, plugin.label, plugin.reason)
    found = suites.varied(loaded, seed=seed, paper_size=paper_size)
    if few := too_few_trials(found):
        _LOG.warning("%s", few)
    return found


def loaded(suite: Suite | str | Path | Mapping[str, Any]) -> tuple[Suite, Registry]:
    """Return a suite, loaded if it is not yet, and its plugins.

    Raises:
        SuiteError: With all that is wrong with the suite.
    """
    found = suite if isinstance(suite, suites.Suite) else load_suite(suite)
    if found.registry is None:
        raise ValueError(f"suite {found.name!r} was made without plugins: load it with harness.load_suite")
    return found, found.registry


def check_problems(suite: Suite, patience: float = math.inf) -> str:
    """Draw one problem of sizes around the edge of a suite, before anything is trained on them.

    Each n is drawn at its least and largest d, and each d at its least and largest n. A dataset that lacks rows or
    columns lacks them there, and a large grid is not drawn whole. If a size has no problem, all sizes are drawn, so
    that the message counts those that have none.

    Args:
        suite: The suite.
        patience: Longest time in seconds to wait for the dataset of a plugin. Its draws then go on beside this process,
            until their own time is up.

    Returns:
        A line about the first size of which the dataset of a plugin hung or crashed, or an empty string. Further sizes
        are then not drawn. Training costs such trials, and no others.

    Raises:
        ProblemError: If a size has none: there are too few rows, too few columns, no such file, no such package, or not
            the memory for it.
    """
    from harness.plugin_host.guarded import is_third_party
    from harness.suite.sizes import too_large

    if large := too_large(suite):
        raise ProblemError("\n".join([f"suite {suite.name!r} is too large:", *(f"  {line}" for line in large)]))
    if math.isinf(patience) or suite.registry is None or not is_third_party(suite.registry, suite.dataset):
        warning, wrong = _drawn(suite)
    else:
        found: list[tuple[str, dict[str, list[str]]]] = []
        drawing = threading.Thread(target=lambda: found.append(_drawn(suite)), daemon=True)
        drawing.start()
        drawing.join(patience)
        if not found:
            return f"dataset {suite.dataset.name!r} has not drawn a problem of each n and d after {patience:g} s"
        ((warning, wrong),) = found
    if wrong:
        at_all = len(wrong) == 1 and len(*wrong.values()) == len(suite.sizes)
        where = {said: "" if at_all else f" ({places[0]}{_more(places)})" for said, places in wrong.items()}
        lines = [f"  {said}{place}" for said, place in where.items()]
        raise ProblemError("\n".join([f"suite {suite.name!r} cannot draw its problems:", *lines]))
    return warning


def _drawn(suite: Suite) -> tuple[str, dict[str, list[str]]]:
    """Draw one problem of each size at the edge, and of all others if one of these has none.

    Returns:
        The line of :func:`check_problems`, and the sizes that have no problem, by the reason.
    """
    from harness.builtin.datasets.table_file import AbsentFile
    from harness.plugin_host.plugin_process import Unanswered
    from harness.report.predicted import problem_of_suite

    wrong: dict[str, list[tuple[int, int]]] = {}
    warning = ""
    edge = _edge(suite.sizes)
    for n, d in (*sorted(edge), *sorted(set(suite.sizes) - edge)):
        if (n, d) not in edge and not wrong:
            break
        try:
            problem_of_suite(suite, n, d)
        except Unanswered as error:
            limit = f"trial_seconds = {suite.budget.trial_seconds:g} under [budget]"
            warning = f"{error} at n = {n}, d = {d}: mend its draw(), or raise {limit} if it only needs more time"
            break
        except (Exception, SystemExit) as error:  # a dataset is code of a plugin
            if isinstance(error, AbsentFile) and suite.path is not None:
                said = error.seen_from(suite.path.parent)
            else:
                said = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
            wrong.setdefault(said, []).append((n, d))
    return warning, {said: [f"n = {n}, d = {d}" for n, d in sorted(places)] for said, places in wrong.items()}


def _edge(sizes: Iterable[tuple[int, int]]) -> set[tuple[int, int]]:
    """Return the sizes (n, d) with the least or the largest d of their n, or the least or the largest n of their d.

    >>> sorted({(n, d) for n in (1, 2, 3) for d in (4, 5, 6)} - _edge((n, d) for n in (1, 2, 3) for d in (4, 5, 6)))
    [(2, 5)]
    """
    of_n: dict[int, list[int]] = {}
    of_d: dict[int, list[int]] = {}
    for n, d in sizes:
        of_n.setdefault(n, []).append(d)
        of_d.setdefault(d, []).append(n)
    ends = {(n, end(several)) for n, several in of_n.items() for end in (min, max)}
    return ends | {(end(several), d) for d, several in of_d.items() for end in (min, max)}


def _more(places: list[str]) -> str:
    return f" and {len(places) - 1} more" if len(places) > 1 else ""
