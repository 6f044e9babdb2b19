"""The options that select rows and columns of tables, and their use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
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


def select(*, sizes: bool = True, theories: bool = True, columns: bool = True) -> Callable[[F], F]:
    """Return a decorator that adds the options that select rows and columns, and passes them on as ``chosen``.

    Args:
        sizes: Whether ``--n`` and ``--d`` are added.
        theories: Whether ``--theory`` and ``--only`` are added.
        columns: Whether ``--columns`` is added.
    """
    options = {
        "regimes": click.option(
            "--regime",
            "regimes",
            multiple=True,
            metavar="GLOB",
            shell_complete=completion.regimes,
            help="Only these regimes.",
        )
    }
    if sizes:
        number = click.IntRange(1)
        options["n"] = click.option("--n", type=number, multiple=True, metavar="N", help="Only these n.")
        options["d"] = click.option("--d", type=number, multiple=True, metavar="D", help="Only these d.")
    if theories:
        options["theories"] = click.option(
            "--theory",
            "theories",
            multiple=True,
            metavar="GLOB",
            shell_complete=completion.of_plugins("theory"),
            help="Only these theories.",
        )
        options["guarantees"] = click.option(
            "--only",
            "guarantees",
            type=click.Choice(("guarantees",)),
            callback=lambda _context, _option, value: value is not None,
            help="Only theorems that guarantee training.",
        )
    if columns:
        options["columns"] = click.option(
            "--columns", metavar="A,B", callback=_headers, help="Only these columns, by name or pattern."
        )

    def decorated(function: F) -> F:
        @wraps(function)
        def selecting(**values: Any) -> Any:
            from harness.report.selection import Selection

            return function(chosen=Selection(**{name: values.pop(name) for name in options}), **values)

        decorated = cast("F", selecting)
        for option in reversed(options.values()):
            decorated = option(decorated)
        return decorated

    return decorated


def _headers(_context: click.Context, _option: click.Parameter, value: str | None) -> tuple[str, ...]:
    return headers(value or "")


def headers(names: str) -> tuple[str, ...]:
    """Return the headers, or patterns of headers, in a list with commas."""
    return tuple(filter(None, (name.strip() for name in names.split(","))))


@contextmanager
def _matching() -> Iterator[None]:
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
    names = {theory.claim.title: theory.name for theory in registry.theories()} if registry and chosen else {}
    with _matching():
        return chosen.of(tables, names)


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
    with _matching():
        return chosen.suite(suite)


def selected_results(chosen: Selection, results: R) -> R:
    """Return the results of the selected regimes and sizes.

    Raises:
        WrongInput: If a pattern matches nothing.
    """
    with _matching():
        return chosen.results(results)
