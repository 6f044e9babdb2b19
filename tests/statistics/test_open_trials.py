"""The adaptive search where the ends of trials are open: it places trials where they can decide, and stops else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.statistics.adaptive import Adaptive
from harness.statistics.rounds import Rounds, Tally

SEARCH = Adaptive(80, max_width=128)
START = 10


def searched(verdict: Callable[[int], str], floor: int = 0) -> Rounds:
    """Return the rounds of a search where all trials of a width have one verdict: fit, open or unfit."""
    rounds: list[dict[int, Tally]] = []
    while asked := SEARCH.next(rounds, start=START, floor=floor):
        rounds.append({k: Tally(m * (verdict(k) == "fit"), m * (verdict(k) != "unfit"), m) for k, m in asked.items()})
    return rounds


def spent(rounds: Rounds) -> int:
    return sum(found.trials for told in rounds for found in told.values())


@pytest.mark.parametrize(
    ("verdict", "bracket", "most", "most_open"),
    [
        (lambda _: "open", (None, None), 20, 20),
        (lambda k: "fit" if k >= 12 else "open", (None, 12), 60, 16),
        (lambda k: "fit" if k >= 12 else "unfit" if k < 5 else "open", (4, 12), 70, 12),
        (lambda k: "fit" if k >= 13 else "unfit" if k < 10 else "open", (9, 13), 75, 12),
        (lambda k: "unfit" if k < 8 else "open", (7, None), 50, 20),
    ],
)
def test_a_search_stops_where_open_trials_decide_nothing(
    verdict: Callable[[int], str], bracket: tuple[int | None, int | None], most: int, most_open: int
) -> None:
    """The bracket is the narrowest that the verdicts allow, and few trials are placed where they stay open."""
    rounds = searched(verdict)
    assert SEARCH.evidence(rounds, START, 1).bracket() == bracket
    assert SEARCH.ending(rounds, start=START) == "open trials"
    assert spent(rounds) <= most
    assert sum(found.possible - found.sure for told in rounds for found in told.values()) <= most_open


def test_without_open_trials_no_search_ends_for_them() -> None:
    half = [{12: Tally(1, 1, 2)}] * 30
    assert SEARCH.ending(half, start=START) == ""


def test_open_trials_count_as_fits_where_a_lower_end_is_looked_for() -> None:
    """A width at which trials are open may not be the lower end, so a narrower one is asked for."""
    rounds = [{20: Tally(8, 8, 8)}, {10: Tally(0, 8, 8)}, {14: Tally(0, 8, 8)}]
    asked = SEARCH.next(rounds, start=START)
    assert asked
    assert not set(asked) & {10, 14}


@pytest.mark.parametrize("floor", [0, 9])
def test_no_trial_is_placed_where_a_theorem_decides(floor: int) -> None:
    rounds = searched(lambda k: "fit" if k >= 10 else "unfit", floor)
    assert (min(k for told in rounds for k in told) > 9) == (floor == 9)
    assert SEARCH.ending(rounds, start=START, floor=floor) == "fine enough"
    if floor:
        assert spent(rounds) < spent(searched(lambda k: "fit" if k >= 10 else "unfit"))
