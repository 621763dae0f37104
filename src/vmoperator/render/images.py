"""Image references: repository, tag or digest, registry of the operator, enterprise versions."""

from __future__ import annotations

import re

from vmoperator.render.workload import Workload

_DIGEST = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}")
_RELEASE = re.compile(r"(v\d+\.\d+\.\d+)(-cluster)?")


def image(workload: Workload) -> str:
    """Image of a workload's program; image.tag, then componentVersion, then clusterVersion."""
    scope = workload.scope
    wanted = workload.spec.image
    repository = (wanted and wanted.repository) or workload.builtin.image
    tag = (wanted and wanted.tag) or workload.version or scope.version or workload.builtin.version
    licensed = scope.licence is not None and bool(scope.licence.key or scope.licence.key_ref)
    return joined(
        with_registry(repository, registry=scope.settings.container_registry),
        enterprise(tag) if licensed else tag,
    )


def with_registry(repository: str, *, registry: str) -> str:
    """The repository behind the operator's registry, unless it names a registry itself."""
    first, slash, _ = repository.partition("/")
    names_one = bool(slash) and (first == "localhost" or "." in first or ":" in first)
    if not registry or names_one or repository.count("/") > 1:
        return repository
    return f"{registry}/{repository}"


def enterprise(tag: str) -> str:
    """The enterprise version of a release's tag; any other tag is the user's own and stays."""
    match = _RELEASE.fullmatch(tag)
    return f"{match[1]}-enterprise{match[2] or ''}" if match else tag


def release(tag: str) -> str | None:
    """The release of a cluster's tag as single programs are tagged; None for any other tag."""
    match = _RELEASE.fullmatch(tag.replace("-enterprise", ""))
    return match[1] if match else None


def joined(repository: str, tag: str) -> str:
    """`repository:tag`, or `repository@algorithm:digest`."""
    return f"{repository}@{tag}" if _DIGEST.fullmatch(tag) else f"{repository}:{tag}"
