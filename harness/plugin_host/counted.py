"""The part of a plugin's syntax trees that can change a number that is trained."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass

BESIDE = ("harness_theories", "harness_regimes", "harness_renderers", "harness_commands")
"""Hooks of what trains nothing. Presets count by their options, which are in the setting of a trial."""

_CONTAINERS = {"dict", "frozenset", "list", "set", "tuple"}
_WITHOUT_EFFECT = ("harness", "dataclasses", "functools", "typing")
"""Packages whose names may be called in a definition that is left out."""


@dataclass(frozen=True, eq=False)
class Definition:
    """A statement at the top of a module, or one name that it imports.

    Attributes:
        node: The statement, or the imported name.
        names: Names that it defines.
        uses: Names that occur in it.
        removable: Whether nothing happens but that the names are defined.
    """

    node: ast.AST
    names: frozenset[str]
    uses: frozenset[str]
    removable: bool


def counted(trees: Sequence[ast.Module]) -> list[ast.Module]:
    """Return modules without the definitions that only theories, presets, renderers and commands use.

    A definition is left out if it is used by one of their hooks, directly or through others, and by nothing else. Names
    are compared without regard to modules, so a name that several modules define is left out of all or of none.

    Args:
        trees: The modules of one package.
    """
    calm = _CONTAINERS | set(_harmless(trees))
    nodes = [node for tree in trees for node in tree.body if not (_is_for_types(node) or _lists_exports(node))]
    found = [definition for node in nodes for definition in definitions(node, calm)]
    beside = [definition for definition in found if definition.names & set(BESIDE)]
    if not beside:
        return list(trees)
    used = reached(beside, found)
    others = [one for one in found if one not in beside and not (one in used and one.removable)]
    dropped = {one.node for one in used - reached(others, found)}
    return [ast.Module(list(_kept(tree.body, dropped)), []) for tree in trees]


def _harmless(trees: Iterable[ast.Module]) -> Iterator[str]:
    """Yield the names of classes of the package, and of what it imports from packages without side effects."""
    for tree in trees:
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                yield node.name
            elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in _WITHOUT_EFFECT:
                yield from (alias.asname or alias.name for alias in node.names)
            elif isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names if alias.name in _WITHOUT_EFFECT)


def definitions(node: ast.stmt, calm: Set[str] = frozenset()) -> Iterator[Definition]:
    """Yield what a statement at the top of a module defines, one by one for imports."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        for alias in node.names:
            name = (alias.asname or alias.name).partition(".")[0]
            yield Definition(alias, frozenset([name]), frozenset(alias.name.split(".")), name != "*")
        return
    names: set[str] = set()
    called: list[ast.expr] = []
    removable = True
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        names, called = {node.name}, node.decorator_list
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = {target.id for target in targets if isinstance(target, ast.Name)}
        called = [part.func for part in ast.walk(node) if isinstance(part, ast.Call)]
        removable = len(names) == len(targets)
    else:
        removable = False
    removable = removable and all(_first_name(one) in calm for one in called)
    yield Definition(node, frozenset(names), frozenset(_uses(node)), removable)


def _is_for_types(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _first_name(node: ast.expr) -> str:
    """Return the name that an expression such as ``functools.cache`` or ``dataclass(frozen=True)`` begins with."""
    while isinstance(node, ast.Attribute | ast.Call):
        node = node.value if isinstance(node, ast.Attribute) else node.func
    return node.id if isinstance(node, ast.Name) else ""


def _uses(node: ast.AST) -> Iterator[str]:
    """Yield the names in a syntax tree, also those in texts, which may be looked up."""
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            yield part.id
        elif isinstance(part, ast.Attribute):
            yield part.attr
        elif isinstance(part, ast.alias):
            yield from part.name.split(".")
        elif isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


def reached(first: Iterable[Definition], found: Iterable[Definition]) -> set[Definition]:
    """Return definitions with all that they use, directly or through others."""
    by_name: dict[str, list[Definition]] = {}
    for definition in found:
        for name in definition.names:
            by_name.setdefault(name, []).append(definition)
    todo, seen = list(first), set(first)
    while todo:
        for name in todo.pop().uses:
            for used in by_name.get(name, ()):
                if used not in seen:
                    seen.add(used)
                    todo.append(used)
    return seen


def _kept(body: Iterable[ast.stmt], dropped: set[ast.AST]) -> Iterator[ast.stmt]:
    for node in body:
        if isinstance(node, ast.Import):
            if names := [alias for alias in node.names if alias not in dropped]:
                yield ast.Import(names)
        elif isinstance(node, ast.ImportFrom):
            if names := [alias for alias in node.names if alias not in dropped]:
                yield ast.ImportFrom(node.module, names, node.level)
        elif node not in dropped and not _is_for_types(node) and not _lists_exports(node):
            yield node


def _lists_exports(node: ast.stmt) -> bool:
    """Return whether a statement assigns ``__all__``."""
    return isinstance(node, ast.Assign) and [t.id for t in node.targets if isinstance(t, ast.Name)] == ["__all__"]
