"""The registry of everything that plugins provide, by kind and name."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, get_args

from harness.complaints import nearest, show
from harness.plugin_host.plugin_process import PluginProcess

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import click

    from harness.components import Regime, Theory

Kind = Literal[
    "model",
    "activation",
    "initializer",
    "optimizer",
    "criterion",
    "dataset",
    "diagnostic",
    "regime",
    "theory",
    "solver",
    "continuation",
    "executor",
    "renderer",
    "command",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
DISTRIBUTION = "convergence-harness"
"""Name of the package of the shipped plugins."""

MOST_LISTED = 20
"""Largest number of names that an error lists if none is like the one given."""

PLURAL: Mapping[Kind, str] = {kind: f"{kind}s" for kind in KINDS} | {"criterion": "criteria", "theory": "theories"}


@dataclass(frozen=True)
class HookCall:
    """One call of one hook of a plugin.

    Attributes:
        hook: Name of the hook.
        names: Names of what it provided.
        seconds: Time of the call in seconds, with the checks of what it returned.
        reason: Reason why the returned value cannot be used, on one line, or an empty string if it can be used.
    """

    hook: str
    names: tuple[str, ...] = ()
    seconds: float = field(default=0.0, compare=False)
    reason: str = ""


@dataclass(frozen=True)
class Plugin:
    """One plugin: its source, what it provides, and whether it could be loaded.

    Attributes:
        name: Name of the entry point, or stem of the file.
        package: Distribution of the plugin, or stem of the file.
        version: Version of the distribution, or first digits of the file's SHA-256.
        origin: Target of the entry point, or path of the file.
        is_file: Whether it is a file rather than an entry point.
        hooks: Names of the hooks that it implements.
        provided: Everything that it provides, by kind and name.
        status: ``blocked`` if the caller excluded the plugin.
        reason: Reason why it is broken, on one line.
        traceback: Traceback of the failure.
        needs: Requirements of its package on the version of the harness.
        calls: Calls of its hooks, in order.
        seconds: Time to load it in seconds: import, calls and checks.
        source: Text that the file was loaded from, or None for an entry point.
    """

    name: str
    package: str
    version: str
    origin: str
    is_file: bool = False
    hooks: tuple[str, ...] = ()
    provided: Mapping[Kind, Mapping[str, Any]] = field(default_factory=dict, repr=False)
    status: Literal["ok", "broken", "blocked"] = "ok"
    reason: str = ""
    traceback: str = field(default="", repr=False)
    needs: tuple[str, ...] = ()
    calls: tuple[HookCall, ...] = field(default=(), repr=False)
    seconds: float = field(default=0.0, compare=False)
    source: bytes | None = field(default=None, repr=False)

    @property
    def names(self) -> tuple[str, str, str]:
        """Names by which it can be blocked: its name, its package, or both."""
        return self.name, self.package, f"{self.package}:{self.name}"

    @property
    def components(self) -> dict[Kind, tuple[str, ...]]:
        """Names of what it provides, by kind."""
        return {kind: tuple(items) for kind, items in self.provided.items()}

    @property
    def label(self) -> str:
        """Package and version, for messages about names that several plugins provide."""
        return f"{self.package} {self.version}".rstrip()


class UnknownName(LookupError):  # not a KeyError, which would print its message in quotes
    """A name that no plugin provides for this kind.

    Attributes:
        name: Name that was given.
        nearest: Valid name most like it, or an empty string if none is like it.
    """

    def __init__(self, message: str, name: str, nearest: str = "") -> None:
        self.name, self.nearest, self.message = name, nearest, message
        super().__init__(message + (f"; did you mean {show(nearest)}?" if nearest else ""))


class AmbiguousName(LookupError):
    """A name that several plugins provide."""


@dataclass(frozen=True)
class Registry:
    """The plugins of a run and what they provide.

    Attributes:
        plugins: All plugins that were found, also broken and blocked ones, sorted by name.
    """

    plugins: tuple[Plugin, ...] = ()

    def __iter__(self) -> Iterator[Plugin]:
        return iter(self.plugins)

    @property
    def broken(self) -> tuple[Plugin, ...]:
        """Plugins that could not be loaded."""
        return tuple(plugin for plugin in self.plugins if plugin.status == "broken")

    @cached_property
    def process(self) -> PluginProcess:
        """The process for calls that may hang or crash. The first call starts it."""
        return PluginProcess({plugin.origin: plugin.source for plugin in self.plugins if plugin.is_file})

    @cached_property
    def third_party(self) -> frozenset[type]:
        """Classes of components of plugins that do not come with the harness."""
        foreign = [plugin for plugin in self.plugins if plugin.package != DISTRIBUTION]
        provided = (items.values() for plugin in foreign for items in plugin.provided.values())
        return frozenset(item for items in provided for item in items if isinstance(item, type))

    def providers(self, kind: Kind, name: str) -> list[tuple[Plugin, Any]]:
        """Return each plugin that provides a name, with what it provides.

        Args:
            kind: Kind of what is looked up.
            name: ``name``, ``package:name`` or ``plugin:name``.

        Returns:
            Pairs of plugin and component. One object that several plugins provide is listed once.
        """
        owner, _, short = name.rpartition(":")
        found: list[tuple[Plugin, Any]] = []
        for plugin in self.plugins:
            if owner in ("", plugin.package, plugin.name) and short in plugin.provided.get(kind, {}):
                item = plugin.provided[kind][short]
                if all(item is not other for _, other in found):  # several plugins may provide the same object
                    found.append((plugin, item))
        return found

    def find(self, kind: Kind, name: str) -> Any:
        """Return the component class, regime, executor, renderer or command of this name.

        Args:
            kind: Kind of what is looked up.
            name: ``name``, or ``package:name`` or ``plugin:name`` if several plugins provide the short name.

        Returns:
            The class or object.

        Raises:
            UnknownName: If no plugin provides it. The message has the nearest valid name.
            AmbiguousName: If several plugins provide it. The message has their packages and versions.
        """
        found = self.providers(kind, name)
        if not found:
            raise self._unknown(kind, name)
        if len(found) > 1:
            short = name.rpartition(":")[2]
            claims = _claims(found)
            ways = " or ".join(show(self._qualify(plugin, found, short)) for plugin, _ in found)
            raise AmbiguousName(f"{kind} {show(name)} is provided by {claims}; write {ways}")
        return found[0][1]

    def name_of(self, kind: Kind, item: Any) -> str:
        """Return a name by which ``find`` returns this item, whatever other packages are installed.

        Components of the harness have their short names, unless another plugin provides the same name. Other components
        are named with their packages.

        Args:
            kind: Kind of the item.
            item: Class or object that a plugin provides.

        Returns:
            The name.
        """
        short = str(item.name)
        found = self.providers(kind, short)
        mine = next((plugin for plugin, other in found if other is item), None)
        if mine is None or (len(found) == 1 and mine.package == DISTRIBUTION):
            return short
        return self._qualify(mine, found, short)

    @staticmethod
    def _qualify(plugin: Plugin, rivals: Iterable[tuple[Plugin, Any]], short: str) -> str:
        alone = sum(plugin.package in (other.package, other.name) for other, _ in rivals) == 1
        return f"{plugin.package if alone else plugin.name}:{short}"

    def _unknown(self, kind: Kind, name: str) -> UnknownName:
        owner, _, short = name.rpartition(":")
        names = self.names(kind)
        message, close = f"there is no {kind} {show(name)}", nearest(short, names)
        others = [other for other in KINDS if other != kind and self.providers(other, name)]
        blamed = [p for p in self.plugins if p.status != "ok" and owner in ("", p.package, p.name)]
        if others:
            message += f" ({show(short)} is {_article(others[0])})"
        elif owner and self.providers(kind, short):
            message += f" ({show(short)} is provided by {', '.join(p.label for p, _ in self.providers(kind, short))})"
        elif not names:
            message += f" (no plugin provides {PLURAL[kind]})"
        elif not close:
            listed = f"there are {', '.join(names)}" if len(names) <= MOST_LISTED else "see: harness plugins list"
            message += f" ({listed})"
        if blamed:
            reasons = "; ".join(f"{p.name}: {p.reason}" if p.reason else f"{p.name} is blocked" for p in blamed)
            message += f" (some plugins were not loaded: {reasons})"
        return UnknownName(message, name, close)

    def names(self, kind: Kind) -> list[str]:
        """Return the short names of a kind, sorted."""
        return sorted({name for plugin in self.plugins for name in plugin.provided.get(kind, {})})

    def all(self, kind: Kind) -> dict[str, Any]:
        """Return everything of a kind by name. Names that several plugins provide are written ``package:name``."""
        items: dict[str, Any] = {}
        for short in self.names(kind):
            found = self.providers(kind, short)
            for plugin, item in found:
                items[short if len(found) == 1 else self._qualify(plugin, found, short)] = item
        return items

    def regime(self, name: str) -> Regime:
        """Return the preset of this name."""
        found: Regime = self.find("regime", name)
        return found

    def theories(self) -> tuple[Theory, ...]:
        """Return one instance of each theory, with default options.

        If several plugins provide a name, the first theory is kept, because tables name theories by it. See
        :meth:`rival_theories`.
        """
        return tuple(self.providers("theory", name)[0][1]() for name in self.names("theory"))

    def theory_names(self) -> dict[str, str]:
        """Return the name of each theory by its title."""
        return {theory.claim.title: theory.name for theory in self.theories()}

    def rival_theories(self) -> list[str]:
        """Return a sentence for each theory name that several plugins provide. It says which theory is kept."""
        said = []
        for name in self.names("theory"):
            found = self.providers("theory", name)
            if len(found) > 1:
                kept = found[0][0]
                claims = _claims(found)
                which = kept.origin if kept.is_file else kept.name
                said.append(f"theory {show(name)} is provided by {claims}; only that of {which} is shown")
        return said

    def commands(self) -> dict[str, click.Command]:
        """Return the commands by name."""
        return self.all("command")


def _claims(found: Iterable[tuple[Plugin, Any]]) -> str:
    return ", ".join(f"{plugin.label} ({plugin.origin if plugin.is_file else plugin.name})" for plugin, _ in found)


def _article(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
