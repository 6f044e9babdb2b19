"""The prose of the tree: one word for one meaning, short sentences, and first lines that say what a thing is.

``replaced_words.txt`` lists the words that the glossary of CONTRIBUTING.md replaces, in the format of codespell:
``codespell -D tests/replaced_words.txt FILE`` shows the same in an editor. ``prose_allowed.txt`` lists the faults that
are left, by file. The list may only shrink. ``SHRINK_PROSE=1 python -m pytest -n 0 tests/test_prose.py`` removes the
entries that are no longer needed.
"""

from __future__ import annotations

import ast
import io
import os
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ALLOWED = Path(__file__).with_name("prose_allowed.txt")
REPLACED = [
    line.partition("->")[0]
    for line in Path(__file__).with_name("replaced_words.txt").read_text(encoding="utf-8").splitlines()
]
WORD = re.compile(rf"\b(?:{'|'.join(REPLACED)})\b", re.IGNORECASE)
OPENING = re.compile(r"\s*(?:What|How|Of|Whatever)\b")
CODE = re.compile(r"``[^`]*``|`[^`]*`")
DOCTEST = re.compile(r"^ *>>> .*?(?:\n\s*\n|\Z)", re.MULTILINE | re.DOTALL)
FORMULA = re.compile(r"\(x; w₀?\)")
ARGUMENT = re.compile(r"^\s+\w+:", re.MULTILINE)
FENCE = re.compile(r"^(```|:::).*?^\1\s*$", re.MULTILINE | re.DOTALL)

FILES = sorted(
    [
        *(path for folder in ("harness", "plugins") for path in (ROOT / folder).rglob("*.py")),
        *(page for page in (ROOT / "docs").rglob("*.md") if "reference" not in page.parts or page.name == "api.md"),
        *(ROOT / "docs").glob("*.py"),
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
    ]
)


def docstrings(tree: ast.Module) -> Iterator[tuple[str, bool]]:
    """Yield each docstring, those of attributes too, and whether it describes a value: an attribute or a property."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        decorators = [ast.unparse(decorator) for decorator in getattr(node, "decorator_list", ())]
        for position, statement in enumerate(body if isinstance(body, list) else ()):
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                text = statement.value.value
                if isinstance(text, str):
                    yield text, position > 0 or any("property" in decorator for decorator in decorators)


def without_code(text: str) -> str:
    return FORMULA.sub("", ARGUMENT.sub("", CODE.sub("", DOCTEST.sub("", text))))


def faults_of_text(source: str, *, python: bool) -> Iterator[tuple[str, str]]:
    """Yield each fault as its rule, or the word that is to be replaced, and the text it is in."""
    texts = [FENCE.sub("", source)]
    if python:
        found = list(docstrings(ast.parse(source)))
        tokens = tokenize.generate_tokens(io.StringIO(source).readline)
        texts = [text for text, _ in found] + [t.string for t in tokens if t.type == tokenize.COMMENT]
        for text, of_value in found:
            if without_code(text).count(";") > 1:
                yield "semicolons", text
            if OPENING.match(text) or (not of_value and text.lstrip().startswith("Whether ")):
                yield "opening", text
    for text in texts:
        for word in WORD.findall(without_code(text)):
            yield word.lower(), text


def faults(path: Path) -> dict[str, str]:
    """Return the faults of a file by rule or word, each with one text it is in."""
    return dict(faults_of_text(path.read_text(encoding="utf-8"), python=path.suffix == ".py"))


def allowed() -> dict[str, set[str]]:
    """Return the faults that are left, by file. A merge of branches may leave several lines of one file."""
    left: dict[str, set[str]] = {}
    for line in ALLOWED.read_text(encoding="utf-8").splitlines() if ALLOWED.exists() else ():
        path, _, rules = line.partition(": ")
        left.setdefault(path, set()).update(rules.split())
    return left


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('"""A search; it stops; it ends."""', {"semicolons"}),
        ('"""A search; it stops."""\nx = 1  # a rung; or two; or three', {"rung"}),
        ('"""What it does."""', {"opening"}),
        ('def f():\n    """Whether it does."""', {"opening"}),
        ('@property\ndef f():\n    """Whether it does."""', set()),
        ('x = True\n"""Whether it does."""', set()),
        ('"""Return the ``rung``.\n\n>>> rung = "law"\n"""\nlaw = "told"', set()),
        ('"""Return the Rungs.\n\nArgs:\n    rung: A law.\n"""', {"rungs", "law"}),
    ],
)
def test_the_rules_find_what_they_are_for(source: str, expected: set[str]) -> None:
    assert {rule for rule, _ in faults_of_text(source, python=True)} == expected


def test_pages_are_read_without_their_code() -> None:
    page = "Its law is `told`.\n\n```text\nrung\n```\nThat `stands\nthere`."
    assert [rule for rule, _ in faults_of_text(page, python=False)] == ["law"]


def test_prose_is_plain_but_where_it_is_allowed_not_to_be() -> None:
    found = {path.relative_to(ROOT).as_posix(): faults(path) for path in FILES}
    known = allowed()
    if os.environ.get("SHRINK_PROSE"):
        left = {path: sorted(rules & found.get(path, {}).keys()) for path, rules in known.items()}
        ALLOWED.write_text("".join(f"{path}: {' '.join(rules)}\n" for path, rules in left.items() if rules))
        known = allowed()
    new = [
        f"{path}: {rule!r} in {text.strip()[:200]!r}"
        for path, here in found.items()
        for rule, text in here.items()
        if rule not in known.get(path, ())
    ]
    assert not new, "see the glossary of CONTRIBUTING.md:\n" + "\n".join(new)
    gone = [f"{path}: {rule}" for path, rules in known.items() for rule in rules if rule not in found.get(path, {})]
    assert not gone, "no longer needed, run with SHRINK_PROSE=1:\n" + "\n".join(gone)
