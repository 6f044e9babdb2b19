"""Streams: what their numbers are keyed by, and that nothing else enters them."""

from __future__ import annotations

import copy
import hashlib
import os
import pickle

import numpy as np
import pytest

from harness.engine.draws import stream


def test_a_stream_is_that_of_philox_with_the_hash_as_its_key_and_can_be_copied() -> None:
    for what, text in (({"for": "doc", "n": 3}, '{"for":"doc","n":3}'), ([], "[]")):
        key = int(hashlib.sha256(text.encode()).hexdigest()[:32], 16)
        expected = np.random.Generator(np.random.Philox(key=key)).standard_normal(1000)
        rng = stream(what)
        for again in (copy.deepcopy(rng), pickle.loads(pickle.dumps(rng)), rng):
            assert np.array_equal(again.standard_normal(1000), expected)


def test_a_stream_asks_the_system_for_no_randomness(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(size: int) -> bytes:
        raise AssertionError(f"{size} random bytes were asked for")

    monkeypatch.setattr(os, "urandom", refuse)
    monkeypatch.setattr("random._urandom", refuse)
    with pytest.raises(AssertionError, match="random bytes"):
        np.random.Philox(key=1)  # as it does
    rng = stream({"for": "doc"})
    with pytest.raises(TypeError):
        rng.spawn(1)  # whose numbers would be others in each process
