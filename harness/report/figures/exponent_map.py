"""The map of exponents (a, b): regions that the brackets allow, beside the points that theories claim."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.report.figures.labels import label_points
from harness.report.figures.laws import GUARANTEES, power
from harness.report.figures.layout import finished, panels
from harness.report.figures.record import Drawing, Drawn, LeftOut
from harness.report.figures.style import FAINT, INK, THEORY, folded, grid, marked, short, styled
from harness.report.questions import fit_in_brief, question_explained

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from harness.components import Theory
    from harness.driver.results import Results
    from harness.report.summary import Predictions
    from harness.statistics.exponents import ExponentFit

WIDE = 5.0
"""Largest size of an exponent that is drawn. Claims beyond it are named at the edge."""

SMALL = 1.5
"""Largest size of a region that is enlarged."""

HATCHES = ("///", "\\\\\\", "|||", "---", "xxx", "+++", "/|", "\\-")
"""Fillings that distinguish regions in grey: lines alone, since dots take a quarter of a megabyte in SVG."""

WHAT = (
    "Exponents a and b of k½ = ⌈C n^a d^b⌉. Regions: all (a, b) for which some C lies in the brackets of all sizes, "
    "bounds included; a region that leaves the picture is open there. Each region holds the exponents of a true "
    "formula at a confidence of 95 %. Points in regions: least squares on the middles of the brackets, where each size "
    "has both ends. Regimes without a region: no power law lies in all brackets. Diamonds: exponents that theories "
    "claim, up to constants and logarithms, filled where they promise that training fits; † unverified."
)


@dataclass(frozen=True)
class _Claimed:
    """A point (a, b) that theories claim."""

    at: tuple[float, float]
    theories: tuple[Theory, ...]

    @property
    def guarantees(self) -> bool:
        return any(theory.claim.guarantee in GUARANTEES for theory in self.theories)

    @property
    def beyond(self) -> bool:
        return max(map(abs, self.at)) > WIDE

    @property
    def label(self) -> str:
        first = min(self.theories, key=lambda one: (one.claim.guarantee not in GUARANTEES, not one.claim.verified))
        more = f" and {len(self.theories) - 1} more" if len(self.theories) > 1 else ""
        mark = "" if first.claim.verified else "†"
        arrow = "→ " if self.beyond else ""
        return folded(f"{arrow}{power(*self.at)}: {short(first.claim.title, 60)}{mark}{more}", 54)


def exponent_map(results: Results, predictions: Predictions) -> list[Drawn]:
    """Return the map of the exponents of all regimes with a width, for suites of several n and several d."""
    suite = results.suite
    if len(suite.n) < 2 or len(suite.d) < 2:
        return [LeftOut("exponent-map", "the suite varies one of n and d only, so there is no plane of exponents")]
    fits = {regime.name: results.exponent_fit(regime.name) for regime in suite.regimes if regime.model.has_width}
    fits = {name: fit for name, fit in fits.items() if fit.informative}
    if not fits:
        return [LeftOut("exponent-map", "no regime has brackets that bound an exponent")]
    claims = _claims(predictions)
    caption = f"{WHAT} {question_explained(results)}"
    return [Drawing("exponent-map", "Exponents that the brackets allow", caption, lambda: _draw(results, fits, claims))]


def _claims(predictions: Predictions) -> list[_Claimed]:
    found: dict[tuple[float, float], dict[str, Theory]] = {}
    for (_, n, d), several in predictions.items():
        for prediction in several:
            if (exponents := prediction.theory.claim.exponents) is not None:
                found.setdefault(exponents.at(n, d), {})[prediction.theory.name] = prediction.theory
    return [_Claimed(at, tuple(theories.values())) for at, theories in sorted(found.items())]


def _draw(results: Results, fits: dict[str, ExponentFit], claims: Sequence[_Claimed]) -> Figure:
    from matplotlib.patches import Rectangle

    looks = dict(zip(fits, marked(len(fits)), strict=True))
    hatches = dict(zip(fits, (HATCHES[i % len(HATCHES)] for i in range(len(fits))), strict=True))
    window = _window(fits)
    with styled():
        handles = _handles(fits, looks, hatches, claims)
        figure, several = panels(1 if window is None else 2, 2.3, across=1, share="")
        for axes, view in zip(several, [_frame(fits, claims), window], strict=False):
            assert view is not None  # a second panel has a window
            _regions(axes, fits, looks, hatches)
            for claim in claims:
                _diamond(axes, claim)
            axes.set(xlim=view[0], ylim=view[1])
            axes.set_xlabel("a, exponent of n")
            axes.set_ylabel("b, exponent of d")
            grid(axes)
        if window is not None:
            (left, right), (low, high) = window
            several[0].add_patch(
                Rectangle((left, low), right - left, high - low, fill=False, edgecolor=INK, linewidth=0.8, zorder=7)
            )
            several[0].set_title("claims; the frame is enlarged below", fontweight="normal")
        sizes = [sorted({size[i] for fit in fits.values() for size in fit.sizes}) for i in (0, 1)]
        head = [f"{name} = {values[0]} to {values[-1]}" for name, values in zip("nd", sizes, strict=True)]
        shown = [results.regime(name) for name in fits]
        finished(figure, [", ".join(head), fit_in_brief(results, shown)], handles)
        figure.set_layout_engine("none")  # labels are placed for this layout
        for i, axes in enumerate(several):
            (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
            seen = [one for one in claims if left <= one.at[0] <= right and low <= one.at[1] <= high]
            inner = None if i or window is None else (window[0][0], window[1][0], window[0][1], window[1][1])
            names = [power(*one.at) for one in seen]
            label_points(axes, [one.at for one in seen], names, size=7, color=INK, frame=inner)
    return figure


def _regions(
    axes: Axes, fits: dict[str, ExponentFit], looks: dict[str, dict[str, Any]], hatches: dict[str, str]
) -> None:
    from matplotlib.patches import Polygon

    for name, fit in fits.items():
        if len(fit.region.polygon) > 2:
            for look in _filling(looks[name]["color"], hatches[name]):
                axes.add_patch(Polygon(fit.region.polygon, closed=True, **look))
        if fit.a is not None and fit.b is not None:
            axes.plot(fit.a, fit.b, **_point_look(looks[name]))


def _filling(color: str, hatch: str) -> tuple[dict[str, Any], ...]:
    """Return the looks of a region: a pale filling, on which type can be read, its hatch, and an outline.

    The hatch has no filling, because SVG fills it with the colour of its lines where that differs in alpha alone.
    """
    from matplotlib.colors import to_rgba

    inner = {"facecolor": to_rgba(color, 0.12), "edgecolor": "none", "linewidth": 0.0}
    lines = {"facecolor": "none", "edgecolor": to_rgba(color, 0.5), "hatch": hatch, "linewidth": 0.0}
    outline = {"facecolor": "none", "edgecolor": color, "linewidth": 1.2}
    return {**inner, "zorder": 3}, {**lines, "zorder": 3}, {**outline, "zorder": 4}


def _point_look(look: dict[str, Any]) -> dict[str, Any]:
    return {
        "marker": look["marker"],
        "markersize": 4.5,
        "markerfacecolor": "white",
        "markeredgecolor": look["color"],
        "markeredgewidth": 1.1,
        "linestyle": "none",
        "zorder": 5,
    }


def _diamond(axes: Axes, claim: _Claimed) -> None:
    axes.plot(*claim.at, "D", **_diamond_look(guarantees=claim.guarantees))


def _diamond_look(*, guarantees: bool) -> dict[str, Any]:
    face = THEORY if guarantees else "white"
    edge = INK if guarantees else FAINT
    return {
        "markersize": 4.5,
        "markerfacecolor": face,
        "markeredgecolor": edge,
        "markeredgewidth": 0.9,
        "linestyle": "none",
        "zorder": 6,
    }


def _handles(
    fits: dict[str, ExponentFit], looks: dict[str, dict[str, Any]], hatches: dict[str, str], claims: Sequence[_Claimed]
) -> dict[str, Any]:
    """Return the entries of the legend in order: regimes, those without a region, and claims."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    found: dict[str, Any] = {}
    for name, fit in fits.items():
        if fit.region.refuted:
            found[f"{short(name, 40)}: no power law"] = Line2D([], [], linestyle="none")
            continue
        patches = tuple(Patch(**look) for look in _filling(looks[name]["color"], hatches[name]))
        if fit.a is not None and fit.b is not None:
            found[short(name, 46)] = (*patches, Line2D([], [], **_point_look(looks[name])))
        else:
            found[f"{short(name, 40)}: no point"] = patches
    for claim in claims:
        found[claim.label] = Line2D([], [], marker="D", **_diamond_look(guarantees=claim.guarantees))
    return found


def _bounds(fits: dict[str, ExponentFit]) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """Return the smallest rectangle around the finite parts of all regions, or None if there is none."""
    axes = []
    for intervals in ([fit.a_interval for fit in fits.values()], [fit.b_interval for fit in fits.values()]):
        ends = [end for interval in intervals if interval for end in interval if math.isfinite(end)]
        if not ends:
            return None
        axes.append((max(min(ends), -WIDE), min(max(ends), WIDE)))
    return axes[0], axes[1]


def _frame(fits: dict[str, ExponentFit], claims: Sequence[_Claimed]) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the limits of the first panel: all claims that are not beyond the picture, and all regions."""
    found = []
    inner = _bounds(fits) or ((0.0, 1.0), (-1.0, 0.0))
    for i in (0, 1):
        ends = [
            *inner[i],
            *(claim.at[i] for claim in claims if not claim.beyond),
            -1.0 if i else 0.0,
            0.0 if i else 1.0,
        ]
        margin = 0.12 * (max(ends) - min(ends)) + 0.1
        found.append((min(ends) - margin, max(ends) + margin))
    return found[0], found[1]


def _window(fits: dict[str, ExponentFit]) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """Return the limits of the enlarged panel around the small regions, or None if there are none."""
    small = {name: fit for name, fit in fits.items() if _small(fit)}
    inner = _bounds(small)
    if inner is None:
        return None
    found = []
    for low, high in inner:
        margin = 0.15 * (high - low) + 0.05
        found.append((low - margin, high + margin))
    return found[0], found[1]


def _small(fit: ExponentFit) -> bool:
    """Return whether the region of a regime is closed and small."""
    ends = (fit.a_interval, fit.b_interval)
    return len(fit.region.polygon) > 2 and all(
        one is not None and math.isfinite(one[0]) and math.isfinite(one[1]) and one[1] - one[0] <= SMALL for one in ends
    )
