"""Calls: the requests for single objects and collections, as the API server wants them."""

from __future__ import annotations

from typing import Any, Final

from vmoperator.apply.transport import JSON, Call
from vmoperator.base.manifest import Manifest, Ref, ref_of
from vmoperator.base.resource import BY_KIND, Resource

_APPLY_PATCH: Final = "application/apply-patch+yaml"
# https://kubernetes.io/docs/reference/using-api/api-concepts/#metadata-only-fetches
METADATA: Final = f"{JSON};as=PartialObjectMetadata;g=meta.k8s.io;v=v1,{JSON}"
METADATA_LIST: Final = METADATA.replace("Metadata;", "MetadataList;")
PATCHES: Final = {
    "merge": "application/merge-patch+json",
    "json": "application/json-patch+json",
}

_VERBS: Final = {"GET": "get", "PUT": "replace", "PATCH": "patch", "DELETE": "delete"}


def call_of(method: str, resource: Resource, ref: Ref, body: Any = None, **options: Any) -> Call:
    """A request about one object."""
    return Call(
        method=method,
        path=resource.path(ref.namespace, ref.name),
        words=f"{_VERBS[method]} {ref}",
        body=body,
        **options,
    )


def applying(manifest: Manifest, query: dict[str, str], subresource: str = "") -> Call:
    """A server-side apply."""
    ref = ref_of(manifest)
    return Call(
        method="PATCH",
        path=BY_KIND[ref.kind].path(ref.namespace, ref.name, subresource),
        words=f"apply {subresource} of {ref}" if subresource else f"apply {ref}",
        body=manifest,
        content_type=_APPLY_PATCH,
        query=query,
        accept=METADATA if BY_KIND[ref.kind].metadata_only else JSON,
        repeatable=True,
    )


def collection_words(verb: str, resource: Resource, namespace: str) -> str:
    """Names a request about a collection in messages."""
    return f"{verb} {resource.plural} in {namespace}" if namespace else f"{verb} {resource.plural}"


def query_of(**values: str) -> dict[str, str]:
    """The parameters that have a value."""
    return {key: value for key, value in values.items() if value}


def typed(item: Manifest, resource: Resource) -> Manifest:
    """The object with its type; of kinds that are known by their metadata no more than that."""
    # Items of a list come without their type, unlike those of a watch, and metadata as a type of
    # its own; a server that does not know that way of asking sends the data along.
    own = {"apiVersion": resource.api_version, "kind": resource.kind}
    return {**own, "metadata": item["metadata"]} if resource.metadata_only else {**own, **item}
