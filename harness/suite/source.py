"""Files of suites: where they are found, and their text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from harness.complaints import Complaint, SpecError, lines, nearest, printable

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_BYTES = 1_000_000
ZIP = b"PK\x03\x04"
"""First bytes of a zip archive."""


class SuiteError(SpecError):
    """A suite that cannot be used.

    Attributes:
        complaints: Every fault of the suite, in the order of the file.
        path: File of the suite, or None for a text.
    """

    def __init__(self, complaints: Iterable[Complaint], path: Path | None = None) -> None:
        super().__init__(sorted(complaints, key=lambda c: (c.line or 0, c.path == (), [str(key) for key in c.path])))
        self.path = path

    def __str__(self) -> str:
        subject = printable(str(self.path)) if self.path is not None else "the suite"
        if len(self.complaints) == 1:
            return f"{subject}: {self.complaints[0]}"
        listed = "\n".join(f"  {line}" for line in lines(self.complaints))
        return f"{subject}: {len(self.complaints)} things are wrong\n{listed}"


def _folders() -> tuple[Path, ...]:
    """Return the folders of suites known by name: of the current directory, the installed package, and a checkout."""
    package = Path(__file__).resolve().parents[1]
    return Path("suites"), package / "suites", package.parent / "suites"


def shipped_suites() -> dict[str, Path]:
    """Return the files of the suites that are known by bare names, by name."""
    found: dict[str, Path] = {}
    for folder in _folders():
        for path in sorted(folder.glob("*.toml")) if folder.is_dir() else ():
            found.setdefault(path.stem, path)
    return dict(sorted(found.items()))


def find_suite(name_or_path: str | Path) -> Path:
    """Return the file of a suite, given as a path or as the bare name of a shipped suite.

    Raises:
        SuiteError: If there is neither such a file nor such a name.
    """
    path = Path(name_or_path)
    shipped = shipped_suites()
    if str(name_or_path) in shipped and not path.is_file():
        return shipped[str(name_or_path)]
    try:
        there = path.exists()
    except (OSError, ValueError):  # raised for names that are too long or have a null character
        there = False
    if there:
        return path
    named = {name: name for name in shipped} | {file.stem: str(file) for file in _beside(path)}
    close = named.get(nearest(path.stem, named), "")
    message = f"there is no such file, and no suite of this name ({', '.join(shipped)})"
    raise SuiteError([Complaint("no-such-file", (), message, close)], path)


def _beside(path: Path) -> list[Path]:
    """Return the TOML files in the folder of a path, or none if the folder cannot be read."""
    try:
        return sorted(path.parent.glob("*.toml"))
    except (OSError, ValueError):  # the folder may not be read, or has no possible name
        return []


def read_suite(path: Path) -> str:
    """Return the text of a suite file.

    Raises:
        SuiteError: If it is not a text file of reasonable size.
    """
    try:
        if path.is_dir():
            raise SuiteError([Complaint("unreadable", (), "is a folder, expected a TOML file")], path)
        if not path.is_file():
            raise SuiteError([Complaint("no-such-file", (), "there is no such file")], path)
        if path.stat().st_size > MAX_BYTES:
            message = f"is larger than {MAX_BYTES} bytes: hardly a suite"
            raise SuiteError([Complaint("too-large", (), message)], path)
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        if isinstance(error, SuiteError):
            raise
        reason = getattr(error, "strerror", None) or str(error)
        raise SuiteError([Complaint("unreadable", (), f"cannot be read: {reason}")], path) from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if data.startswith(ZIP):
            message = (
                "is a zip archive, expected a TOML file; archives of runs are for report, compare, verify and merge"
            )
            raise SuiteError([Complaint("not-text", (), message)], path) from error
        line = data[: error.start].count(b"\n") + 1
        raise SuiteError([Complaint("not-text", (), "is not UTF-8 text", line=line)], path) from error
