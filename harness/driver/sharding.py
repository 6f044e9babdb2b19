"""Parts of one grid that several machines train, each without knowing of the others."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.driver.threshold_search import ThresholdSearch
from harness.engine.draws import digest
from harness.engine.setting import semantic

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
        if not suite.search.decided_beforehand:
            raise ShardError(
                f"suite {suite.name!r} searches adaptively: which widths it tries follows from the trials before, and "
                'no part of it can be trained by itself; write method = "grid" in [search], or train one run on '
                "several machines with --scheduler"
            )

    def has(self, search: ThresholdSearch, k: int) -> bool:
        """Say whether a cell belongs to this part; device and solver do not count, which may differ by machine."""
        what = {key: value for key, value in semantic(search.data).items() if key not in ("device", "solver")}
        cell = {"for": "shard", "setting": what, "n": search.n, "d": search.d, "k": k}
        return int(digest(cell)[:15], 16) % self.count == self.number - 1

    def part(self, searches: Iterable[ThresholdSearch]) -> list[ThresholdSearch]:
        """Return the searches with the widths of this part only; those without any are left out.

        Raises:
            ShardError: If one of them is no grid.
        """
        return [mine for search in searches if (mine := self._part(search)) is not None]

    def _part(self, search: ThresholdSearch) -> ThresholdSearch | None:
        regime, method = search.setting.regime, search.method
        if not method.decided_beforehand:
            raise ShardError(f"regime {regime.name!r} is searched adaptively, which cannot be split")
        widths = [k for k in method.wanted(regime, search.n, search.d, {}) if self.has(search, k)]
        if not widths or not regime.model.has_width:
            return search if widths else None
        return replace(search, method=method.restricted(widths))
