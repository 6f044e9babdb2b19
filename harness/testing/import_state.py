"""The check that importing a plugin leaves global state alone. Run as a module, it imports one plugin and compares."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import subprocess
import sys
from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING, Any

from harness.testing.case import Check, NotApplicable, Subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECONDS = 300.0
"""Time after which an import counts as hanging."""


def imports(subject: Subject) -> Iterator[str]:
    """Importing it changes no global state of torch and NumPy."""
    plugin = subject.plugin
    if plugin.status != "ok":
        raise NotApplicable("it was not loaded")
    command = [sys.executable, "-m", __name__, "file" if plugin.is_file else "point", plugin.origin]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, env=environment, capture_output=True, timeout=SECONDS, check=False)
    try:
        changes = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        yield f"importing it ends the process with status {done.returncode} {last}".strip()
        return
    for name, (before, after) in changes.items():
        change = f"from {before} to {after}" if len(before + after) < 80 else "its state"
        yield f"importing it changes {name} {change}, for every other component too: set nothing global"


def state() -> dict[str, str]:
    """Return the global state as text, by the name of each part.

    The state of the module ``random`` is left out, because rich draws from it when it is imported.
    """
    import numpy as np
    import torch

    backends: Any = torch.backends
    parts: dict[str, Callable[[], object]] = {
        "torch.get_default_dtype()": torch.get_default_dtype,
        "torch.get_default_device()": torch.get_default_device,
        "torch.get_num_threads()": torch.get_num_threads,
        "torch.get_num_interop_threads()": torch.get_num_interop_threads,
        "torch.is_grad_enabled()": torch.is_grad_enabled,
        "torch.is_inference_mode_enabled()": torch.is_inference_mode_enabled,
        "torch.is_anomaly_enabled()": torch.is_anomaly_enabled,
        "torch.are_deterministic_algorithms_enabled()": torch.are_deterministic_algorithms_enabled,
        "torch.get_float32_matmul_precision()": torch.get_float32_matmul_precision,
        "torch.backends.cuda.matmul.allow_tf32": lambda: backends.cuda.matmul.allow_tf32,
        "torch.backends.cudnn.allow_tf32": lambda: backends.cudnn.allow_tf32,
        "torch.backends.cudnn.benchmark": lambda: backends.cudnn.benchmark,
        "torch.backends.cudnn.deterministic": lambda: backends.cudnn.deterministic,
        "the treatment of denormal numbers": lambda: float(torch.full((), 1e-310, dtype=torch.float64) * 1),
        "torch's random numbers": lambda: _digest(torch.get_rng_state().numpy().tobytes()),
        "NumPy's random numbers": lambda: _digest(repr(np.random.get_state()).encode()),  # noqa: NPY002  # the very state that plugins must leave alone
        "np.geterr()": np.geterr,
        "sys.getrecursionlimit()": sys.getrecursionlimit,
        "sys.stdout": lambda: type(sys.stdout).__name__,
    }
    found = {}
    for name, read in parts.items():
        try:
            found[name] = str(read())
        except RuntimeError as error:  # torch refuses to read settings that were made in two ways
            found[name] = type(error).__name__
    return found


def _digest(state: bytes) -> str:
    return hashlib.sha256(state).hexdigest()


def main(kind: str, origin: str) -> None:
    """Import a plugin and print the parts of the state that it changes, as JSON on the last line."""
    from harness.plugin_host.loading import load_plugins

    points = [] if kind == "file" else [EntryPoint("checked", origin, "harness")]
    out = sys.stdout
    with contextlib.redirect_stdout(sys.stderr):
        before = state()
        load_plugins([origin] if kind == "file" else (), entry_points=points)
        after = state()
    out.write("\n" + json.dumps({name: (before[name], after[name]) for name in before if before[name] != after[name]}))
    out.flush()


CHECKS = (Check("import", ("plugin",), imports),)

if __name__ == "__main__":
    main(*sys.argv[1:])
