"""The figure of the reasons why trials do not fit, as shares of the trials at each width."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.components.reason import REASONS
from harness.components.vocabulary import Reason
from harness.driver.reasons import reasons
from harness.report import setting
from harness.report.figures.layout import finished, panels
from harness.report.figures.record import Drawing, Drawn, LeftOut
from harness.report.figures.style import short, spread, styled
from harness.report.questions import fit_in_brief, question_explained

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from harness.components import Regime
    from harness.driver.results import Results

PANELS = 12
"""Largest number of sizes in a figure."""

WIDTHS = 8
"""Largest number of widths in a panel."""

FIT = "#e6e6e6"
"""Colour of the share that fits."""

LOOKS: dict[Reason, tuple[str, str]] = {
    "dead samples": ("#0072b2", ""),
    "local minimum": ("#d55e00", "//"),
    "rank": ("#009e73", ".."),
    "too few weights": ("#cc79a7", "xx"),
    "diverged": ("#333333", ""),
    "edge of stability": ("#56b4e9", "||"),
    "still falling": ("#e69f00", ""),
    "plateau": ("#999999", "--"),
}
"""Colour of each reason, after Okabe and Ito (2008), and its pattern for readers and printers without colours."""

CAPTION = (
    "Trials of “{regime}” by width: grey those that fit, above them those that do not, by the reason. Errors are left "
    "out. {question}"
)


def reason_figures(results: Results) -> list[Drawn]:
    """Return one figure for each regime with a trial that does not fit, with a panel for each size."""
    found: list[Drawn] = []
    for i, regime in enumerate(results.suite.regimes, 1):
        tried = [size for size in setting.sizes(results.suite) if _met(results, regime, *size)]
        if not tried or not regime.model.has_width:
            continue
        sizes = [tried[j] for j in spread(range(len(tried)), PANELS)]
        caption = CAPTION.format(regime=short(regime.name), question=question_explained(results, regimes=[regime]))
        found.append(
            Drawing(
                f"reasons-regime-{i}",
                f"Why trials do not fit: {short(regime.name)}",
                caption,
                lambda regime=regime, sizes=sizes: _draw(results, regime, sizes),  # type: ignore[misc]  # mypy infers no type for a lambda with a default
                regime.name,
            )
        )
    return found or [LeftOut("reasons", "every trial fits")]


def _met(results: Results, regime: Regime, n: int, d: int) -> bool:
    return any(counts for counts in reasons(results, regime.name, n, d).values())


def shares(results: Results, regime: str, n: int, d: int) -> dict[int, tuple[int, Mapping[Reason, int]]]:
    """Return for each width with trials their number, errors left out, and how many do not fit for which reason."""
    trials, found = results.by_width(regime, n, d), reasons(results, regime, n, d)
    totals = {k: sum(not trial.message for trial in trials[k]) for k in found}
    return {k: (totals[k], counts) for k, counts in found.items() if totals[k]}


def _draw(results: Results, regime: Regime, sizes: list[tuple[int, int]]) -> Figure:
    from matplotlib.patches import Patch

    with styled():
        figure, several = panels(len(sizes), 1.4, share="y")
        met: set[Reason] = set()
        for axes, (n, d) in zip(several, sizes, strict=True):
            found = shares(results, regime.name, n, d)
            chosen = {k: found[k] for k in spread(sorted(found), WIDTHS)}
            met |= _bars(axes, chosen)
            axes.set_title(f"n = {n}, d = {d}")
            axes.set_xlabel("hidden width k")
            axes.set_ylabel("share of trials")
        legend = {"fit": Patch(facecolor=FIT)} | {name: Patch(**_look(name)) for name in REASONS if name in met}
        return finished(figure, [short(regime.name), fit_in_brief(results, [regime])], legend)


def _look(name: Reason) -> dict[str, Any]:
    colour, hatch = LOOKS[name]
    return {"facecolor": colour, "hatch": hatch, "edgecolor": "white"}


def _bars(axes: Axes, found: Mapping[int, tuple[int, Mapping[Reason, int]]]) -> set[Reason]:
    """Draw a stacked bar for each width, and return the reasons met."""
    met: set[Reason] = set()
    for place, (total, counts) in enumerate(found.values()):
        base = 1.0 - sum(counts.values()) / total
        axes.bar(place, base, width=0.85, color=FIT)
        for name, count in counts.items():
            axes.bar(place, count / total, bottom=base, width=0.85, linewidth=0.0, **_look(name))
            base += count / total
            met.add(name)
    axes.set_xticks(range(len(found)), [str(k) for k in found], rotation=0)
    axes.set_ylim(0.0, 1.0)
    return met
