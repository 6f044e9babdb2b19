"""The verb ``harness theory``, which shows the widths that theories require, without training."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import rich_click as click

from harness.cli import completion
from harness.cli.drawn_problems import DrawnProblems, drawn_problems
from harness.cli.options import LEGEND, PLUGINS, refuse_beside, renderer_named
from harness.cli.report_files import write_bibtex
from harness.cli.selecting import for_comments, headers, select, selected
from harness.cli.streams import echo, warn
from harness.cli.theory_tables import of_options, of_suite
from harness.cli.wrong_input import WrongInput

if TYPE_CHECKING:
    from harness.claims.predictions import Prediction
    from harness.components.table import Table
    from harness.plugin_host.registry import Registry
    from harness.report.selection import Selection


CONSTRUCTED = {
    "suite": "it takes one problem",
    "activation": "each proof has its own",
    "columns": "it has its own",
    "bibtex": "it cites nothing",
    "regimes": "each proof has its own",
    "guarantees": "nothing is trained",
}
"""Options that a construction sets itself, with the reason why it needs none."""


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
        answered = ("n", "d", "activation", "suite", "certify", "construct", "columns", "form", "bibtex", "as_json")
        why = "the page has every claim at many sizes"
        refuse_beside("--html", (*answered, "regimes", "theories", "guarantees"), why)
        _write_explorer(html, drawn_problems(dataset, labels, seed, plugin_files))
        return
    if construct and certify:
        raise click.UsageError("--certify cannot stand beside --construct: what is built is not trained")
    if rigorous:
        _refuse_without_balls(certify=certify)
    if certify and columns == "paper":
        raise click.UsageError("--certify cannot stand beside --columns paper: claims have no column of widths")
    if as_json:
        refuse_beside("--json", ("columns", "form", "bibtex"), "it holds predictions, not a table")
    if construct:
        for name, why in CONSTRUCTED.items():
            refuse_beside("--construct", (name,), why)
        size = _size(n, d)
        problems = drawn_problems(dataset, labels, seed, plugin_files)
        _construct(problems, *size, form, chosen, as_json=as_json, legend=legend)
        return
    names = () if columns in ("widths", "paper") else headers(columns)
    columns = "widths" if names else columns
    if chosen.regimes and suite is None:
        raise click.UsageError("--regime goes with --suite: without one each theory has its own regime")
    if suite is not None:
        refuse_beside("--suite", ("activation", "dataset", "labels", "seed"), "the suite says it")
        part = replace(chosen, n=n, d=d)
        found, tables, registry = of_suite(suite, plugin_files, columns, part, certify=certify, rigorous=rigorous)
    else:
        size = _size(n, d)
        problems = drawn_problems(dataset, labels, seed, plugin_files)
        registry = problems.registry
        found, table = of_options(problems, *size, activation, columns, certify=certify, rigorous=rigorous)
        tables = [table]
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


def _write_explorer(target: str, problems: DrawnProblems) -> None:
    """Write the explorer of all claims."""
    from harness.cli.report_files import write_html
    from harness.report.claims_page import claims_page
    from harness.session.predicting import predicted

    left_out: dict[str, None] = {}

    def evaluate(n: int, d: int) -> list[Prediction]:
        return predicted(problems.registry, problems.at(n, d), None, left_out.setdefault)

    write_html(target, lambda: claims_page(evaluate, str(problems)))
    for line in left_out:
        warn(line)


def _titles(tables: list[Table]) -> set[str]:
    return {row.entries[0].text() for table in tables for row in table.rows}


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


def _construct(
    problems: DrawnProblems, n: int, d: int, form: str, chosen: Selection, *, as_json: bool, legend: bool
) -> None:
    """Build the network of every theory that offers one, and show them."""
    from harness.claims.predictions import of_labels, targets_of
    from harness.components import Constructive
    from harness.report.constructions_view import build, construction_record, constructions_view
    from harness.report.json_text import dumps
    from harness.report.predicted import predict_guarded
    from harness.session.predicting import home

    registry, problem = problems.registry, problems.at(n, d)
    about = [theory for theory in registry.theories() if of_labels(theory, targets_of(problem))]
    homes = [(theory, home(theory, registry, None, warn)) for theory in about if isinstance(theory, Constructive)]
    claimed = [predict_guarded(theory, at, problem, registry) for theory, at in homes if at is not None]
    built = [build(prediction, problem, problems.seed, registry) for prediction in claimed]
    if not built:
        raise WrongInput("no plugin provides a theory that builds a network; see: harness plugins list")
    tables = selected(chosen, [constructions_view(built, problem=f"n = {n}, d = {d}, {problems}")], registry)
    if as_json:
        shown = [one for one in built if one.prediction.theory.claim.title in _titles(tables)]
        echo(dumps({"constructions": [construction_record(one) for one in shown]}), nl=False)
        return
    _print(tables, form, registry, chosen, legend=legend)
