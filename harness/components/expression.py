"""Formulas of n, d and k in the texts of suites, such as ``2*n/d``, and conditions, such as ``k*d >= 2*n``."""

from __future__ import annotations

import ast
import math
import operator
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MAX_LENGTH = 200
"""Largest number of characters of a formula."""

FUNCTIONS: Mapping[str, Callable[[float], float]] = {"sqrt": math.sqrt, "log": math.log}

_SUMS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_COMPARED: Mapping[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


class NotAFormulaError(ValueError):
    """A text that is no formula, or has a name that no value is given for."""


def value_of(text: str, **names: float) -> float:
    """Return the value of a formula.

    Args:
        text: Numbers, names, + - * / ^, parentheses, sqrt and log (the natural one).
        **names: Values of the names that it may have.

    Raises:
        ValueError: If it is no such formula, or its value is not a finite real number.

    >>> value_of("n^1.5 / d", n=100, d=20), value_of("2*d", d=7)
    (50.0, 14.0)
    """
    tree = _tree(text, names)
    try:
        found = _value(tree, names)
    except NotAFormulaError:
        raise
    except (ArithmeticError, ValueError, TypeError) as error:  # TypeError: of a complex number
        raise ValueError(f"{text!r} has no value at {_said(names)}") from error
    if isinstance(found, complex) or not math.isfinite(found):
        raise ValueError(f"{text!r} has no value at {_said(names)}")
    return found


def holds(text: str, **names: float) -> bool:
    """Return whether a condition holds.

    Args:
        text: Comparisons of two or more formulas by < <= > >= = !=, joined by ``and``. An empty text always holds.
        **names: Values of the names that it may have.

    Raises:
        ValueError: If it is no such condition, or a formula in it has no value.

    >>> holds("n/d <= k < 2*n/d and d = 20", n=100, d=20, k=7)
    True
    """
    if not text.strip():
        return True
    tree = _tree(re.sub(r"(?<![<>=!])=(?!=)", "==", text), names)
    parts = tree.values if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And) else [tree]
    try:
        found = [_holds(part, names) for part in parts]  # all of them, so that a fault in any is found
        return all(found)
    except (ArithmeticError, TypeError) as error:
        raise ValueError(f"{text!r} has no value at {_said(names)}") from error


def _said(names: Mapping[str, float]) -> str:
    return ", ".join(f"{name} = {value:g}" for name, value in names.items())


def _tree(text: str, names: Mapping[str, Any]) -> ast.expr:
    if len(text) > MAX_LENGTH:
        raise NotAFormulaError(f"is {len(text)} characters long, expected a formula of at most {MAX_LENGTH}")
    try:
        return ast.parse(text.strip().replace("^", "**"), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise NotAFormulaError(f"{text!r} is no formula of {', '.join(names)} with + - * / ^ ( ) sqrt log") from error


def _holds(node: ast.expr, names: Mapping[str, float]) -> bool:
    if not isinstance(node, ast.Compare) or any(type(sign) not in _COMPARED for sign in node.ops):
        raise ValueError("a condition compares formulas by < <= > >= = or !=, joined by and")
    values = [_value(part, names) for part in (node.left, *node.comparators)]
    signs = [_COMPARED[type(sign)] for sign in node.ops]
    return all(sign(a, b) for sign, a, b in zip(signs, values, values[1:], strict=False))


def _value(node: ast.expr, names: Mapping[str, float]) -> float:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        return float(node.value)
    if isinstance(node, ast.Name):
        if node.id not in names:
            raise NotAFormulaError(f"a formula here has no {node.id!r}, expected {', '.join(names)}")
        return float(names[node.id])
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand, names)
    if isinstance(node, ast.BinOp) and type(node.op) in _SUMS:
        return _SUMS[type(node.op)](_value(node.left, names), _value(node.right, names))
    called = isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords
    if called and isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS:
        return FUNCTIONS[node.func.id](_value(node.args[0], names))
    raise NotAFormulaError(f"a formula has {', '.join(names)}, numbers, + - * / ^ ( ) sqrt and log only")
