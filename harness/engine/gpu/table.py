"""The table of networks for the GPU kernels: a row of integers and a row of floats per network.

Offsets count elements of the buffer that they point into.
"""

from __future__ import annotations

from typing import Final

FIELDS: Final = (
    "n",  # samples
    "k",  # neurons
    "rows",  # n, d and k padded to whole tiles
    "columns",
    "neurons",
    "x",  # [rows][columns] in the buffer of reals; zero where padded, as all that follows
    "y",  # [rows]
    "w",  # [neurons][columns], changed in place
    "w_velocity",  # [neurons][columns], what momentum remembers of it
    "v",  # [neurons], changed in place
    "v_velocity",  # [neurons]
    "c",  # [2], changed in place: c, and what momentum remembers of it
    "slopes",  # [neurons][rows], for streamed networks: vφ'
    "phis",  # [neurons][rows], for those whose output layer trains: φ
    "residuals",  # [rows], for streamed networks
    "norms",  # in the buffer of doubles: residual norm of each tolerance, decreasing, then -1
    "history",  # one entry each `every` steps
    "curve",  # one entry a mark
    "marks",  # in the buffer of longs: steps of the curve, increasing, then -1
    "hits",  # first step at which each norm was met, -1 if never
    "every",  # steps between two entries of the history
    "steps",  # budget
    "until",  # the program returns before this step
    "step",  # steps taken so far
    "rung",  # norms that are behind
    "mark",  # marks that are behind
    "ended",  # whether there is nothing more to do
    "diverged",  # whether it ended so
)
"""Columns of the table of whole numbers."""

NUMBERS: Final = (
    "rate",  # step size
    "bias_rate",  # of c; zero without biases
    "momentum",
    "limit",  # residual norm from which on a network has diverged
    "norm",  # found at the last step
)
"""Columns of the table of floating numbers."""
