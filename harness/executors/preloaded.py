"""The imports of a worker, done once in the process that workers are forks of.

Third-party plugins are left out: each worker imports them itself, from the files as they are when it starts.
"""

from __future__ import annotations

import contextlib
import gc
import os

from harness.executors.leftovers import end_with_parent

if driver := os.environ.get("HARNESS_DRIVER"):
    end_with_parent(int(driver))  # in the middle of the imports below too, which take seconds

import torch.func  # noqa: F401  # part of torch that is not imported with it

import harness.executors.attempt  # noqa: F401  # what trains, with torch
from harness.plugin_host.loading import load_plugins

with contextlib.suppress(Exception):  # each worker meets it again, and says so
    load_plugins(third_party=False)

gc.freeze()  # workers need not search these modules for garbage, nor copy the pages that a search writes to
