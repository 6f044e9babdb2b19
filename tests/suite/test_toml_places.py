from __future__ import annotations

from pathlib import Path

import pytest
import tomli

from harness.suite.toml_places import TomlPlaces

from .good_suite import ROOT, paths


def test_lines_of_hard_places() -> None:
    text = '''a."b c".d = 1 # x
"q\\u0041" = """
[not a header]
""" # "
e = [ # first
  [1, 2], { f = "]", g = [
  3 ] },
]
[[t]]
  [t.u]
  v = \'\'\'x'\'\'\'
[[t]]
  [[t.w]]
  z = 1979-05-27 07:32:00
'''
    places = TomlPlaces(text)
    expected: dict[tuple[str | int, ...], int] = {
        ("a", "b c", "d"): 1,
        ("qA",): 2,
        ("e",): 5,
        ("e", 0, 1): 6,
        ("e", 1, "g", 0): 7,
        ("t", 0, "u", "v"): 11,
        ("t", 1, "w", 0, "z"): 14,
        ("t", 1, "nothing"): 12,
    }
    assert {path: places.line(path) for path in expected} == expected


@pytest.mark.parametrize("path", sorted((ROOT / "suites").glob("*.toml")), ids=lambda path: path.stem)
def test_every_value_of_a_file_has_a_line(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert paths(tomli.loads(text)) - {()} == set(TomlPlaces(text).lines)
