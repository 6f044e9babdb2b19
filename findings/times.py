"""How long each suite took when its reference report was made."""

from __future__ import annotations

import json
from pathlib import Path

FILE = "times.json"


def times_table(folder: Path) -> str:
    """Return the time of each suite as ``make reports`` measured it, rounded up to minutes."""
    file = folder / FILE
    if not file.exists():
        return "Not measured yet: `make reports` does."
    seconds: dict[str, int] = json.loads(file.read_text(encoding="utf-8"))
    lines = [f"| {suite} | {minutes(taken)} |" for suite, taken in seconds.items()]
    return "\n".join(["| suite | minutes |", "|---|---|", *lines, f"| all | {minutes(sum(seconds.values()))} |"])


def minutes(seconds: float) -> str:
    """Return whole minutes, at least one.

    >>> minutes(20), minutes(61)
    ('1', '2')
    """
    return str(max(1, -(-int(seconds) // 60)))


def note(folder: Path, suite: str, seconds: int) -> None:
    """Write the time that a suite took beside the others."""
    file = folder / FILE
    known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    file.write_text(json.dumps(known | {suite: seconds}, indent=1) + "\n", encoding="utf-8")
