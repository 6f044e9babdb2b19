"""Texts of plugins, and how they are installed."""

from __future__ import annotations

import importlib.metadata
import textwrap
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from harness.plugin_host.loading import Plugin, load_plugins

OWN = (EntryPoint("builtin", "harness.builtin", "harness"), EntryPoint("moderate", "harness_moderate", "harness"))


HEAD = """
from __future__ import annotations
from dataclasses import dataclass
from typing import ClassVar
from harness import *
from harness import hookimpl
import numpy as np
"""


DATASET = """
@dataclass(frozen=True)
class Flat(Dataset):
    name: ClassVar[str] = "flat"
    def draw(self, n, d, rng):
        return np.ones((n, d)), np.ones(n)

@hookimpl
def harness_datasets():
    return [Flat]
"""


CRITERION = """
@dataclass(frozen=True)
class Even(Criterion):
    name: ClassVar[str] = "even"
    wording: str = ""
    def loss(self, outputs, y):
        return ((outputs - y) ** 2).sum()
    def measure(self, outputs, y):
        return ((outputs - y) ** 2).sum()

@hookimpl
def harness_criteria():
    return [Even]
"""


def write(folder: Path, body: str, name: str = "plugin.py") -> Path:
    path = folder / name
    path.write_text(HEAD + textwrap.dedent(body), encoding="utf-8")
    return path


def load_one(folder: Path, body: str) -> Plugin:
    (plugin,) = load_plugins([write(folder, body)], entry_points=())
    return plugin


def distribution(folder: Path, name: str, version: str, body: str) -> None:
    """Install a package with one plugin into a folder, as pip would."""
    module = name.replace("-", "_")
    write(folder, body, f"{module}.py")
    info = folder / f"{module}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(f"[harness]\n{module} = {module}\n")


def install(monkeypatch: pytest.MonkeyPatch, *points: EntryPoint) -> None:
    """Let a test find these plugins installed and no others."""
    others = importlib.metadata.entry_points

    def entry_points(*, group: str) -> object:
        return points if group == "harness" else others(group=group)

    monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)
