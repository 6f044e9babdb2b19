"""Composition of components and regimes from plain data, and the reverse."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from harness.complaints import Code, Complaint, SpecError, nearest, plain_complaints, show
from harness.components import Component, Diagnostic, Initializer, Optimizer, Regime, StepPolicy, Theory, Tuning
from harness.plugin_host.checks import PARTS
from harness.plugin_host.options import configure, option_names
from harness.plugin_host.registry import AmbiguousName, Kind, Registry, UnknownName

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

PART_BASES: Mapping[str, Any] = {"initializer": Initializer, "optimizer": Optimizer}
"""The ingredients that say which models they accept, by the class that declares it."""

OWN_KEYS = ("name", "use", *PARTS, "theory", "summary", "diagnostics", "solver", "continuation", "tune")
"""Keys of a regime that are not options of its ingredients."""


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
    cls = _find(registry, kind, name, ("use",))
    return _make(cls, {key: value for key, value in spec.items() if key != "use"}, registry)


def _find(registry: Registry, kind: Kind, name: str, path: tuple[str, ...]) -> Any:
    try:
        return registry.find(kind, name)
    except UnknownName as error:
        raise SpecError([Complaint("unknown-name", path, error.message, error.nearest)]) from error
    except AmbiguousName as error:
        raise SpecError([Complaint("ambiguous-name", path, str(error))]) from error


def _make(cls: type[Component], options: Mapping[str, Any], registry: Registry) -> Component:
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
        self._acceptance(parts)
        theory = self._theory(texts["theory"], preset, parts["optimizer"])
        diagnostics = self._diagnostics(preset)
        made_by = {kind: self._named(kind, texts[kind], preset) for kind in ("solver", "continuation")}
        tune = self._tune(preset)
        if self.complaints:
            raise SpecError(self.complaints)
        name = texts["name"] or self._default_name(preset, parts)
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
            _find(self.registry, kind, given, (kind,))
        except SpecError as error:
            self.complaints += error.complaints
        return given

    def _acceptance(self, parts: Mapping[str, Any]) -> None:
        """Refuse ingredients that do not accept the others, each with the names of those that would."""
        if any(part is None for part in parts.values()):
            return
        model, optimizer, criterion = parts["model"], parts["optimizer"], parts["criterion"]
        for part in ("initializer", "optimizer"):
            self._accept(parts[part], part, f"model {show(model.name)}", lambda made: made.accepts(model))
        others = f"optimizer {show(optimizer.name)} and criterion {show(criterion.name)}"
        self._accept(model, "model", others, lambda made: made.accepts(optimizer, criterion))

    def _accept(self, made: Any, part: Kind, others: str, accepts: Callable[[Any], bool]) -> None:
        path = (part,) if part in self.spec else ("model",) if "model" in self.spec else ()
        subject = f"{part} {show(made.name)}"
        try:
            accepted = accepts(made)
        except Exception as error:  # plugins may fail in any way
            said = f"{type(error).__name__}: {error}"
            self._refuse("not-accepted", path, f"{subject} cannot be asked whether it accepts {others} ({said})")
            return
        if accepted:
            return
        said = f"{subject} needs {made.needs}, not {others}" if made.needs else f"{subject} does not accept {others}"
        fits = ", ".join(show(name) for name in self._fitting(part, accepts)) if part in PART_BASES else ""
        self._refuse("not-accepted", path, f"{said}; use {fits}" if fits else said)

    def _fitting(self, part: Kind, accepts: Callable[[Any], bool]) -> Iterator[str]:
        """Yield the names of the components that say, at their default options, that they accept the others."""
        base = PART_BASES[part].accepts
        for name in self.registry.names(part):
            cls = self.registry.find(part, name)
            try:
                if cls.accepts is not base and accepts(cls()):
                    yield name
            except Exception:  # as above: another plugin's fault is no reason to say less
                continue

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
                preset: Regime = _find(self.registry, "regime", use, ("use",))
            except SpecError as error:
                self.complaints += error.complaints
            else:
                return preset
        elif "use" not in self.spec and (missing := [part for part in PARTS if part not in self.spec]):
            known = self.registry.names("regime")
            example = f", or use = {show(known[0])} to start from a preset" if known else ""
            self._refuse("missing", (), f"a regime without use needs {', '.join(missing)}{example}")
        return None

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
        self.changed += [f"{key} {_brief(value)}" for key, value in given.items() if key not in ("use", "version")]
        if "use" not in given and own is not None:
            return type(own), {**own.options(), **own.parts(), **given}
        if not isinstance(name, str):
            if "use" in given or "use" not in self.spec:  # otherwise there is a complaint about the preset already
                self._refuse("missing", (part, "use"), f"is missing: write {part} = {{ use = 'name' }}")
            return None, {}
        try:
            cls = _find(self.registry, part, name, (part, "use"))  # type: ignore[arg-type]  # parts are kinds
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
                self.changed.append(_brief(value) if _names(value) else f"{key} {_brief(value)}")
                self.moved[(owners[0], key)] = (key,)
            elif owners:
                ways = " or ".join(f"{part} = {{ {key} = {show(value)} }}" for part in owners)
                self._refuse("ambiguous-option", (key,), f"is an option of {' and '.join(owners)}; write {ways}")
            elif all(cls is not None for cls in classes.values()):
                known = {o: p for p, cls in classes.items() if cls is not None for o in option_names(cls)}
                listed = ", ".join(f"{option} ({part})" for option, part in sorted(known.items()))
                message = f"is not an option of this regime ({listed})"
                self._refuse("unknown-option", (key,), message, nearest(key, (*known, *OWN_KEYS)))
            else:  # the key may belong to an ingredient that is unknown and has a complaint already
                continue

    def _configure(self, part: str, cls: type[Component] | None, options: Mapping[str, Any]) -> Component | None:
        if cls is None:
            return None
        try:
            return _make(cls, options, self.registry)
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
            theory: type[Theory] = _find(self.registry, "theory", name, path)
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

    def _default_name(self, preset: Regime | None, parts: Mapping[str, Component | None]) -> str:
        if preset is not None:
            return ", ".join([preset.name, *self.changed])
        return ", ".join(part.name for part in parts.values() if part is not None)


def _table(value: Any) -> Mapping[str, Any]:
    """Return a value that is a table, or an empty one."""
    return value if isinstance(value, Mapping) else {}


def _names(value: Any) -> bool:
    """Say whether a value names something: as text, or as a table with ``use``."""
    return isinstance(value, str) or (isinstance(value, Mapping) and isinstance(value.get("use"), str))


def _brief(value: Any) -> str:
    if isinstance(value, Mapping) and _names(value):
        return " ".join([value["use"], *(f"{key} {_brief(option)}" for key, option in value.items() if key != "use")])
    return value if isinstance(value, str) else show(value)


def unique_names(regimes: Iterable[Regime], given: Iterable[bool]) -> list[Regime]:
    """Return the regimes with numbers behind names that several of them have.

    Args:
        regimes: Regimes in the order of the suite.
        given: Whether the suite gives each regime its name. Such names are kept.

    Returns:
        The regimes in the same order.
    """
    pairs = list(zip(regimes, given, strict=True))
    taken = {regime.name for regime, written in pairs if written}
    unique: list[Regime] = []
    counts: Counter[str] = Counter()
    for regime, written in pairs:
        name = regime.name
        while not written and name in taken:
            counts[regime.name] += 1
            name = f"{regime.name} ({counts[regime.name] + 1})"
        taken.add(name)
        unique.append(dataclasses.replace(regime, name=name))
    return unique
