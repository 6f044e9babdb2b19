"""Tables of the keys of ``thresholds.json``, as Markdown, made of its JSON Schema."""

from __future__ import annotations

from findings.markdown import table
from harness.report.thresholds_file import thresholds_schema


def keys_table(name: str) -> str:
    """Return a row for each key of one kind of record, without keys that it shares with the record it is based on.

    Args:
        name: Kind of record, such as ``threshold``, or ``file`` for the whole file.

    Raises:
        LookupError: If there is no such kind.
    """
    schema = thresholds_schema()
    kinds = {kind.removesuffix("Data").lower(): record for kind, record in schema["$defs"].items()} | {"file": schema}
    if name not in kinds:
        raise LookupError(f"there is no record {name!r}; there are {', '.join(kinds)}")
    properties = kinds[name]["properties"]
    if name == "threshold":
        properties = {key: value for key, value in properties.items() if key not in kinds["answer"]["properties"]}
    return table(["key", "meaning"], [[f"`{key}`", value["description"]] for key, value in properties.items()])
