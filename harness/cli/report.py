"""The verb ``harness report``, which shows the tables of a run in any format."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import rich_click as click

from harness.cli import completion
from harness.cli.asking import MARKS, OPTIONS, asking, check_question, option
from harness.cli.loading import warn_of_broken, warn_of_mixture
from harness.cli.options import LEGEND, PLUGINS, PROVENANCE, TRUST, given, renderer_named
from harness.cli.report_files import HERE, write_bibtex, write_provenance
from harness.cli.report_tables import EMPTY, TAKES, check_diagnostic, opening, sentences, table_of, views_shown
from harness.cli.selecting import for_comments, select, selected, selected_results
from harness.cli.streams import echo
from harness.cli.wrong_input import WrongInput
from harness.report.figures.style import FORMATS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.components.table import Renderer, Table
    from harness.driver.question import Asked
    from harness.driver.results import Results
    from harness.report.selection import Selection
    from harness.session.reading import Source

OF_ROWS = ("theories", "guarantees", "columns", "compact", "legend", "bibtex", "beside")
"""Options of tables, which change nothing where none is printed."""

OF_TABLES = (*OPTIONS, "steps", "view", "form", "all_sizes", "diagnostic", "certify", *OF_ROWS)
"""Options that change nothing in figures and on the page."""

NAMES = {"theories": "theory", "guarantees": "only", "form": "format", "beside": "provenance"}
"""Names on the command line of options that are called otherwise in the code."""

OF_SEVERAL = ("comparison", "ablations", "held-out-pairs", "replication")
"""Views whose rows come from several regimes or sizes. A selection chooses among their rows."""


@click.command("report")
@click.argument("source", metavar="RUN_DIR|ARCHIVE|SUITE", shell_complete=completion.sources)
@click.option(
    "--view",
    type=click.Choice(tuple(TAKES)),
    metavar="VIEW",
    help=f"One table: {', '.join(TAKES)}. If not given: what was found, compact, thresholds, theories (csv, json: "
    "thresholds).",
)
@click.option(
    "--format",
    "form",
    shell_complete=completion.of_plugins("renderer"),
    default="rich",
    show_default=True,
    help="Or markdown, latex, html, csv, json, or a plugin's. Trials are written as csv or jsonl.",
)
@asking("Another tolerance of the suite; 0: exact fits.", "As if the budget had been T steps; inf for unlimited ones.")
@click.option(
    "--all-sizes", is_flag=True, help="Theories, diagnostics, comparison, ablations, held-out at each n and d."
)
@click.option("--diagnostic", metavar="NAME", help="Of the view map: what it shows, such as held-out-error.")
@click.option("--certify", is_flag=True, help="Beside theories, the width from which their certificates hold.")
@click.option("--plot", is_flag=True, help="Draw in the terminal: phase maps, k½ against n, P(fit) against k.")
@click.option(
    "--figures",
    is_flag=False,
    flag_value=HERE,
    metavar="[DIR]",
    help="Write the figures into DIR (figures/ beside the results).",
)
@click.option(
    "--figure-format",
    "figure_formats",
    type=click.Choice(FORMATS),
    multiple=True,
    default=("pdf", "svg"),
    show_default=True,
    help="Of --figures; may be given several times.",
)
@click.option(
    "--html", is_flag=False, flag_value=HERE, metavar="[FILE]", help="Write the page (report.html beside the results)."
)
@click.option("--bibtex", metavar="FILE.bib", help="Write the sources of the rows that are shown.")
@PROVENANCE
@click.option("--compact", is_flag=True, help="One row a regime and one line a theory.")
@LEGEND
@select()
@PLUGINS
@TRUST
def command(
    source: str,
    view: str | None,
    form: str,
    tolerance: Asked,
    steps: float | None,
    all_sizes: bool,
    diagnostic: str | None,
    certify: bool,
    plot: bool,
    figures: str | None,
    figure_formats: tuple[str, ...],
    html: str | None,
    bibtex: str | None,
    beside: str | None,
    compact: bool,
    legend: bool,
    chosen: Selection,
    plugin_files: tuple[str, ...],
    trust_plugins: bool,
) -> None:
    """Show what a run found: from its folder, from an archive of it, or by the name of its suite.

    Nothing is trained. The step at which each tolerance, error and margin was met is stored, so any of those that were
    recorded and any smaller budget can be asked for.

    \b
    harness report quickstart
    harness report quickstart --compact --format latex --bibtex refs.bib > table.tex
    harness report review --regime 'hidden*' --n 400 --only guarantees
    harness report reports/quickstart --view sensitivity
    harness report quickstart --format markdown --tolerance 0.1 --steps 2000
    harness report quickstart --view thresholds --format csv --provenance thresholds.json > thresholds.csv
    harness report classes-10 --at-error 0
    harness report quickstart --view theories --certify
    harness report quickstart --view map --diagnostic movement
    harness report review --view exponents
    harness report review --view trials --format jsonl
    harness report quickstart.zip
    harness report quickstart --plot
    harness report quickstart --html
    harness report quickstart --figures paper/figures --figure-format pdf
    """
    from harness.cli.source import read_source
    from harness.report.theories_view import blocks

    read = read_source(source, plugin_files, trust=trust_plugins)
    results = read.results
    warn_of_broken(results.registry)
    warn_of_mixture(results.provenance)
    part = selected_results(chosen, results)
    # Regimes may record different marks, so one is asked of those that are selected.
    whole = part if any(map(given, MARKS)) else results
    _check(whole, tolerance, steps, view)
    check_diagnostic(results, diagnostic)
    if not figures and given("figure_formats"):
        raise WrongInput("--figure-format says how figures are written: add --figures")
    if plot or figures or html:
        _refuse(
            [name for name in OF_TABLES if not (plot and name == "legend")],
            "--plot, --figures and --html show a run as it was asked for; leave out {}",
        )
        formats = tuple(dict.fromkeys(figure_formats))
        _draw_all(replace(read, results=part), plot=plot, figures=figures, formats=formats, html=html, legend=legend)
        return
    if view == "trials":
        _refuse_what_is_not_taken(("trials",))
        _refuse(OF_ROWS, "trials are written whole; leave out {}")
        _write_trials(part, form, tolerance, steps)
        return
    renderer = None if form == "rich" else renderer_named(results.registry, form)
    one_document = renderer is not None and renderer.suffix in (".json", ".csv")
    if compact and (view or one_document):
        raise WrongInput("--compact prints two tables of its own: leave out --view, and take another format")
    views = views_shown(view, one_document=one_document, compact=compact)
    _refuse_what_is_not_taken(views)
    if renderer is None and view in ("phase", "map"):
        _refuse([name for name in OF_ROWS if name != "legend"], "maps have no such rows or columns; leave out {}")
        _draw(part, view, tolerance, steps, diagnostic, explained=legend)
        return
    options: dict[str, Any] = {"tolerance": tolerance, "steps": steps, "certify": certify, "diagnostic": diagnostic}
    options["all_sizes"] = all_sizes or chosen.by_size
    tables = [table_of(whole if name in OF_SEVERAL else part, name, options) for name in views]
    tables = selected(chosen, tables, results.registry)
    in_parts = renderer is None or renderer.suffix in (".txt", ".md")
    tables = [one for t in tables for one in (blocks(t) if t.name == "theories" and in_parts else [t])]
    if bibtex is not None:
        write_bibtex(tables, bibtex)
    if beside is not None:
        write_provenance(tables, beside)
    said = "" if view or one_document else sentences(part, tolerance, steps)
    if renderer is not None:
        _warn_of_letters(renderer, tables)
        tables = for_comments(chosen, tables, renderer)
        echo("\n".join([*opening(said, renderer), *(renderer.render(table) for table in tables)]), nl=False)
        return
    _show(tables, said, legend=legend)
    if results.missing:
        click.echo(f"\nThe run is not finished: {results.lacking}.", err=True)


def _refuse(options: Sequence[str], message: str) -> None:
    """Refuse options that would change nothing."""
    if said := [option(NAMES.get(name, name)) for name in options if given(name)]:
        raise WrongInput(message.format(", ".join(said)))


def _show(tables: Sequence[Table], said: str, *, legend: bool) -> None:
    """Print sentences and tables on the screen."""
    from harness.report.terminal import show, show_text

    if said:
        show_text(said)
        echo()
    for number, table in enumerate(tables):
        if number:
            echo()
        if table.rows or table.name not in EMPTY:
            show(table, legend=legend)
        else:  # the message is the reason alone
            show_text(table.caption)


def _write_trials(results: Results, form: str, tolerance: Asked, steps: float | None) -> None:
    """Write the trials one by one, as CSV if no format is given."""
    from harness.report.trials_view import FORMS, write_trials
    from harness.standard_output import own

    form = "csv" if form == "rich" else form
    if form not in FORMS:
        raise WrongInput(f"--format {form}: trials are written line by line, expected {' or '.join(FORMS)}")
    write_trials(results, own(), form, tolerance=tolerance, steps=None if steps is None else int(steps))


def _warn_of_letters(renderer: Renderer, tables: Sequence[Table]) -> None:
    """Say which words of tables in LaTeX have letters that pdflatex lacks."""
    from harness.report.tex import notice

    texts = [entry.text() for table in tables for row in table.rows for entry in row.entries]
    heads = [text for table in tables for text in (table.title, *(row.group for row in table.rows))]
    if renderer.suffix == ".tex" and (changed := notice(dict.fromkeys([*heads, *texts]))):
        click.echo(changed, err=True)


def _refuse_what_is_not_taken(views: Sequence[str]) -> None:
    """Refuse options that none of the shown views takes."""
    for taken in dict.fromkeys(name for names in TAKES.values() for name in names):
        typed = [name for name in (OPTIONS if taken == "tolerance" else (taken,)) if given(name)]
        if typed and not any(taken in TAKES[view] for view in views):
            takers = [view for view, names in TAKES.items() if taken in names]
            raise WrongInput(
                f"{option(typed[0])} changes nothing in the view {views[0]}; the views that it changes: "
                f"{', '.join(takers)}"
            )


def _draw_all(
    source: Source, *, plot: bool, figures: str | None, formats: tuple[str, ...], html: str | None, legend: bool
) -> None:
    """Draw the plot, the figures and the page that the options ask for."""
    from harness.cli.report_files import write_all_figures, write_page

    if plot:
        from harness.report.plot import show_plots

        show_plots(source.results, explained=legend)
    if figures:
        write_all_figures(source, figures, formats)
    if html:
        write_page(source, html)


def _check(results: Results, tolerance: Asked, steps: float | None, view: str | None) -> None:
    if view in ("trials", "diagnostics") and (tolerance == 0.0 or steps == math.inf):
        asked = "--tolerance 0" if tolerance == 0.0 else "--steps inf"
        raise WrongInput(f"{asked}: the view {view} shows training within the budget; ask for a tolerance of it")
    check_question(results, tolerance, steps)


def _draw(
    results: Results, view: str, tolerance: Asked, steps: float | None, diagnostic: str | None, *, explained: bool
) -> None:
    from harness.report.map_view import show_maps
    from harness.report.phase import show_phases

    if view == "map":
        show_maps(results, diagnostic=diagnostic, explained=explained)
    else:
        show_phases(results, tolerance=tolerance, steps=steps, explained=explained)
