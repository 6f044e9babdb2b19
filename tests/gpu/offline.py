"""Compiles kernels for devices that are not here: ``python -m tests.gpu.offline BUILD…``.

Where there is no device, tests run Triton's interpreter in their own process; compilation therefore has one of its own.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from typing import NamedTuple

import triton
from triton import knobs
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from harness.engine.gpu import kernels
from harness.engine.gpu.activations import with_activation
from harness.engine.gpu.tiling import Tiling
from harness.mathematics.activations import ACTIVATIONS

BUFFERS = {"queue": "*i64", "table": "*i64", "numbers": "*fp64", "reals": "", "doubles": "*fp64", "longs": "*i64"}
"""Types of the arguments that are no constants; that of ``reals`` is the precision."""

ALIGNED = [["tt.divisibility", 16]]
"""What a launch knows of the address of a buffer."""


class Build(NamedTuple):
    """What is compiled, written as its fields with colons between them: ``90:relu:all:float32:200,20,10``."""

    architecture: str
    activation: str
    layers: str
    dtype: str
    size: str

    @property
    def tiling(self) -> Tiling:
        """The tiles of the size."""
        n, d, k = map(int, self.size.split(","))
        return Tiling.of(n, d, k, double=self.dtype == "float64")


@dataclass(frozen=True)
class Compiled:
    """What the compiler says.

    Attributes:
        spills: Bytes that a thread stores in memory for want of registers.
        shared: Bytes of shared memory.
        tensor: Instructions of tensor cores.
        instructions: Instructions that the warps of a network issue in a step; if it is streamed, in the longest loop.
        inexact: Instructions that are rounded otherwise than IEEE 754 asks, or flush denormal numbers to zero.
    """

    spills: int
    shared: int
    instructions: int
    tensor: tuple[str, ...]
    inexact: tuple[str, ...]


def compiled(build: Build) -> Compiled:
    """Compile a kernel as `Fleet.advance` launches it."""
    tiling, double = build.tiling, build.dtype == "float64"
    program = with_activation(kernels.resident if tiling.resident else kernels.streamed, ACTIVATIONS[build.activation])
    constants = {
        "TERMS": 16 if double else 7,
        "HIDDEN": build.layers != "output",
        "OUTPUT": build.layers != "hidden",
        "SAMPLES": tiling.samples,
        "FEATURES": tiling.features,
        "NEURONS_": tiling.neurons,
    }
    signature = {**BUFFERS, "reals": "*fp64" if double else "*fp32", **dict.fromkeys(constants, "constexpr")}
    places = {name: (place,) for place, name in enumerate(signature)}
    source = ASTSource(
        program,
        signature,
        {places[name]: value for name, value in constants.items()},
        {places[name]: ALIGNED for name in BUFFERS},
    )
    options = {"num_warps": tiling.warps, "num_stages": 1, "enable_fp_fusion": True}
    with knobs.nvidia.scope(), knobs.compilation.scope(), contextlib.redirect_stdout(io.StringIO()) as said:
        knobs.nvidia.dump_ptxas_log = True
        knobs.compilation.always_compile = True  # what is cached says nothing
        made = triton.compile(source, target=GPUTarget("cuda", int(build.architecture), 32), options=options)
    spills = re.findall(r"(\d+) bytes spill stores", said.getvalue())
    tensor = re.findall(r"\b(?:wgmma|mma|tcgen05)\.[\w.]+", made.asm["ptx"])
    inexact = re.findall(r"\b[a-z]\w*(?:\.\w+)*\.(?:approx|full|ftz)(?:\.\w+)*", made.asm["ptx"])
    return Compiled(
        max(map(int, spills)),
        made.metadata.shared,
        tiling.warps * longest_loop(made.asm["cubin"]),
        tuple(sorted(set(tensor))),
        tuple(sorted(set(inexact))),
    )


def longest_loop(cubin: bytes) -> int:
    """Return the number of instructions of the longest loop of a compiled kernel, by NVIDIA's disassembler."""
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(cubin)
        file.flush()
        command = [knobs.nvidia.nvdisasm.path, "-c", file.name]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    labels: dict[str, int] = {}
    longest = count = 0
    for line in text.splitlines():
        if label := re.match(r"\s*(\.L_\w+):", line):
            labels[label[1]] = count
        elif instruction := re.search(r"/\*[0-9a-f]{4,}\*/\s+(.*);", line):
            count += 1
            target = re.search(r"\bBRA\b.*(\.L_\w+)", instruction[1])
            longest = max(longest, count - labels.get(target[1], count) if target else 0)
    return longest


def main() -> None:
    """Print what is found of each build as a line of JSON."""
    for text in sys.argv[1:]:
        sys.stdout.write(json.dumps(asdict(compiled(Build(*text.split(":"))))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
