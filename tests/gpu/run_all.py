"""Everything that needs a CUDA device, in parts with limits of their own: ``python -m tests.gpu.run_all [OUT]``.

Each part runs in a process of its own, writes what it says to ``OUT/NAME.txt``, and what it finds to ``OUT/NAME.json``.
``OUT/results.json`` has all of it, and ``OUT/table.md`` a table for docs/speed.md. Both are written at the start and
after each part, so that a call that is ended leaves what it found. A part alone is
``python -m tests.gpu.run_all --only NAME``.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

LIMIT = 585.0
"""Seconds that all parts take together at most."""

PYTEST = ("-m", "pytest", "-o", "addopts=", "-W", "default", "--import-mode=importlib", "-q", "-p", "no:cacheprovider")
"""How tests are run. A warning that other versions of the packages give is no failure."""

SANITIZER = "compute-sanitizer"


@dataclass(frozen=True)
class Part:
    """A part: a measurement of ours, or another command.

    Attributes:
        name: Name of the files that it writes.
        seconds: Longest time.
        command: Arguments of Python, or none for the measurement of that name.
        tool: Program that the measurement runs in, with its options. The part is left out where it is not installed.
        measurement: Name of the measurement, if it differs.
    """

    name: str
    seconds: float
    command: tuple[str, ...] = ()
    tool: tuple[str, ...] = ()
    measurement: str = ""

    @property
    def measured(self) -> str:
        """The name of the measurement."""
        return self.measurement or self.name

    def arguments(self, out: Path, options: Sequence[str]) -> list[str]:
        """Return the command line.

        Args:
            out: Folder of the results.
            options: Further arguments of measurements.
        """
        if self.command:
            return [sys.executable, *(word.replace("OUT", str(out)) for word in self.command)]
        measure = ("--measure", self.measured, "--json", str(out / f"{self.name}.json"))
        return [*self.tool, sys.executable, "-m", __spec__.name, *measure, *options]


def device_tests() -> list[str]:
    """Return the files of the tests that take a device. To import all of them takes longer than to run these."""
    root = Path(__file__).parents[2]
    asks = re.compile(r"\bdevice: str\b|pytest\.mark\.cuda")
    files = (file for file in root.glob("tests/**/test_*.py") if asks.search(file.read_text(encoding="utf-8")))
    return sorted(str(file.relative_to(root)) for file in files)


SANITIZED = {"racecheck": "race-check", "memcheck": "memory-check", "synccheck": "barrier-check"}
"""Tools of the sanitizer, with the names of their parts. Races of shared memory are found, those of global are not."""

PARTS = (
    Part("doctor", 30, ("-m", "harness", "doctor")),
    Part("compile", 100),
    Part("kernel", 100, (*PYTEST, "tests/engine/test_gpu_kernel.py", "--durations=5")),
    Part("bits", 60),
    Part("agreement", 110),
    Part("profile", 50),
    Part("grid", 60),
    Part("review", 60),
    Part("review-fates", 60),
    *(
        Part(name, 40, (), (SANITIZER, "--tool", tool, "--error-exitcode", "9"), "sanitized")
        for tool, name in SANITIZED.items()
    ),
    Part("speed", 60, ("-m", "benchmarks", "speed", "--device", "cuda", "--json", "OUT/speed.json")),
    Part("devices", 90, (*PYTEST, *device_tests(), "-m", "cuda and not slow")),
)


def measurements() -> dict[str, Callable[..., dict[str, Any]]]:
    """Return the measurements by name. Their arguments are the device, and ``tiny``."""
    from tests.gpu import agreement, bits, end_to_end, profile_kernel, sanitized

    return {
        "compile": agreement.compile_all,
        "bits": bits.measure,
        "agreement": agreement.measure,
        "sanitized": sanitized.measure,
        "profile": profile_kernel.measure,
        "grid": partial(end_to_end.measure, "phase-diagram"),
        "review": partial(end_to_end.measure, "review"),
        "review-fates": partial(end_to_end.measure, "review", limit=True),
    }


def run_part(part: Part, out: Path, left: float, options: Sequence[str] = ()) -> dict[str, Any]:
    """Run a part for a limited time, and end all that it started.

    Args:
        part: The part.
        out: Folder of the results.
        left: Seconds that are left for all parts.
        options: Further arguments of measurements.

    Returns:
        Its status ("ok", "failed", "late" or "left out"), seconds, and what it found.
    """
    if part.tool and shutil.which(part.tool[0]) is None:
        return {"status": "left out", "why": f"{part.tool[0]} is not installed", "seconds": 0.0}
    if left < 1.0:
        return {"status": "left out", "why": "no time is left", "seconds": 0.0}
    (out / f"{part.name}.json").unlink(missing_ok=True)  # of an earlier call
    start = time.monotonic()
    with (out / f"{part.name}.txt").open("w", encoding="utf-8") as said:
        process = subprocess.Popen(part.arguments(out, options), stdout=said, stderr=said, start_new_session=True)
        try:
            code = process.wait(min(part.seconds, left))
            status = "ok" if code == 0 else "failed"
        except subprocess.TimeoutExpired:
            code, status = None, "late"
        finally:
            _end(process)
    record = {"status": status, "code": code, "seconds": time.monotonic() - start}
    try:
        return record | {"found": json.loads((out / f"{part.name}.json").read_text(encoding="utf-8"))}
    except (OSError, ValueError):  # it wrote none, or was ended while it did
        return record


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and the rest of its session."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def device_here() -> dict[str, Any]:
    """Return what identifies the device and the software."""
    import torch
    import triton

    named = {"torch": torch.__version__, "triton": triton.__version__, "python": sys.version.split()[0]}
    named["cuda"] = str(torch.version.cuda)
    if not torch.cuda.is_available():
        return {"device": "cpu", **named}
    of = torch.cuda.get_device_properties(0)
    processors, size = of.multi_processor_count, round(of.total_memory / 2**30)
    return {"device": of.name, "capability": f"{of.major}.{of.minor}", "processors": processors, "GiB": size, **named}


def table(results: dict[str, Any]) -> str:
    """Return the Markdown of the results."""
    here, parts = results["here"], results["parts"]
    lines = [f"{here['device']}, torch {here['torch']}, Triton {here['triton']}.", "", "| part | status | s | found |"]
    lines.append("|---|---|---|---|")
    for name, part in parts.items():
        found = part.get("found", {})
        said = "; ".join(found.get("faults") or []) or part.get("why", "") or _figure(found)
        lines.append(f"| {name} | {part['status']} | {part['seconds']:.0f} | {said} |")
    sizes = parts.get("profile", {}).get("found", {}).get("sizes", [])
    if sizes:
        lines += [
            "",
            "| n, d, k | networks | network-steps a second | Tflop/s | device busy |",
            "|---|---|---|---|---|",
        ]
    for one in sizes:
        size, busy = ", ".join(map(str, one["size"])), one["device_seconds"] / one["seconds"]
        rate = f"{one['network_steps_a_second']:.3g} | {one['tflops']:.2f} | {busy:.0%}"
        lines.append(f"| {size} | {one['networks']} | {rate} |")
    return "\n".join(lines) + "\n"


def _write(results: dict[str, Any], out: Path) -> None:
    """Write the results and their table, each whole or not at all."""
    for name, text in (("results.json", json.dumps(results, indent=1) + "\n"), ("table.md", table(results))):
        draft = out / f"{name}.draft"
        draft.write_text(text, encoding="utf-8")
        draft.replace(out / name)


def _figure(found: dict[str, Any]) -> str:
    """Return the figure of a measurement in words, or an empty string."""
    if "rate" in found:
        return f"{found['trained']} trials, {found['rate']:.0f} a second"
    if "kernels" in found:
        return f"{found['kernels']} kernels"
    cases = found.get("cases", [])
    if cases and "verdicts" in cases[0]:
        verdicts, differ = sum(one["verdicts"] for one in cases), sum(one["differ"] for one in cases)
        return f"{differ} of {verdicts} verdicts differ from float64"
    return f"{len(cases)} cases with equal bits" if cases else ""


def main(given: Sequence[str] | None = None) -> int:
    """Run the parts, or one measurement. Return 0 if all went well, 1 if not, and 2 if there is no device."""
    parser = argparse.ArgumentParser(prog="tests/gpu/run_all.sh", description=__doc__)
    parser.add_argument("out", nargs="?", type=Path, default=Path("gpu-results"))
    parser.add_argument(
        "--only", action="append", choices=[part.name for part in PARTS], help="run this part; repeatable"
    )
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--tiny", action="store_true", help="tiny sizes: shows that it runs, and measures nothing")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    parser.add_argument("--json", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args(given)
    if chosen.measure:
        found = measurements()[chosen.measure](chosen.device, tiny=chosen.tiny)
        chosen.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        print(*found["faults"], sep="\n")
        return int(bool(found["faults"]))
    results: dict[str, Any] = {"here": device_here(), "parts": {}}
    if chosen.device != "cpu" and results["here"]["device"] == "cpu":
        print(f"{sys.executable} finds no CUDA device", file=sys.stderr)
        return 2
    chosen.out.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the part at hand ends too
    _write(results, chosen.out)
    end = time.monotonic() + LIMIT
    options = ["--device", chosen.device, *(["--tiny"] if chosen.tiny else [])]
    for part in PARTS:
        if chosen.only and part.name not in chosen.only:
            continue
        done = results["parts"][part.name] = run_part(part, chosen.out, end - time.monotonic(), options)
        print(f"{part.name}: {done['status']} after {done['seconds']:.0f} s {done.get('why', '')}".rstrip(), flush=True)
        _write(results, chosen.out)
    bad = [name for name, part in results["parts"].items() if part["status"] in ("failed", "late")]
    if bad:
        print(f"not well: {', '.join(bad)}; see {chosen.out}", file=sys.stderr)
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())
