from __future__ import annotations

import csv
import io

import pytest
from rich.cells import cell_len

from harness.builtin.renderers import Csv
from harness.driver.results import Results
from harness.report.phase import LINE, SHADES, PhaseMap, cells_view, draw, level, phase_maps
from harness.report.terminal import CAPTION_LINES
from harness.report.wrapping import MORE


def grid(phase: PhaseMap, width: int = 80, encoding: str = "utf-8") -> dict[tuple[int, int], str]:
    """Read the drawing back: the two characters of each cell."""
    upright = "│" if encoding == "utf-8" else "|"
    lines = [line.plain for line in draw(phase, width, encoding)]
    found: dict[tuple[int, int], str] = {}
    for line in lines:
        k, _, cells = line.partition(upright)
        if k.strip().isdigit():
            padded = cells.ljust(2 * len(phase.across))
            found |= {(x, int(k)): padded[2 * i : 2 * i + 2] for i, x in enumerate(phase.across)}
    return found


def test_the_shade_of_every_cell_says_its_counts(phase_results: Results) -> None:
    (phase,) = phase_maps(phase_results)
    cells = grid(phase)
    assert len(cells) == 900
    for place, (m, trials) in phase.counts.items():
        assert cells[place][0] == SHADES[level(m, trials)]


def test_without_signs_digits_say_it(phase_results: Results) -> None:
    (phase,) = phase_maps(phase_results)
    cells = grid(phase, encoding="ascii")
    expected = {0: ".", 1: "2", 2: "5", 4: "#"}
    for place, (m, _) in phase.counts.items():
        assert cells[place][0] == expected[m]


def test_the_line_passes_where_kd_is_n(phase_results: Results) -> None:
    (phase,) = phase_maps(phase_results)
    marked = {place for place, text in grid(phase).items() if LINE in text}
    assert marked == phase.line()
    for d, k in marked:
        assert k * d >= 200
        assert (k - 2) * d < 200 or k * (d - 2) < 200
    # One in every column that reaches kd = n, and in every row.
    assert {d for d, _ in marked} == {d for d in phase.across if 60 * d >= 200}
    assert {k for _, k in marked} == {k for k in phase.widths if 60 * k >= 200}


def test_thirty_by_thirty_cells_fit_in_eighty_columns(phase_results: Results) -> None:
    (phase,) = phase_maps(phase_results)
    for width in (40, 50, 80):
        assert max(cell_len(line.plain) for line in draw(phase, width)) <= width
    assert "left out" not in " ".join(line.plain for line in draw(phase, 80))


@pytest.mark.parametrize("width", [60, 80])
def test_four_lines_stand_below_a_map_unless_it_is_explained(phase_results: Results, width: int) -> None:
    (phase,) = phase_maps(phase_results)
    brief, whole = ([line.plain for line in draw(phase, width, explained=explained)] for explained in (False, True))
    below = brief[next(i for i, line in enumerate(brief) if line.startswith(LINE)) :]
    assert len(below) <= CAPTION_LINES < len(below) + len(whole) - len(brief)
    assert MORE in " ".join(below)
    assert MORE not in " ".join(whole)
    assert " ".join(phase.caption.split()[-3:]) in " ".join(whole)


def test_a_map_without_counts_says_why() -> None:
    assert draw(PhaseMap("r", "d", 10, {}))[-1].plain == "no trials yet"


def test_many_values_share_columns(phase_results: Results) -> None:
    counts = {(d, 4): (1, 1) for d in range(1, 301)}
    lines = [line.plain for line in draw(PhaseMap("r", "d", 10, counts), 60)]
    assert max(map(cell_len, lines)) <= 60
    assert any("Each column joins 6 values of d." in line for line in lines)


def test_over_n_the_line_is_the_last_n_that_a_width_reaches() -> None:
    counts = {(n, k): (0, 1) for n in (10, 20, 30, 40) for k in (1, 2, 3)}
    phase = PhaseMap("r", "n", 10, counts)
    assert phase.boundary(30) == 3.0
    assert phase.line() == {(10, 1), (20, 2), (30, 3)}


def test_cells_that_were_not_tried_are_blank() -> None:
    cells = grid(PhaseMap("r", "d", 100, {(2, 4): (0, 3), (4, 8): (3, 3)}))
    assert (cells[2, 4], cells[4, 8], cells[2, 8]) == ("· ", "██", "  ")


@pytest.mark.parametrize(("m", "expected"), [(0, 0), (1, 1), (4, 1), (5, 2), (9, 2), (10, 3), (19, 3), (20, 4)])
def test_levels_turn_at_a_quarter_and_a_half(m: int, expected: int) -> None:
    assert level(m, 20) == expected


def test_as_a_table_every_cell_is_a_row(phase_results: Results) -> None:
    text = Csv().render(cells_view(phase_results))
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 900
    (row,) = [row for row in rows if (row["d"], row["k"]) == ("20", "10")]
    assert (row["fits"], row["fits_of"], row["weights_per_label"]) == ("1", "5", "1")
