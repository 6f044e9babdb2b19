"""The memory that a suite needs at least, compared with the memory of this machine before anything is allocated."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from harness.mathematics.spectra import forms_kernel
from harness.suite.record import Suite

if TYPE_CHECKING:
    from harness.components import Regime

TRIAL_BYTES = 300
"""Bytes that the driver keeps per trial of a grid."""

SEARCH_BYTES = 4_000
"""Bytes that the driver keeps per threshold."""

_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def memory() -> float:
    """Return the memory that this process may use in bytes, or infinity if the system does not report it."""
    found = [float("inf")]
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        found.append(float(os.sysconf("SC_PHYS_PAGES")) * os.sysconf("SC_PAGE_SIZE"))
    for limit in _LIMITS:  # limits of the container
        try:
            text = Path(limit).read_text(encoding="ascii").strip()
        except OSError:
            continue
        if text.isdecimal():
            found.append(float(text))
    return min(found)


def trial_bytes(n: int, d: int, k: int, *, kernel: bool = True) -> int:
    """Return the bytes that one trial needs at least in float64: inputs, weights, outputs, and the n × n kernel.

    Args:
        n: Number of samples.
        d: Input dimension.
        k: Width.
        kernel: Whether the kernel is computed.

    Returns:
        Number of bytes.

    >>> trial_bytes(100, 10, 5)
    96480
    """
    return 8 * (n * d + k * (d + 1) + n * k + (n * n if kernel else 0) + 5 * n + 5)


def too_large(suite: Suite, available: float | None = None) -> list[str]:
    """Return the parts of a suite that need more memory than there is, one sentence each.

    Args:
        suite: The suite.
        available: Memory in bytes, or None for the memory of this machine.

    Returns:
        Sentences for messages.
    """
    available = memory() if available is None else available
    complaints = []
    thresholds = len(suite.n) * len(suite.d) * len(suite.regimes)
    if thresholds * SEARCH_BYTES > available:
        return [f"{thresholds} thresholds are asked for, more than the {_size(available)} of this machine can hold"]
    search = suite.search
    trials = thresholds * (search.most_widths or 0) * search.trials if search.decided_beforehand else 0
    if trials * TRIAL_BYTES > available:
        complaints.append(f"{trials} trials are asked for, more than the {_size(available)} of this machine can hold")
    for regime in suite.regimes:
        kernel = _forms_kernel(suite, regime)
        # The widest networks, where they are multiples of n/d, are those of the largest n and the smallest d.
        places = [(max(suite.n), d, _widest(suite, regime, max(suite.n), d)) for d in (max(suite.d), min(suite.d))]
        n, d, k = max(places, key=lambda place: trial_bytes(*place, kernel=kernel))
        needs = trial_bytes(n, d, k, kernel=kernel)
        if needs > available:
            width = f", k = {k}" if k > 1 else ""
            complaints.append(
                f"regime {regime.name}: one trial at n = {n}, d = {d}{width} needs at least {_size(needs)}, and this"
                f" machine has {_size(available)}"
            )
    return complaints


def _forms_kernel(suite: Suite, regime: Regime) -> bool:
    try:
        return forms_kernel(regime, max(suite.n), suite.q, spectrum=suite.budget.spectrum)
    except Exception:  # A plugin's error. It is reported where the regime is about to be trained.
        return False


def _widest(suite: Suite, regime: Regime, n: int, d: int) -> int:
    """Return the widest network that a grid asks for at a size, or 1 if the search chooses widths later."""
    if not suite.search.decided_beforehand or not regime.model.has_width:
        return 1
    try:
        return max(suite.search.wanted(regime, n, d), default=1)
    except OverflowError:  # a multiple beyond all floats
        return sys.maxsize
    except Exception:  # A plugin's error. It is reported where the regime is about to be trained.
        return 1


def _size(count: float) -> str:
    """Return a number of bytes as text.

    >>> _size(92800), _size(3 << 40)
    ('91 KiB', '3.0 TiB')
    """
    units = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
    place = 0
    while count >= 1024 and place < len(units) - 1:
        count, place = count / 1024, place + 1
    return f"{count:.0f} {units[place]}" if count >= 10 or not place else f"{count:.1f} {units[place]}"
