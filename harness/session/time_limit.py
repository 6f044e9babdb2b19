"""A limit of time for a run, which ends it as an interrupt does: batches are stored completely or not at all."""

from __future__ import annotations

import signal
import threading
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from harness.driver.run import Run


class TimeLimit:
    """A context that is interrupted when its time is up.

    The time counts from when the limit is made, so that loading and planning are part of it. In the main thread a timer
    interrupts whatever runs in the context. In others, and where neither SIGINT nor SIGTERM has a handler, the time is
    looked at after each batch.
    """

    def __init__(self, seconds: float | None) -> None:
        """Take the number of seconds, or None for no limit."""
        self._seconds = seconds
        self._begun = time.monotonic()
        self._up = threading.Event()
        self._lock = threading.Lock()
        self._active = False
        self._timer: threading.Timer | None = None

    def __enter__(self) -> Self:
        if self._seconds is not None and threading.current_thread() is threading.main_thread():
            self._active = True
            self._timer = threading.Timer(min(self.left or 0.0, threading.TIMEOUT_MAX), self._interrupt)
            self._timer.daemon = True
            self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._active = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer.join(1.0)

    @property
    def left(self) -> float | None:
        """The seconds that are left, 0 once the time is up, or None without a limit."""
        return None if self._seconds is None else max(self._seconds - (time.monotonic() - self._begun), 0.0)

    @property
    def up(self) -> bool:
        """Whether the time was up."""
        return self._up.is_set()

    def listening(self, listen: Callable[[Run], None] | None) -> Callable[[Run], None]:
        """Return a listener that ends the run after the batch in which the time is up."""

        def heard(run: Run) -> None:
            if listen is not None:
                listen(run)
            if self.left == 0.0:
                self._up.set()
                raise KeyboardInterrupt

        return heard

    def _interrupt(self) -> None:
        with self._lock:  # the context may just have ended
            if self._active:
                self._up.set()
                main = threading.main_thread().ident
                assert main is not None  # it runs
                # Either ends waiting calls too. Shells let jobs in the background of a script ignore SIGINT.
                for number in (signal.SIGINT, signal.SIGTERM):
                    if callable(signal.getsignal(number)):
                        signal.pthread_kill(main, number)
                        break
