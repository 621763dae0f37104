"""Environment: the variables that change what is rendered; many have the Go operator's names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from vmoperator.base.duration import duration_seconds
from vmoperator.base.errors import SettingsInvalid
from vmoperator.base.quantity import quantity
from vmoperator.base.settings import Defaults, Settings

PREFIX: Final = "VM_"

_UNLIMITED = "unlimited"
_LEAST_RESYNC_SECONDS = 10
_CONVERTED: Final = MappingProxyType(
    {
        "SERVICESCRAPE": "ServiceMonitor",
        "PODMONITOR": "PodMonitor",
        "PROBE": "Probe",
        "SCRAPECONFIG": "ScrapeConfig",
        "PROMETHEUSRULE": "PrometheusRule",
        "ALERTMANAGERCONFIG": "AlertmanagerConfig",
    }
)
"""End of a variable's name -> the kind whose objects it is about."""
_CLUSTER = "VM_VMCLUSTERDEFAULT"
_ALERTMANAGER = "VM_VMALERTMANAGER"
_BACKUP = "VM_VMBACKUP"
_PROGRAMS: Final = MappingProxyType(
    {
        "VM_VMAGENTDEFAULT": "vmagent",
        "VM_VMALERTDEFAULT": "vmalert",
        "VM_VMSINGLEDEFAULT": "vmsingle",
        "VM_VMAUTHDEFAULT": "vmclusterlb-vmauth-balancer",
        _BACKUP: "vmbackupmanager",
        _ALERTMANAGER: "vmalertmanager",
        f"{_CLUSTER}_VMSELECTDEFAULT": "vmselect",
        f"{_CLUSTER}_VMSTORAGEDEFAULT": "vmstorage",
        f"{_CLUSTER}_VMINSERTDEFAULT": "vminsert",
    }
)
"""What the names of a program's variables begin with -> the program."""


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of the environment."""

    name: str
    default: str
    words: str
    """What it does, for people."""
    set: Callable[[Settings, str], Settings]
    """The settings with its value; ValueError when that is none."""


def settings_of(environ: Mapping[str, str], settings: Settings) -> Settings:
    """The settings as the environment has them; an empty variable counts as unset.

    Raises SettingsInvalid, which names the variable.
    """
    for variable in variables():
        text = environ.get(variable.name, "")
        if not text:
            continue
        try:
            settings = variable.set(settings, text)
        except ValueError as error:
            raise SettingsInvalid(f"{variable.name}={text}: {error}") from error
    return settings


def without_effect(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Names of variables that are set, look like the operator's, and do nothing here."""
    known = {variable.name for variable in variables()}
    return tuple(sorted(it for it in environ if it.startswith(PREFIX) and it not in known))


def variables() -> Iterator[Variable]:
    """All of them: first those of every program, then each program's own."""
    yield from _GENERAL
    for prefix, app in _PROGRAMS.items():
        yield from _own(prefix, app)


def _flag(text: str) -> bool:
    if text.lower() not in ("true", "false", "1", "0", "t", "f"):
        raise ValueError("must be true or false")
    return text.lower() in ("true", "1", "t")


def _size(text: str) -> str:
    if text != _UNLIMITED:
        quantity(text)
    return text


def _port(text: str) -> str:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise ValueError("must be a port")
    return text


def _seconds(text: str) -> int:
    if not text.isdecimal():
        raise ValueError("must be a number of seconds")
    return int(text)


def _share(text: str) -> str:
    number = text.removesuffix("%")
    if not number.isdecimal() or int(number) < 1:
        raise ValueError("must be a number above 0, or a share such as 25%")
    return text


def _interval(text: str) -> int:
    seconds = duration_seconds(text)
    if seconds and seconds < _LEAST_RESYNC_SECONDS:
        raise ValueError(f"must be 0 or at least {_LEAST_RESYNC_SECONDS}s")
    return int(seconds)


def _pairs(text: str) -> Mapping[str, str]:
    found = {}
    for pair in filter(None, re.split(r"\s*,\s*", text.strip())):
        key, equals, value = pair.partition("=")
        if not key or not equals:
            raise ValueError("must be a list of KEY=VALUE with commas between them")
        found[key] = value
    return MappingProxyType(found)


def _general(
    name: str, field: str, parse: Callable[[str], Any], words: str, default: str = ""
) -> Variable:
    return Variable(name, default, words, lambda it, text: replace(it, **{field: parse(text)}))


def _reading(name: str, kind: str) -> Variable:
    def put(settings: Settings, text: str) -> Settings:
        others = {it for it in settings.unread_kinds if it != kind}
        found = others if _flag(text) else {*others, kind}
        return replace(settings, unread_kinds=tuple(sorted(found)))

    words = f"Whether objects of the Prometheus operator's kind {kind} are read at all."
    return Variable(f"VM_ENABLEDPROMETHEUSCONVERTER_{name}", "true", words, put)


def _with_version(settings: Settings, text: str) -> Settings:
    """The tag of all programs but Alertmanager, whose versions are not VictoriaMetrics'."""
    ends = {"vmselect": "-cluster", "vminsert": "-cluster", "vmstorage": "-cluster"}
    ends["vmbackupmanager"] = "-enterprise"
    for app in settings.components:
        if app != "vmalertmanager":
            settings = _changed(settings, app, version=text + ends.get(app, ""))
    return settings


_GENERAL = (
    _general(
        "VM_CONTAINERREGISTRY", "container_registry", str, "Registry of images that name none."
    ),
    Variable(
        "VM_METRICS_VERSION",
        "",
        "Tag of all programs of VictoriaMetrics; those of a cluster get `-cluster` behind it.",
        _with_version,
    ),
    _general("VM_CLUSTERDOMAINNAME", "cluster_domain", str, "DNS domain of the cluster."),
    _general("VM_ENABLETCP6", "enable_tcp6", _flag, "Whether programs listen on IPv6.", "false"),
    _general(
        "VM_ENABLESTRICTSECURITY",
        "use_strict_security",
        _flag,
        "Whether pods run without root, capabilities and a writable root file system.",
        "false",
    ),
    _general(
        "VM_USEDEFAULTRESOURCES",
        "use_default_resources",
        _flag,
        "Whether a program whose object names no resources gets those below.",
        "true",
    ),
    Variable(
        "VM_ENABLE_DEFAULT_PRESTOP_HOOK",
        "true",
        "Whether a pod sleeps for 15 s before it is told to end, so that Services forget it.",
        lambda it, text: replace(it, pre_stop_sleep_seconds=15 if _flag(text) else 0),
    ),
    _general(
        "VM_DISABLESELFSERVICESCRAPECREATION",
        "disable_self_scrapes",
        _flag,
        "Whether programs get no VMServiceScrape, unless `disableSelfServiceScrape` is false.",
        "false",
    ),
    _general(
        "VM_SHARDS_AT_ONCE",
        "shards_at_once",
        _share,
        "How many shards of a VMAgent change side by side; a share is rounded up, to at least 2.",
        "25%",
    ),
    _general(
        "VM_FORCERESYNCINTERVAL",
        "resync_seconds",
        _interval,
        "Go through all objects again so often, such as `10m`, also if nothing has changed; it "
        "costs no request. `0s`: never, changes wake what they concern.",
        "0s",
    ),
    *(_reading(name, kind) for name, kind in _CONVERTED.items()),
    _general("VM_COMMON_LABELS", "common_labels", _pairs, "Labels of every object: `a=b,c=d`."),
    _general("VM_COMMON_ANNOTATIONS", "common_annotations", _pairs, "Annotations, likewise."),
)


def _changed(settings: Settings, app: str, **fields: Any) -> Settings:
    found = {**settings.components, app: replace(settings.components[app], **fields)}
    return replace(settings, components=MappingProxyType(found))


def _own(prefix: str, app: str) -> Iterator[Variable]:
    own = Settings().components[app]
    image, version = "IMAGE", "VERSION"
    if prefix == _ALERTMANAGER:
        image, version = "ALERTMANAGERDEFAULTBASEIMAGE", "ALERTMANAGERVERSION"
    grace = str(own.grace_seconds)
    yield _single(f"{prefix}_{image}", app, "image", str, own.image)
    yield _single(f"{prefix}_{version}", app, "version", str, own.version)
    yield _single(f"{prefix}_PORT", app, "port", _port, own.port)
    if prefix != _BACKUP:  # it ends with the pod that it stands in
        name = f"{prefix}_TERMINATION_GRACE_PERIOD_SECONDS"
        yield _single(name, app, "grace_seconds", _seconds, grace)
    for field in ("limits", "requests"):
        for short, key in (("CPU", "cpu"), ("MEM", "memory"), ("EPHEMERAL_STORAGE", _EPHEMERAL)):
            name = f"{prefix}_RESOURCE_{field[:-1].upper()}_{short}"
            yield _resource(name, app, field, key)


_EPHEMERAL = "ephemeral-storage"
_WORDS = MappingProxyType(
    {
        "image": "Repository of {}'s image.",
        "version": "Tag of {}'s image.",
        "port": "Port of {}.",
        "grace_seconds": "Seconds that {} has for its end.",
    }
)


def _single(name: str, app: str, field: str, parse: Callable[[str], Any], default: str) -> Variable:
    def put(settings: Settings, text: str) -> Settings:
        return _changed(settings, app, **{field: parse(text)})

    return Variable(name, default, _WORDS[field].format(app), put)


def _resource(name: str, app: str, field: str, key: str) -> Variable:
    def put(settings: Settings, text: str) -> Settings:
        own: Defaults = settings.components[app]
        others = {it: size for it, size in getattr(own, field).items() if it != key}
        found = others if _size(text) == _UNLIMITED else {**others, key: text}
        return _changed(settings, app, **{field: MappingProxyType(found)})

    default = str(getattr(Settings().components[app], field).get(key, _UNLIMITED))
    words = f"{field[:-1].capitalize()} of {app}: {key}; `{_UNLIMITED}` for none."
    return Variable(name, default, words, put)
