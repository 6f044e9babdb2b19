"""The tables of a suite file, and the complaints about them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from harness.complaints import Code, Complaint, nearest, show
from harness.plugin_host.options import option_names
from harness.plugin_host.validation import from_pydantic
from harness.suite.file import METHODS, SECTIONS, Section, SuiteFile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.plugin_host.registry import Registry

S = TypeVar("S", bound=Section)


def sections() -> str:
    """Return the sections that a suite needs, as text for messages."""
    return ", ".join(f"[{section}]" for section in SECTIONS) + " and [[regimes]]"


class Tables:
    """The tables of a suite file. Readers of them go on after each fault, so that all faults are found.

    Attributes:
        data: The tables, those of misspelled sections under their correct names once :meth:`correct_names` was called.
        registry: Plugins in which components are looked up.
        path: File of the suite, or None if it is a text.
        complaints: Faults found so far.
        misspelled: Correct names of sections, and the names that the file gives to them.
    """

    def __init__(self, data: Mapping[str, Any], registry: Registry, path: Path | None) -> None:
        self.data, self.registry, self.path = data, registry, path
        self.complaints: list[Complaint] = []
        self.misspelled: dict[str, str] = {}

    def refuse(self, code: Code, path: tuple[str | int, ...], message: str, close: str = "") -> None:
        """Add a complaint. ``close`` is the nearest valid name, if there is one."""
        self.complaints.append(Complaint(code, path, message, close))

    def miss(self, section: str) -> None:
        """Add the complaint that a section is missing."""
        self.refuse("missing-section", (section,), f"is missing: a suite needs {sections()}")

    def table(self, key: str, *, needed: bool = True) -> dict[str, Any] | None:
        """Return a table of the file, or None with a complaint if it is none or is missing though needed."""
        if key not in self.data:
            if needed:
                self.miss(key)
            return None
        value = self.data[key]
        if isinstance(value, dict):
            return value
        if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            self.refuse("wrong-brackets", (key,), f"is a list of tables: write [{key}], once, with single brackets")
        else:
            self.refuse("wrong-type", (key,), f"found {show(value)}, expected a section [{key}]")
        return None

    def section(self, key: str, model: type[S]) -> S | None:
        """Return a section that is needed, validated by its model, or None if it has faults."""
        table = self.table(key)
        if table is None:
            return None
        known = list(model.model_fields)
        rest = dict(table)
        for name in table:
            home = _home_of(name)
            if name not in known and home not in ("", key):
                where = f"in [{home}]" if home != name else f"above the first section, not in [{key}]"
                self.refuse("misplaced-key", (key, name), f"is not a key of [{key}]; it belongs {where}")
                del rest[name]
        try:
            return model.model_validate_json(json.dumps(rest), strict=True)
        except ValidationError as error:
            self.complaints += [c.below(key) for c in from_pydantic(error, rest, known)]
            return None

    def correct_names(self) -> None:
        """Refuse sections that no suite has, and read misspelled sections under their correct names.

        The parser then also checks what a misspelled section contains.
        """
        known = list(SuiteFile.model_fields)
        for key, value in self.data.items():
            if key in known:
                continue
            home = _home_of(key)
            if home and not isinstance(value, dict):
                self.refuse("misplaced-key", (key,), f"is not a section of a suite; it belongs in [{home}]")
                continue
            close = nearest(key, known)
            self.refuse("unknown-section", (key,), f"is not a section of a suite ({', '.join(known)})", close)
            if isinstance(value, dict | list) and close in (*SECTIONS, "search", "regimes") and close not in self.data:
                self.misspelled.setdefault(close, key)
        right = {name: self.data[key] for name, key in self.misspelled.items()}
        self.data = {**self.data, **right}

    def as_named(self, complaint: Complaint) -> Complaint:
        """Return the complaint with the name that the file gives to its section, which may be misspelled."""
        section, *below = complaint.path or ("",)
        return replace(complaint, path=(self.misspelled[section], *below)) if section in self.misspelled else complaint


def _home_of(key: str) -> str:
    """Return the section that has this key, or the key itself if it is the name of a section."""
    if key in SuiteFile.model_fields:
        return key
    for name, model in SECTIONS.items():
        if key in model.model_fields:
            return name
    return "search" if any(key in option_names(cls) for cls in METHODS.values()) or key == "method" else ""
