"""Standard output, which belongs to the command line. What plugins print goes to standard error instead."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import TextIO

_kept: list[TextIO] = []


def own() -> TextIO:
    """Return the stream for output of the harness itself: standard output, also while it is set aside."""
    return _kept[-1] if _kept else sys.stdout


@contextlib.contextmanager
def set_aside() -> Iterator[None]:
    """Point ``sys.stdout`` at standard error, so that output has only what is written to :func:`own`."""
    _kept.append(own())
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        _kept.pop()
