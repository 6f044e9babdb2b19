"""``harness theory``: the widths that theories ask for, without training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import rich_click as click

from harness.cli.options import PLUGINS, WrongInput, load, warn_of_broken

if TYPE_CHECKING:
    from harness.components import Dataset, Theory
    from harness.predictions import Prediction
    from harness.registry import Registry
    from harness.report.table import Table


@click.command("theory")
@click.option("--n", type=click.IntRange(1, 20_000), default=200, show_default=True, help="Samples.")
@click.option("--d", type=click.IntRange(1, 100_000), default=20, show_default=True, help="Input dimension.")
@click.option("--activation", metavar="NAME", help="Instead of that of each theory's own regime, where it has one.")
@click.option("--dataset", default="sphere", show_default=True, metavar="NAME", help="Inputs.")
@click.option("--labels", metavar="NAME", help="Labels, where the dataset has a choice (gaussian, rademacher).")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Seed of the problem.")
@click.option("--suite", metavar="SUITE", help="The regimes and problems of a suite instead of the options above.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@PLUGINS
def command(
    n: int,
    d: int,
    activation: str | None,
    dataset: str,
    labels: str | None,
    seed: int,
    suite: str | None,
    as_json: bool,
    plugin_files: tuple[str, ...],
) -> None:
    """Show the width that each theory asks for, evaluated on one drawn problem; nothing is trained.

    Each theory stands on the regime it speaks of. With --suite, every theory that concerns a regime of the suite
    is shown, on the problems of the suite.

    \b
    harness theory --n 200 --d 20
    harness theory --n 500 --d 50 --activation relu --json
    harness theory --suite quickstart
    """  # noqa: D301  # \b keeps the lines apart in the help
    if suite is not None:
        _refuse_beside_suite()
        found, tables = _of_suite(suite, plugin_files)
    else:
        found, tables = _of_options(n, d, activation, dataset, labels, seed, plugin_files)
    if as_json:
        from harness.report.export import dumps, prediction_record

        click.echo(dumps({"predictions": [prediction_record(prediction) for prediction in found]}), nl=False)
        return
    from harness.report.terminal import show

    for number, table in enumerate(tables):
        if number:
            click.echo()
        show(table)


def _refuse_beside_suite() -> None:
    """Refuse the options that a suite answers itself."""
    import click as plain

    context = plain.get_current_context()
    answered = ("n", "d", "activation", "dataset", "labels", "seed")
    sources = {name: context.get_parameter_source(name) for name in answered}
    given = [f"--{name}" for name, source in sources.items() if source is not None and source.name == "COMMANDLINE"]
    if given:
        raise click.UsageError(f"{', '.join(given)} cannot stand beside --suite: the suite says it")


def _of_options(
    n: int,
    d: int,
    activation: str | None,
    dataset: str,
    labels: str | None,
    seed: int,
    plugin_files: tuple[str, ...],
) -> tuple[list[Prediction], list[Table]]:
    from harness.activations import ACTIVATIONS
    from harness.complaints import nearest
    from harness.plugins import load_plugins
    from harness.predictions import predict
    from harness.problems import draw_problem
    from harness.report.overview_view import overview_view
    from harness.report.setting import component

    if activation is not None and activation not in ACTIVATIONS:
        close = nearest(activation, ACTIVATIONS)
        hint = f"did you mean {close!r}?" if close else f"there are {', '.join(ACTIVATIONS)}"
        raise click.BadParameter(f"there is no activation {activation!r}; {hint}", param_hint="--activation")
    registry = load_plugins(plugin_files)
    warn_of_broken(registry)
    source = _dataset(registry, dataset, labels)
    try:
        problem = draw_problem(source, n, d, seed=0, base=seed)
    except Exception as error:  # a dataset is somebody's code
        raise WrongInput(f"dataset {dataset!r} has no problem of n = {n}, d = {d}: {error}") from error
    found = []
    for theory in registry.theories():
        regime = _home(theory, registry, activation)
        if regime is not None:
            found.append(predict(theory, regime, problem))
    if not found:
        raise WrongInput("no plugin provides a theory; see: harness plugins list")
    words = f"n = {n}, d = {d}, {component(source)}, seed {seed}" + (f", {activation}" if activation else "")
    return found, [overview_view(found, problem=words)]


def _dataset(registry: Registry, name: str, labels: str | None) -> Dataset:
    from harness.complaints import SpecError
    from harness.composition import component_from

    spec: dict[str, Any] = {"use": name} | ({"labels": labels} if labels is not None else {})
    try:
        return component_from(registry, "dataset", spec)  # type: ignore[return-value]  # the kind is that of datasets
    except SpecError as error:
        raise WrongInput(f"--dataset {name}: {error}") from error


def _home(theory: Theory, registry: Registry, activation: str | None) -> Any:
    """Build the regime a theory speaks of; one that cannot be built costs a line, not the table."""
    from harness.composition import build_regime

    spec = dict(theory.home)
    try:
        regime = build_regime(spec, registry)
        if activation is not None and regime.model.describe().activation not in (None, activation):
            regime = build_regime({**spec, "activation": activation}, registry)
    except Exception as error:  # a theory is somebody's code
        click.secho(f"theory {theory.name} is left out: its own regime cannot be built: {error}", fg="yellow", err=True)
        return None
    return regime


def _of_suite(suite: str, plugin_files: tuple[str, ...]) -> tuple[list[Prediction], list[Table]]:
    from harness.report.overview_view import overview_view
    from harness.report.predicted import predict_suite
    from harness.report.setting import component

    loaded, registry = load(suite, plugin_files)
    by_place = predict_suite(loaded, registry.theories())
    found: list[Prediction] = []
    tables = []
    for (regime, n, d), predictions in by_place.items():
        found += predictions
        words = f"{regime}: n = {n}, d = {d}, {component(loaded.dataset)}, seed {loaded.seed}"
        tables.append(overview_view(predictions, problem=words))
    return found, tables
