"""The standard streams. Files get UTF-8, and output that cannot be written gives no traceback."""

from __future__ import annotations

import codecs
import errno
import io
import os
import sys
from typing import TYPE_CHECKING

import click

from harness.complaints import printable
from harness.components.numbers import to_encoding
from harness.standard_output import own

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer

LOST = 3
"""Exit status if output could not be written."""


class Output(io.FileIO):
    """Standard output that records the first failure and discards later output.

    A run that has trained for hours must not end because its terminal or its disk is gone.

    Attributes:
        failure: Why output was lost, or an empty string if nothing was lost.
        unread: Whether the reader of a pipe closed it.
    """

    def __init__(self, descriptor: int, *, closed: bool) -> None:
        """Write to a descriptor. If it was closed, record a failure when something is written."""
        super().__init__(descriptor, "wb", closefd=False)
        self.failure = ""
        self.unread = False
        self._was_closed = closed

    def write(self, data: Buffer) -> int:
        """Write bytes and return how many were taken. Lost output counts as taken.

        Raises:
            BrokenPipeError: If the reader of a pipe closed it.
        """
        try:
            if self._was_closed:
                raise OSError(errno.EBADF, "it is closed")
            return super().write(data)
        except BrokenPipeError:
            self.unread = True
            raise
        except OSError as error:
            self.failure = self.failure or str(error.strerror)
            return memoryview(data).nbytes


def take_over() -> Output | None:
    """Put an :class:`Output` under ``sys.stdout`` and return it, or None if standard output is not a file.

    The output has a descriptor of its own. Descriptor 1 becomes that of standard error, so that what C code, worker
    processes and other children print does not get into the output.

    Files and pipes get UTF-8 whatever the locale is. A terminal keeps its encoding, and characters that it lacks are
    spelled out. Closed descriptors are opened on the null device, so that no other file takes their numbers.
    """
    closed = _open_closed()
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115  # kept
    terminal = sys.stdout is not None and sys.stdout.isatty()
    encoding = str(sys.stdout.encoding) if terminal else "utf-8"
    codecs.register_error("spelled", lambda error: _spelled(error, encoding))
    try:
        descriptor = 1 if sys.stdout is None else sys.stdout.fileno()
    except (OSError, ValueError):
        return None
    if sys.stdout is not None:
        sys.stdout.flush()
    output = Output(os.dup(descriptor), closed=1 in closed)
    if descriptor == 1:
        os.dup2(2, 1)
    sys.stdout = io.TextIOWrapper(io.BufferedWriter(output), encoding, errors="spelled", line_buffering=terminal)
    return output


def give_back() -> None:
    """Make descriptor 1 standard output again, for a verb of a plugin, which may print as it likes."""
    if isinstance(getattr(getattr(sys.stdout, "buffer", None), "raw", None), Output):
        os.dup2(sys.stdout.fileno(), 1)


def echo(text: str = "", *, nl: bool = True) -> None:
    """Print text of the harness itself to standard output."""
    click.echo(text, file=own(), nl=nl)


def warn(line: str) -> None:
    """Print a warning to standard error, without signs that control a terminal."""
    click.secho(printable(line), fg="yellow", err=True)


def _open_closed() -> list[int]:
    """Open those of the descriptors 0, 1 and 2 that are closed on the null device, and return them."""
    closed = []
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            closed.append(descriptor)
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != descriptor:
                os.dup2(opened, descriptor)
                os.close(opened)
    return closed


def _spelled(error: UnicodeError, encoding: str) -> tuple[str, int]:
    """Return replacements for the characters that an encoding lacks, and the position after them."""
    assert isinstance(error, UnicodeEncodeError)
    return to_encoding(error.object[error.start : error.end], encoding), error.end
