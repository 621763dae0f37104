"""Database: where a workload's data lies, how long it is kept, and which nodes samples go to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any, Final

from vmoperator.base import labels

KEEPERS: Final = ("vmstorage", "vmsingle")
"""Programs that keep samples."""
CLIENTS: Final = ("vminsert", "vmselect")
"""Programs that write to vmstorage, or ask it."""
CLAIM: Final = "persistentVolumeClaim"
TEMPLATE: Final = "volumeClaimTemplate"

# What of a volume tells where its data is; the API server adds defaults to the rest.
_IDENTITIES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        CLAIM: ("claimName",),
        "hostPath": ("path",),
        "nfs": ("server", "path"),
        "iscsi": ("targetPortal", "iqn", "lun"),
        "awsElasticBlockStore": ("volumeID",),
        "gcePersistentDisk": ("pdName",),
        "azureDisk": ("diskURI",),
    }
)
# These go with the pod: whatever lies there is not meant to stay.
_FLEETING = ("emptyDir", "ephemeral")


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """What the pod template of a database's program says about its data."""

    retention: str = ""
    """-retentionPeriod as it is written; empty for the program's default."""
    path: str = ""
    """-storageDataPath, from the root."""
    place: str = ""
    """Where that folder lies: `persistentVolumeClaim/NAME`, `volumeClaimTemplate/NAME` or another
    volume, and the folder in it; empty where the data goes with the pod."""
    nodes: str = ""
    """-storageNode."""
    draining: str = ""
    """The workload's annotation DRAINING."""


def database(manifest: Mapping[str, Any]) -> Database | None:
    """What a workload, live or rendered, says about data; None for one that has nothing to say."""
    metadata = manifest["metadata"]
    app = (metadata.get("labels") or {}).get(labels.NAME, "")
    if app not in KEEPERS and app not in CLIENTS:
        return None
    pod = ((manifest.get("spec") or {}).get("template") or {}).get("spec")
    if pod is None:
        return None
    container = _container(pod, app)
    args = container.get("args") or ()
    if app in CLIENTS:
        return Database(nodes=",".join(_values(args, "storageNode")))
    path = _last(args, "storageDataPath")
    return Database(
        retention=_last(args, "retentionPeriod"),
        path=_absolute(path) if path else "",
        place=_place(manifest["spec"], container, _absolute(path)) if path else "",
        draining=(metadata.get("annotations") or {}).get(labels.DRAINING, ""),
    )


def named_pods(nodes: str, workload: str) -> frozenset[int]:
    """Numbers of the pods of a StatefulSet that -storageNode names."""
    hosts = (re.split(r"[.:]", node.strip(), maxsplit=1)[0] for node in nodes.split(","))
    numbers = (host.removeprefix(f"{workload}-") for host in hosts if host != workload)
    return frozenset(int(number) for number in numbers if number.isdecimal())


def _container(pod: Mapping[str, Any], app: str) -> Mapping[str, Any]:
    containers: Sequence[Mapping[str, Any]] = pod.get("containers") or ({},)
    return next((one for one in containers if one.get("name") == app), containers[0])


def _values(args: Sequence[Any], flag: str) -> Iterator[str]:
    for argument in args:
        name, mark, value = str(argument).lstrip("-").partition("=")
        if mark and name == flag:
            yield value


def _last(args: Sequence[Any], flag: str) -> str:
    """The value that counts where a flag is given more than once."""
    return ([*_values(args, flag)] or [""])[-1]


def _absolute(path: str) -> str:
    # Mounts and programs of the Go operator name folders from the root without saying so.
    return str(PurePosixPath("/", path))


def _place(spec: Mapping[str, Any], container: Mapping[str, Any], path: str) -> str:
    folder = PurePosixPath(path)
    mounts = {_absolute(one["mountPath"]): one for one in container.get("volumeMounts") or ()}
    holder = next((it for it in map(str, (folder, *folder.parents)) if it in mounts), None)
    if holder is None:
        return ""
    mount = mounts[holder]
    volume = _volume(spec, str(mount.get("name", "")))
    inside = PurePosixPath(mount.get("subPath") or mount.get("subPathExpr") or "")
    inside = inside / folder.relative_to(holder)
    return str(PurePosixPath(volume) / inside) if volume else ""


def _volume(spec: Mapping[str, Any], name: str) -> str:
    """The volume of that name; a claim template wins over a volume (StatefulSet)."""
    if any(it["metadata"]["name"] == name for it in spec.get("volumeClaimTemplates") or ()):
        return f"{TEMPLATE}/{name}"
    volumes = spec["template"]["spec"].get("volumes") or ()
    found: Mapping[str, Any] = next((it for it in volumes if it.get("name") == name), {})
    kind = next((key for key, value in found.items() if key != "name" and value is not None), "")
    if not kind or kind in _FLEETING:
        return ""
    keys = _IDENTITIES.get(kind)
    words = [str(found[kind].get(key, "")).strip("/") for key in keys] if keys else [name]
    return "/".join((kind, *words))
