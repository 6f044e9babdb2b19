"""Parts of one grid that several machines train, each without knowing of the others."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.driver.pursuit import Pursuit, starting_width
from harness.engine.draws import digest
from harness.engine.setting import semantic
from harness.statistics.search import Grid

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.suite.record import Suite

MOST = 10_000
"""Shards that a suite may be split into."""


class ShardError(ValueError):
    """A shard that cannot be: the message says why, and what to do."""


@dataclass(frozen=True)
class Shard:
    """One of ``count`` parts of a grid's cells, numbered from 1.

    Which part a cell belongs to is a function of the cell alone (what its regime computes, n, d and k), so that
    machines need not agree on anything but the suite, and a suite that grows keeps the parts of what it had.

    >>> str(Shard.parse("2/5"))
    '2/5'
    """

    number: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Read ``i/N``.

        Raises:
            ShardError: If it is no such thing.
        """
        match = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text.strip())
        number, count = (int(part) for part in match.groups()) if match else (0, 0)
        if not 1 <= number <= count or count > MOST:
            raise ShardError(f"found {text[:40]!r}, expected i/N with 1 ≤ i ≤ N ≤ {MOST}, such as 2/5")
        return cls(number, count)

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    def check(self, suite: Suite) -> None:
        """Refuse suites whose trials are not known beforehand.

        Raises:
            ShardError: If the suite is no grid.
        """
        if not isinstance(suite.search, Grid):
            raise ShardError(
                f"suite {suite.name!r} searches adaptively: which widths it tries follows from the trials before, and "
                'no part of it can be trained by itself; write method = "grid" in [search], or train one run on '
                "several machines with --scheduler"
            )

    def has(self, pursuit: Pursuit, k: int) -> bool:
        """Say whether a cell belongs to this part; device and solver do not count, which may differ by machine."""
        what = {key: value for key, value in semantic(pursuit.data).items() if key not in ("device", "solver")}
        cell = {"for": "shard", "setting": what, "n": pursuit.n, "d": pursuit.d, "k": k}
        return int(digest(cell)[:15], 16) % self.count == self.number - 1

    def part(self, pursuits: Iterable[Pursuit]) -> list[Pursuit]:
        """Return the pursuits with the widths of this part only; those without any are left out.

        Raises:
            ShardError: If one of them is no grid.
        """
        return [mine for pursuit in pursuits if (mine := self._part(pursuit)) is not None]

    def _part(self, pursuit: Pursuit) -> Pursuit | None:
        regime, search = pursuit.setting.regime, pursuit.search
        if not isinstance(search, Grid):
            raise ShardError(f"regime {regime.name!r} is searched adaptively, which cannot be split")
        if not regime.model.has_width:
            return pursuit if self.has(pursuit, 0) else None
        start = starting_width(regime, pursuit.n, pursuit.d)
        widths = tuple(
            k for k in search.next({}, start=start, step=regime.initializer.width_step) if self.has(pursuit, k)
        )
        return replace(pursuit, search=replace(search, widths=widths, multiples=())) if widths else None
