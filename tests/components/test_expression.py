"""Formulas of suites: their values, and that nothing but arithmetic is evaluated."""

from __future__ import annotations

import pytest

from harness.components.expression import holds, value_of


@pytest.mark.parametrize(
    ("text", "value"),
    [("n^1.25", 10**2.5), ("2*n/d", 40.0), ("d", 5.0), ("-n + 3*(d - 1)", -88.0), ("sqrt(n) * log(d/5 + 0)", 0.0)],
)
def test_values(text: str, value: float) -> None:
    assert value_of(text, n=100, d=5) == pytest.approx(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "m",
        "n(d)",
        "n.real",
        "[n]",
        "n if d else n",
        "__import__('os')",
        "'n'",
        "True",
        "n//d",
        "n%d",
        "lambda: n",
        "n\nd",
    ],
)
def test_what_is_no_formula_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="formula"):
        value_of(text, n=100, d=5)


@pytest.mark.parametrize("text", ["n/(d-5)", "9^9^9^9^9", "(0-1)^0.5", "log(0)", "sqrt(0-n)", "1e308*10"])
def test_what_has_no_finite_value_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="has no value at n = 100, d = 5"):
        value_of(text, n=100, d=5)


def test_a_formula_is_short() -> None:
    with pytest.raises(ValueError, match="at most 200"):
        value_of("(" * 5000, n=1)
    with pytest.raises(ValueError, match="is no formula"):
        value_of("(" * 150, n=1)


@pytest.mark.parametrize(
    ("text", "holding"),
    [("", True), ("n = 100", True), ("k*d >= n and n != 100", False), ("1 < k < 3", True), ("k <= 1", False)],
)
def test_conditions(text: str, holding: bool) -> None:
    assert holds(text, n=100, d=50, k=2) is holding


@pytest.mark.parametrize("text", ["n", "n < 2 or d > 1", "not n", "k in n", "n = m and k = 2"])
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"condition|no 'm'"):
        holds(text, n=1, d=1, k=1)
