"""Parts of one grid that several machines train independently."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.engine.draws import digest
from harness.engine.setting import semantic

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.driver.threshold_search import ThresholdSearch
    from harness.suite import Suite

MOST = 10_000
"""Largest number of shards of a suite."""


class ShardError(ValueError):
    """A shard that cannot be trained. The message gives the reason and what to type."""


@dataclass(frozen=True)
class Shard:
    """One of ``count`` parts of the cells of a grid, numbered from 1.

    The part of a cell is a function of the cell alone (its regime, n, d and k). So the machines share nothing but the
    suite, and the cells of a suite that grows stay in their parts.

    >>> str(Shard.parse("2/5"))
    '2/5'
    """

    number: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Return the shard that a text ``i/N`` names.

        Raises:
            ShardError: If the text has another form.
        """
        match = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text.strip())
        number, count = (int(part) for part in match.groups()) if match else (0, 0)
        if not 1 <= number <= count or count > MOST:
            raise ShardError(f"found {text[:40]!r}, expected i/N with 1 ≤ i ≤ N ≤ {MOST}, such as 2/5")
        return cls(number, count)

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    def check(self, suite: Suite) -> None:
        """Check that the trials of a suite are known beforehand.

        Raises:
            ShardError: If they are not.
        """
        if not suite.search.decided_beforehand:
            raise ShardError(
                f"suite {suite.name!r} searches adaptively: which widths it tries follows from the trials before, and "
                'no part of it can be trained by itself; write method = "grid" in [search], or train one run on '
                "several machines with --scheduler"
            )

    def has(self, search: ThresholdSearch, k: int) -> bool:
        """Return whether a cell belongs to this part. Device and solver may differ by machine and are ignored.

        Args:
            search: The search of the cell's regime, n and d.
            k: Width of the cell.
        """
        what = {key: value for key, value in semantic(search.data).items() if key not in ("device", "solver")}
        cell = {"for": "shard", "setting": what, "n": search.n, "d": search.d, "k": k}
        return int(digest(cell)[:15], 16) % self.count == self.number - 1

    def part(self, searches: Iterable[ThresholdSearch]) -> list[ThresholdSearch]:
        """Return the searches with the widths of this part only. Searches without such widths are left out.

        Raises:
            ShardError: If one of them is no grid.
        """
        return [mine for search in searches if (mine := self._part(search)) is not None]

    def _part(self, search: ThresholdSearch) -> ThresholdSearch | None:
        regime, method = search.setting.regime, search.method
        if not method.decided_beforehand:
            raise ShardError(f"regime {regime.name!r} is searched adaptively, which cannot be split")
        if search.tuning is not None:
            raise ShardError(f"regime {regime.name!r} chooses its step sizes by tune, which cannot be split")
        widths = [k for k in method.wanted(regime, search.n, search.d) if self.has(search, k)]
        if not widths or not regime.model.has_width:
            return search if widths else None
        return search.anew(method=method.restricted(widths))
