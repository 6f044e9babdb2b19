"""The options that select rows and columns of tables, and their use."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar, cast

import rich_click as click

from harness.cli import completion
from harness.cli.wrong_input import WrongInput

if TYPE_CHECKING:
    from harness.components.table import Renderer, Table
    from harness.driver.results import Results
    from harness.plugin_host.registry import Registry
    from harness.report.selection import Selection
    from harness.suite import Suite

F = TypeVar("F", bound=Callable[..., Any])
R = TypeVar("R", bound="Results")


NONE: Mapping[str, str] = MappingProxyType({})


def select(*, own: Collection[str] = (), refused: Mapping[str, str] = NONE) -> Callable[[F], F]:
    """Return a decorator that adds the options that select rows and columns, and passes them on as ``chosen``.

    Args:
        own: Names of options that the verb declares itself, such as ``n``.
        refused: Reason why an option selects nothing in this verb, by its name, such as ``theory``.
    """
    number = click.IntRange(1)
    options = {
        "regimes": click.option(
            "--regime",
            "regimes",
            multiple=True,
            metavar="GLOB",
            shell_complete=completion.regimes,
            help="Only these regimes.",
        ),
        "n": click.option("--n", type=number, multiple=True, metavar="N", help="Only these n."),
        "d": click.option("--d", type=number, multiple=True, metavar="D", help="Only these d."),
        "theories": click.option(
            "--theory",
            "theories",
            multiple=True,
            metavar="GLOB",
            shell_complete=completion.of_plugins("theory"),
            help="Only these theories.",
        ),
        "guarantees": click.option(
            "--only",
            "guarantees",
            type=click.Choice(("guarantees",)),
            callback=lambda _context, _option, value: value is not None,
            help="Only theorems that guarantee training.",
        ),
        "columns": click.option(
            "--columns",
            metavar="A,B",
            callback=_headers,
            shell_complete=completion.headers,
            help="Only these columns, by name or pattern.",
        ),
    }
    options = {
        name: option for name, option in options.items() if {name, SPELLED.get(name)}.isdisjoint([*own, *refused])
    }

    def decorated(function: F) -> F:
        @wraps(function)
        def selecting(**values: Any) -> Any:
            from harness.report.selection import Selection

            return function(chosen=Selection(**{name: values.pop(name) for name in options}), **values)

        decorated = cast("F", selecting)
        for name, why in refused.items():
            decorated = _refusing(name, why)(decorated)
        for option in reversed(options.values()):
            decorated = option(decorated)
        return decorated

    return decorated


SPELLED = {"theories": "theory", "guarantees": "only"}
"""Names on the command line of selections that are called otherwise in the code."""


def _refusing(name: str, why: str) -> Callable[[F], F]:
    """Return a decorator that adds an option without help, which is refused."""

    def refuse(_context: click.Context, _option: click.Parameter, values: tuple[str, ...]) -> None:
        if values:
            raise WrongInput(f"--{name}: {why}")

    return click.option(f"--{name}", multiple=True, hidden=True, expose_value=False, callback=refuse)


def _headers(_context: click.Context, _option: click.Parameter, value: str | None) -> tuple[str, ...]:
    return headers(value or "")


def headers(names: str) -> tuple[str, ...]:
    """Return the headers, or patterns of headers, in a list with commas."""
    return tuple(filter(None, (name.strip() for name in names.split(","))))


@contextmanager
def matching() -> Iterator[None]:
    """Turn the error of a pattern that matches nothing into one of wrong input."""
    from harness.report.selection import SelectionError

    try:
        yield
    except SelectionError as error:
        raise WrongInput(str(error)) from error


def selected(chosen: Selection, tables: Sequence[Table], registry: Registry | None = None) -> list[Table]:
    """Return the selected rows and columns of tables.

    Raises:
        WrongInput: If a pattern matches nothing.
    """
    with matching():
        return chosen.of(tables, registry.theory_names() if registry and chosen else {})


def check_columns(chosen: Selection, headers: Sequence[str]) -> None:
    """Check the chosen columns before a table is made.

    Args:
        chosen: The choice.
        headers: Headers that the tables can have.

    Raises:
        WrongInput: If a pattern matches none.
    """
    with matching():
        chosen.check_columns(headers)


def for_comments(chosen: Selection, tables: Sequence[Table], renderer: Renderer) -> list[Table]:
    """Return tables as a format takes them: in Markdown with few columns, unless columns are selected."""
    from harness.report.narrowed import narrowed

    few = renderer.suffix == ".md" and not chosen.columns
    return [narrowed(table) if few else table for table in tables]


def selected_suite(chosen: Selection, suite: Suite) -> Suite:
    """Return a suite with the selected regimes and sizes.

    Raises:
        WrongInput: If a pattern matches nothing.
    """
    with matching():
        return chosen.suite(suite)


def selected_places(chosen: Selection, places: Iterable[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    """Return the selected ones of some places (regime, n, d).

    Raises:
        WrongInput: If a pattern matches nothing.
    """
    with matching():
        return chosen.places(places)


def selected_results(chosen: Selection, results: R) -> R:
    """Return the results of the selected regimes and sizes.

    Raises:
        WrongInput: If a pattern matches nothing.
    """
    with matching():
        return chosen.results(results)


def refuse_columns_beside_json(chosen: Selection) -> None:
    """Refuse a choice of columns where JSON is printed.

    Raises:
        WrongInput: If columns were chosen.
    """
    if chosen.columns:
        raise WrongInput("--columns cannot stand beside --json: it holds records, not a table")
