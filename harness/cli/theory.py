"""The verb ``harness theory``, which shows the widths that theories require, without training."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import rich_click as click

from harness.cli import completion
from harness.cli.loading import check_problems, load, warn_of_broken
from harness.cli.options import LEGEND, PLUGINS, given, renderer_named
from harness.cli.report_files import write_bibtex
from harness.cli.selecting import for_comments, headers, select, selected, selected_suite
from harness.cli.streams import echo
from harness.cli.wrong_input import WrongInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.claims.certified import Certified
    from harness.claims.predictions import Prediction
    from harness.components import Dataset, Problem
    from harness.components.table import Table
    from harness.plugin_host.registry import Registry
    from harness.report.selection import Selection

    Found = tuple[Prediction, Certified | None]
    """A prediction, and the certified width if it was asked for."""


@click.command("theory")
@click.option(
    "--n",
    type=click.IntRange(1),
    multiple=True,
    metavar="N",
    help="Samples, 200 if not given. With --suite: only these n.",
)
@click.option(
    "--d",
    type=click.IntRange(1),
    multiple=True,
    metavar="D",
    help="Input dimension, 20 if not given. With --suite: only these d.",
)
@click.option("--activation", metavar="NAME", help="Instead of that of each theory's own regime, where it has one.")
@click.option("--dataset", default="sphere", show_default=True, metavar="NAME", help="Inputs, or a CSV or NPZ file.")
@click.option("--labels", metavar="NAME", help="Labels, where there is a choice (gaussian, rademacher, own).")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Seed of the problem.")
@click.option("--suite", metavar="SUITE", help="The regimes and problems of a suite instead of the options above.")
@click.option("--certify", is_flag=True, help="Find the width from which each certificate holds, on a few draws.")
@click.option("--rigorous", is_flag=True, help="With --certify: repeat the tests of two draws in ball arithmetic.")
@click.option("--construct", is_flag=True, help="Build the networks that theories say exist, and measure them.")
@click.option(
    "--columns",
    default="widths",
    show_default=True,
    metavar="NAMES",
    help="widths on this problem, paper: the columns by which papers compare claims, or headers such as theory,C=1.",
)
@click.option(
    "--format",
    "form",
    shell_complete=completion.of_plugins("renderer"),
    default="rich",
    show_default=True,
    help="Or markdown, latex, html, csv, json, or a plugin's.",
)
@click.option("--bibtex", metavar="FILE.bib", help="Write the sources of the rows, which LaTeX tables cite.")
@click.option(
    "--html",
    metavar="FILE",
    help="Write one page that loads nothing: all claims, with sliders for n and d, filters and sorting.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@LEGEND
@select(own=("n", "d", "columns"))
@PLUGINS
def command(
    n: tuple[int, ...],
    d: tuple[int, ...],
    activation: str | None,
    dataset: str,
    labels: str | None,
    seed: int,
    suite: str | None,
    certify: bool,
    rigorous: bool,
    construct: bool,
    columns: str,
    form: str,
    bibtex: str | None,
    html: str | None,
    as_json: bool,
    legend: bool,
    chosen: Selection,
    plugin_files: tuple[str, ...],
) -> None:
    """Show the width that each theory requires on one drawn problem. Nothing is trained.

    Each theory is evaluated on its own regime. With --suite, every theory that concerns a regime of the suite is shown,
    on the problems of the suite. With --construct, the networks of existence proofs are built instead, and the residual
    that each reaches is shown.

    \b
    harness theory --n 200 --d 20
    harness theory --n 500 --d 50 --activation relu --json
    harness theory --n 20 --d 10 --certify --rigorous
    harness theory --suite quickstart
    harness theory --n 40 --d 10 --construct
    harness theory --columns paper --format latex --bibtex references.bib > claims.tex
    harness theory --html claims.html
    """
    if html is not None:
        _refuse_beside_html()
        _write_explorer(html, dataset, labels, seed, plugin_files)
        return
    if construct and certify:
        raise click.UsageError("--certify cannot stand beside --construct: what is built is not trained")
    if rigorous:
        _refuse_without_balls(certify=certify)
    if certify and columns == "paper":
        raise click.UsageError("--certify cannot stand beside --columns paper: claims have no column of widths")
    if as_json and (beside := [f"--{name}" for name in ("columns", "format", "bibtex") if _stands(name)]):
        raise click.UsageError(f"{', '.join(beside)} cannot stand beside --json: it holds predictions, not a table")
    if construct:
        _refuse_beside_construct()
        _construct(*_size(n, d), dataset, labels, seed, plugin_files, form, chosen, as_json=as_json, legend=legend)
        return
    names = () if columns in ("widths", "paper") else headers(columns)
    columns = "widths" if names else columns
    if chosen.regimes and suite is None:
        raise click.UsageError("--regime goes with --suite: without one each theory has its own regime")
    if suite is not None:
        _refuse_beside_suite()
        part = replace(chosen, n=n, d=d)
        found, tables, registry = _of_suite(suite, plugin_files, columns, part, certify=certify, rigorous=rigorous)
    else:
        options = (*_size(n, d), activation, dataset, labels, seed, plugin_files, columns)
        found, tables, registry = _of_options(*options, certify=certify, rigorous=rigorous)
    tables = selected(replace(chosen, regimes=(), columns=names), tables, registry)
    if as_json:
        from harness.report.json_text import dumps
        from harness.report.prediction_records import judged, prediction_record, theory_records

        found = [one for one in found if one[0].theory.claim.title in _titles(tables)]
        places = judged(prediction for prediction, _ in found)
        records = [prediction_record(prediction, places, certified=certified) for prediction, certified in found]
        stated = theory_records((prediction for prediction, _ in found), places)
        echo(dumps({"theories": stated, "predictions": records}), nl=False)
        return
    if bibtex is not None:  # written first, so that an error does not follow a printed table
        write_bibtex(tables, bibtex)
    asked = ("*",) if columns == "paper" else names  # of these no column is left out for comments
    _print(tables, form, registry, replace(chosen, columns=asked), legend=legend)


def _refuse_beside_html() -> None:
    """Refuse options that the sliders and filters of the explorer answer."""
    answered = {"n": "n", "d": "d", "activation": "activation", "suite": "suite", "certify": "certify"}
    answered |= {"construct": "construct", "columns": "columns", "form": "format", "bibtex": "bibtex"}
    answered |= {"as_json": "json", "regimes": "regime", "theories": "theory", "only": "only"}
    if said := [f"--{option}" for name, option in answered.items() if given(name)]:
        raise click.UsageError(f"{', '.join(said)} cannot stand beside --html: the page has every claim at many sizes")


def _write_explorer(target: str, dataset: str, labels: str | None, seed: int, plugin_files: tuple[str, ...]) -> None:
    """Write the explorer of all claims."""
    from harness.cli.report_files import write_html
    from harness.plugin_host.loading import load_plugins
    from harness.report.claims_page import claims_page
    from harness.report.setting import component
    from harness.session.predicting import predicted

    registry = load_plugins(plugin_files)
    warn_of_broken(registry)
    source = _dataset(registry, dataset, labels)
    left_out: dict[str, None] = {}

    def evaluate(n: int, d: int) -> list[Prediction]:
        return predicted(registry, _problem(registry, source, n, d, seed), None, left_out.setdefault)

    write_html(target, lambda: claims_page(evaluate, f"{component(source)}, seed {seed}"))
    for line in left_out:
        _left_out(line)


def _titles(tables: list[Table]) -> set[str]:
    return {row.entries[0].text() for table in tables for row in table.rows}


def _stands(name: str) -> bool:
    return given({"format": "form"}.get(name, name))


def _print(tables: list[Table], form: str, registry: Registry, chosen: Selection, *, legend: bool) -> None:
    from harness.report.terminal import show

    if form != "rich":
        renderer = renderer_named(registry, form)
        if renderer.suffix in (".json", ".csv") and len(tables) > 1:
            raise WrongInput(f"--format {form} holds one table, and this suite makes {len(tables)}; see --json")
        echo("\n".join(renderer.render(table) for table in for_comments(chosen, tables, renderer)), nl=False)
        return
    for number, table in enumerate(tables):
        if number:
            echo()
        show(table, legend=legend)


def _refuse_without_balls(*, certify: bool) -> None:
    """Refuse to repeat tests in ball arithmetic where there are none, or where it is not installed."""
    from harness.mathematics.limit.balls import available

    if not certify:
        raise click.UsageError("--rigorous repeats the tests of --certify: add --certify")
    if not available():
        raise WrongInput("--rigorous needs python-flint: pip install 'convergence-harness[rigorous]'")


LARGEST = {"n": 2000, "d": 100_000}
"""Largest size of a problem that is drawn without a suite."""


def _size(n: tuple[int, ...], d: tuple[int, ...]) -> tuple[int, int]:
    """Return the size of the one problem that is drawn without a suite."""
    for name, values in (("n", n), ("d", d)):
        if len(values) > 1:
            raise click.UsageError(f"--{name} takes one number without --suite")
        if values and values[0] > LARGEST[name]:
            raise click.UsageError(f"--{name} {values[0]}: expected at most {LARGEST[name]}")
    return (*n, 200)[0], (*d, 20)[0]


def _refuse_beside_suite() -> None:
    """Refuse options that a suite sets itself."""
    answered = ("activation", "dataset", "labels", "seed")
    if said := [f"--{name}" for name in answered if given(name)]:
        raise click.UsageError(f"{', '.join(said)} cannot stand beside --suite: the suite says it")


def _of_options(
    n: int,
    d: int,
    activation: str | None,
    dataset: str,
    labels: str | None,
    seed: int,
    plugin_files: tuple[str, ...],
    columns: str,
    *,
    certify: bool,
    rigorous: bool,
) -> tuple[list[Found], list[Table], Registry]:
    from harness.components import Certificate
    from harness.plugin_host.loading import load_plugins
    from harness.report.predicted import certify_guarded
    from harness.report.setting import component
    from harness.session.predicting import predicted

    registry = load_plugins(plugin_files)
    warn_of_broken(registry)
    source = _dataset(registry, dataset, labels)
    problem = _problem(registry, source, n, d, seed)
    try:
        found = predicted(registry, problem, activation, _left_out)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--activation") from error
    if not found:
        raise WrongInput("no plugin provides a theory about such labels; see: harness plugins list")
    words = f"n = {n}, d = {d}, {component(source)}, seed {seed}" + (f", {activation}" if activation else "")
    certified = {
        p.theory.name: certify_guarded(
            p.theory, p.regime, source, n, d, base=seed, registry=registry, rigorous=rigorous
        )
        for p in found
        if certify and isinstance(p.theory, Certificate)
    }
    table = _table(found, columns, words, certified if certify else None)
    return [(prediction, certified.get(prediction.theory.name)) for prediction in found], [table], registry


def _table(found: Sequence[Prediction], columns: str, problem: str, certified: dict[str, Certified] | None) -> Table:
    from harness.report.claims_view import claims_view
    from harness.report.overview_view import overview_view

    if columns == "paper":
        return claims_view(found, problem=problem)
    return overview_view(found, problem=problem, certified=certified)


def _problem(registry: Registry, source: Dataset, n: int, d: int, seed: int) -> Problem:
    from harness.complaints import ProblemError
    from harness.session.predicting import problem_of

    try:
        return problem_of(registry, source, n, d, seed)
    except ProblemError as error:
        raise WrongInput(str(error)) from error


def _refuse_beside_construct() -> None:
    """Refuse options that a construction sets itself."""
    for name, why in (
        ("suite", "it takes one problem"),
        ("activation", "each proof has its own"),
        ("columns", "it has its own"),
        ("bibtex", "it cites nothing"),
        ("regimes", "each proof has its own"),
        ("guarantees", "nothing is trained"),
    ):
        if given(name):
            option = {"regimes": "regime", "guarantees": "only"}.get(name, name)
            raise click.UsageError(f"--{option} cannot stand beside --construct: {why}")


def _construct(
    n: int,
    d: int,
    dataset: str,
    labels: str | None,
    seed: int,
    plugin_files: tuple[str, ...],
    form: str,
    chosen: Selection,
    *,
    as_json: bool,
    legend: bool,
) -> None:
    """Build the network of every theory that offers one, and show them."""
    from harness.claims.predictions import of_labels, targets_of
    from harness.components import Constructive
    from harness.plugin_host.loading import load_plugins
    from harness.report.constructions_view import build, construction_record, constructions_view
    from harness.report.json_text import dumps
    from harness.report.predicted import predict_guarded
    from harness.report.setting import component
    from harness.session.predicting import home

    registry = load_plugins(plugin_files)
    warn_of_broken(registry)
    source = _dataset(registry, dataset, labels)
    problem = _problem(registry, source, n, d, seed)
    about = [theory for theory in registry.theories() if of_labels(theory, targets_of(problem))]
    homes = [(theory, home(theory, registry, None, _left_out)) for theory in about if isinstance(theory, Constructive)]
    claimed = [predict_guarded(theory, at, problem, registry) for theory, at in homes if at is not None]
    built = [build(prediction, problem, seed, registry) for prediction in claimed]
    if not built:
        raise WrongInput("no plugin provides a theory that builds a network; see: harness plugins list")
    table = constructions_view(built, problem=f"n = {n}, d = {d}, {component(source)}, seed {seed}")
    tables = selected(chosen, [table], registry)
    if as_json:
        shown = [one for one in built if one.prediction.theory.claim.title in _titles(tables)]
        echo(dumps({"constructions": [construction_record(one) for one in shown]}), nl=False)
        return
    _print(tables, form, registry, chosen, legend=legend)


def _dataset(registry: Registry, name: str, labels: str | None) -> Dataset:
    from harness.complaints import SpecError
    from harness.session.predicting import dataset_named

    try:
        return dataset_named(registry, name, labels)
    except SpecError as error:
        said = "; ".join(str(replace(c, path=()) if c.path == ("use",) else c) for c in error.complaints)
        raise WrongInput(f"--dataset {name}: {said}") from error


def _left_out(line: str) -> None:
    click.secho(line, fg="yellow", err=True)


def _of_suite(
    suite: str, plugin_files: tuple[str, ...], columns: str, chosen: Selection, *, certify: bool, rigorous: bool
) -> tuple[list[Found], list[Table], Registry]:
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
