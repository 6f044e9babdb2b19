"""The process that calls the code of plugins for another, from its side: it answers requests until they end."""

from __future__ import annotations

import os
import pickle
import queue
import signal
import sys
import threading
from typing import IO

from harness.complaints import printable
from harness.plugin_host.loading import load_plugins
from harness.plugin_host.plugin_process import LENGTH, message


def serve() -> None:
    """Load the plugins that the first message names, then answer requests from standard input until it is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # plugins must not read requests
    os.dup2(2, 1)  # nor write answers
    waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(requests, waiting), daemon=True).start()
    files: dict[str, bytes | None] = pickle.loads(waiting.get())  # by the process that started this one
    registry = load_plugins(files, texts=files)  # kept, because the classes of files are those of this process only
    own, limit = os.getpid(), sys.getrecursionlimit()
    answer = pickle.dumps((True, len(registry.plugins)))
    while os.getpid() == own:  # a fork of a plugin that comes back here ends
        answers.write(LENGTH.pack(len(answer)) + answer)
        answers.flush()
        answer = _answer(waiting.get())
        sys.setrecursionlimit(limit)
    os._exit(0)


def _listen(requests: IO[bytes], waiting: queue.SimpleQueue[bytes]) -> None:
    """Put each request into a queue. End this process, and all that it started, when the caller is gone."""
    while (request := message(requests)) is not None:
        waiting.put(request)
    if hasattr(os, "killpg"):
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _answer(request: bytes) -> bytes:
    """Return the pickle of a call's success and result, or of its failure and the reason."""
    try:
        return pickle.dumps((True, pickle.loads(request)()))
    except BaseException as error:  # sys.exit() in a plugin must not end the process
        try:
            text = printable(str(error)[:2000])[:500]
        except Exception:  # its text may come from a plugin's code
            text = ""
        name = type(error).__name__
        said = text if text and isinstance(error, ValueError) else f"{name}: {text}" if text else name
        return pickle.dumps((False, said))
