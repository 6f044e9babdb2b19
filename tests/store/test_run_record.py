"""Stored provenance: what is not as we write it is refused where it is read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.store import Store, StoreError

SOURCE = {"run": "part-1", "began": "2027-01-15T08:00:00.000000001Z", "trials": 5, "shard": "1/2"}


@pytest.mark.parametrize(
    "provenance",
    [
        {"merged": None},
        {"merged": SOURCE},
        {"merged": ["part-1"]},
        {"merged": [{"run": "part-1"}]},
        {"merged": [{"run": ["x"], "began": 1}]},
        {"merged": [SOURCE, {**SOURCE, "began": 1}]},
        {"merged": [{**SOURCE, "trials": "5"}]},
        {"merged": [{**SOURCE, "shard": ["1/2"]}]},
        {"shard": ["1/2"]},
        {"processor": ["abacus"]},
    ],
    ids=json.dumps,
)
def test_provenance_that_is_none_of_ours_is_refused(provenance: dict[str, object], tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.began("suite", {})
        store.began("suite", provenance)
        for read in (store.origins, store.last_run):
            with pytest.raises(StoreError, match="cannot be read"):
                read()


def test_what_merging_writes_is_read(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.began("suite", {"merged": [SOURCE, {**SOURCE, "run": "part-2", "device": "cuda:1"}], "shard": "2/2"})
        assert [one["run"] for one in store.origins()[0]["merged"]] == ["part-1", "part-2"]
