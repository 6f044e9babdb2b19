"""Provenance of a run as the comment lines of exports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def provenance(run: Mapping[str, Any]) -> dict[str, str]:
    """Return the provenance of a run as flat text, one line per key.

    >>> provenance({"seed": 1, "versions": {"numpy": "2.4.6", "torch": "2.13.0"}, "plugin_files": []})
    {'seed': '1', 'versions': 'numpy 2.4.6, torch 2.13.0'}
    >>> provenance({"solvers": {"hidden, ReLU": "brisk", "output": "plain", "tanh": "brisk"}})["solvers"]
    'brisk for 2 regimes ("hidden, ReLU", "tanh"), plain for 1 regime ("output")'
    >>> provenance({"merged": [{"run": "a", "trials": 8}, {"run": "b, c", "trials": 4}]})["merged"]
    '(run a, trials 8), (run "b, c", trials 4)'
    """
    flat = {str(key): _solvers(value) if key == "solvers" else _line(value) for key, value in run.items()}
    return {key: line for key, line in flat.items() if line}


def _solvers(by_regime: Any) -> str:
    """Return each solver with the number and the names of its regimes, which may contain commas themselves."""
    if not isinstance(by_regime, Mapping):
        return _line(by_regime)
    regimes: dict[str, list[str]] = {}
    for regime, solver in sorted(by_regime.items()):
        regimes.setdefault(str(solver), []).append(f'"{regime}"')
    return ", ".join(
        f"{solver} for {len(names)} regime{'s' if len(names) > 1 else ''} ({', '.join(names)})"
        for solver, names in sorted(regimes.items())
    )


def _line(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{_part(key)} {_part(part)}" for key, part in sorted(value.items()))
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_part, value))
    return "" if value is None else str(value)


def _part(value: Any) -> str:
    """Return a part of a line, in marks if it has commas of its own."""
    line = _line(value)
    if isinstance(value, (Mapping, list, tuple)):
        return f"({line})" if line else ""
    return f'"{line}"' if "," in line else line
