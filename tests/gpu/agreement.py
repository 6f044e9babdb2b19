"""Trains the same networks with the compiled kernel and with that of the GPU: ``python -m tests.gpu.agreement``."""

from __future__ import annotations

import sys
from dataclasses import replace

from harness.components import Cell, Outcome
from harness.engine.work import train
from tests.engine.cases import CASES, setting

TRIALS = 40
SIZES = ((50, 10, 8), (200, 20, 12), (200, 20, 40), (300, 60, 40))


def differences(ours: Outcome, theirs: Outcome) -> tuple[int, float]:
    """Return how many verdicts differ, and the largest relative difference of first steps."""
    verdicts, steps = 0, 0.0
    for mine, other in zip(ours.hits, theirs.hits, strict=True):
        verdicts += (mine is None) != (other is None)
        if mine is not None and other is not None:
            steps = max(steps, abs(mine - other) / max(other, 100))
    return verdicts, steps


def main() -> int:
    """Print a line for each case; status 1 where they differ by more than rounding explains."""
    bad = False
    for name in ("softplus", "relu momentum", "tanh all biases"):
        for size in SIZES:
            for dtype in ("float32", "float64"):
                where = setting(CASES[name], dtype=dtype, steps=2000)
                ours, theirs = (
                    train(replace(where, device=device), Cell("", *size), range(TRIALS)) for device in ("cuda", "cpu")
                )
                found = [differences(*pair) for pair in zip(ours, theirs, strict=True)]
                verdicts, steps = sum(v for v, _ in found), max(s for _, s in found)
                rungs = TRIALS * len(where.tolerances)
                solvers = {o.solver for o in ours} | {o.message for o in (*ours, *theirs) if o.message}
                wrong = solvers != {"fused-gpu"} or verdicts > (0.01 * rungs if dtype == "float32" else 0)
                bad |= wrong
                sys.stdout.write(
                    f"{'WRONG ' if wrong else ''}{name}, n, d, k = {size}, {dtype}: {verdicts} of {rungs} verdicts "
                    f"differ, first steps by up to {steps:.1e}; by {', '.join(sorted(solvers))}\n"
                )
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
