"""Chunks of steps in CUDA graphs: when they are captured, that they change nothing, and what is said if they fail."""

from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import pytest
import torch

from harness import Cell, Params
from harness.engine.graphs import CapturedSteps
from harness.engine.work import train
from tests.engine.cases import CASES, setting, stacked
from tests.engine.modules import MODULE, WRITTEN, Written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor


class Device:
    """Stands for a CUDA device: what is captured does not run, and runs when it is replayed."""

    def __init__(self, patch: pytest.MonkeyPatch, *, refuses: bool = False) -> None:
        self.ran: list[int] = []
        self.captured: list[int] = []
        self.capturing = False
        self.captures = 0
        self.refuses = refuses

        class Stream:
            def wait_stream(self, other: Stream) -> None: ...

        class Graph:
            def replay(graph) -> None:  # noqa: N805  # self is the device
                self.ran += self.captured

        @contextmanager
        def capture(graph: Graph, capture_error_mode: str) -> Iterator[None]:
            self.captures += 1
            self.capturing = True
            try:
                yield
            finally:
                self.capturing = False

        def context(_: object) -> AbstractContextManager[None]:
            return nullcontext()

        for name, thing in {
            "Stream": Stream,
            "current_stream": Stream,
            "CUDAGraph": Graph,
            "graph": capture,
            "stream": context,
            "device": context,
            "synchronize": lambda: None,
        }.items():
            patch.setattr(torch.cuda, name, thing)

    def step(self, i: int) -> None:
        if self.capturing and self.refuses:
            raise RuntimeError("operation not permitted when stream is capturing\nmore")
        (self.captured if self.capturing else self.ran).append(i)


def test_the_first_chunk_runs_the_second_is_captured_and_all_run_once(monkeypatch: pytest.MonkeyPatch) -> None:
    device = Device(monkeypatch)
    steps = CapturedSteps(device.step, 3, torch.device("cpu"))
    for chunk in range(1, 5):
        steps.run()
        assert device.ran == [0, 1, 2] * chunk
        assert device.captures == (chunk > 1)


def test_a_capture_that_fails_is_said_once_and_nothing_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    device = Device(monkeypatch, refuses=True)
    steps = CapturedSteps(device.step, 3, torch.device("cpu"))
    steps.run()
    with pytest.warns(RuntimeWarning, match="no CUDA graph of them .operation not permitted"):
        steps.run()
    steps.run()
    assert device.ran == [0, 1, 2] * 3
    assert device.captures == 1


@pytest.mark.parametrize("equal", [True, False])
def test_the_first_replay_is_compared_where_the_numbers_are_given(monkeypatch: pytest.MonkeyPatch, equal: bool) -> None:
    """A graph that gives other numbers is dropped, and no step is lost or taken twice either way."""
    device, sums = Device(monkeypatch), torch.zeros(2)
    replays: list[int] = []

    def step(i: int) -> None:
        if not device.capturing:
            sums.add_(i + 1)

    def replay(graph: object) -> None:
        replays.append(1)
        sums.add_(3 if equal else 4)

    monkeypatch.setattr(torch.cuda.CUDAGraph, "replay", replay)
    steps = CapturedSteps(step, 2, torch.device("cpu"), (sums,))
    steps.run()
    with (
        nullcontext() if equal else pytest.warns(RuntimeWarning, match="no CUDA graph of them .it gives other numbers")
    ):
        steps.run()
    for chunk in range(3, 6):
        steps.run()
        assert sums.tolist() == [3.0 * chunk] * 2
    assert len(replays) == (4 if equal else 1)
    assert device.captures == 1


@dataclass(frozen=True)
class Waiting(Written):
    """Waits for the device in every step."""

    name: ClassVar[str] = "waiting"

    def forward(self, params: Params, x: Tensor) -> Tensor:
        if x.is_cuda:
            torch.cuda.synchronize()
        return super().forward(params, x)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
class TestOnADevice:
    """What only a device can show."""

    @pytest.mark.parametrize("name", ["softplus", "tanh all biases", "relu momentum", "nesterov", "huber", "module"])
    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_graphs_change_nothing(self, name: str, dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
        regime = MODULE if name == "module" else stacked(CASES[name])
        where = setting(regime, device="cuda", dtype=dtype, steps=260)
        captured = train(where, Cell("", 33, 5, 8), range(12))
        monkeypatch.setattr(CapturedSteps, "run", CapturedSteps._steps)
        assert train(where, Cell("", 33, 5, 8), range(12)) == captured
        assert not any(outcome.message for outcome in captured)

    @pytest.mark.slow
    def test_compiled_steps_are_captured_too(self, monkeypatch: pytest.MonkeyPatch) -> None:
        where = setting(WRITTEN, device="cuda", solver="torch-compiled", steps=260)
        captured = train(where, Cell("", 33, 5, 8), range(12))
        monkeypatch.setattr(CapturedSteps, "run", CapturedSteps._steps)
        assert train(where, Cell("", 33, 5, 8), range(12)) == captured
        assert not any(outcome.message for outcome in captured)

    def test_code_that_waits_for_the_device_is_trained_all_the_same(self) -> None:
        from dataclasses import replace

        regime = replace(WRITTEN, model=Waiting())
        with pytest.warns(RuntimeWarning, match="no CUDA graph"):
            outcomes = train(setting(regime, device="cuda", steps=100), Cell("", 20, 5, 8), range(3))
        plain = train(setting(WRITTEN, device="cuda", steps=100), Cell("", 20, 5, 8), range(3))
        for ours, theirs in zip(outcomes, plain, strict=True):
            assert ours.hits == theirs.hits
            assert ours.measure == pytest.approx(theirs.measure, rel=1e-5)
