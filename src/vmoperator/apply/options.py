"""Options: settings as options of a command, and options as variables of the environment."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final, TypeVar

from vmoperator.base import setting_values as values
from vmoperator.base.environment import PREFIX, Variable, settings_of, variables
from vmoperator.base.errors import SettingsInvalid
from vmoperator.base.settings import Settings

RESYNC: Final = "VM_FORCERESYNCINTERVAL"
SET: Final = "--set"
WATCHED: Final = ("WATCH_NAMESPACE", "WATCH_NAMESPACES")
"""Variables that list the namespaces to look after; the first is the Go operator's."""

_OPTIONS: Final = (
    ("--image-registry", "HOST[:PORT][/PATH]", "VM_CONTAINERREGISTRY"),
    ("--default-version", "TAG", "VM_METRICS_VERSION"),
    ("--cluster-domain", "DOMAIN", "VM_CLUSTERDOMAINNAME"),
    ("--common-labels", "KEY=VALUE,...", "VM_COMMON_LABELS"),
    ("--common-annotations", "KEY=VALUE,...", "VM_COMMON_ANNOTATIONS"),
)
"""Options of their own: name, what is given, the variable that means the same."""
_ELSEWHERE: Final = frozenset({"help", "kubeconfig", "context", "namespaces", "overrides"})
"""What is read from no variable of its own."""

Override = tuple[str, str]
"""Name of a variable, and the value that counts instead of the environment's."""


_Value = TypeVar("_Value")


class _Given(str):
    """A text out of the environment."""

    __slots__ = ()


def add_settings_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that change what is rendered; they win over the environment."""
    known = {it.name: it for it in variables()}
    for option, metavar, name in _OPTIONS:
        words = known[name].words.rstrip(".")
        words = words if words[1].isupper() else f"{words[0].lower()}{words[1:]}"
        _add(parser, option, partial(_of, known[name]), metavar, f"{words} (default: ${name})")
    _add(
        parser,
        SET,
        _any,
        "NAME=VALUE",
        "any variable of docs/settings.md, such as VM_VMAGENTDEFAULT_RESOURCE_LIMIT_MEM=1Gi; may "
        "be given more than once (default: the environment's)",
    )


def add_resync_argument(parser: argparse.ArgumentParser) -> None:
    """Add the option that says how often all objects are gone through."""
    words = "go through all objects again so often, also if nothing has changed: 0 for never, "
    least = f"else at least {values.LEAST_RESYNC_SECONDS} seconds (default: ${RESYNC}, else 0)"
    _add(parser, "--resync-seconds", _resync, "N", words + least)


def settings(options: argparse.Namespace, environ: Mapping[str, str], given: Settings) -> Settings:
    """The settings by the environment and these options. Raises SettingsInvalid."""
    return settings_of({**environ, **dict(options.overrides)}, given)


def namespaces(options: argparse.Namespace, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Namespaces that options name, else the environment. Raises SettingsInvalid."""
    found = {name: _listed(name, environ.get(name, "")) for name in WATCHED}
    if options.namespaces:
        return tuple(dict.fromkeys(options.namespaces))
    first, second = found.values()
    if first and second and set(first) != set(second):
        told = " and ".join(f"{name}={environ[name]}" for name in WATCHED)
        raise SettingsInvalid(f"{told} differ: set one of them")
    return first or second


def namespace(text: str) -> str:
    """An argument that names a namespace."""
    return _argument(values.namespace, text)


def count(text: str) -> int:
    """An argument that is a number above 0."""
    return _argument(values.count, text)


def variable_of(action: argparse.Action) -> str:
    """The variable that an option is read from, empty if there is none."""
    shared = {option: name for option, _, name in _OPTIONS} | {"--resync-seconds": RESYNC}
    option = action.option_strings[-1]
    if option in shared:
        return shared[option]
    if action.dest == "namespaces":
        return WATCHED[0]
    if action.dest in _ELSEWHERE:
        return "KUBECONFIG" if action.dest == "kubeconfig" else ""
    return PREFIX + option.removeprefix("--").replace("-", "_").upper()


def take_environment(parser: argparse.ArgumentParser, environ: Mapping[str, str]) -> None:
    """Have the options that are not given read from their variables; a bad one ends the command
    as a bad option does, with the name of the variable."""
    for action, name in _read(parser):
        if text := environ.get(name, ""):
            action.type = partial(_converted, action, name, _type(action))
            action.default = _Given(text)


def read_variables(parser: argparse.ArgumentParser) -> list[str]:
    """Names of the variables that `take_environment` reads."""
    return [name for _, name in _read(parser)]


def _read(parser: argparse.ArgumentParser) -> Iterator[tuple[argparse.Action, str]]:
    for action in parser._actions:  # noqa: SLF001  # argparse shows its options in no other way
        if action.option_strings and action.dest not in _ELSEWHERE:
            yield action, variable_of(action)


def _type(action: argparse.Action) -> Callable[[str], Any]:
    if action.nargs == 0:
        return partial(_argument, values.flag)
    return action.type if callable(action.type) else str


def _converted(action: argparse.Action, name: str, convert: Callable[[str], Any], text: str) -> Any:
    try:
        found = convert(text)
        if action.choices is not None and found not in action.choices:
            raise ValueError(f"must be one of {', '.join(map(str, action.choices))}")
    except (argparse.ArgumentTypeError, ValueError) as error:
        if not isinstance(text, _Given):
            raise
        raise argparse.ArgumentTypeError(f"{name}={text}: {error}") from error
    return found


def _add(
    parser: argparse.ArgumentParser,
    option: str,
    convert: Callable[[str], Override],
    metavar: str,
    words: str,
) -> None:
    parser.add_argument(
        option,
        metavar=metavar,
        type=convert,
        action="append",
        default=[],
        dest="overrides",
        help=words.replace("%", "%%"),
    )


def _of(variable: Variable, text: str) -> Override:
    if text:
        _argument(partial(variable.set, Settings()), text)
    return variable.name, text


def _any(text: str) -> Override:
    name, equals, value = text.partition("=")
    known = {it.name: it for it in variables()}
    if not equals:
        raise argparse.ArgumentTypeError(f"{text}: must be NAME=VALUE")
    if name not in known:
        raise argparse.ArgumentTypeError(f"{name} is no variable that acts: see docs/settings.md")
    try:
        return _of(known[name], value)
    except argparse.ArgumentTypeError as error:
        raise argparse.ArgumentTypeError(f"{name}={error}") from error


def _resync(text: str) -> Override:
    if not (text.isascii() and text.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text}: must be a number of seconds")
    _argument(values.interval, f"{text}s")
    return RESYNC, f"{text}s"


def _argument(convert: Callable[[str], _Value], text: str) -> _Value:
    try:
        return convert(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text}: {error}") from error


def _listed(name: str, text: str) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(text.replace(",", " ").split()))
    for one in found:
        try:
            values.namespace(one)
        except ValueError as error:
            raise SettingsInvalid(f"{name}={text}: {one} {error}") from error
    return found
