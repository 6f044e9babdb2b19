"""The predictions that ``harness theory`` shows, of options or of a suite, with their tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import rich_click as click

from harness.cli.loading import check_problems, load
from harness.cli.selecting import selected_suite
from harness.cli.streams import warn
from harness.cli.wrong_input import WrongInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.claims.certified import Certified
    from harness.claims.predictions import Prediction
    from harness.cli.drawn_problems import DrawnProblems
    from harness.components.table import Table
    from harness.plugin_host.registry import Registry
    from harness.report.selection import Selection

    Found = tuple[Prediction, Certified | None]
    """A prediction, and the certified width if it was asked for."""


def of_options(
    problems: DrawnProblems, n: int, d: int, activation: str | None, columns: str, *, certify: bool, rigorous: bool
) -> tuple[list[Found], Table]:
    """Return the prediction of every theory for its own regime, and their table.

    Args:
        problems: Problems of the dataset.
        n: Number of samples.
        d: Input dimension.
        activation: Activation in place of those of the regimes, or None.
        columns: ``widths`` or ``paper``.
        certify: Whether to find certified widths.
        rigorous: Whether to repeat their tests in ball arithmetic.

    Raises:
        WrongInput: If no theory is about such labels.
        click.BadParameter: If there is no such activation.
    """
    from harness.components import Certificate
    from harness.report.predicted import certify_guarded
    from harness.session.predicting import predicted

    registry, source, base = problems.registry, problems.dataset, problems.seed
    try:
        found = predicted(registry, problems.at(n, d), activation, warn)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--activation") from error
    if not found:
        raise WrongInput("no plugin provides a theory about such labels; see: harness plugins list")
    certified = {
        p.theory.name: certify_guarded(
            p.theory, p.regime, source, n, d, base=base, registry=registry, rigorous=rigorous
        )
        for p in found
        if certify and isinstance(p.theory, Certificate)
    }
    words = f"n = {n}, d = {d}, {problems}" + (f", {activation}" if activation else "")
    table = _table(found, columns, words, certified if certify else None)
    return [(prediction, certified.get(prediction.theory.name)) for prediction in found], table


def of_suite(
    suite: str, plugin_files: tuple[str, ...], columns: str, chosen: Selection, *, certify: bool, rigorous: bool
) -> tuple[list[Found], list[Table], Registry]:
    """Return the predictions for the regimes and problems of a suite, a table of each, and the plugins.

    Args:
        suite: Path or name.
        plugin_files: Files with further components.
        columns: ``widths`` or ``paper``.
        chosen: Choice of regimes and sizes.
        certify: Whether to find certified widths.
        rigorous: Whether to repeat their tests in ball arithmetic.

    Raises:
        WrongInput: If the suite has faults, or the choice matches nothing.
    """
    from harness.report.predicted import certify_suite, predict_suite
    from harness.report.setting import component

    loaded, registry = load(suite, plugin_files)
    loaded = selected_suite(chosen, loaded)
    check_problems(loaded)
    by_place = predict_suite(loaded, registry.theories())
    widths = certify_suite(loaded, by_place, all_sizes=True, rigorous=rigorous) if certify else {}
    found: list[Found] = []
    tables = []
    for (regime, n, d), predictions in by_place.items():
        certified = {name: width for (*place, name), width in widths.items() if tuple(place) == (regime, n, d)}
        found += [(prediction, certified.get(prediction.theory.name)) for prediction in predictions]
        words = f"{regime}: n = {n}, d = {d}, {component(loaded.dataset)}, seed {loaded.seed}"
        tables.append(_table(predictions, columns, words, certified if certify else None))
    return found, tables, registry


def _table(found: Sequence[Prediction], columns: str, problem: str, certified: dict[str, Certified] | None) -> Table:
    from harness.report.claims_view import claims_view
    from harness.report.overview_view import overview_view

    if columns == "paper":
        return claims_view(found, problem=problem)
    return overview_view(found, problem=problem, certified=certified)
