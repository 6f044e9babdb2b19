"""The phase diagram P(fit) over (d, k) or (n, k), with the line kd = n and the lines of the theories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from harness.report.figures.laws import Law, laws
from harness.report.figures.layout import finished, panels, titled
from harness.report.figures.record import Drawing, Drawn, LeftOut
from harness.report.figures.style import DARK, LINES, THEORY, shades, styled
from harness.report.phase import phase_maps
from harness.report.questions import fit_in_brief, question_explained

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.collections import QuadMesh
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from harness.claims.predictions import Prediction
    from harness.driver.results import Results
    from harness.report.phase import PhaseMap
    from harness.report.summary import Predictions

LEAST = 3
"""Smallest number of values of n or d, and of widths, for a map."""

CAPTION = (
    "Share of trials that fit, by {axis} and width k at {other} = {fixed}: dark none, bright all, blank not tried. "
    "Solid line: kd = n, one trained hidden weight a sample. Broken lines: power laws that theories of the regime "
    "claim, with their constant set to 1; laws outside the widths tried are not shown. † unverified. {fit}"
)


def phase_diagrams(results: Results, predictions: Predictions) -> list[Drawn]:
    """Return one figure for each fixed n (or d), with a panel per regime."""
    if not results.suite.search.decided_beforehand:
        return [LeftOut("phase", "the search is adaptive: widths differ from size to size; a grid makes a map")]
    maps = [phase for phase in phase_maps(results) if len(phase.across) >= LEAST and len(phase.widths) >= LEAST]
    if not maps:
        return [LeftOut("phase", f"fewer than {LEAST} values of n or d, or fewer than {LEAST} widths, were tried")]
    beside = {name: laws(_of(predictions, name)) for name in dict.fromkeys(phase.regime for phase in maps)}
    found: list[Drawn] = []
    for fixed in dict.fromkeys(phase.fixed for phase in maps):
        chosen = [phase for phase in maps if phase.fixed == fixed]
        axis, other = chosen[0].axis, "d" if chosen[0].axis == "n" else "n"
        named = {phase.regime for phase in chosen}
        fit = question_explained(results, regimes=[r for r in results.suite.regimes if r.name in named])
        fit += " Open trials are not counted as fits." if _undecided(results, chosen) else ""
        found.append(
            Drawing(
                f"phase-{other}{fixed}",
                f"P(fit) over {axis} and k at {other} = {fixed}",
                CAPTION.format(axis=axis, other=other, fixed=fixed, fit=fit),
                lambda chosen=chosen: _draw(results, chosen, beside),  # type: ignore[misc]  # mypy infers no type for a lambda with a default
            )
        )
    return found


def _undecided(results: Results, maps: Sequence[PhaseMap]) -> bool:
    """Return whether a trial of the maps is open."""
    regimes = {phase.regime for phase in maps}
    asked = {name: results.question(name) for name in regimes}
    cells = ((asked[cell.regime], several) for cell, several in results.outcomes.items() if cell.regime in asked)
    return any(question.verdict(outcome) == "open" for question, several in cells for outcome in several)


def _of(predictions: Predictions, regime: str) -> list[Prediction]:
    return [p for (name, _, _), beside in predictions.items() if name == regime for p in beside]


def _draw(results: Results, maps: Sequence[PhaseMap], beside: Mapping[str, Sequence[Law]]) -> Figure:
    with styled():
        figure, axes = panels(len(maps), 2.0 if len(maps) == 1 else 1.5)
        styles: dict[str, Any] = {}
        for one, phase in zip(axes, maps, strict=True):
            image = _map(one, phase)
            _lines(one, phase, beside[phase.regime], styles)
            titled(one, phase.regime)
            one.set_xlabel("samples n" if phase.axis == "n" else "input dimension d")
            one.set_ylabel("hidden width k")
        bar = figure.colorbar(image, ax=axes, fraction=0.05, pad=0.02, aspect=30, ticks=[0, 0.25, 0.5, 0.75, 1])
        bar.set_label("share of nets that fit")
        bar.outline.set_visible(False)
        handles = {label: h for one in axes for h, label in zip(*one.get_legend_handles_labels(), strict=True)}
        fixed = f"{'d' if maps[0].axis == 'n' else 'n'} = {maps[0].fixed}"
        shown = [results.regime(name) for name in dict.fromkeys(phase.regime for phase in maps)]
        return finished(figure, [fixed, fit_in_brief(results, shown)], handles)


def _map(axes: Axes, phase: PhaseMap) -> QuadMesh:
    x, k = np.array(phase.across, float), np.array(phase.widths, float)
    shares = np.full((len(k), len(x)), np.nan)
    for (value, width), (m, trials) in phase.counts.items():
        shares[phase.widths.index(width), phase.across.index(value)] = m / trials
    mesh = axes.pcolormesh(_edges(x), _edges(k), shares, cmap=shades(), vmin=0, vmax=1, linewidth=0.4)
    mesh.set_edgecolor("face")
    axes.set_xlim(*_edges(x)[[0, -1]])
    axes.set_ylim(*_edges(k)[[0, -1]])
    return mesh


def _edges(centres: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the boundaries of cells, halfway between their centres."""
    middle = (centres[1:] + centres[:-1]) / 2
    first, last = centres[0] - (middle[0] - centres[0]), centres[-1] + (centres[-1] - middle[-1])
    return np.concatenate([[max(first, centres[0] / 2)], middle, [last]])


def _lines(axes: Axes, phase: PhaseMap, beside: Sequence[Law], styles: dict[str, Any]) -> None:
    """Draw kd = n and the powers of theories, each in the same style in all panels."""
    from matplotlib.patheffects import withStroke

    x = np.geomspace(phase.across[0], phase.across[-1], 200)
    halo = [withStroke(linewidth=3.2, foreground="white")]
    kd = np.array([phase.boundary(value) for value in x])
    axes.plot(x, kd, color=DARK, linewidth=1.6, label="kd = n", path_effects=halo)
    for law in beside:
        widths = np.array([_at(law, phase, value) for value in x])
        inside = (widths >= phase.widths[0]) & (widths <= phase.widths[-1])
        if inside.mean() < 0.05 or np.allclose(widths, kd):
            continue
        style = styles.setdefault(law.label, LINES[1:][len(styles) % 4])
        axes.plot(x, widths, color=THEORY, linewidth=1.4, linestyle=style, label=law.label, path_effects=halo)


def _at(law: Law, phase: PhaseMap, value: float) -> float:
    a, b = law.exponents.at(*((int(value), phase.fixed) if phase.axis == "n" else (phase.fixed, int(value))))
    n, d = (value, phase.fixed) if phase.axis == "n" else (phase.fixed, value)
    return float(n**a * d**b)
