"""A worker process of this machine, as the driver sees it."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from multiprocessing import forkserver, reduction
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext, SpawnContext
from pathlib import Path
from typing import Any

import numpy as np

import harness
from harness.components.executor import DEVICE_LOST, UNGUARDED, Attempt, Batch, UnguardedScript
from harness.components.fault import Fault

_ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
_READY = "ready"
_TURN = "turn"
START_SECONDS = 600.0
"""Longest time of the imports of a worker, in seconds. A loaded machine takes a minute."""

OUTSIDE = tuple(
    getattr(signal, name) for name in ("SIGKILL", "SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT") if hasattr(signal, name)
)
"""Signals that a person or the system sends, such as when memory is short. All others come from the worker itself."""


class Worker:
    """A process that trains one batch after the other, or several together.

    The process reports which batch it trains, so that the batch at fault is known if it hangs or crashes.

    Attributes:
        in_hand: The batches that it was given and has not returned, by their position among those it was given.
        at: Position of the batch that it trains, or None while it trains several together.
        turn: Seed of the trial that it prepares or trains by itself, or None if that is not known or it does something
            for all trials of the batch.
        ready: Whether it has loaded the plugins.
        deadline: End of its time, of the monotonic clock.
    """

    def __init__(self, plugin_files: tuple[str, ...]) -> None:
        """Start the process.

        Args:
            plugin_files: Plugin files to load.
        """
        context = _context()
        ours, theirs = context.Pipe()
        self.pipe = ours
        with _environment(dict.fromkeys(_ONE_THREAD, "1")), _started(context):
            # Not a daemon, because daemons may not start processes, and the compilers of torch do.
            self.process = context.Process(target=_main, args=(theirs, plugin_files, dict(os.environ), _Stderr()))
            self.process.start()
        theirs.close()  # so that the pipe ends with the process
        assert self.process.pid is not None
        self.ended = _end_of(self.process.pid, self.process.sentinel)
        self.in_hand: dict[int, Batch] = {}
        self.at: int | None = None
        self.turn: int | None = None
        self.ready = False
        self.deadline = time.monotonic() + START_SECONDS

    def give(self, batches: Sequence[Batch]) -> None:
        """Give batches to the worker. If the process is gone, :meth:`read` returns the fault."""
        self.in_hand = dict(enumerate(batches))
        self._works_on(0 if len(batches) == 1 else None)
        with contextlib.suppress(OSError):
            self.pipe.send(tuple(batches))

    def read(self) -> tuple[Batch, Attempt] | Fault | None:
        """Return the next batch with its attempt, the fault if the process is gone, or None if it reports progress."""
        try:
            if wait([self.ended], timeout=0) and not self.pipe.poll():  # a fork of the process holds the pipe open
                return self._gone()
            said = self.pipe.recv()
        except Exception:  # the end of the pipe, or half a message
            return self._gone()
        if said == _READY:
            self.ready = True
            return None
        place, found, *seeds = said
        if found == _TURN:
            (self.turn,) = seeds
            batch = self.in_hand[place]
            self.deadline = time.monotonic() + batch.longest(self.turn)
            return None
        if found is None:
            self._works_on(place)
            return None
        assert isinstance(found, Attempt)
        batch = self.in_hand.pop(place)
        self._works_on(None)
        return batch, found

    def _works_on(self, place: int | None) -> None:
        """Set the batch that the worker trains, and its deadline. None means all batches in hand."""
        self.at, self.turn = place, None
        batches = self.in_hand.values() if place is None else [self.in_hand[place]]
        self.deadline = time.monotonic() + sum(batch.seconds for batch in batches)

    def dropped(self) -> tuple[Batch | None, list[Batch]]:
        """Take all batches from the worker. Return the one that it trained, or None if unknown, and the others."""
        held, self.in_hand = self.in_hand, {}
        at_fault = None if self.at is None else held.pop(self.at, None)
        return at_fault, list(held.values())

    def late(self) -> Fault:
        """End the process because its time is up. Return the fault."""
        self.end()
        if not self.in_hand:
            return Fault("lost", f"a worker was not ready after {START_SECONDS:g} s")
        first = next(iter(self.in_hand.values()))
        batch = first if self.at is None else self.in_hand[self.at]
        return batch.late(self.turn)

    def _gone(self) -> Fault:
        by_itself = wait([self.ended], timeout=10)
        self.end()
        status = self.process.exitcode
        if not by_itself or status is None:
            return Fault("error", "the worker process closed its pipe")
        if status == UNGUARDED and not self.ready:
            script = getattr(sys.modules["__main__"], "__file__", "the script")
            raise UnguardedScript(
                f'{script} calls harness.run outside of `if __name__ == "__main__":`. Each worker process imports the '
                "script, and would run it again: write that line above the call and indent the call, or train without "
                'workers by executor="in-process"'
            ) from None
        if status == DEVICE_LOST:
            return Fault(
                "error", "the CUDA device failed under the worker process, which cannot use it again", self.turn
            )
        if status >= 0:
            return Fault("error", f"the worker process ended itself with status {status}", self.turn)
        name = signal.Signals(-status).name
        if -status in OUTSIDE:
            return Fault("lost", f"the worker process was ended from outside ({name}), perhaps for want of memory")
        return Fault("error", f"the worker process crashed ({name})", self.turn)

    def stop(self) -> None:
        """Ask the process to end when it is idle. Does not wait."""
        with contextlib.suppress(OSError):
            self.pipe.send(None)

    def end(self) -> None:
        """End the process, and all that it started, at once."""
        if self.pipe.closed:
            return
        if hasattr(os, "killpg") and self.process.pid is not None:
            with contextlib.suppress(OSError):  # it has not come as far as making a group, or all of the group is gone
                os.killpg(self.process.pid, signal.SIGKILL)  # before join, after which its id may be another's
        if self.process.is_alive():
            self.process.kill()
        self.process.join(timeout=10)
        self.pipe.close()
        if self.ended != self.process.sentinel:
            os.close(self.ended)


def _context() -> SpawnContext | ForkServerContext:
    """Return what starts workers.

    They are forks of a process that has done their imports, which started no thread. A fork of the driver, whose
    libraries may have started threads, may hang. Where there is no such process, or it would import another harness
    from the current directory, each worker is spawned.
    """
    here, own = Path.cwd() / "harness", Path(harness.__file__).parent
    if not sys.platform.startswith("linux") or (here.exists() and not here.samefile(own)):
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["harness.executors.preloaded"])
    return context


def _end_of(pid: int, sentinel: int) -> int:
    """Return a file descriptor that can be read once a process has ended."""
    # The sentinel of multiprocessing, unlike this, waits for the forks of the process, which inherit it.
    with contextlib.suppress(AttributeError, ProcessLookupError):  # not Linux, or it has ended
        return os.pidfd_open(pid)
    return sentinel


class _Stderr:
    """The standard error of the driver, as an argument of a process that another process starts."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _inherited, (reduction.DupFd(2),)


def _inherited(duplicate: Any) -> int:
    descriptor: int = duplicate.detach()
    return descriptor


@contextlib.contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Set environment variables for child processes that start meanwhile."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextlib.contextmanager
def _started(context: SpawnContext | ForkServerContext) -> Iterator[None]:
    """Start the process that workers are forks of, and keep interrupts from those that are spawned.

    The driver then waits for the imports of the former, and an interrupt ends the wait.
    """
    if isinstance(context, SpawnContext):
        with _uninterrupted():
            yield
        return
    with _uninterrupted(), _environment({"HARNESS_DRIVER": str(os.getpid())}):
        forkserver.ensure_running()
    yield


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Block interrupts while a process starts. It inherits the block, so only the driver handles interrupts."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _main(pipe: Connection, plugin_files: tuple[str, ...], environment: dict[str, str], stderr: int) -> None:
    """Load the plugins, then train the batches that arrive until None arrives.

    The process then ends at once, since threads that plugins left would keep it.

    Args:
        pipe: The driver's pipe.
        plugin_files: Plugin files to load.
        environment: The variables of the driver, as those of the process that was forked may be older.
        stderr: The driver's standard error, likewise.
    """
    os.environ.clear()
    os.environ.update(environment)
    os.dup2(stderr, 2)
    np.random.seed()  # noqa: NPY002  # the global state, which forks would share
    if hasattr(os, "setsid"):
        os.setsid()  # a group of its own, so that what plugins start can be ended with it
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    os.dup2(2, 1)  # output of plugins must not be mixed with tables
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    from harness.plugin_host.loading import load_plugins

    registry = load_plugins(files=plugin_files)
    from harness.executors.attempt import attempts  # imports torch, whose time is not counted for a batch
    from harness.executors.guarded import device_is_lost

    own = os.getpid()

    def begun(place: int | None) -> None:
        pipe.send((place, None))

    def turn(place: int, seed: int | None) -> None:
        if os.getpid() == own:  # not in a fork that a plugin let return
            pipe.send((place, _TURN, seed))

    with contextlib.suppress(EOFError, OSError):  # the driver is gone
        pipe.send(_READY)
        while (batches := pipe.recv()) is not None:
            for word in attempts(batches, registry, begun, turn):
                if os.getpid() != own:  # a fork that a plugin let return
                    os._exit(0)
                if word[1].fault is not None and device_is_lost():
                    os._exit(DEVICE_LOST)
                pipe.send(word)
    with contextlib.suppress(Exception):  # a plugin may have closed or removed them
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(0)


def _end_with(sentinel: int) -> None:
    """End this process when the driver is gone, even if it was killed."""
    wait([sentinel])
    if hasattr(os, "killpg"):
        os.killpg(0, signal.SIGKILL)
    os._exit(1)
