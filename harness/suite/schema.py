"""The JSON Schema of suite files, for editors that complete and check them: ``python -m harness.suite.schema``."""

from __future__ import annotations

import sys
from typing import Any

from pydantic import TypeAdapter

from harness.components import Tuning
from harness.json_schema import write_schema
from harness.plugin_host.checks import PARTS
from harness.suite.claim import ClaimSection
from harness.suite.file import METHODS, Sizes, SuiteFile

_REGIME_KEYS = {
    "name": "What tables call it; made from the preset and what was changed if left out.",
    "use": "Name of a preset to start from; without it all four ingredients must be given.",
    "theory": "Name of the theory whose step size step_size = 'theory' means.",
    "summary": "One line about it.",
    "solver": "Name of the solver that must train it; chosen if left out.",
    "continuation": "Name of the continuation that decides its fates; the shipped one that can if left out.",
}


def suite_schema() -> dict[str, Any]:
    """Return the JSON Schema of a suite.

    The schema accepts any option of a component, because options depend on the plugins. The harness checks them.
    """
    schema = SuiteFile.model_json_schema(by_alias=True)
    definitions = schema["$defs"]
    searches = []
    for method, cls in METHODS.items():
        search = TypeAdapter(cls).json_schema(ref_template="#/$defs/{model}")
        definitions |= search.pop("$defs", {})
        search["properties"]["method"] = {"const": method, "description": "How widths are chosen."}
        if method == "grid":
            search["properties"]["widths"] = TypeAdapter(Sizes).json_schema(ref_template="#/$defs/{model}")
            definitions |= search["properties"]["widths"].pop("$defs", {})
            search["required"] = ["method", *search.get("required", [])]
        search["additionalProperties"] = False
        search.pop("description", None)
        searches.append(search)
    properties = schema["properties"]
    properties["search"] = {"description": properties["search"]["description"], "anyOf": searches}
    ingredient = {
        "anyOf": [
            {"type": "string"},
            {"type": "object", "properties": {"use": {"type": "string"}, "version": {"type": "integer"}}},
        ]
    }
    properties["regimes"]["items"] = {
        "type": "object",
        "properties": {
            **{key: {"type": "string", "description": text} for key, text in _REGIME_KEYS.items()},
            **{
                part: {"description": f"Replaces the {part} (with use) or changes its options.", **ingredient}
                for part in PARTS
            },
            "tune": {
                "description": "Step sizes (step_size) or factors of the stable step (c) to choose from at each width.",
                **TypeAdapter(Tuning).json_schema(),
            },
            "diagnostics": {
                "type": "array",
                "description": "What else is recorded of each trial; replaces the preset's list.",
                "items": ingredient,
            },
        },
        "additionalProperties": {"description": "Option of the one ingredient that has it."},
    }
    claims = ClaimSection.model_json_schema(ref_template="#/$defs/{model}")
    definitions |= claims.pop("$defs", {})
    properties["claims"]["items"] = claims
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


if __name__ == "__main__":
    write_schema(suite_schema(), sys.argv[1:])
