from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.cells import cell_len

from harness.driver.results import Results
from harness.report.canvas import Canvas
from harness.report.plot import ENOUGH, _ticks, plots, show_plots

from .specimen import HOSTILE, renamed


def text(results: Results, columns: int = 80, encoding: str = "utf-8") -> str:
    return "\n".join(line.plain for drawing in plots(results, columns, encoding) for line in drawing)


@pytest.mark.parametrize("columns", [40, 80, 160])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_drawings_keep_to_the_width_and_the_encoding(
    results: Results, phase_results: Results, columns: int, encoding: str
) -> None:
    for run in (results, phase_results):
        for line in text(run, columns, encoding).splitlines():
            assert cell_len(line) <= columns
            line.encode(encoding)


def test_a_map_a_chart_and_transitions_are_drawn(results: Results, phase_results: Results) -> None:
    # Four trials a cell certify nothing, so there is no k½ to draw.
    assert len(plots(phase_results, 80)) == 2
    assert "P(fit) over d and k" in text(phase_results)
    found = text(results)
    assert "k½ against n at d = 10" in found
    assert "P(fit) over k at d = 10" in found
    assert "a softplus: n^? (0.65, 1.16)" in found


def test_captions_have_four_lines_unless_they_are_asked_for(results: Results) -> None:
    brief, whole = ([line.plain for line in plots(results, 30, explained=asked)[-1]] for asked in (False, True))
    start = next(i for i, line in enumerate(whole) if line.startswith("Beside the names"))
    assert brief[:start] == whole[:start]
    assert len(brief[start:]) == 4 < len(whole[start:])
    assert brief[-1].endswith("--legend explains the rest.")


def test_the_share_of_fits_is_what_the_signs_say(results: Results) -> None:
    rows = text(results, encoding="ascii").splitlines()
    (row,) = [row for row in rows if row.startswith("softplus") and " 40 |" in row]
    signs = "".join(row.split("|", 1)[1].split())
    assert signs == "149#"  # 1, 9 and 19 of 20 at 5, 6 and 7; 20 of 20 at 12


def test_points_stand_where_they_belong() -> None:
    canvas = Canvas(11, 5, plain=True)
    canvas.letter((0.0, 0.0), "a")
    canvas.letter((1.0, 1.0), "b")
    canvas.letter((0.5, 0.5), "c")
    canvas.letter((0.5, 0.5), "d")
    assert canvas.lines() == ["          b", "", "     2", "", "a"]
    canvas.line((0.0, 0.5), (1.0, 0.5))
    assert canvas.lines()[2] == ".....2....."


def test_braille_marks_the_right_dots() -> None:
    canvas = Canvas(1, 1)
    canvas.line((0.0, 0.0), (0.0, 0.0))
    assert canvas.lines() == ["⡀"]
    canvas.line((1.0, 1.0), (1.0, 1.0))
    assert canvas.lines() == ["⡈"]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_steer_no_terminal(results: Results, name: str) -> None:
    stream = io.StringIO()
    show_plots(renamed(results, {"softplus": name}), stream, 80)
    assert not {"\x1b", "\x07", "\u202e"} & set(stream.getvalue())


def test_a_run_without_trials_draws_nothing(results: Results) -> None:
    assert plots(replace(results, outcomes={}), 80) == []


@pytest.mark.parametrize(("low", "high"), [(2.4, 9.0), (3, 11), (40, 300), (8.3, 12), (1, 1000), (95, 260)])
def test_an_axis_has_enough_numbers_between_its_ends(low: float, high: float) -> None:
    found = _ticks(low, high)
    assert len(found) >= ENOUGH - 1
    assert all(low <= k <= high for k in found)
    assert list(found) == sorted(found)


def test_round_numbers_are_preferred() -> None:
    assert list(_ticks(1, 1000)) == [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]
    assert list(_ticks(2.9, 9.9)) == [3, 4, 5, 6, 7, 8, 9]
