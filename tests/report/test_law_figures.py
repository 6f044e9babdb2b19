"""Figures of exponents, collapse, sharpness and step sizes against numbers of a suite made by hand."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.text import Text

from harness.components import Cell, Outcome
from harness.driver.results import Results
from harness.plugin_host.registry import Registry
from harness.report.figures.catalogue import catalogue
from harness.report.figures.collapse import collapse_figure
from harness.report.figures.exponent_map import exponent_map
from harness.report.figures.layout import COLUMN
from harness.report.figures.record import Drawing, LeftOut
from harness.report.figures.scaling import scaling_figures
from harness.report.figures.sharpness import sharpness_figure
from harness.report.figures.step_size import step_size_figure
from harness.report.figures.style import COLOURS, FAINT, THEORY, TYPE, styled, svg
from harness.report.predicted import predict_suite
from harness.suite import parse_suite

from .conftest import cells
from .specimen import renamed

PLANE = """
[suite]
name = "plane"
seed = 1

[problems]
dataset = { use = "sphere", labels = "gaussian" }
n = [40, 80, 160]
d = [5, 10, 20]

[budget]
steps = 9000

[search]
method = "adaptive"

[[regimes]]
name = "softplus"
use = "moderate"

[[regimes]]
name = "softplus, c = 0.5"
use = "moderate"
c = 0.5

[[regimes]]
name = "relu"
use = "moderate"
activation = "relu"
"""


@pytest.fixture
def plane(registry: Registry) -> Results:
    """Return thresholds ⌈n/d⌉ for softplus, twice that at c = 0.5, and for relu ⌈n/d⌉ where no power law is left."""
    suite = parse_suite(PLANE, registry)
    outcomes: dict[Cell, tuple[Outcome, ...]] = {}
    for n in suite.n:
        for d in suite.d:
            k = -(-n // d)
            relu = 4 * k if (n, d) == (80, 10) else k
            for name, width in (("softplus", k), ("softplus, c = 0.5", 2 * k), ("relu", relu)):
                outcomes |= cells(name, n, d, {width - 1: (0, 30), width: (30, 30)})
    return Results(suite, registry, outcomes)


def drawn(found: list[Drawing | LeftOut]) -> Figure:
    (drawing,) = found
    assert isinstance(drawing, Drawing)
    return drawing.draw()


def test_the_map_draws_the_regions_and_names_what_has_none(plane: Results) -> None:
    figure = drawn(exponent_map(plane, predict_suite(plane.suite, plane.registry.theories())))
    claims, enlarged = figure.axes
    region = plane.exponent_fit("softplus").region
    shown = [patch for patch in enlarged.patches if patch.get_hatch()]
    assert len(shown) == 2  # relu has no region
    assert np.allclose(shown[0].get_xy()[:-1], region.polygon)  # type: ignore[attr-defined]  # of polygons
    said = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "relu: no power law" in said
    assert sum(text.startswith("n/d: ") for text in said) == 1
    assert any(text.startswith("→ n⁸") or text.startswith("→ n⁶") or "n²/d" in text for text in said)
    points = {
        (x, y) for line in claims.get_lines() if line.get_marker() == "D" for x, y in np.asarray(line.get_xydata())
    }
    assert (1.0, -1.0) in points
    (left, right), (low, high) = enlarged.get_xlim(), enlarged.get_ylim()
    assert left < region.polygon[0][0] < right
    assert low < region.polygon[0][1] < high


def test_a_name_that_panels_share_is_at_their_middle(plane: Results) -> None:
    figure = drawn(exponent_map(plane, {}))
    assert [axes.get_ylabel() for axes in figure.axes] == ["", ""]
    (name,) = (text for text in figure.texts if text.get_text() == "b, exponent of d")
    upper, lower = (axes.get_position() for axes in figure.axes)
    assert name.get_position()[1] == pytest.approx((upper.y1 + lower.y0) / 2)


def test_hatches_of_regions_differ_from_what_they_lie_on(plane: Results) -> None:
    text = svg(drawn(exponent_map(plane, {})))
    patterns = re.findall(r"<pattern.*?</pattern>", text, re.DOTALL)
    assert len(patterns) == 2
    assert not [one for one in patterns if len(one) > 5000]
    for pattern in patterns:
        (filling,) = re.findall(r'<rect [^>]*fill="([^"]*)"', pattern)
        assert filling == "none"
        assert re.search(r"stroke: #(?!ffffff)", pattern)


def test_small_regions_are_enlarged_beside_a_wide_one(plane: Results) -> None:
    wide = {(n, d): k for n, d, k in ((40, 5, 20), (160, 20, 20))}
    outcomes = {cell: trials for cell, trials in plane.outcomes.items() if cell.regime != "relu"}
    for (n, d), k in wide.items():
        outcomes |= cells("relu", n, d, {k // 2: (0, 30), 2 * k: (30, 30)})
    figure = drawn(exponent_map(replace(plane, outcomes=outcomes), {}))
    assert plane.exponent_fit("softplus").region.polygon
    _, enlarged = figure.axes
    (left, right), (low, high) = enlarged.get_xlim(), enlarged.get_ylim()
    assert right - left < 2
    assert high - low < 2


def test_the_map_names_points_inside_of_it(plane: Results) -> None:
    figure = drawn(exponent_map(plane, predict_suite(plane.suite, plane.registry.theories())))
    with styled():
        figure.draw_without_rendering()
        for axes in figure.axes:
            boxes = [text.get_window_extent() for text in axes.texts]
            frame = axes.get_window_extent()
            assert all(frame.x0 <= box.x0 and box.x1 <= frame.x1 for box in boxes)
        written = {text.get_text() for text in figure.axes[0].texts}
    assert {"n/d", "n²/d"} <= written


APART = 1.5
"""Least distance in points between two texts of a line, about half a space."""


def faults(figure: Figure) -> list[str]:
    """Return what cannot be read in a figure at the width of a column: small type, labels that touch, and cut ones."""
    with styled():
        figure.draw_without_rendering()
        texts = [t for t in figure.findobj(Text) if isinstance(t, Text) and t.get_visible() and t.get_text().strip()]
        hidden = {label for axes in figure.axes for axis in (axes.xaxis, axes.yaxis) for label in _outside(axis)}
        boxes = [(text, text.get_window_extent()) for text in texts if text not in hidden]
        page = figure.bbox.padded(0.5)
    found = [f"small: {text.get_text()}" for text, _ in boxes if float(text.get_fontsize()) < TYPE]
    found += [f"cut: {text.get_text()}" for text, box in boxes if not (page.x0 <= box.x0 and box.x1 <= page.x1)]
    found += [f"cut: {text.get_text()}" for text, box in boxes if not (page.y0 <= box.y0 and box.y1 <= page.y1)]
    for (one, a), (two, b) in combinations(boxes, 2):
        if a.overlaps(b):
            found.append(f"{one.get_text()!r} over {two.get_text()!r}")
        elif a.padded(APART * figure.dpi / 144, 0).overlaps(b.padded(APART * figure.dpi / 144, 0)):
            found.append(f"{one.get_text()!r} touches {two.get_text()!r}")
    return found


def _outside(axis: Axis) -> list[Text]:
    """Return the labels of ticks that are not drawn, since they lie outside of the axis."""
    low, high = sorted(axis.get_view_interval())
    return [
        label
        for mark in (*axis.get_major_ticks(), *axis.get_minor_ticks())
        for label in (mark.label1, mark.label2)
        if not low <= mark.get_loc() <= high
    ]


def test_overlaps_small_type_and_cut_labels_are_seen() -> None:
    figure = Figure(figsize=(COLUMN, 2))
    figure.text(0.5, 0.5, "one", fontsize=5)
    figure.text(0.5, 0.5, "two")
    figure.text(0.99, 0.1, "a long word")
    end = figure.text(0.1, 0.3, "three").get_window_extent().x1 + figure.dpi / 72
    figure.text(end / figure.bbox.width, 0.3, "four")
    said = ["small: one", "cut: a long word", "'one' over 'two'", "'three' touches 'four'"]
    assert faults(figure) == said


LONG = "both layers, leaky ReLU, minibatches of 16, momentum 0.9, v = ±1/√n in pairs"


def test_every_figure_is_read_at_the_width_of_a_column(plane: Results, phase_results: Results) -> None:
    def watched(cell: Cell, trial: Outcome) -> Outcome:
        c = 0.5 if "0.5" in cell.regime else 1.5
        curve = tuple(0.9**i for i in range(12))
        more = {"sharpness": 1.9, "kernel-movement": 4.0 / cell.k}
        return replace(trial, curve=curve, movement=8.0 / cell.k, step_size=c / 8, lambda_max=8.0, diagnostics=more)

    outcomes = {cell: tuple(watched(cell, trial) for trial in several) for cell, several in plane.outcomes.items()}
    for k in (7, 8):
        del outcomes[Cell("softplus", 80, 10, k)]
    outcomes |= cells("softplus", 80, 10, {6: (0, 30), 7: (0, 30)}) | cells("relu", 160, 20, {4: (0, 30), 99: (30, 30)})
    whole = renamed(replace(plane, outcomes=outcomes), {"relu": LONG})
    names = set()
    for results in (whole, phase_results):
        for drawing in catalogue(results, predict_suite(results.suite, results.registry.theories())).drawings:
            figure = drawing.draw()
            assert figure.get_figwidth() == COLUMN == 85 / 25.4, drawing.name
            assert faults(figure) == [], drawing.name
            names.add(drawing.name)
            title = figure.get_suptitle()
            assert re.search(r"\d", title) or "exact" in title, drawing.name
    assert {"exponent-map", "step-size", "survival", "curves", "phase-n200", "sensitivity", "collapse"} <= names


def test_no_data_have_the_colour_of_theories() -> None:
    assert THEORY not in COLOURS
    assert FAINT not in COLOURS
    assert TYPE >= 6


def test_a_theory_is_drawn_at_the_d_of_the_points_beside_it(plane: Results) -> None:
    figures = scaling_figures(plane, predict_suite(plane.suite, plane.registry.theories()))
    (drawing,) = (one for one in figures if isinstance(one, Drawing) and one.name == "scaling-regime-1")
    against_n, _ = drawing.draw().axes
    lines = [line for line in against_n.get_lines() if line.get_color() in (THEORY, FAINT)]
    places = [(line.get_color(), line.get_linestyle()) for line in lines if len(np.asarray(line.get_xdata()))]
    count = [
        np.asarray(line.get_xydata(), float) for line in lines if (line.get_color(), line.get_linestyle()) == places[0]
    ]
    assert [float(np.median(points[:, 0] / points[:, 1])) for points in count] == pytest.approx([5, 10, 20], rel=1e-6)


def test_thresholds_at_n_over_d_collapse_to_one(plane: Results) -> None:
    figure = drawn(collapse_figure(plane))
    heights = {
        axes.get_title(loc="left"): np.concatenate([np.asarray(box[0].get_ydata(), float) for box in axes.containers])
        for axes in figure.axes
    }
    assert np.allclose(heights["softplus"], 1)  # n/d is whole at every size
    assert np.allclose(heights["softplus, c = 0.5"], 2)
    assert heights["relu"].max() == 4


def test_open_brackets_are_drawn_as_bounds(plane: Results) -> None:
    outcomes = dict(plane.outcomes)
    for k in (7, 8):
        del outcomes[Cell("softplus", 80, 10, k)]
    outcomes |= cells("softplus", 80, 10, {6: (0, 30), 7: (0, 30)})
    (axes, *_) = drawn(collapse_figure(replace(plane, outcomes=outcomes))).axes
    (bound,) = [line for line in axes.get_lines() if line.get_markerfacecolor() == "none"]
    assert bound.get_marker() == "^"
    assert np.asarray(bound.get_ydata()) == pytest.approx(7 * 10 / 80)
    figure = drawn(collapse_figure(plane))
    said = [text.get_text() for text in figure.legends[0].get_texts()]
    assert said == ["d = 5", "d = 10", "d = 20", "bracket", "k d = n"]


def test_sharpness_shows_windows_and_how_they_scale(plane: Results) -> None:
    # Shares of 10 and 90 % at k and r k with log r = 8/n: the window falls like 1/n.
    outcomes: dict[Cell, tuple[Outcome, ...]] = {}
    for n in plane.suite.n:
        for d in plane.suite.d:
            k = 1000
            wide = round(k * math.exp(8 / n))
            outcomes |= cells(
                "softplus", n, d, {k // 2: (0, 400), k: (40, 400), wide: (360, 400), 2 * wide: (400, 400)}
            )
    figure = drawn(sharpness_figure(replace(plane, outcomes=outcomes)))
    (axes,) = figure.axes
    for container in axes.containers:
        heights = np.asarray(container[0].get_ydata(), float)
        assert heights == pytest.approx([8 / 40, 8 / 80, 8 / 160], rel=0.01)
    assert "s = −1.00 (" in axes.get_title(loc="left")


def test_step_sizes_are_compared_within_a_family(plane: Results) -> None:
    def stepped(cell: Cell, trial: Outcome) -> Outcome:
        c = 0.5 if "0.5" in cell.regime else 1.5
        return replace(trial, step_size=c / 8, lambda_max=8.0, diagnostics={"sharpness": 1.9})

    outcomes = {cell: tuple(stepped(cell, trial) for trial in several) for cell, several in plane.outcomes.items()}
    figure = drawn(step_size_figure(replace(plane, outcomes=outcomes)))
    above, below = figure.axes
    (container,) = above.containers
    assert np.asarray(container[0].get_ydata(), float).tolist() == [16, 8]  # c = 0.5, then 1.5, at n = 160, d = 20
    lines = {str(line.get_label()): np.asarray(line.get_ydata(), float).tolist() for line in below.get_lines()}
    assert lines["softplus: at the start"] == [0.5, 1.5]
    assert lines["softplus: largest on the way"] == [1.9, 1.9]
    assert lines["edge of stability, 2"] == [2, 2]
    single = replace(plane, suite=replace(plane.suite, regimes=plane.suite.regimes[1:]))
    assert isinstance(step_size_figure(single)[0], LeftOut)
    (unknown,) = step_size_figure(plane)
    assert isinstance(unknown, Drawing)
    assert len(unknown.draw().axes) == 1
    assert "Below" not in unknown.caption


def test_nothing_is_drawn_from_nothing(plane: Results) -> None:
    empty = replace(plane, outcomes={})
    for found in (exponent_map(empty, {}), collapse_figure(empty), sharpness_figure(empty)):
        assert isinstance(found[0], LeftOut)
    few = replace(plane, outcomes=cells("softplus", 40, 5, {7: (0, 30), 8: (30, 30)}))
    assert isinstance(exponent_map(few, {})[0], LeftOut)
