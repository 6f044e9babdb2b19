"""The decorator of records whose docstrings become descriptions of a JSON Schema."""

from __future__ import annotations

from pydantic import ConfigDict, with_config

described = with_config(ConfigDict(extra="forbid", use_attribute_docstrings=True))
