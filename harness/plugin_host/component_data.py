"""Components from plain data, and the reverse."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from harness.complaints import Complaint, SpecError, show
from harness.components import Component
from harness.plugin_host.options import configure
from harness.plugin_host.registry import AmbiguousName, Kind, Registry, UnknownName


def component_from(registry: Registry, kind: Kind, spec: Mapping[str, Any] | str) -> Component:
    """Return the component that ``{"use": name, **options}``, or its name alone, describes.

    A ``version`` in the spec must equal that of the component, because other versions give other numbers.

    Args:
        registry: Plugins in which the component is looked up.
        kind: Kind of the component.
        spec: Plain data, or a name.

    Returns:
        The component.

    Raises:
        SpecError: If the spec has faults. Paths of the complaints start at the spec.
    """
    spec = {"use": spec} if isinstance(spec, str) else spec
    name = spec.get("use")
    if not isinstance(name, str):
        example = next(iter(registry.names(kind)), "name")
        expected = f"the name of {'an' if kind[0] in 'aeio' else 'a'} {kind}, such as use = {show(example)}"
        if "use" in spec:
            raise SpecError([Complaint("wrong-type", ("use",), f"found {show(name)}, expected {expected}")])
        raise SpecError([Complaint("missing", ("use",), f"is missing: {expected}")])
    cls = find_component(registry, kind, name, ("use",))
    return make_component(cls, {key: value for key, value in spec.items() if key != "use"}, registry)


def find_component(registry: Registry, kind: Kind, name: str, path: tuple[str, ...]) -> Any:
    """Return what plugins provide under a name.

    Args:
        registry: Plugins in which the name is looked up.
        kind: Kind of the component.
        name: The name, with or without its plugin.
        path: Place of the name, for complaints.

    Raises:
        SpecError: If there is no such name, or several plugins provide it.
    """
    try:
        return registry.find(kind, name)
    except UnknownName as error:
        raise SpecError([Complaint("unknown-name", path, error.message, error.nearest)]) from error
    except AmbiguousName as error:
        raise SpecError([Complaint("ambiguous-name", path, str(error))]) from error


def make_component(cls: type[Component], options: Mapping[str, Any], registry: Registry) -> Component:
    """Return a component of a class.

    Args:
        cls: The class.
        options: Its options, and perhaps its ``version``.
        registry: Plugins in which options that are components are looked up.

    Raises:
        SpecError: With all complaints. Paths start at the options.
    """
    options = dict(options)
    version = options.pop("version", cls.version)
    if version != cls.version or type(version) is not int:
        message = f"{cls.kind} {show(cls.name)} is of version {cls.version} here, the spec asks for {show(version)}"
        raise SpecError([Complaint("other-version", ("version",), message)])
    complaints: list[Complaint] = []
    for key, part in cls().parts().items():
        if key in options and not isinstance(options[key], Component):
            try:
                options[key] = _part(registry, part, options[key])
            except SpecError as error:
                complaints += [complaint.below(key) for complaint in error.complaints]
                del options[key]
    try:
        made = configure(cls, options)
    except SpecError as error:
        raise SpecError([*complaints, *error.complaints]) from error
    if complaints:
        raise SpecError(complaints)
    return made


def _part(registry: Registry, default: Component, spec: Any) -> Component:
    """Return an option that is a component itself, from its name or its table.

    Raises:
        SpecError: With all complaints. Paths start at the option.
    """
    kind: Kind = default.kind  # type: ignore[assignment]  # kinds of components are kinds
    if not isinstance(spec, str | Mapping):
        expected = f"a name such as {show(default.name)}, or a table such as {{ use = {show(default.name)} }}"
        raise SpecError([Complaint("wrong-type", (), f"found {show(spec)}, expected {expected}")])
    try:
        return component_from(registry, kind, spec)
    except SpecError as error:
        if not isinstance(spec, str):
            raise
        raise SpecError([dataclasses.replace(complaint, path=()) for complaint in error.complaints]) from error


def component_spec(component: Component, kind: Kind, registry: Registry | None) -> dict[str, Any]:
    """Return plain data from which :func:`component_from` makes an equal component.

    Args:
        component: Any component.
        kind: Its kind.
        registry: Plugins of the run, or None for the short name.

    Returns:
        A table with ``use``, ``version`` and all options.
    """
    spec: dict[str, Any] = json.loads(json.dumps(component.spec()))
    if registry is not None:
        spec["use"] = registry.name_of(kind, type(component))
        for key, part in component.parts().items():
            name = registry.name_of(part.kind, type(part))  # type: ignore[arg-type]  # kinds of components are kinds
            spec[key] = name if isinstance(spec[key], str) else {**spec[key], "use": name}
    return spec
