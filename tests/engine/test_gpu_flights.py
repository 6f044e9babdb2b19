"""Launches in flight: what the host does while a device works, by the order of events on a pretended device."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("tests.interpreter")

from harness.engine.descent import ShallowTrial, Trained
from harness.engine.gpu import solver as gpu
from harness.engine.gpu.fleet import Family
from harness.engine.gpu.launch import ABREAST
from harness.engine.shallow import ShallowSolver
from harness.engine.trial import prepare
from tests.engine.cases import CASES, setting

LAUNCHES = 3


class Device:
    """A device whose launches end when the host waits for them, in the order in which they began, and its events."""

    def __init__(self) -> None:
        self.events: list[tuple[str, int]] = []
        self.streams = [Stream(self) for _ in range(ABREAST)]
        self.fleets = 0
        self.most = 0

    @property
    def in_flight(self) -> int:
        began, ended = (sum(what == word for what, _ in self.events) for word in ("begin", "wait"))
        return began - ended


class Stream:
    """A stream of it; launches are done only when the host waits."""

    def __init__(self, device: Device) -> None:
        self.device = device

    def query(self) -> bool:
        return False


class Fleet:
    """Networks on it, which end after three launches."""

    device: Device

    def __init__(self, nets: Sequence[ShallowTrial], family: Family, where: str) -> None:
        self.nets, self.name, self.launches = nets, self.device.fleets, 0
        self.device.fleets += 1
        self.device.events.append(("set up", self.name))

    @property
    def steps(self) -> NDArray[np.int64]:
        return np.full(len(self.nets), self.launches)

    @property
    def running(self) -> NDArray[np.int64]:
        return np.arange(0 if self.launches == LAUNCHES else len(self.nets))

    most_steps = 1

    def advance(self, until: NDArray[np.int64]) -> None:
        self.device.events.append(("begin", self.name))
        self.device.most = max(self.device.most, self.device.in_flight)

    def wait(self) -> None:
        self.device.events.append(("wait", self.name))
        self.launches += 1

    def trained(self) -> list[Any]:
        return [self.name] * len(self.nets)


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> Device:
    pretended = Device()
    monkeypatch.setattr(Fleet, "device", pretended, raising=False)
    monkeypatch.setattr(gpu, "Fleet", Fleet)
    monkeypatch.setattr(gpu, "streams", lambda _: pretended.streams)
    monkeypatch.setattr(gpu.Flight, "_on", lambda _: nullcontext())
    monkeypatch.setattr(gpu, "MOST_NETWORKS", 2)
    return pretended


def nets(count: int, size: tuple[int, int, int] = (8, 3, 2)) -> list[ShallowTrial]:
    where = setting(CASES["softplus"], steps=5, tolerances=(1e-9,), spectrum=False)
    form = ShallowSolver.form(where.regime)
    assert form is not None
    return [ShallowTrial.of(where.regime, where.budget, prepare(where, *size, seed), form) for seed in range(count)]


def test_the_host_works_while_launches_are_in_flight(device: Device) -> None:
    """But for the first set-up and the last results, the device has work whenever the host has."""
    parts = 6
    found: list[tuple[int, Trained]] = []
    for place, end in gpu.train_all(nets(2 * parts), [None] * (2 * parts), "cpu"):
        device.events.append(("result", int(end)))  # type: ignore[call-overload]  # a number here
        found.append((place, end))
        assert device.in_flight or len(found) > 2 * (parts - 1)
    assert sorted(found) == [(i, i // 2) for i in range(2 * parts)]  # type: ignore[comparison-overlap]  # likewise
    assert device.most == ABREAST
    began = 0
    for place, (what, name) in enumerate(device.events):
        before = device.events[:place]
        flying = sum(w == "begin" for w, _ in before) - sum(w == "wait" for w, _ in before)
        began += what == "begin"
        if what == "set up":
            assert flying == min(name, ABREAST - 1)
        if what == "begin" and began > ABREAST:  # the others go on while one is launched again
            assert flying >= min(ABREAST - 1, parts - name - 1)
    for name in range(parts):
        own = [what for what, of in device.events if of == name]
        assert own == ["set up", *["begin", "wait"] * LAUNCHES, "result", "result"]


def test_parts_in_flight_fit_into_the_memory_that_is_free(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    some = nets(8)
    one = Family.of(some[0]).bytes_of(some[0])
    for free, most in ((2 * one, 1), (4 * one, 2), (100 * one, ABREAST)):
        device.events.clear()
        device.most = 0
        monkeypatch.setattr(gpu, "free_bytes", lambda _, free=free: free)
        assert len(dict(gpu.train_all(some, [None] * 8, "cpu"))) == 8
        assert device.most == most


def test_a_launch_that_is_done_is_taken_before_an_older_one(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    third = device.streams[-3]
    monkeypatch.setattr(Stream, "query", lambda stream: stream is third)
    waited = []
    for place, _ in gpu.train_all(nets(8), [None] * 8, "cpu"):
        waited.append(place)
    assert waited[:2] == [4, 5]
