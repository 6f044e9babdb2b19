"""The settings of libraries while networks are trained: one thread, and full precision."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from threadpoolctl import ThreadpoolController


@contextmanager
def one_thread() -> Iterator[None]:
    """Run torch on one thread, in full precision.

    One, because results must not depend on how many there are, and because threads that wait for each other are
    slowed a hundredfold by a busy neighbour; the machine is filled by processes instead.
    """
    threads, tf32 = torch.get_num_threads(), torch.backends.cuda.matmul.allow_tf32
    torch.set_num_threads(1)
    torch.backends.cuda.matmul.allow_tf32 = False
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.backends.cuda.matmul.allow_tf32 = tf32


@contextmanager
def one_thread_of_blas() -> Iterator[None]:
    """Run NumPy's linear algebra on one thread, so that its last bits do not depend on the number of cores."""
    with _pools().limit(limits=1, user_api="blas"):
        yield


@functools.cache
def _pools() -> ThreadpoolController:
    """Return what sets the threads of the libraries; looking for these takes milliseconds."""
    import numpy.linalg  # noqa: F401  # its library must be loaded to be found
    import scipy.linalg  # noqa: F401  # likewise

    return ThreadpoolController()
