"""The width of the vectors for which kernels are compiled."""

from __future__ import annotations

import os

from harness.engine.fused.compiler import FLAGS, VERSION_SECONDS, NoKernel, compiler, run_compiler

WIDTHS = {"__AVX512F__": 512, "__AVX2__": 256}
"""Bits of a vector, by the macros that compilers define for an instruction set."""

NARROWEST = 128
"""Bits where no macro says more."""


def vector_bits() -> int:
    """Return the width of vectors in bits as the compiler has it. Arguments in $CXX may make it narrower.

    Raises:
        NoKernel: If there is no compiler, or if it does not say.
    """
    command = [*compiler(), *FLAGS, "-dM", "-E", "-x", "c++", os.devnull]
    done = run_compiler(command, VERSION_SECONDS)
    if done.returncode:
        raise NoKernel(f"{command[0]} does not say which instructions it uses: {done.stderr.strip()[:200]}")
    defined = {line.split()[1] for line in done.stdout.splitlines() if line.startswith("#define ")}
    return next((bits for macro, bits in WIDTHS.items() if macro in defined), NARROWEST)
