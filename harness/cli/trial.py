"""The verb ``harness trial``, which trains one trial alone in this process."""

from __future__ import annotations

import shlex
import traceback
from typing import TYPE_CHECKING, Any

import rich_click as click

from harness.cli.loading import check_problems, load
from harness.cli.options import PLUGINS, SUITE, TRUST
from harness.cli.streams import echo
from harness.cli.wrong_input import WrongInput
from harness.complaints import printable_lines

if TYPE_CHECKING:
    from harness.components import Outcome, Regime
    from harness.components.table import Table
    from harness.driver.threshold_search import ThresholdSearch
    from harness.suite import Suite


@click.command("trial")
@SUITE
@click.option("--regime", required=True, metavar="NAME", help="As the suite or its tables call it.")
@click.option("--n", type=click.IntRange(1), help="Samples; the suite's first if not given.")
@click.option("--d", type=click.IntRange(1), help="Input dimension; the suite's first if not given.")
@click.option("--k", type=click.IntRange(0), required=True, help="Hidden width; 0 for a model without width.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Number of the trial.")
@click.option("--device", metavar="NAME", help="cpu, cuda or cuda:N, instead of what the suite says.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@PLUGINS
@TRUST
def command(
    suite: str,
    regime: str,
    n: int | None,
    d: int | None,
    k: int,
    seed: int,
    device: str | None,
    as_json: bool,
    plugin_files: tuple[str, ...],
    trust_plugins: bool,
) -> int:
    """Train one trial of a suite and show its outcome. Nothing is stored.

    The trial is trained alone, in this process and without a time limit, with the numbers that it has in a run. Sizes
    that the suite does not have may be given, and are then reported. If the trial fails, the whole traceback is shown,
    so a debugger can be attached. The exit status is 0 if it was trained, 1 if it failed, and 2 for wrong input.

    \b
    harness trial quickstart --regime softplus --n 40 --d 20 --k 4 --seed 7
    harness trial mine.toml --regime "moderate, mirrored" --k 16 --json
    """
    loaded, registry = load(suite, plugin_files, trust=trust_plugins)

    from harness.components import Cell
    from harness.driver.step_tuning import chosen_alone
    from harness.driver.threshold_searches import RegimeError, threshold_searches
    from harness.engine.device import resolve_device
    from harness.engine.work import train_alone
    from harness.report.json_text import dumps
    from harness.report.terminal import show
    from harness.suite.sizes import memory, trial_bytes

    if regime not in {r.name for r in loaded.regimes}:
        raise WrongInput(_unknown(regime, loaded))
    try:
        found = threshold_searches(loaded, registry, resolve_device(device or loaded.budget.device))
    except (RegimeError, ValueError) as error:
        raise WrongInput(str(error)) from error
    search = next(p for p in found if p.setting.regime.name == regime)
    _check(search, k)
    first = next((size for size in loaded.sizes if d in (None, size[1])), loaded.sizes[0])
    size = n or first[0], d or first[1]
    if trial_bytes(*size, k) > memory():
        raise WrongInput(f"--k {k}: one trial needs more than the memory of this machine")
    _beyond(loaded, search.setting.regime, *size, k)
    try:
        setting = search.setting
        if search.tuning is not None:
            setting, chosen = chosen_alone(search, Cell(regime, *size, k))
            click.echo(f"tune chose {chosen.option} = {chosen.value:g} by {chosen.trials} tuning trials", err=True)
        outcome = train_alone(setting, *size, k, seed)
    except Exception as error:
        trace = printable_lines("".join(traceback.format_exception(error)))
        if as_json:
            echo(dumps({"verdict": "error", "traceback": trace}), nl=False)
        else:
            click.echo(trace, nl=False, err=True)
        return 1
    record = _record(outcome, loaded, search, *size, k)
    if as_json:
        echo(dumps(record), nl=False)
    else:
        show(_table(record, loaded))
    return 0


def _unknown(regime: str, suite: Suite) -> str:
    from harness.complaints import nearest, show

    names = [r.name for r in suite.regimes]
    close = nearest(regime, names)
    hint = f"did you mean {shlex.quote(close)}?" if close else f"it has {', '.join(map(show, names))}"
    return f"--regime: suite {suite.name!r} has no regime {show(regime)}; {hint}"


def _check(search: ThresholdSearch, k: int) -> None:
    """Refuse a width that the regime cannot have."""
    regime = search.setting.regime
    step = regime.initializer.width_step
    if not regime.model.has_width:
        if k:
            raise WrongInput(f"--k {k}: {regime.name} is of infinite width; write --k 0")
    elif k < 1 or k % step:
        raise WrongInput(
            f"--k {k}: {regime.name} needs {'a width of at least 1' if step == 1 else f'multiples of {step}'}"
        )


def _beyond(suite: Suite, regime: Regime, n: int, d: int, k: int) -> None:
    """Report the given sizes that the suite does not have.

    Raises:
        WrongInput: If the suite's dataset has no problem of these n and d.
    """
    from dataclasses import replace

    known = {f"n = {n}": n in suite.n, f"d = {d}": d in suite.d}
    known[f"k = {k}"] = k == 0 or suite.search.may_try(regime, n, d, k)
    beyond = [size for size, is_known in known.items() if not is_known]
    if not beyond:
        return
    if n not in suite.n or d not in suite.d:
        check_problems(replace(suite, n=(n,), d=(d,), n_given=()))
    be = "is" if len(beyond) == 1 else "are"
    click.echo(f"{' and '.join(beyond)} {be} not in suite {suite.name!r}; trained all the same", err=True)


def _record(outcome: Outcome, suite: Suite, search: ThresholdSearch, n: int, d: int, k: int) -> dict[str, Any]:
    """Return the outcome of a trial as plain data. Numbers that are not finite become null."""
    from harness.components.outcome_record import view

    rung = suite.budget.tolerances.index(suite.budget.report_tolerance)
    found = {key: value for key, value in view(outcome).items() if key not in ("message", "seed")}
    where = {"suite": suite.name, "regime": search.setting.regime.name, "n": n, "d": d, "k": k, "seed": outcome.seed}
    exact = {"exact_verdict": outcome.limit_verdict()} if search.fates else {}
    return {
        **where,
        "verdict": search.fit.verdict(outcome) if search.fit else outcome.verdict(rung),
        **exact,
        "tolerances": list(suite.budget.tolerances),
        **found,
    }


def _table(record: dict[str, Any], suite: Suite) -> Table:
    from harness.components.entries import Text as Words
    from harness.components.numbers import decimal, plain
    from harness.components.table import Column, Row, Table

    def written(value: Any) -> str:
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, float):
            return decimal(value, 6)
        return str(value)

    hits = [
        f"{plain(tolerance)} at step {hit}" if hit is not None else f"{plain(tolerance)} never"
        for tolerance, hit in zip(record["tolerances"], record["hits"], strict=True)
    ]
    fate = record.get("fate") or {}
    facts = {
        "verdict": record["verdict"],
        "exact fit": record.get("exact_verdict"),
        "fate": fate.get("kind"),
        "limit of the residual": fate.get("residual"),
        "certificate": fate.get("certificate") or None,
        "margin": fate.get("margin"),
        "decided by": fate.get("continuation"),
        "tolerances met": ", ".join(hits),
        **{key.replace("_", " "): record[key] for key in ("steps", "measure", "diverged", "falling", "movement")},
        **{key.replace("_", " "): record[key] for key in ("step_size", "lambda_min", "lambda_max", "rate")},
        **record["diagnostics"],
        **{key: record[key] for key in ("solver", "device", "seconds")},
    }
    rows = tuple(Row((Words(key), Words(written(value)))) for key, value in facts.items() if value is not None)
    place = ", ".join(f"{key} = {record[key]}" for key in ("n", "d", "k"))
    return Table(
        name="trial",
        title=f"{record['regime']}, {place}, trial {record['seed']}",
        caption=f"verdict: at tolerance {plain(suite.budget.report_tolerance)} within {suite.budget.steps} steps."
        + (" exact fit: the verdict with unlimited steps; fate: what becomes of the network." if fate else ""),
        columns=(Column("what"), Column("found", wrap=60)),
        rows=rows,
    )
