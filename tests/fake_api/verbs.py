"""What the fake API server does with one request that is no watch."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import jsonpatch
import orjson
from aiohttp import web

from tests.fake_api.objects import Manifest, Objects
from tests.fake_api.watches import metadata_of, selected, wants_metadata
from vmoperator.base.resource import ACCESS_REVIEW

if TYPE_CHECKING:
    from tests.fake_api.server import Seen, Target

_REASONS = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    410: "Expired",
    422: "Invalid",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
}


def parsed(body: bytes) -> Any:
    """The body of a request as data; None when there is none."""
    return orjson.loads(body) if body else None


def status_of(code: int, message: str) -> Manifest:
    """A Status object, as the API server answers with when it refuses."""
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": _REASONS.get(code, ""),
        "code": code,
    }


def refusal(
    code: int,
    message: str,
    *,
    headers: dict[str, str] | None = None,
    causes: Sequence[str] = (),
) -> web.Response:
    """The answer that says no, with the reasons of its causes."""
    details = {"details": {"causes": [{"reason": cause} for cause in causes]}} if causes else {}
    return web.json_response({**status_of(code, message), **details}, status=code, headers=headers)


def answer(objects: Objects, target: Target, seen: Seen) -> web.Response:
    """The answer to a request, which is carried out unless it is a dry run."""
    if _is_dry(seen):
        objects = copy.deepcopy(objects)
    if target.subresource == "eviction":
        return _deleted(objects, target, seen.body.get("deleteOptions") or {})
    if not target.name:
        return (
            _posted(objects, target, seen)
            if seen.method == "POST"
            else _listed(objects, target, seen)
        )
    applies = "apply-patch" in seen.headers.get("Content-Type", "")
    live = objects.live.get(target.key)
    if live is None and not applies:
        kind = f"{target.resource.plural}.{target.resource.group}".rstrip(".")
        return refusal(404, f'{kind} "{target.name}" not found')
    if seen.method == "GET":
        return web.json_response(live)
    if seen.method == "DELETE":
        return _deleted(objects, target, seen.body or {})
    return _applied(objects, target, seen) if applies else _written(objects, target, seen)


def _is_dry(seen: Seen) -> bool:
    # With options in the body, the real server takes no notice of those in the URL.
    if seen.method == "DELETE" and seen.body:
        return bool(seen.body.get("dryRun"))
    return bool(seen.query.get("dryRun"))


def _listed(objects: Objects, target: Target, seen: Seen) -> web.Response:
    limit = int(seen.query.get("limit", "0")) or len(objects.live) + 1
    version, after = str(objects.version), ("", "", "")
    if "continue" in seen.query:
        token = json.loads(base64.b64decode(seen.query["continue"]))
        version, after = token["version"], tuple(token["after"])
        if int(version) < objects.oldest:
            return refusal(410, "The provided continue parameter is too old")
    found = [
        (key, manifest)
        for key, manifest in sorted(objects.live.items(), key=lambda item: item[0])
        if key[0] == target.collection
        and target.namespace in ("", key[1])
        and key > after
        and selected(manifest, seen.query)
    ]
    metadata: Manifest = {"resourceVersion": version}
    if len(found) > limit:
        token = {"version": version, "after": found[limit - 1][0]}
        metadata["continue"] = base64.b64encode(json.dumps(token).encode()).decode()
    kind, api_version = f"{target.resource.kind}List", target.resource.api_version
    items = [
        {key: value for key, value in manifest.items() if key not in ("apiVersion", "kind")}
        for _, manifest in found[:limit]
    ]
    if wants_metadata(seen.headers):
        kind, api_version = "PartialObjectMetadataList", "meta.k8s.io/v1"
        items = [metadata_of(manifest) for _, manifest in found[:limit]]
    return web.Response(
        body=orjson.dumps(
            {
                "apiVersion": api_version,
                "kind": kind,
                "metadata": metadata,
                "items": items,
            }
        ),
        content_type="application/json",
    )


def _posted(objects: Objects, target: Target, seen: Seen) -> web.Response:
    if target.resource == ACCESS_REVIEW:
        return _reviewed(objects, seen.body)
    key = (target.collection, target.namespace, seen.body["metadata"]["name"])
    if key in objects.live:
        return refusal(409, f'{target.resource.plural} "{key[2]}" already exists')
    written = objects.write(key, seen.body, manager=seen.query.get("fieldManager", "unknown"))
    return web.json_response(written, status=201)


def _reviewed(objects: Objects, review: Manifest) -> web.Response:
    if review["metadata"].get("name"):
        return refusal(422, "metadata: must be empty except for managedFields")
    asked = review["spec"]["resourceAttributes"]
    may = (asked["verb"], asked["resource"]) not in objects.denied
    return web.json_response({**review, "status": {"allowed": may}}, status=201)


def _deleted(objects: Objects, target: Target, options: Manifest) -> web.Response:
    live = objects.live.get(target.key)
    if live is None:
        return refusal(404, f'{target.resource.plural} "{target.name}" not found')
    uid = (options.get("preconditions") or {}).get("uid")
    if uid and uid != live["metadata"]["uid"]:
        message = f"Precondition failed: UID in precondition: {uid}, UID in object meta: other"
        return refusal(409, message)
    version = (options.get("preconditions") or {}).get("resourceVersion")
    if version and version != live["metadata"]["resourceVersion"]:
        return refusal(409, f"Precondition failed: ResourceVersion in precondition: {version}")
    if options.get("propagationPolicy") == "Orphan":
        for manifest in objects.live.values():
            references = manifest["metadata"].get("ownerReferences") or []
            manifest["metadata"]["ownerReferences"] = [
                item for item in references if item.get("uid") != live["metadata"]["uid"]
            ]
    return web.json_response(objects.delete(target.key))


def _applied(objects: Objects, target: Target, seen: Seen) -> web.Response:
    manager = seen.query["fieldManager"]
    force = seen.query.get("force") == "true"
    existed = target.key in objects.live
    if target.subresource and not existed:
        return refusal(404, f'{target.resource.plural} "{target.name}" not found')
    version = seen.body["metadata"].get("resourceVersion")
    if existed and version and version != objects.live[target.key]["metadata"]["resourceVersion"]:
        return refusal(409, "the object has been modified; please apply your changes")
    result = objects.apply(
        target.key, seen.body, manager=manager, force=force, subresource=target.subresource
    )
    if isinstance(result, list):
        return refusal(409, f"Apply failed with 1 conflict: conflict with {', '.join(result)}")
    shown = metadata_of(result) if wants_metadata(seen.headers) else result
    return web.json_response(shown, status=200 if existed else 201)


def _written(objects: Objects, target: Target, seen: Seen) -> web.Response:
    live = objects.live[target.key]
    kind = seen.headers.get("Content-Type", "")
    if seen.method == "PUT":
        after = seen.body
    elif "json-patch" in kind:
        after = jsonpatch.apply_patch(live, seen.body)
    else:
        after = _merge(live, seen.body)
    version = after["metadata"].get("resourceVersion")
    if version and version != live["metadata"]["resourceVersion"]:
        return refusal(409, "the object has been modified; please apply your changes")
    manager = seen.query.get("fieldManager", "unknown")
    written = objects.write(target.key, after, manager=manager, subresource=target.subresource)
    return web.json_response(written)


def _merge(value: Any, patch: Any) -> Any:
    """RFC 7396."""
    if not isinstance(patch, dict):
        return patch
    result = dict(value) if isinstance(value, dict) else {}
    for key, item in patch.items():
        if item is None:
            result.pop(key, None)
        else:
            result[key] = _merge(result.get(key), item)
    return result
