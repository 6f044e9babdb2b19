"""Figures of exponents, collapse, sharpness and step sizes against numbers of a suite made by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from harness.components import Cell, Outcome
from harness.driver.results import Results
from harness.plugin_host.registry import Registry
from harness.report.figures.collapse import collapse_figure
from harness.report.figures.exponent_map import COLUMN, TYPE, exponent_map
from harness.report.figures.record import Drawing, LeftOut
from harness.report.figures.sharpness import sharpness_figure
from harness.report.figures.step_size import step_size_figure
from harness.report.figures.style import styled
from harness.report.predicted import predict_suite
from harness.suite import parse_suite

from .conftest import cells

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


def test_the_map_is_readable_at_the_width_of_a_column(plane: Results) -> None:
    figure = drawn(exponent_map(plane, predict_suite(plane.suite, plane.registry.theories())))
    assert figure.get_figwidth() <= COLUMN == pytest.approx(85 / 25.4, abs=0.01)
    with styled():
        figure.draw_without_rendering()
        texts = [text for text in figure.findobj(Text) if isinstance(text, Text) and text.get_text()]
        assert min(float(text.get_fontsize()) for text in texts) >= TYPE >= 6
        for axes in figure.axes:
            boxes = [text.get_window_extent() for text in axes.texts]
            assert not any(one.overlaps(two) for one, two in combinations(boxes, 2))
            frame = axes.get_window_extent()
            assert all(frame.x0 <= box.x0 and box.x1 <= frame.x1 for box in boxes)
        written = {text.get_text() for text in figure.axes[0].texts}
    assert {"n/d", "n²/d"} <= written


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
    assert said == ["d = 5", "d = 10", "d = 20", "k½ above", "k½ at most", "k d = n"]


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


def test_nothing_is_drawn_from_nothing(plane: Results) -> None:
    empty = replace(plane, outcomes={})
    for found in (exponent_map(empty, {}), collapse_figure(empty), sharpness_figure(empty)):
        assert isinstance(found[0], LeftOut)
    few = replace(plane, outcomes=cells("softplus", 40, 5, {7: (0, 30), 8: (30, 30)}))
    assert isinstance(exponent_map(few, {})[0], LeftOut)
