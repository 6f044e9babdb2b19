"""The line of each value in a TOML text."""

from __future__ import annotations

import bisect
import re

import tomli

Path = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BARE_VALUE = re.compile(r"[^,\]}#\n]*")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'',
    re.DOTALL,
)


class TomlPlaces:
    r"""The lines of the keys and list entries of a valid TOML text.

    >>> places = TomlPlaces("[suite]\nseed = 1\n[[regimes]]\n[[regimes]]\nuse = 'lazy'")
    >>> places.line(("suite", "seed")), places.line(("regimes", 1, "use"))
    (2, 5)

    A path that is not in the text has the line of the innermost table around it:

    >>> places.line(("suite", "name")), places.line(("budget", "steps"))
    (1, None)
    """

    def __init__(self, text: str) -> None:
        self.lines: dict[Path, int] = {}
        self._text = text.replace("\r\n", "\n")
        self._breaks = [match.start() for match in re.finditer("\n", self._text)]
        self._at = 0
        self._lengths: dict[Path, int] = {}
        self._document()

    def line(self, path: Path) -> int | None:
        """Return the line of a path from 1, or of the innermost table around it, or None if there is none."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return None

    def _record(self, path: Path, at: int) -> None:
        self.lines.setdefault(path, bisect.bisect_left(self._breaks, at) + 1)

    def _skip_blank(self) -> None:
        match = _BLANK.match(self._text, self._at)
        assert match is not None  # the pattern matches the empty string
        self._at = match.end()

    def _looking_at(self, token: str) -> bool:
        return self._text.startswith(token, self._at)

    def _document(self) -> None:
        table: Path = ()
        while True:
            self._skip_blank()
            if self._at >= len(self._text):
                return
            start = self._at
            if self._looking_at("["):
                table = self._header(start)
            else:
                self._pair(table)

    def _header(self, start: int) -> Path:
        is_list = self._looking_at("[[")
        self._at += 2 if is_list else 1
        keys = self._keys()
        self._at += 2 if is_list else 1
        path: Path = ()
        for position, key in enumerate(keys):
            path = (*path, key)
            last = position == len(keys) - 1
            if is_list and last:
                self._record(path, start)
                self._lengths[path] = self._lengths.get(path, 0) + 1
            if path in self._lengths:
                path = (*path, self._lengths[path] - 1)
            self._record(path, start)
        return path

    def _keys(self) -> list[str]:
        """Read a dotted key and the blanks after it."""
        keys: list[str] = []
        while True:
            self._skip_blank()
            if self._text[self._at] in "\"'":
                keys.append(str(tomli.loads(f"key = {self._string()}")["key"]))
            else:
                match = _BARE_KEY.match(self._text, self._at)
                assert match is not None  # tomli accepted the text before
                self._at = match.end()
                keys.append(match.group())
            self._skip_blank()
            if not self._looking_at("."):
                return keys
            self._at += 1

    def _pair(self, table: Path) -> None:
        start = self._at
        path = table
        for key in self._keys():
            path = (*path, key)
            self._record(path, start)
        self._at += 1  # the equals sign
        self._value(path)

    def _string(self) -> str:
        match = _STRING.match(self._text, self._at)
        assert match is not None
        self._at = match.end()
        return match.group()

    def _value(self, path: Path) -> None:
        self._skip_blank()
        if self._looking_at("["):
            self._entries(path)
        elif self._looking_at("{"):
            self._inline_table(path)
        elif self._text[self._at] in "\"'":
            self._string()
        else:
            match = _BARE_VALUE.match(self._text, self._at)
            assert match is not None
            self._at = match.end()

    def _entries(self, path: Path) -> None:
        self._at += 1
        index = 0
        while True:
            self._skip_blank()
            if self._looking_at("]"):
                break
            self._record((*path, index), self._at)
            self._value((*path, index))
            index += 1
            self._skip_comma()
        self._at += 1

    def _inline_table(self, path: Path) -> None:
        self._at += 1
        while True:
            self._skip_blank()
            if self._looking_at("}"):
                break
            self._pair(path)
            self._skip_comma()
        self._at += 1

    def _skip_comma(self) -> None:
        self._skip_blank()
        if self._looking_at(","):
            self._at += 1
