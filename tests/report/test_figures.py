from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from matplotlib.lines import Line2D

from harness.components import Fate, Outcome
from harness.driver.results import Results
from harness.plugin_host.loading import load_plugins
from harness.report.figures.catalogue import catalogue, write_figures
from harness.report.figures.laws import Law, laws, power
from harness.report.figures.reasons import shares
from harness.report.figures.record import Drawing
from harness.report.figures.sensitivity import budgets
from harness.report.figures.style import COLOURS, INK, marked, shades, spread, svg
from harness.report.figures.training import check_points
from harness.report.predicted import predict_suite

from .specimen import HOSTILE, renamed


def drawn(results: Results) -> dict[str, Drawing]:
    predictions = predict_suite(results.suite, results.registry.theories())
    return {drawing.name: drawing for drawing in catalogue(results, predictions).drawings}


@pytest.fixture
def watched(results: Results) -> Results:
    """Return the results with curves and movements that follow power laws."""

    def richer(k: int, trial: Outcome) -> Outcome:
        curve = tuple(0.9**i for i in range(12))
        return replace(trial, curve=curve, movement=8.0 / k, diagnostics={"kernel-movement": 4.0 / k})

    outcomes = {cell: tuple(richer(cell.k, trial) for trial in trials) for cell, trials in results.outcomes.items()}
    return replace(results, outcomes=outcomes)


def test_an_adaptive_run_has_everything_but_a_map(watched: Results) -> None:
    found = catalogue(watched, {})
    assert [drawing.name for drawing in found.drawings] == [
        "scaling-n",
        "scaling-regime-1",
        "scaling-regime-2",
        "scaling-regime-3",
        "collapse",
        "transitions",
        "sharpness",
        "reasons-regime-1",
        "reasons-regime-2",
        "curves",
        "hitting-steps",
        "survival",
        "laziness",
        "sensitivity",
    ]
    reasons = {one.name: one.reason for one in found.left_out}
    assert reasons.keys() == {"phase", "exponent-map", "step-size"}
    assert "adaptive" in reasons["phase"]
    assert "varies one of n and d only" in reasons["exponent-map"]


def test_what_a_run_has_no_data_for_is_left_out_with_the_reason(results: Results) -> None:
    left_out = {one.name: one.reason for one in catalogue(results, {}).left_out}
    assert left_out["curves"] == "no trial kept its curve"
    assert "movements" in left_out["laziness"]
    empty = {one.name for one in catalogue(replace(results, outcomes={}), {}).left_out}
    assert empty == {
        "phase",
        "exponent-map",
        "collapse",
        "transitions",
        "sharpness",
        "step-size",
        "reasons",
        "curves",
        "hitting-steps",
        "survival",
        "laziness",
        "sensitivity",
    }


def test_every_figure_of_a_run_in_which_nothing_fits_at_the_largest_size_is_drawn(watched: Results) -> None:
    hard = {
        cell: tuple(replace(trial, hits=(None,) * 4, movement=None) for trial in trials)
        for cell, trials in watched.outcomes.items()
        if cell.n == 160
    }
    for outcomes in ({**watched.outcomes, **hard}, hard, {}):
        for drawing in catalogue(replace(watched, outcomes=outcomes), {}).drawings:
            assert "<svg" in svg(drawing.draw()), drawing.name
    reasons = {one.name: one.reason for one in catalogue(replace(watched, outcomes=hard), {}).left_out}
    assert "half of the trials" in reasons["hitting-steps"]


def test_the_map_shows_the_shares_and_the_line(phase_results: Results) -> None:
    (figure, *_) = [drawing.draw() for drawing in catalogue(phase_results, {}).drawings if drawing.name == "phase-n200"]
    axes = figure.axes[0]
    shares = np.asarray(axes.collections[0].get_array())
    across, widths = phase_results.suite.d, list(range(2, 61, 2))
    for i, k in enumerate(widths):
        for j, d in enumerate(across):
            m, trials = phase_results.counts("moderate", 200, d)[k]
            assert shares[i, j] == m / trials
    (line,) = [line for line in axes.get_lines() if line.get_label() == "kd = n"]
    x, y = np.asarray(line.get_xdata()), np.asarray(line.get_ydata())
    assert np.allclose(x * y, 200)


def test_points_brackets_slopes_and_laws_stand_in_the_scaling_figure(results: Results) -> None:
    figure = drawn(results)["scaling-regime-1"].draw()
    (axes,) = figure.axes
    assert axes.get_xscale() == axes.get_yscale() == "log"
    (container,) = axes.containers
    points = np.asarray(container[0].get_xydata())
    for (_, y), n in zip(points, (40, 80, 160), strict=True):
        assert y == results.threshold("softplus", n, 10).k_half
    (bars,) = container[2]
    ends = [tuple(path.vertices[:, 1]) for path in bars.get_paths()]
    assert ends[0] == pytest.approx((5, 7))
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert any(label.startswith("n²/d: ") for label in labels)
    assert (
        axes.get_title(loc="left") == "measured a (0.65, 1.16)"
    )  # 160 has only a bound: its lower end is the budget's
    square = next(line for line in axes.get_lines() if str(line.get_label()).startswith("n²/d"))
    x, y = np.asarray(square.get_xdata(), float), np.asarray(square.get_ydata(), float)
    assert np.allclose(np.diff(np.log(y)) / np.diff(np.log(x)), 2, atol=0.2)  # n is rounded to whole samples


def test_bounds_are_triangles_not_points(results: Results) -> None:
    (axes,) = drawn(results)["scaling-regime-2"].draw().axes
    markers = [line for line in axes.get_lines() if line.get_marker() == "^"]
    assert [list(np.asarray(line.get_ydata())) for line in markers if len(np.asarray(line.get_xdata()))] == [
        [512.0]
    ] * 3
    assert not axes.containers


def test_transitions_show_the_shares_with_exact_intervals(results: Results) -> None:
    axes = drawn(results)["transitions"].draw().axes[0]
    (curve,) = [line for line in axes.get_lines() if line.get_label() == "n = 40"]
    assert np.asarray(curve.get_xydata()).tolist() == [[5, 0.05], [6, 0.45], [7, 0.95], [12, 1.0]]
    heights = np.concatenate([np.asarray(path.vertices)[:, 1] for path in axes.collections[0].get_paths()])
    assert heights.min() == pytest.approx(0.0012651, rel=1e-3)  # Clopper and Pearson for 1 of 20
    assert heights.max() == 1.0


def test_movement_falls_as_it_was_made_to(watched: Results) -> None:
    movement, kernel = drawn(watched)["laziness"].draw().axes
    for axes, constant in ((movement, 8.0), (kernel, 4.0)):
        line = axes.containers[0][0]
        x, y = np.asarray(line.get_xdata()), np.asarray(line.get_ydata())
        assert np.allclose(x * y, constant)


def test_curves_begin_at_step_one_and_keep_their_last_value(watched: Results) -> None:
    axes = drawn(watched)["curves"].draw().axes[0]
    assert axes.get_title(loc="left").replace("\N{NO-BREAK SPACE}", "_") == "softplus:\nk_=_23,_25,_48"
    (line,) = [line for line in axes.get_lines() if line.get_label() == "second k"]
    assert np.asarray(line.get_xdata()).tolist() == check_points(12)[1:]
    assert np.allclose(np.asarray(line.get_ydata(), float), [0.9**i for i in range(1, 12)])


@pytest.mark.parametrize("fate", [None, Fate("fit in the limit", residual=0.0)])
def test_survival_ends_at_infinity_only_where_the_run_decides_fates(results: Results, fate: Fate | None) -> None:
    outcomes = {cell: tuple(replace(o, fate=fate) for o in several) for cell, several in results.outcomes.items()}
    figure = drawn(replace(results, outcomes=outcomes))["survival"].draw()
    axes = figure.axes[0]
    labels = [label.get_text() for label in axes.get_xticklabels()]
    assert ("∞" in labels) == (fate is not None)
    assert figure.legends
    marks, named = (
        {(line.get_marker(), line.get_color()) for line in lines if line.get_marker() not in ("", "None")}
        for lines in (axes.get_lines(), figure.legends[0].findobj(Line2D))
    )
    assert len(marks) == (3 if fate is not None else 0)
    assert named == marks
    assert (axes.get_xlim()[1] > 2 * results.suite.budget.steps) == (fate is not None)


def test_the_sensitivity_map_says_what_the_table_says(results: Results) -> None:
    axes = drawn(results)["sensitivity"].draw().axes[0]
    said = [text.get_text() for text in axes.texts]
    assert len(said) == 4 * len(budgets(9000))
    # Trials meet 1e-1 at step 300 and 1e-2 at 1000: below these budgets no width fits.
    row = dict(zip(budgets(9000), said[len(budgets(9000)) : 2 * len(budgets(9000))], strict=True))
    assert [row[steps].startswith(">") for steps in budgets(9000)] == [steps < 1000 for steps in budgets(9000)]


def test_of_many_regimes_the_map_has_a_row_for_each(results: Results) -> None:
    first = results.suite.regimes[0]
    more = tuple(replace(first, name=f"softplus {i}") for i in range(4))
    outcomes = {
        replace(cell, regime=regime.name): trials
        for regime in more
        for cell, trials in results.outcomes.items()
        if cell.regime == first.name
    }
    suite = replace(results.suite, regimes=(*results.suite.regimes, *more))
    many = replace(results, suite=suite, outcomes=results.outcomes | outcomes)
    of_budgets, of_tolerances = drawn(many)["sensitivity"].draw().axes
    steps, names = (
        spread(budgets(9000), 5),
        [regime.name for regime in suite.regimes if many.widths(regime.name, 160, 10)],
    )
    assert len(names) == 6
    said = [text.get_text() for text in of_budgets.texts]
    assert len(said) == len(names) * len(steps)
    assert [text.startswith(">") for text in said[: len(steps)]] == [step < 1000 for step in steps]
    assert [label.get_text() for label in of_tolerances.get_yticklabels()] == names
    by_tolerance = [text.get_text() for text in of_tolerances.texts[:4]]
    assert by_tolerance[1] == said[len(steps) - 1]  # the reported tolerance within the whole budget


def test_lines_differ_in_more_than_colour() -> None:
    looks = marked(35)
    assert len({(look["marker"], str(look["linestyle"])) for look in looks}) == len(looks)
    assert len({str(look) for look in looks}) == len(looks)
    assert INK in COLOURS


def test_shades_rise_in_grey() -> None:
    colours = shades()(np.linspace(0, 1, 41))[:, :3]
    grey = (colours**2.2 @ np.array([0.2126, 0.7152, 0.0722])).tolist()
    assert all(a < b for a, b in pairwise(grey))


def test_files_are_written_and_the_same_numbers_give_the_same_bytes(results: Results, tmp_path: Path) -> None:
    figures = catalogue(results, {})
    few = replace(figures, drawings=figures.drawings[:1])
    first = write_figures(few, tmp_path / "one", ("pdf", "svg", "png"))
    second = write_figures(few, tmp_path / "two", ("pdf", "svg", "png"))
    assert [path.name for path in first] == ["scaling-n.pdf", "scaling-n.svg", "scaling-n.png"]
    for one, two in zip(first, second, strict=True):
        assert one.read_bytes() == two.read_bytes()
    assert first[0].read_bytes().startswith(b"%PDF")
    assert first[2].read_bytes().startswith(b"\x89PNG")


def test_vectors_hold_no_picture(phase_results: Results) -> None:
    for drawing in catalogue(phase_results, {}).drawings:
        text = svg(drawing.draw())
        assert "<image" not in text
        assert "<text" in text


@pytest.mark.parametrize("start", range(0, len(HOSTILE), 3))
def test_hostile_names_are_drawn_as_they_are(results: Results, start: int) -> None:
    chosen = [HOSTILE[(start + i) % len(HOSTILE)] for i in range(3)]
    hostile = renamed(results, dict(zip(("softplus", "relu | wide", "random features"), chosen, strict=True)))
    text = svg(drawn(hostile)["transitions"].draw())
    assert not re.search(r"<(script|img|foreignObject)", text)
    assert "\x1b" not in text


def test_laws_that_agree_share_a_line(results: Results) -> None:
    predictions = predict_suite(results.suite, results.registry.theories())["softplus", 160, 10]
    found = laws(predictions)
    assert len({law.exponents for law in found}) == len(found)
    names = [theory.name for law in found for theory in law.theories]
    assert len(names) == len(set(names)) > len(found)
    (square,) = [law for law in found if law.exponents.large_n == (2.0, -1.0)]
    assert square.width(160, 10) == 2560
    assert power(4, -3) == "n⁴/d³"


def test_the_line_of_a_law_with_a_floor_stays_on_the_floor() -> None:
    (song,) = [theory for theory in load_plugins().theories() if theory.name == "song"]
    assert song.claim.exponents is not None
    law = Law(song.claim.exponents, (song,))
    assert [law.width(400, d) for d in (10, 20, 40, 800)] == pytest.approx([800, 400, 400, 400])
    assert law.label.startswith("max(n¹·⁵/d, n): ")


def test_no_name_of_a_theory_is_cut_in_a_legend() -> None:
    theories = load_plugins().theories()
    lawful = [Law(theory.claim.exponents, (theory,)) for theory in theories if theory.claim.exponents is not None]
    assert len(lawful) > 20
    for law in lawful:
        assert law.theories[0].claim.title in law.label.replace("\n", " ")
        assert max(map(len, law.label.split("\n"))) <= 44


def test_the_figure_of_reasons_stacks_shares_to_one(results: Results) -> None:
    figure = drawn(results)["reasons-regime-1"].draw()
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "n = 40, d = 10",
        "n = 80, d = 10",
        "n = 160, d = 10",
    ]
    for axes in figure.axes:
        heights: dict[float, float] = {}
        for bar in axes.patches:
            heights[round(bar.get_x(), 6)] = heights.get(round(bar.get_x(), 6), 0.0) + bar.get_height()  # type: ignore[attr-defined]  # a bar
        assert list(heights.values()) == pytest.approx([1.0] * len(axes.get_xticklabels()))
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["fit", "diverged", "still falling", "plateau"]
    last = shares(results, "softplus", 160, 10)
    assert sum(sum(counts.values()) for _, counts in last.values()) == 31
