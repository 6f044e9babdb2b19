"""The width that data need: brackets that hold counts known beforehand, and reasons where no width can fit."""

from __future__ import annotations

import errno
import json
import os
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import numpy as np
import pytest
from click.testing import CliRunner

from harness.cli import command as top
from harness.cli.width import command
from harness.cli.wrong_input import WrongInput
from harness.complaints import ProblemError
from harness.report.width_answer import Needed, WidthAnswer
from harness.report.width_view import UNFINISHED, _why, half_fits
from harness.session import width as session_width
from harness.session.own_data import own_data
from harness.session.width import FACTORS, TRIALS, needed_width
from harness.statistics.share_width import fewest_fits, share_width
from harness.statistics.thresholds import threshold
from harness.suite.file import MAX_SIZE, MAX_STEPS


def table(path: Path, x: np.ndarray, y: np.ndarray, header: str = "a,b,c,d,e,f,price") -> Path:
    rows = [",".join(repr(float(value)) for value in [*row, label]) for row, label in zip(x, y, strict=True)]
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def data() -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(3)
    return draw.standard_normal((12, 6)), draw.standard_normal(12)


def test_a_share_is_certified_as_the_binomial_says() -> None:
    """0.95^M ≤ 0.025/m first holds at M = 72 for one width, and at M = 104 for five."""
    for widths, needed in ((1, 72), (5, 104)):
        assert 0.95**needed <= 0.025 / widths < 0.95 ** (needed - 1)
        assert fewest_fits(most_widths=widths) == needed
    assert len(FACTORS) == 5 and TRIALS == 104  # noqa: PT018  # they belong together
    found = share_width({8: (60, 104), 10: (103, 104), 13: (104, 104)}, most_widths=5, floor=6)
    assert (found.low, found.high) == (8, 13)
    undecided = share_width({8: (60, 104)}, most_widths=5, open_trials={8: 44}, floor=6)
    assert (undecided.low, undecided.high) == (6, None)  # open trials may all be fits


def test_rows_that_contradict_each_other_are_named(tmp_path: Path, data: tuple[np.ndarray, np.ndarray]) -> None:
    x, y = data
    x[8] = x[2]
    done = CliRunner().invoke(
        command, [str(table(tmp_path / "twice.csv", x, y)), "--out", str(tmp_path / "run")], standalone_mode=False
    )
    assert done.return_value == 1
    assert "no width can fit: rows 3 and 9 are equal with different labels" in " ".join(done.output.split())
    assert not (tmp_path / "run").exists()  # nothing was trained


def test_columns_that_give_the_labels_away_are_named(tmp_path: Path) -> None:
    """A 1 in the label column of one-hot classes stands where all others have 0."""
    said: list[str] = []
    rows = ["a,is_cat,is_dog,is_emu", "0.5,1,0,0", "2,0,1,0", "3,0,0,1"]
    (tmp_path / "t.csv").write_text("\n".join(rows), encoding="utf-8")
    own_data(tmp_path / "t.csv", None, None, None, None, (), said.append)
    assert said[0].startswith("column 'is_emu' is taken as the labels")
    assert said[1].startswith("the labels and 'is_cat', 'is_dog' have one 1 in each row")
    (tmp_path / "t.csv").write_text("\n".join(rows).replace("2,0,1,0", "2,0,0,0"), encoding="utf-8")
    own_data(tmp_path / "t.csv", None, None, "is_emu", None, (), said.append)
    assert len(said) == 2  # the label is named, and a row has no 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"colour,a,y\nred,1,2\nblue,2,1\n", "leave the column out with --drop colour, or"),
        (b"b,a,a,y\n1,2,3,4\n", "has 2 columns called 'a' (2 and 3); rename them, or leave them out with --drop a"),
        (b"b,a,a\n1,2,3\n", "has 2 columns called 'a' (2 and 3), and one has the labels; rename the others"),
        (
            b"a,b c,y\n1,,2\n3,NA,1\n",
            "fill it in or delete its row, or leave the column out with --drop 'b c'; 2",
        ),
        (b"a,b,y\n1,2,?\n3,1,1\n", "column 'y': the value is missing; fill it in or delete its row"),
        (b"a,b,y\n1,2,cat\n2,1,dog\n", "for names of classes say --labels classes, or"),
        (b"gr\xf6\xdfe,a,y\n1,2,3\n2,1,2\n", "mine.csv is not text in UTF-8"),
        (b"a;b;y\n1,5;2,5;1\n2,5;1,5;-1\n", "'1,5' is not a number; write decimals with a point"),
        (b'a,b,y\n"1,234.5",2,1\n3,1,2\n', "'1,234.5' is not a number; write thousands without a mark"),
        (b"a,b,y\n12 %,2,1\n3,1,2\n", "write a share as a number, such as 0.12"),
        (
            b"a,b,y\n2024-01-31,2,1\n3,1,2\n",
            "write dates as numbers, such as days, or leave the column out with --drop a",
        ),
        (b"a,b,y\n1,2,3\n", "mine.csv has one row, and at least 2 are needed"),
        (b"1,5;2,5;1\n2,5;1,5;-1\n", "column '1,5': '2,5' is not a number; write decimals with a point"),
        (b"1 2 1\n2 1 -1\n", "mine.csv has one column, '1 2 1': expected inputs and labels, with commas, semicolons"),
    ],
)
def test_what_to_do_about_a_file_is_said_in_options_of_the_verb(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "mine.csv").write_bytes(content)
    with pytest.raises(WrongInput, match=re.escape(said)):
        command.main([str(tmp_path / "mine.csv"), "--out", str(tmp_path / "run")], standalone_mode=False)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["tbale.csv"], "did you mean 'table.csv'?"),
        ([os.devnull], "is a pipe or a device"),
        (["table.csv", "--drop", "z"], "has no column 'z', as --drop asks"),
        (["table.csv", "--drop", "y"], "--drop has 'y', the column of the labels"),
        (["table.csv", "--labels", "x"], "--labels: found 'x', expected 'own'"),
        (["blank.csv"], "or leave the column out with --drop ''$"),
        (["table.csv", "--tolerance", "nan"], "found nan, expected a number from 0 to 1"),
        (["table.csv", "--n", str(MAX_SIZE + 1)], f"expected a whole number from 2 to {MAX_SIZE}"),
        (["table.csv", "--d", str(MAX_SIZE + 1)], f"expected a whole number from 1 to {MAX_SIZE}"),
        (["table.csv", "--steps", str(MAX_STEPS + 1)], f"expected a whole number from 1 to {MAX_STEPS}"),
    ],
)
def test_what_is_wrong_is_said_in_options_of_the_verb(
    tmp_path: Path, options: list[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "table.csv").write_text("a,b,y\n1,2,3\n2,1,1\n", encoding="utf-8")
    (tmp_path / "blank.csv").write_text("a,,y\n1,2,3\n2,1,1\n", encoding="utf-8")
    with pytest.raises(click.ClickException) as caught:
        top.main(["width", *options, "--out", "run"], standalone_mode=False)
    assert re.search(said, caught.value.message)


def test_constant_labels_and_inputs_on_a_line(tmp_path: Path, data: tuple[np.ndarray, np.ndarray]) -> None:
    x, y = data
    with pytest.raises(ProblemError, match=r"labels of .* are all the same: a constant has no threshold"):
        needed_width(table(tmp_path / "flat.csv", x, np.ones(12)), out=tmp_path / "run")
    line = table(tmp_path / "line.csv", np.outer(np.arange(12) - 3.3, np.ones(6)), y)
    answer = needed_width(line, out=tmp_path / "run")
    few = "there are only 2 different inputs, since rows are scaled to norm 1 and these are on a line"
    assert few in answer.regimes[0].unfittable
    assert all("there are only 2 different inputs" in one.unfittable for one in answer.regimes)
    with pytest.raises(ProblemError, match=r"have 12 different values in 12 rows, too many for classes: say labels"):
        needed_width(table(tmp_path / "mine.csv", x, y), labels="classes", out=tmp_path / "run")
    with pytest.raises(ProblemError, match="is a folder, expected a file"):
        needed_width(tmp_path, out=tmp_path / "run")


def test_a_time_that_is_up_at_once_is_no_answer(tmp_path: Path) -> None:
    call = ["--n", "12", "--d", "6", "--max-time", "0.001s", "--out", str(tmp_path), "--quiet", "--workers", "1"]
    done = CliRunner().invoke(command, [*call, "--regime", "moderate", "--no-limit"], standalone_mode=False)
    assert done.return_value == 3
    assert "Time was up before a net was trained on Gaussian labels of 12 points" in " ".join(done.output.split())
    assert not done.stderr  # as --quiet asks


def test_the_answer_has_brackets_and_is_resumed(tmp_path: Path, data: tuple[np.ndarray, np.ndarray]) -> None:
    file = str(table(tmp_path / "mine.csv", *data))
    call = [file, "--regime", "moderate", "--steps", "20000", "--no-limit", "--out", str(tmp_path / "run"), "--quiet"]
    first = CliRunner().invoke(command, [*call, "--workers", "1"], standalone_mode=False)
    assert first.return_value == 0, first.output
    assert "Take width " in first.output
    again = CliRunner().invoke(command, [*call, "--json"], standalone_mode=False)
    (one,) = json.loads(again.stdout)["regimes"]
    half, most = one["budget"], one["nearly_all_budget"]
    assert half["low"] < half["k_half"] <= half["high"]
    assert half["low"] <= most["low"] < most["high"]
    (certain,) = (count for count in most["counts"] if count["k"] == most["high"])
    assert certain["trials"] == TRIALS == certain["fit"]
    assert f"Take width {most['high']}: at least 95 %" in json.loads(again.stdout)["answer"]


def test_a_folder_that_cannot_be_used_is_wrong_input_and_a_full_disk_is_status_3(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    call = ["--n", "12", "--d", "6", "--regime", "moderate", "--no-limit", "--quiet", "--out"]
    with pytest.raises(WrongInput, match="choose another directory with --out"):
        command.main([*call, str(tmp_path / "file" / "run")], standalone_mode=False)

    def full(*_: object, **__: object) -> None:
        error = OSError(errno.ENOSPC, "No space left on device")
        error.add_note("all trials are saved, but not the reports")
        raise error

    monkeypatch.setattr(session_width, "needed_width", full)
    done = CliRunner().invoke(command, [*call, str(tmp_path)], standalone_mode=False)
    assert done.return_value == 3
    assert "No space left on device; all trials are saved, but not the reports. To go on: harness" in done.stderr


def test_an_interrupt_while_95_percent_are_tested_does_not_count_the_trials_of_that_alone(
    tmp_path: Path, data: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> None:
        error = KeyboardInterrupt()
        error.add_note("0 trials are saved")  # of the run that tests a width
        raise error

    monkeypatch.setattr(session_width, "_nearly_all", interrupted)
    call = [str(table(tmp_path / "mine.csv", *data)), "--out", str(tmp_path / "run"), "--regime", "moderate"]
    done = CliRunner().invoke(command, [*call, "--steps", "200", "--workers", "1"], standalone_mode=False)
    assert done.return_value == 130
    assert "interrupted; all trials that ended are saved. To go on: harness" in done.stderr


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({4: (0, 20), 8: (20, 20)}, "; half fit from about width 6 on (4 < k½ ≤ 8)"),
        ({4: (0, 20), 8: (2, 3)}, "; of the width from which half fit it is known that 4 < k½"),
        ({4: (1, 2), 8: (20, 20)}, "; of the width from which half fit it is known that k½ ≤ 8"),
        ({4: (1, 2)}, ""),
    ],
)
def test_a_width_is_said_only_where_both_ends_are_known(counts: dict[int, tuple[int, int]], said: str) -> None:
    assert half_fits(threshold(counts)) == said


def test_each_row_says_why_its_own_nets_are_not_certain() -> None:
    """Exact fits and those within the budget have counts of their own: open trials are no fits, and few are missed."""
    counts = {20: (100, 104), 36: (102, 104)}
    results: Any = SimpleNamespace()
    exact = share_width(counts, most_widths=5, open_trials={36: 2}, floor=5)
    budget = share_width({20: (24, 104), 36: (20, 104)}, most_widths=5, floor=5)
    one = Needed("r", results=results, exact=exact, budget=budget, steps=23_866.0)
    answer = WidthAnswer("x.csv", 60, 4, 0.01, 20_000, (one,))
    assert _why(answer, one, exact, None) == (
        "102 of 104 nets fit and 2 are open at width 36, the widest that was tried; all of 104 must fit to show 95 %"
    )
    assert "20 of 104 nets fit at width 36" in _why(answer, one, budget, one.steps)
    assert "so ask for --steps 30000" in _why(answer, one, budget, one.steps)
    assert _why(answer, replace(one, complete=False), budget, one.steps) == UNFINISHED


def test_a_budget_that_ends_first_names_one_that_would_do(tmp_path: Path) -> None:
    call = ["--n", "12", "--d", "6", "--steps", "60", "--no-limit", "--out", str(tmp_path), "--quiet", "--workers", "1"]
    done = CliRunner().invoke(command, [*call, "--regime", "moderate"], standalone_mode=False)
    said = " ".join(done.output.split())
    assert done.return_value == 1
    assert "No width was found at which 95 % of the nets fit" in said
    assert "the budget of 60 steps ends first" in said
    assert "ask for --steps" in said


def test_classes_are_tried_with_all_usual_regimes(tmp_path: Path) -> None:
    answer = needed_width(n=6, d=3, labels="classes", steps=200, max_time=0.001, workers=1, out=tmp_path / "run")
    assert [one.regime for one in answer.regimes] == [
        "softplus, hidden layer",
        "ReLU, hidden layer",
        "ReLU, both layers",
    ]
    assert not answer.left_out
