"""Composition of regimes from plain data, and the reverse."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping
from typing import Any, Literal

from harness.complaints import Code, Complaint, SpecError, plain_complaints, show
from harness.components import Component, Diagnostic, Regime, StepPolicy, Theory, Tuning
from harness.plugin_host.acceptance import not_accepted
from harness.plugin_host.checks import PARTS
from harness.plugin_host.component_data import component_from, component_spec, find_component, make_component
from harness.plugin_host.options import configure, likely, option_names
from harness.plugin_host.regime_names import brief, change_named, default_name
from harness.plugin_host.registry import Kind, Registry

OWN_KEYS = ("name", "use", *PARTS, "theory", "summary", "diagnostics", "solver", "continuation", "tune")
"""Keys of a regime that are not options of its ingredients."""

MOST_CHOICES, MOST_LISTED = 8, 2
"""Largest number of names of an ingredient that a message lists, and of missing ingredients for which it does."""


def build_regime(spec: Mapping[str, Any], registry: Registry) -> Regime:
    """Return the regime that a table of a suite describes.

    ``use`` names a preset to start from. Without it all four ingredients must be given. ``model``, ``initializer``,
    ``optimizer`` and ``criterion`` replace an ingredient if they have ``use``, and change options of the preset's
    ingredient if they do not. Any other key is an option of the one ingredient that has it.

    Args:
        spec: Table of the suite.
        registry: Plugins in which components are looked up.

    Returns:
        The regime.

    Raises:
        SpecError: If the table has faults. Paths of the complaints start at the table.
    """
    return _Composer(spec, registry).regime()


def regime_spec(regime: Regime, registry: Registry | None = None) -> dict[str, Any]:
    """Return plain data from which ``build_regime`` makes an equal regime.

    The data name the versions of the components, and other versions are refused.

    Args:
        regime: Any regime.
        registry: Plugins of the run, or None. They are needed if several plugins provide a short name: names are then
            written with their packages.

    Returns:
        A table as in a suite, with all options.
    """
    spec: dict[str, Any] = {"name": regime.name}
    for part in PARTS:
        spec[part] = component_spec(getattr(regime, part), part, registry)  # type: ignore[arg-type]  # parts are kinds
    if regime.diagnostics:
        spec["diagnostics"] = [component_spec(d, "diagnostic", registry) for d in regime.diagnostics]
    tune = {} if regime.tune is None else {"tune": regime.tune.data()}
    return spec | tune | {"theory": regime.theory, "summary": regime.summary}


class _Composer:
    """The composer of one regime. It goes on after each fault to find all of them."""

    def __init__(self, spec: Mapping[str, Any], registry: Registry) -> None:
        self.spec, self.registry = spec, registry
        self.complaints = plain_complaints(spec)
        self.changed: list[str] = []
        self.moved: dict[tuple[str | int, ...], tuple[str | int, ...]] = {}

    def regime(self) -> Regime:
        texts = {key: self._text(key) for key in ("name", "use", "theory", "summary", "solver", "continuation")}
        preset = self._preset(texts["use"])
        classes: dict[str, type[Component] | None] = {}
        options: dict[str, dict[str, Any]] = {}
        for part in PARTS:
            classes[part], options[part] = self._ingredient(part, preset)
        self._flat(classes, options)
        parts = {part: self._configure(part, cls, options[part]) for part, cls in classes.items()}
        self.complaints += not_accepted(parts, self.spec, self.registry)
        theory = self._theory(texts["theory"], preset, parts["optimizer"])
        diagnostics = self._diagnostics(preset)
        made_by = {kind: self._named(kind, texts[kind], preset) for kind in ("solver", "continuation")}
        tune = self._tune(preset)
        if self.complaints:
            raise SpecError(self.complaints)
        name = texts["name"] or default_name(preset, self.changed, parts)
        summary = texts["summary"] if texts["summary"] is not None else (preset.summary if preset else "")
        made = Regime(name, **parts, theory=theory, summary=summary, diagnostics=diagnostics, **made_by)  # type: ignore[arg-type]  # checked by kind
        return dataclasses.replace(made, tune=tune)

    def _tune(self, preset: Regime | None) -> Tuning | None:
        """Return the step sizes to choose from, or None if the suite gives none."""
        given = self.spec.get("tune")
        if "tune" not in self.spec:
            return preset.tune if preset else None
        if not isinstance(given, Mapping):
            expected = "a table such as { step_size = [0.01, 0.1, 1.0], select = 'validation-error' }"
            self._refuse("wrong-type", ("tune",), f"found {show(given)}, expected {expected}")
            return None
        own = {**_table(self.spec.get("optimizer")), **{k: v for k, v in self.spec.items() if k == "step_size"}}
        if not isinstance(own.get("step_size", ""), str) or ("c" in self.spec and "c" in given):
            self._refuse("given-twice", ("tune",), "chooses the step size: leave out the optimizer's own")
        try:
            return configure(Tuning, given)
        except SpecError as error:
            self.complaints += [complaint.below("tune") for complaint in error.complaints]
            return None

    def _named(self, kind: Literal["solver", "continuation"], given: str | None, preset: Regime | None) -> str:
        """Return the name of the solver or the continuation that the regime must have, or an empty string."""
        if given is None:
            return str(getattr(preset, kind)) if preset else ""
        try:
            find_component(self.registry, kind, given, (kind,))
        except SpecError as error:
            self.complaints += error.complaints
        return given

    def _diagnostics(self, preset: Regime | None) -> tuple[Diagnostic, ...]:
        """Return the diagnostics. A list in the suite replaces the preset's."""
        if "diagnostics" not in self.spec:
            return preset.diagnostics if preset else ()
        given = self.spec["diagnostics"]
        if not isinstance(given, list):
            self._refuse("wrong-type", ("diagnostics",), f"found {show(given)}, expected a list such as ['name']")
            return ()
        made: list[Diagnostic] = []
        for i, entry in enumerate(given):
            if not isinstance(entry, str | Mapping):
                self._refuse("wrong-type", ("diagnostics", i), f"found {show(entry)}, expected a name or a table")
                continue
            try:
                made.append(component_from(self.registry, "diagnostic", entry))  # type: ignore[arg-type]  # of that kind
            except SpecError as error:
                self.complaints += [complaint.below("diagnostics", i) for complaint in error.complaints]
        counts = Counter(diagnostic.name for diagnostic in made)
        for name in sorted(name for name, count in counts.items() if count > 1):
            self._refuse("given-twice", ("diagnostics",), f"names {show(name)} twice")
        return tuple(made)

    def _refuse(self, code: Code, path: tuple[str | int, ...], message: str, close: str = "") -> None:
        self.complaints.append(Complaint(code, path, message, close))

    def _text(self, key: str) -> str | None:
        value = self.spec.get(key)
        if value is None or isinstance(value, str):
            if key in ("name", "use") and value is not None and not value.strip():
                self._refuse("empty-name", (key,), "is empty")
            return value
        self._refuse("wrong-type", (key,), f"found {show(value)}, expected a text in quotes")
        return None

    def _preset(self, use: str | None) -> Regime | None:
        if use is not None and use.strip():
            try:
                preset: Regime = find_component(self.registry, "regime", use, ("use",))
            except SpecError as error:
                self.complaints += error.complaints
            else:
                return preset
        elif "use" not in self.spec and (missing := [part for part in PARTS if part not in self.spec]):
            known = self._like_this()
            example = f"; or start from a preset, such as use = {show(known[0])}" if known else ""
            few = len(missing) <= MOST_LISTED
            parts = ", ".join(f"{part} ({self._choices(part)})" if few else part for part in missing)  # type: ignore[arg-type]  # parts are kinds
            self._refuse("missing", (), f"a regime without use needs {parts}{example}")
        return None

    def _like_this(self) -> list[str]:
        """Return the names of the presets, those first that share the most parts with this regime."""
        given = {part: _table(self.spec.get(part)).get("use", self.spec.get(part)) for part in PARTS}

        def shared(preset: Regime) -> int:
            return sum(given[part] == getattr(preset, part).name for part in PARTS)

        presets = self.registry.all("regime")
        return sorted(presets, key=lambda name: shared(presets[name]), reverse=True)

    def _choices(self, part: Kind) -> str:
        """Return the names that a part may have, as messages need them."""
        names = self.registry.names(part)
        listed = ", ".join(show(name) for name in names[:MOST_CHOICES])
        return listed + (f" and {len(names) - MOST_CHOICES} more" if len(names) > MOST_CHOICES else "")

    def _ingredient(self, part: Kind | str, preset: Regime | None) -> tuple[type[Component] | None, dict[str, Any]]:
        """Return the class of an ingredient, and its options from its own table and the preset."""
        own: Component | None = getattr(preset, part) if preset else None
        given = self.spec.get(part)
        if part not in self.spec:
            return (type(own), {**own.options(), **own.parts()}) if own else (None, {})
        given = {"use": given} if isinstance(given, str) else given
        if not isinstance(given, Mapping):
            self._refuse("wrong-type", (part,), f"found {show(given)}, expected a table such as {{ use = 'name' }}")
            return None, {}
        self.changed += [name] if isinstance(name := given.get("use"), str) else []
        self.changed += [f"{key} {brief(value)}" for key, value in given.items() if key not in ("use", "version")]
        if "use" not in given and own is not None:
            return type(own), {**own.options(), **own.parts(), **given}
        if not isinstance(name, str):
            if "use" in given or "use" not in self.spec:  # otherwise there is a complaint about the preset already
                self._refuse("missing", (part, "use"), f"is missing: write {part} = {{ use = 'name' }}")
            return None, {}
        try:
            cls = find_component(self.registry, part, name, (part, "use"))  # type: ignore[arg-type]  # parts are kinds
        except SpecError as error:
            self.complaints += error.complaints
            return None, {}
        return cls, {key: value for key, value in given.items() if key != "use"}

    def _flat(self, classes: Mapping[str, type[Component] | None], options: dict[str, dict[str, Any]]) -> None:
        """Give each key that is not the regime's own to the ingredient that has such an option."""
        for key, value in self.spec.items():
            if key in OWN_KEYS:
                continue
            owners = [part for part, cls in classes.items() if cls is not None and key in option_names(cls)]
            tables = [part for part in owners if isinstance(t := self.spec.get(part), Mapping) and key in t]
            if tables:
                self._refuse("given-twice", (key,), f"is given twice, here and in {tables[0]}")
            elif len(owners) == 1:
                options[owners[0]][key] = value
                self.changed.append(change_named(key, value))
                self.moved[(owners[0], key)] = (key,)
            elif owners:
                ways = " or ".join(f"{part} = {{ {key} = {show(value)} }}" for part in owners)
                self._refuse("ambiguous-option", (key,), f"is an option of {' and '.join(owners)}; write {ways}")
            elif all(cls is not None for cls in classes.values()):
                known = {o: p for p, cls in classes.items() if cls is not None for o in option_names(cls)}
                listed = ", ".join(f"{option} ({part})" for option, part in sorted(known.items()))
                message = f"is not an option of this regime ({listed})"
                self._refuse("unknown-option", (key,), message, likely(key, (*known, *OWN_KEYS)))
            else:  # the key may belong to an ingredient that is unknown and has a complaint already
                continue

    def _configure(self, part: str, cls: type[Component] | None, options: Mapping[str, Any]) -> Component | None:
        if cls is None:
            return None
        try:
            return make_component(cls, options, self.registry)
        except SpecError as error:
            seen = {complaint.path for complaint in self.complaints}
            for complaint in error.complaints:
                path = (part, *complaint.path)
                path = (*self.moved.get(path[:2], path[:2]), *path[2:])
                if path not in seen:
                    self.complaints.append(dataclasses.replace(complaint, path=path))
            return None

    def _theory(self, given: str | None, preset: Regime | None, optimizer: Component | None) -> str:
        """Return the name of the theory after checking that it exists.

        It must give a step size if the optimizer needs one.
        """
        name = given if given is not None else self._preset_theory(preset)
        wants_step = getattr(optimizer, "step_size", None) == "theory"
        if not name:
            if wants_step and (preset is not None or "use" not in self.spec):
                message = "found 'theory', but this regime names no theory that gives a step size"
                self._refuse("needs-theory", self._step_path(), message)
            return ""
        if given is None and not wants_step:
            return name
        path = ("theory",) if given is not None else self._step_path()
        try:
            theory: type[Theory] = find_component(self.registry, "theory", name, path)
        except SpecError as error:
            self.complaints += error.complaints
            return name
        if wants_step and not issubclass(theory, StepPolicy):
            message = f"found 'theory', but the theory {show(name)} gives no step size"
            self._refuse("needs-theory", self._step_path(), message)
        return name

    def _preset_theory(self, preset: Regime | None) -> str:
        """Return the name of the preset's theory, with its plugin if other plugins provide the same name."""
        name = preset.theory if preset is not None else ""
        if name and len(self.registry.providers("theory", name)) > 1:
            for plugin, regime in self.registry.providers("regime", str(self.spec["use"])):
                if regime is preset and name in plugin.provided.get("theory", {}):
                    return f"{plugin.name}:{name}"
        return name

    def _step_path(self) -> tuple[str, ...]:
        if "step_size" in self.spec:
            return ("step_size",)
        return ("optimizer", "step_size") if "optimizer" in self.spec else ()


def _table(value: Any) -> Mapping[str, Any]:
    """Return a value that is a table, or an empty one."""
    return value if isinstance(value, Mapping) else {}
