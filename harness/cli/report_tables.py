"""The tables that ``harness report`` prints, and the sentences above them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.cli.wrong_input import WrongInput

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.components.table import Renderer, Table
    from harness.driver.question import Asked
    from harness.driver.results import Results
    from harness.report.summary import Predictions

TAKES = {
    "compact": ("tolerance", "steps"),
    "thresholds": ("tolerance", "steps"),
    "theories": ("tolerance", "steps", "all_sizes", "certify"),
    "exponents": ("tolerance", "steps"),
    "laws": ("tolerance", "steps"),
    "sensitivity": (),
    "fates": (),
    "phase": ("tolerance", "steps"),
    "diagnostics": ("tolerance", "all_sizes"),
    "comparison": ("tolerance", "steps", "all_sizes"),
    "ablations": ("tolerance", "steps", "all_sizes"),
    "map": ("diagnostic",),
    "held-out": ("all_sizes",),
    "held-out-pairs": ("all_sizes",),
    "replication": (),
    "trials": ("tolerance", "steps"),
    "compact-theories": (),
}
"""Options of each view."""

BOTH = ("held-out", "held-out-pairs")
"""Views that are shown together where several tables can be."""

EMPTY = ("ablations", "comparison", "held-out", "held-out-pairs", "replication")
"""Views whose captions say why they have no rows."""


def check_diagnostic(results: Results, diagnostic: str | None) -> None:
    """Refuse a diagnostic that no regime records.

    Args:
        results: Results of the run.
        diagnostic: Its name, or None.
    """
    from harness.complaints import nearest, show
    from harness.driver.measures import recorded

    known = recorded(results.suite.regimes)
    if diagnostic is not None and diagnostic not in known:
        close = nearest(diagnostic, known)
        hint = f"did you mean {close}?" if close else f"there are {', '.join(known)}"
        raise WrongInput(f"--diagnostic: no regime of this run records {show(diagnostic)}; {hint}")


def views_shown(view: str | None, *, one_document: bool, compact: bool) -> tuple[str, ...]:
    """Return the names of the views that are printed.

    Args:
        view: View that was asked for, or None.
        one_document: Whether a document of the format has one table.
        compact: Whether only the short tables are printed.
    """
    if view:
        return BOTH if view == BOTH[0] and not one_document else (view,)
    if one_document:
        return ("thresholds",)
    return ("compact", "compact-theories") if compact else ("compact", "thresholds", "theories")


def sentences(results: Results, tolerance: Asked, steps: float | None) -> str:
    """Return what was found. Theories are left out where the problems cannot be drawn.

    Args:
        results: Results of the run.
        tolerance: Tolerance that was asked for, or None.
        steps: Number of steps that was asked for, or None.
    """
    from harness.report.headline import headline
    from harness.report.predicted import predict_results

    predictions: Predictions
    try:
        predictions = predict_results(results)
    except ValueError:  # raised if files of data have changed or moved
        predictions = {}
    return " ".join(headline(results, predictions, tolerance=tolerance, steps=steps))


def opening(said: str, renderer: Renderer) -> list[str]:
    """Return what was found as the first paragraph of a format, or an empty list if nothing is said.

    Args:
        said: The sentences.
        renderer: The format.
    """
    from markupsafe import escape as html

    from harness.report.tex import escape

    forms = {".md": f"{said}\n", ".tex": f"\\noindent {escape(said)}\n", ".html": f"<p>{html(said)}</p>\n"}
    return [forms.get(renderer.suffix, f"{said}\n")] if said else []


def table_of(results: Results, view: str, options: Mapping[str, Any]) -> Table:
    """Return a view, made with those of the options that it takes.

    Args:
        results: Results of the run.
        view: Name of the view.
        options: Values of all options.
    """
    from importlib import import_module

    if view == "compact-theories":
        return _compact_theories(results)
    taken = {name: options[name] for name in TAKES[view]}
    if view == "theories":
        return _theories(results, **taken)
    bare = view.replace("-", "_")
    places = {"phase": ("phase", "cells_view"), "held-out-pairs": ("held_out_view", "held_out_pairs_view")}
    module, name = places.get(view, (f"{bare}_view", f"{bare}_view"))
    made: Table = getattr(import_module(f"harness.report.{module}"), name)(results, **taken)
    return made


def _theories(results: Results, *, tolerance: Asked, steps: float | None, all_sizes: bool, certify: bool) -> Table:
    from harness.report.predicted import certify_suite, predict_results
    from harness.report.theories_view import theories_view

    try:
        predictions = predict_results(results, all_sizes=all_sizes)
        certified = certify_suite(results.suite, predictions, all_sizes=all_sizes) if certify else None
    except ValueError as error:  # raised if files of data have changed or moved
        raise WrongInput(f"theories need the suite's problems, which cannot be drawn: {error}") from error
    return theories_view(
        results, predictions, all_sizes=all_sizes, tolerance=tolerance, steps=steps, certified=certified
    )


def _compact_theories(results: Results) -> Table:
    from harness.report.compact_view import compact_theories_view
    from harness.report.predicted import predict_results

    try:
        return compact_theories_view(results, predict_results(results))
    except ValueError as error:  # raised if files of data have changed or moved
        raise WrongInput(f"theories need the suite's problems, which cannot be drawn: {error}") from error
