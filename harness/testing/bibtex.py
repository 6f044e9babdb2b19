"""A strict parser of BibTeX entries, so that accepted entries work in bibliography programs."""

from __future__ import annotations

import re

HEAD = re.compile(r"\s*@(?P<kind>[A-Za-z]+)\s*\{\s*(?P<key>[^\s,{}\"#%~\\]+)\s*,")
FIELD = re.compile(r"\s*(?P<name>[A-Za-z][\w-]*)\s*=\s*")
BARE = re.compile(r"[A-Za-z0-9]+")


def parse_bibtex(text: str) -> dict[str, str]:
    """Return the fields of one entry, with its type as ``@`` and its key as ``key``.

    Raises:
        ValueError: If it is not an entry. The message says where and why.

    >>> parse_bibtex("@misc{nother2027, title = {On {L}og Width}, year = 2027}")
    {'@': 'misc', 'key': 'nother2027', 'title': 'On {L}og Width', 'year': '2027'}
    """
    head = HEAD.match(text)
    if head is None:
        raise ValueError("it does not begin with @type{key,")
    if text.count("{") != text.count("}"):
        raise ValueError(f"braces are not balanced: {text.count('{')} open, {text.count('}')} close")
    fields = {"@": head["kind"].lower(), "key": head["key"]}
    at = head.end()
    while True:
        field = FIELD.match(text, at)
        if field is None:
            break
        value, at = _value(text, field.end(), field["name"])
        fields[field["name"].lower()] = " ".join(value.split())
        comma = re.compile(r"\s*,").match(text, at)
        if comma is None:
            break
        at = comma.end()
    if re.fullmatch(r"\s*\}\s*", text[at:]) is None:
        raise ValueError(f"after the field {list(fields)[-1]!r} stands {text[at:].strip()[:20]!r}, expected , or }}")
    return fields


def _value(text: str, at: int, name: str) -> tuple[str, int]:
    """Return a value in braces, in quotes or bare, and the position of its end."""
    if at < len(text) and text[at] in '{"':
        closing = "}" if text[at] == "{" else '"'
        depth = 0
        for end in range(at + 1, len(text)):
            if text[end] == closing and depth == 0:
                return text[at + 1 : end], end + 1
            depth += (text[end] == "{") - (text[end] == "}")
        raise ValueError(f"the value of {name!r} does not end: braces are not balanced")
    bare = BARE.match(text, at)
    if bare is None:
        raise ValueError(f"the field {name!r} has no value in braces or quotes")
    return bare[0], bare.end()
