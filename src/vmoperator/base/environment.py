"""Environment: the variables that change what is rendered; many have the Go operator's names."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from vmoperator.base import setting_values as values
from vmoperator.base.errors import SettingsInvalid
from vmoperator.base.quantity import quantity
from vmoperator.base.settings import Defaults, Settings

PREFIX: Final = "VM_"

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


_OF_SERVICE: Final = re.compile(
    r"^\w+_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)="
    r"|^\w+_PORT=(tcp|udp|sctp)://"
)
"""Variables that the kubelet sets for each Service of a pod's namespace."""
_RESOURCES: Final = (
    ("CPU", "cpu"),
    ("MEM", "memory"),
    ("EPHEMERAL_STORAGE", "ephemeral-storage"),
)


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
    _refuse_more_than_limits(settings)
    return settings


def _refuse_more_than_limits(settings: Settings) -> None:
    """Pods that ask for more than they may have are never made."""
    for prefix, app in _PROGRAMS.items():
        own = settings.components[app]
        for short, key in _RESOURCES:
            request, limit = own.requests.get(key), own.limits.get(key)
            if request and limit and quantity(request) > quantity(limit):
                name = f"{prefix}_RESOURCE_%s_{short}"
                raise SettingsInvalid(
                    f"{name % 'REQUEST'}={request}: is above the limit of {app}, which is {limit}:"
                    f" set {name % 'LIMIT'} too"
                )


def without_effect(environ: Mapping[str, str], beside: Collection[str] = ()) -> tuple[str, ...]:
    """Names of variables that are set, look like the operator's, and do nothing here.

    `beside`: those that options are read from.
    """
    known = {*beside, *(variable.name for variable in variables())}
    found = (it for it in environ if it.startswith(PREFIX) and it not in known)
    return tuple(sorted(it for it in found if not _OF_SERVICE.search(f"{it}={environ[it]}")))


def variables() -> Iterator[Variable]:
    """All of them: first those of every program, then each program's own."""
    yield from _GENERAL
    for prefix, app in _PROGRAMS.items():
        yield from _own(prefix, app)


def _general(
    name: str, field: str, parse: Callable[[str], Any], words: str, default: str = ""
) -> Variable:
    return Variable(name, default, words, lambda it, text: replace(it, **{field: parse(text)}))


def _reading(name: str, kind: str) -> Variable:
    def put(settings: Settings, text: str) -> Settings:
        others = {it for it in settings.unread_kinds if it != kind}
        found = others if values.flag(text) else {*others, kind}
        return replace(settings, unread_kinds=tuple(sorted(found)))

    words = f"Whether objects of the Prometheus operator's kind {kind} are read at all."
    return Variable(f"VM_ENABLEDPROMETHEUSCONVERTER_{name}", "true", words, put)


def _with_version(settings: Settings, text: str) -> Settings:
    """The tag of all programs but Alertmanager, whose versions are not VictoriaMetrics'."""
    ends = {"vmselect": "-cluster", "vminsert": "-cluster", "vmstorage": "-cluster"}
    ends["vmbackupmanager"] = "-enterprise"
    for app in settings.components:
        if app != "vmalertmanager":
            settings = _changed(settings, app, version=values.release(text) + ends.get(app, ""))
    return settings


_GENERAL = (
    _general(
        "VM_CONTAINERREGISTRY",
        "container_registry",
        values.registry,
        "Registry of images that name none.",
    ),
    Variable(
        "VM_METRICS_VERSION",
        "",
        "Tag of all programs of VictoriaMetrics; those of a cluster get `-cluster` behind it.",
        _with_version,
    ),
    _general("VM_CLUSTERDOMAINNAME", "cluster_domain", values.domain, "DNS domain of the cluster."),
    _general(
        "VM_ENABLETCP6", "enable_tcp6", values.flag, "Whether programs listen on IPv6.", "false"
    ),
    _general(
        "VM_LOOPBACK",
        "loopback",
        values.host,
        "Host at which vmbackupmanager asks the program beside it for snapshots (default: "
        "127.0.0.1, with IPv6 localhost).",
    ),
    _general(
        "VM_USE_OLD_BACKUP_RESTORE_PORT_NAMES",
        "uses_old_backup_port_names",
        values.flag,
        "Whether the ports of vmbackupmanager's containers are named `http`, not `http-backup` and "
        "`http-restore`.",
        "false",
    ),
    _general(
        "VM_VMSERVICESCRAPEDEFAULT_ENFORCEENDPOINTSLICES",
        "prefers_endpoint_slices",
        values.flag,
        "Whether targets of a ServiceMonitor that names no role are found by EndpointSlices.",
        "false",
    ),
    _general(
        "VM_ENABLESTRICTSECURITY",
        "use_strict_security",
        values.flag,
        "Whether pods run without root, capabilities and a writable root file system.",
        "false",
    ),
    _general(
        "VM_USEDEFAULTRESOURCES",
        "use_default_resources",
        values.flag,
        "Whether a program whose object names no resources gets those below.",
        "true",
    ),
    Variable(
        "VM_ENABLE_DEFAULT_PRESTOP_HOOK",
        "true",
        "Whether a pod sleeps for 15 s before it is told to end, so that Services forget it.",
        lambda it, text: replace(it, pre_stop_sleep_seconds=15 if values.flag(text) else 0),
    ),
    _general(
        "VM_DISABLESELFSERVICESCRAPECREATION",
        "disable_self_scrapes",
        values.flag,
        "Whether programs get no VMServiceScrape, unless `disableSelfServiceScrape` is false.",
        "false",
    ),
    _general(
        "VM_SHARDS_AT_ONCE",
        "shards_at_once",
        values.share,
        "How many shards of a VMAgent change side by side; a share is rounded up, to at least 2.",
        "25%",
    ),
    _general(
        "VM_FORCERESYNCINTERVAL",
        "resync_seconds",
        values.interval,
        "Go through all objects again so often, such as `10m`, also if nothing has changed; it "
        "costs no request. `0s`: never, changes wake what they concern.",
        "0s",
    ),
    *(_reading(name, kind) for name, kind in _CONVERTED.items()),
    _general(
        "VM_COMMON_LABELS",
        "common_labels",
        values.common_labels,
        "Labels of every object: `a=b,c=d`.",
    ),
    _general(
        "VM_COMMON_ANNOTATIONS",
        "common_annotations",
        values.common_annotations,
        "Annotations of every object: `a=b,c=d`.",
    ),
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
    yield _single(f"{prefix}_{image}", app, "image", values.repository, own.image)
    yield _single(f"{prefix}_{version}", app, "version", values.tag, own.version)
    yield _single(f"{prefix}_PORT", app, "port", values.port, own.port)
    if prefix != _BACKUP:  # it ends with the pod that it stands in
        name = f"{prefix}_TERMINATION_GRACE_PERIOD_SECONDS"
        yield _single(name, app, "grace_seconds", values.seconds, grace)
    for field in ("limits", "requests"):
        for short, key in _RESOURCES:
            name = f"{prefix}_RESOURCE_{field[:-1].upper()}_{short}"
            yield _resource(name, app, field, key)


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
        found = others if values.size(text) == values.UNLIMITED else {**others, key: text}
        return _changed(settings, app, **{field: MappingProxyType(found)})

    default = str(getattr(Settings().components[app], field).get(key, values.UNLIMITED))
    words = f"{field[:-1].capitalize()} of {app}: {key}; `{values.UNLIMITED}` for none."
    return Variable(name, default, words, put)
