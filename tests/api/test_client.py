"""The client against a server: every verb, every kind of refusal, broken connections."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from tests.api.objects import service, vmcluster
from tests.fake_api import FakeApi, Fault

from vmoperator.apply.client import Client
from vmoperator.apply.connection import Connection
from vmoperator.apply.tokens import FileToken, FixedToken
from vmoperator.apply.transport import Timeouts
from vmoperator.base import errors
from vmoperator.base.manifest import Ref
from vmoperator.base.resource import POD, SERVICE, VM_CLUSTER

REF = Ref("Service", "default", "vminsert-demo")


async def test_apply_creates_and_then_changes_the_object(api: FakeApi, client: Client) -> None:
    created = await client.apply(service(port=1))
    changed = await client.apply(service(port=2))
    assert created["metadata"]["uid"] == changed["metadata"]["uid"]
    assert [port["port"] for port in changed["spec"]["ports"]] == [2]
    [first, _] = api.requests("PATCH")
    assert first.headers["Content-Type"] == "application/apply-patch+yaml"
    assert first.query == {"fieldManager": "vm-operator", "force": "true"}
    assert first.headers["User-Agent"].startswith("vmoperator/")


async def test_what_is_written_to_a_secret_is_not_sent_back(api: FakeApi, client: Client) -> None:
    metadata = {"name": "jobs", "namespace": "default"}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {"a": "YQ=="}}
    written = await client.apply(secret)
    assert (written["kind"], written["apiVersion"]) == ("Secret", "v1")
    assert written["metadata"]["resourceVersion"]
    assert "data" not in written
    assert (api.find(Ref("Secret", "default", "jobs")) or {})["data"] == secret["data"]
    [request] = api.requests("PATCH")
    assert "as=PartialObjectMetadata" in request.headers["Accept"]


async def test_apply_of_the_unchanged_object_leaves_its_version_alone(client: Client) -> None:
    first = await client.apply(service())
    assert (await client.apply(service()))["metadata"]["resourceVersion"] == (
        first["metadata"]["resourceVersion"]
    )


async def test_apply_new_creates_and_leaves_alone_what_is_there(client: Client) -> None:
    created = await client.apply_new(service(port=1))
    assert await client.get(SERVICE, REF) == created
    with pytest.raises(errors.Conflict):
        await client.apply_new(service(port=2))
    assert await client.get(SERVICE, REF) == created


async def test_apply_without_force_names_the_other_manager(api: FakeApi, client: Client) -> None:
    await client.apply(service(), manager="kubectl")
    manifest = service()
    manifest["spec"]["ports"][0]["name"] = "other"
    with pytest.raises(errors.Conflict, match="kubectl"):
        await client.apply(manifest, force=False)


async def test_a_dry_run_writes_nothing(api: FakeApi, client: Client) -> None:
    await client.apply(service(), dry_run=True)
    assert api.find(REF) is None


async def test_a_status_is_written_by_its_own_manager(api: FakeApi, client: Client) -> None:
    live = await api.put(vmcluster())
    status = {key: live[key] for key in ("apiVersion", "kind")} | {
        "metadata": {"name": "demo", "namespace": "default"},
        "status": {"updateStatus": "expanding"},
    }
    written = await client.apply_status(status)
    assert written["status"] == {"updateStatus": "expanding"}
    assert written["spec"] == live["spec"]
    assert written["metadata"]["generation"] == live["metadata"]["generation"]
    [request] = api.writes
    assert request.path.endswith("/vmclusters/demo/status")
    assert request.query["fieldManager"] == "vm-operator-status"


async def test_replace_is_refused_when_somebody_wrote_in_between(
    api: FakeApi, client: Client
) -> None:
    live = await client.create(SERVICE, service(port=1))
    await api.put(service(port=2))
    with pytest.raises(errors.Conflict):
        await client.replace(SERVICE, live)
    fresh = await client.get(SERVICE, REF)
    assert (await client.replace(SERVICE, fresh))["spec"]["ports"][0]["port"] == 2


async def test_both_forms_of_patch_change_the_object(client: Client) -> None:
    await client.create(SERVICE, service())
    merged = await client.patch(SERVICE, REF, {"metadata": {"labels": {"a": "b"}}})
    assert merged["metadata"]["labels"] == {"managed-by": "vm-operator", "a": "b"}
    operations = [{"op": "remove", "path": "/metadata/labels/a"}]
    patched = await client.patch(SERVICE, REF, operations, kind="json")
    assert patched["metadata"]["labels"] == {"managed-by": "vm-operator"}


async def test_create_of_what_exists_is_a_conflict(client: Client) -> None:
    await client.create(SERVICE, service())
    with pytest.raises(errors.Conflict, match="already exists"):
        await client.create(SERVICE, service())


async def test_delete_spares_an_object_with_another_uid(api: FakeApi, client: Client) -> None:
    live = await client.create(SERVICE, service())
    with pytest.raises(errors.Conflict):
        await client.delete(SERVICE, REF, uid="another")
    await client.delete(SERVICE, REF, uid=live["metadata"]["uid"])
    with pytest.raises(errors.NotFound):
        await client.delete(SERVICE, REF, uid=live["metadata"]["uid"])
    assert [r.body["propagationPolicy"] for r in api.requests("DELETE")] == ["Background"] * 3


async def test_delete_with_orphan_leaves_the_dependents(api: FakeApi, client: Client) -> None:
    owner = await client.create(SERVICE, service("owner"))
    reference = {"kind": "Service", "name": "owner", "uid": owner["metadata"]["uid"]}
    child = service()
    child["metadata"]["ownerReferences"] = [reference]
    await client.create(SERVICE, child)
    ref = Ref("Service", "default", "owner")
    await client.delete(SERVICE, ref, uid=owner["metadata"]["uid"], orphan=True)
    assert api.find(REF) is not None


async def test_an_eviction_against_a_disruption_budget_says_when_to_ask_again(
    api: FakeApi, client: Client
) -> None:
    api.faults.append(Fault(429, path="/eviction", headers={"Retry-After": "10"}))
    with pytest.raises(errors.Unavailable) as caught:
        await client.evict(Ref("Pod", "default", "p"), uid="u")
    assert (caught.value.status, caught.value.after_seconds) == (429, 10.0)


async def test_an_eviction_takes_the_pod_of_that_uid(api: FakeApi, client: Client) -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "default"}}
    live = await api.put(pod)
    ref = Ref("Pod", "default", "p")
    with pytest.raises(errors.Conflict):
        await client.evict(ref, uid="another")
    await client.evict(ref, uid=live["metadata"]["uid"])
    assert api.find(ref) is None


async def test_a_list_comes_in_pages_of_one_moment(api: FakeApi, client: Client) -> None:
    for number in range(7):
        await api.put(service(f"s{number}", ours=number != 3))
    pages = [
        page
        async for page in client.list(
            SERVICE, namespace="default", selector="managed-by=vm-operator", limit=3
        )
    ]
    assert [len(page.items) for page in pages] == [3, 3]
    assert {page.resource_version for page in pages} == {"107"}
    assert {item["kind"] for page in pages for item in page.items} == {"Service"}


async def test_an_expired_page_token_is_gone(api: FakeApi, client: Client) -> None:
    for number in range(4):
        await api.put(service(f"s{number}"))
    with pytest.raises(errors.Gone):
        async for _ in client.list(SERVICE, limit=2):
            await api.put(service("another"))
            api.compact()


REFUSALS = [
    (400, errors.Invalid),
    (401, errors.Unavailable),
    (402, errors.Invalid),
    (403, errors.Forbidden),
    (404, errors.NotFound),
    (405, errors.Invalid),
    (408, errors.Unavailable),
    (409, errors.Conflict),
    (410, errors.Gone),
    (413, errors.Invalid),
    (415, errors.Invalid),
    (422, errors.Invalid),
    (429, errors.Unavailable),
    (302, errors.Unavailable),
    (500, errors.Unavailable),
    (502, errors.Unavailable),
    (503, errors.Unavailable),
    (504, errors.Unavailable),
]


@pytest.mark.parametrize(("status", "kind"), REFUSALS, ids=[str(code) for code, _ in REFUSALS])
async def test_every_refusal_is_a_typed_error_with_the_servers_words(
    api: FakeApi, client: Client, status: int, kind: type[errors.ApiError]
) -> None:
    api.faults.append(Fault(status, message='services "x" is "quoted", word for word'))
    with pytest.raises(errors.ApiError) as caught:
        await client.get(SERVICE, REF)
    assert type(caught.value) is kind
    assert str(caught.value) == 'services "x" is "quoted", word for word'
    assert caught.value.status == status
    assert caught.value.request == "get Service default/vminsert-demo"


async def test_a_path_that_is_not_served_is_not_found(api: FakeApi, client: Client) -> None:
    api.hidden.add("vmclusters")
    with pytest.raises(errors.NotFound, match="404 page not found"):
        await client.get(VM_CLUSTER, Ref("VMCluster", "default", "demo"))


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    async with Client(Connection(server="http://127.0.0.1:9")) as client:
        with pytest.raises(errors.Unavailable, match=r"no connection to http://127\.0\.0\.1:9"):
            await client.get(SERVICE, REF)


async def test_a_silent_server_is_unavailable_after_the_timeout(api: FakeApi) -> None:
    api.faults.append(Fault(200, delay_seconds=5))
    async with Client(api.connection(), timeouts=Timeouts(call_seconds=0.2)) as client:
        with pytest.raises(errors.Unavailable, match=r"no answer from .* for 0\.2 s"):
            await client.get(SERVICE, REF)


@pytest.mark.parametrize("verb", ["get", "apply", "delete"])
async def test_a_connection_that_breaks_once_is_not_noticed(
    api: FakeApi, client: Client, verb: str
) -> None:
    live = await api.put(service())
    api.faults.append(Fault(200, cut=True))
    match verb:
        case "get":
            await client.get(SERVICE, REF)
        case "apply":
            await client.apply(service())
        case "delete":
            await client.delete(SERVICE, REF, uid=live["metadata"]["uid"])
    assert len(api.seen) == 2


async def test_a_create_is_not_sent_twice(api: FakeApi, client: Client) -> None:
    api.faults.append(Fault(200, cut=True))
    with pytest.raises(errors.Unavailable):
        await client.create(SERVICE, service())
    assert len(api.seen) == 1


async def test_a_renewed_token_is_read_again_at_once(api: FakeApi, tmp_path: Path) -> None:
    await api.put(service())
    file = tmp_path / "token"
    file.write_text("first\n")
    api.token = "first"
    async with Client(api.connection(tokens=FileToken(file))) as client:
        await client.get(SERVICE, REF)
        file.write_text("second\n")
        api.token = "second"
        await client.get(SERVICE, REF)
        api.token = "third"
        with pytest.raises(errors.Unavailable, match="Unauthorized"):
            await client.get(SERVICE, REF)


async def test_no_token_is_in_any_message_or_log(
    api: FakeApi, caplog: pytest.LogCaptureFixture
) -> None:
    api.token = "other"
    connection = api.connection(tokens=FixedToken("s3cr3t"))
    with caplog.at_level(logging.DEBUG):
        async with Client(connection) as client:
            with pytest.raises(errors.Unavailable) as caught:
                await client.get(SERVICE, REF)
    told = f"{caught.value} {caught.value.request} {connection!r} {caplog.text}"
    assert api.seen[0].headers["Authorization"] == "Bearer s3cr3t"
    assert "s3cr3t" not in told


async def test_a_watch_tells_what_happens_after_the_given_version(
    api: FakeApi, client: Client
) -> None:
    first = await api.put(service("a"))
    await api.put(service("b"))
    await api.put(service("b", port=9))
    await api.remove(Ref("Service", "default", "b"))
    version = first["metadata"]["resourceVersion"]
    told = []
    async for event in client.watch(SERVICE, resource_version=version):
        told.append((event.type, event.object["metadata"].get("name")))
        if event.type == "BOOKMARK":
            break
    assert told == [("ADDED", "b"), ("MODIFIED", "b"), ("DELETED", "b"), ("BOOKMARK", None)]


async def test_a_watch_from_a_forgotten_version_is_gone(api: FakeApi, client: Client) -> None:
    for number in range(3):
        await api.put(service(f"s{number}"))
    api.compact()
    with pytest.raises(errors.Gone, match="too old"):
        async for _ in client.watch(SERVICE, resource_version="101"):
            pass


async def test_a_watch_gone_by_http_status_is_gone_too(api: FakeApi, client: Client) -> None:
    api.faults.append(Fault(410, watch=True))
    with pytest.raises(errors.Gone):
        async for _ in client.watch(SERVICE, resource_version="1"):
            pass


async def test_a_watch_that_breaks_is_unavailable(api: FakeApi, client: Client) -> None:
    with pytest.raises(errors.Unavailable):
        async for _ in client.watch(SERVICE, resource_version="100"):
            api.cut_streams()


async def test_a_watch_without_bookmarks_is_given_up(api: FakeApi) -> None:
    api.bookmark_seconds = 60
    opened: list[bool] = []
    async with Client(api.connection(), timeouts=Timeouts(silence_seconds=1)) as client:
        with pytest.raises(errors.Unavailable, match="no answer from .* for 1 s"):
            async for _ in client.watch(
                SERVICE, resource_version="100", on_open=lambda: opened.append(True)
            ):
                pass
    assert opened == [True]


async def test_a_large_event_arrives_whole(api: FakeApi, client: Client) -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "default"}}
    await api.put({**pod, "spec": {"note": "x" * 1_000_000}})
    async for event in client.watch(POD, resource_version="100"):
        assert len(event.object["spec"]["note"]) == 1_000_000
        break
