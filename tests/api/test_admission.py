"""The server of the webhooks: AdmissionReviews over TLS, and certificates that never run out."""

from __future__ import annotations

import argparse
import asyncio
import base64
import datetime
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError
from prometheus_client import CollectorRegistry, generate_latest
from tests.api.test_process import run
from tests.fake_api import FakeApi
from tests.fake_api.waiting import until

from vmoperator.apply.admission import Judge
from vmoperator.apply.client import Client
from vmoperator.apply.introduction import Introduction
from vmoperator.apply.keyring import Keyring
from vmoperator.apply.world import World
from vmoperator.base.errors import SettingsInvalid
from vmoperator.base.manifest import Manifest, Ref
from vmoperator.base.resource import WEBHOOKS
from vmoperator.base.settings import Settings
from vmoperator.watch.admission import PATH, Admission
from vmoperator.watch.endpoints import Address
from vmoperator.watch.verdicts import Verdicts
from vmoperator.watch.webhooks import add_arguments, address, bound

SECRET = Ref("Secret", "home", "certificates")
CONFIGURATION = Ref(WEBHOOKS.kind, "", "judges")
HOST = "judge.home.svc"
DAY = datetime.timedelta(days=1)
BEGIN = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


@dataclass
class Clock:
    time: datetime.datetime = BEGIN

    def __call__(self) -> datetime.datetime:
        return self.time


@dataclass
class Replica:
    """One process of the operator, as far as webhooks go."""

    admission: Admission
    place: socket.socket
    metrics: CollectorRegistry
    is_leading: bool = True

    @property
    def port(self) -> int:
        return int(self.place.getsockname()[1])

    async def shown(self) -> x509.Certificate:
        """The certificate that a new connection is shown."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, ssl=context)
        found = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        writer.close()
        await writer.wait_closed()
        return x509.load_der_x509_certificate(found)


@dataclass
class Stand:
    """Replicas with one API server and one clock."""

    api: FakeApi
    client: Client
    clock: Clock = field(default_factory=Clock)

    @asynccontextmanager
    async def replica(self, *, is_leading: bool = True) -> AsyncIterator[Replica]:
        metrics = CollectorRegistry()
        admission = Admission(
            Judge(World(), Settings()),
            Keyring(self.client, SECRET, self.clock),
            Introduction(self.client, CONFIGURATION),
            Verdicts(metrics.register),
            lambda: one.is_leading,
            upkeep_seconds=3_600,
            retry_seconds=0.02,
        )
        one = Replica(admission, bound(Address.of("127.0.0.1:0")), metrics, is_leading)
        task = asyncio.create_task(admission.run(one.place))
        try:
            yield one
        finally:
            task.cancel()
            await asyncio.wait({task})

    async def register(self, **client_config: Any) -> None:
        service = {"service": {"name": "judge", "namespace": "home"}}
        await self.api.put(
            {
                "apiVersion": WEBHOOKS.api_version,
                "kind": WEBHOOKS.kind,
                "metadata": {"name": CONFIGURATION.name},
                "webhooks": [{"name": "a.b.c", "clientConfig": client_config or service}],
            }
        )

    @property
    def told(self) -> str:
        """The authorities that the API server knows."""
        found = self.api.find(CONFIGURATION) or {"webhooks": [{"clientConfig": {}}]}
        return base64.b64decode(found["webhooks"][0]["clientConfig"].get("caBundle", "")).decode()

    def trusts(self, certificate: x509.Certificate, told: str) -> bool:
        """Whether an API server that was told of these authorities would talk to that server."""
        store = Store(x509.load_pem_x509_certificates(told.encode()))
        verifier = PolicyBuilder().store(store).time(self.clock.time.replace(tzinfo=None))
        try:
            verifier.build_server_verifier(x509.DNSName(HOST)).verify(certificate, [])
        except VerificationError:
            return False
        return True


@pytest.fixture
def stand(api: FakeApi, client: Client) -> Stand:
    return Stand(api, client)


def review(manifest: Mapping[str, Any], uid: str = "r-1") -> Manifest:
    request = {"uid": uid, "kind": {"kind": manifest["kind"]}, "object": dict(manifest)}
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}


def agent(**spec: Any) -> Manifest:
    return {
        "apiVersion": "operator.victoriametrics.com/v1beta1",
        "kind": "VMAgent",
        "metadata": {"name": "demo", "namespace": "ns", "uid": "u"},
        "spec": {"remoteWrite": [{"url": "http://x"}], **spec},
    }


async def asked(port: int, body: Any, told: str, host: str = "127.0.0.1") -> tuple[int, Any]:
    """Status and answer, over a connection that only these authorities make good."""
    context = ssl.create_default_context(cadata=told)
    connector = aiohttp.TCPConnector(ssl=context)
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        session.post(f"https://{host}:{port}{PATH}", json=body) as answer,
    ):
        is_json = answer.content_type == "application/json"
        return answer.status, await answer.json() if is_json else await answer.text()


async def test_objects_are_judged_over_tls_by_whom_the_api_server_is_told_to_trust(
    stand: Stand,
) -> None:
    stand.clock.time = datetime.datetime.now(datetime.UTC)
    await stand.register(url="https://127.0.0.1:1/validate")
    async with stand.replica() as one:
        await until(lambda: stand.told)
        status, answer = await asked(one.port, review(agent(), "r-7"), stand.told)
        assert (status, answer["response"]) == (200, {"uid": "r-7", "allowed": True})
        broken = agent(inlineRelabelConfig=[{"action": "replce"}], vmAgentExternalLabelName="a")
        _, answer = await asked(one.port, review(broken), stand.told)
        page = generate_latest(one.metrics).decode()
    response = answer["response"]
    assert (response["allowed"], response["status"]["code"]) == (False, 422)
    words = "VMAgent ns/demo: spec.inlineRelabelConfig[0].action"
    assert response["status"]["message"].startswith(words)
    assert "externalLabelName" in response["warnings"][0]
    assert 'requests_total{kind="VMAgent",outcome="refused"} 1.0' in page
    assert 'requests_total{kind="VMAgent",outcome="allowed"} 1.0' in page
    assert "vmoperator_webhook_certificate_expiry_timestamp_seconds" in page


@pytest.mark.parametrize("body", [[], {"request": {}}, {"request": {"uid": "a"}}], ids=str)
async def test_what_is_no_review_of_an_object_is_a_bad_request(stand: Stand, body: Any) -> None:
    stand.clock.time = datetime.datetime.now(datetime.UTC)
    await stand.register(url="https://127.0.0.1/")
    async with stand.replica() as one:
        await until(lambda: stand.told)
        status, words = await asked(one.port, body, stand.told)
    assert (status, "no AdmissionReview" in words) == (400, True)


async def test_no_api_server_meets_a_certificate_that_it_does_not_trust(stand: Stand) -> None:
    await stand.register()
    bundles, leaves = list[int](), list[int]()
    async with stand.replica() as leader, stand.replica(is_leading=False) as standby:
        await until(lambda: stand.told)
        await until(lambda: standby.admission.is_serving)
        # New certificates, a new authority beside the former one, what it signs, the former's end.
        for day in (61, 122, 183, 244, 245, 306, 367):
            stand.clock.time = BEGIN + day * DAY
            for replica in (leader, standby):
                # An API server may know what was told before, or what is told now.
                before = stand.told
                await replica.admission.keep_up()
                for one in (leader, standby):
                    shown = await one.shown()
                    assert stand.trusts(shown, before)
                    assert stand.trusts(shown, stand.told)
            assert await standby.shown() == await leader.shown()
            leaves.append((await leader.shown()).serial_number)
            bundles.append(stand.told.count("BEGIN CERTIFICATE"))
    assert bundles == [1, 1, 1, 2, 2, 2, 1]
    assert len(set(leaves)) >= 6


async def test_a_standby_shows_what_the_leader_has_made_and_writes_nothing(stand: Stand) -> None:
    await stand.register()
    async with stand.replica(is_leading=False) as standby:
        assert not await standby.admission.keep_up()
        assert stand.api.writes == []
        async with stand.replica() as leader:
            await until(lambda: stand.told)
            await until(lambda: standby.admission.is_serving)
            assert await standby.shown() == await leader.shown()
        writes = len(stand.api.writes)
        await standby.admission.keep_up()
        assert len(stand.api.writes) == writes
        standby.is_leading = True
        assert await standby.admission.keep_up()
        assert len(stand.api.writes) == writes


async def test_at_rest_nothing_is_written(stand: Stand) -> None:
    await stand.register()
    async with stand.replica() as leader:
        await until(lambda: stand.told)
        writes = len(stand.api.writes)
        for _ in range(3):
            assert await leader.admission.keep_up()
    assert len(stand.api.writes) == writes


@pytest.mark.parametrize("data", [{}, {"ca.crt": "x", "ca.key": "", "tls.crt": "-"}], ids=str)
async def test_a_secret_that_holds_nothing_of_use_is_filled(
    stand: Stand, data: dict[str, str]
) -> None:
    encoded = {key: base64.b64encode(it.encode()).decode() for key, it in data.items()}
    metadata = {"name": SECRET.name, "namespace": SECRET.namespace, "labels": {"a": "b"}}
    await stand.api.put(
        {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": encoded}
    )
    await stand.register()
    async with stand.replica() as one:
        await until(lambda: stand.told)
        assert stand.trusts(await one.shown(), stand.told)
    found = stand.api.find(SECRET)
    assert found is not None
    assert found["metadata"]["labels"] == {"a": "b"}


async def test_what_others_take_away_is_put_back(stand: Stand) -> None:
    await stand.register()
    async with stand.replica() as one:
        await until(lambda: stand.told)
        told = stand.told
        await stand.register()
        assert stand.told == ""
        await one.admission.keep_up()
        assert stand.told == told
        await stand.register(service={"name": "other", "namespace": "home"})
        await one.admission.keep_up()
        assert not stand.trusts(await one.shown(), stand.told)  # it is for another name now


async def test_a_configuration_may_come_late(
    stand: Stand, caplog: pytest.LogCaptureFixture
) -> None:
    async with stand.replica() as one:
        assert not await one.admission.keep_up()
        assert "webhooks are not asked" in caplog.text
        await stand.register()
        await until(lambda: stand.told)
        assert stand.trusts(await one.shown(), stand.told)


async def test_the_process_judges_at_the_address_of_its_option(
    api: FakeApi, tmp_path: Path
) -> None:
    stand = Stand(api, None)  # type: ignore[arg-type]  # the process has its own client
    await stand.register(url="https://127.0.0.1/")
    options = ("--webhook-secret=home/certificates", "--webhook-configuration=judges")
    async with run(api, tmp_path, "--webhook-address=127.0.0.1:0", *options) as running:
        await until(lambda: stand.told, seconds=120)
        await until(lambda: running.has_told("judging objects on"))
        line = next(line for line in running.told if "judging objects on" in line)
        port = int(line.rpartition(":")[2])
        _, answer = await asked(
            port, review(agent(inlineRelabelConfig=[{"action": "x"}])), stand.told
        )
        assert answer["response"]["allowed"] is False
        assert (await running.end())[0] == 0


@pytest.mark.parametrize(
    ("options", "namespaces", "words"),
    [
        ((), ("team",), "webhooks need an operator that looks after all namespaces.*after team"),
        ((), (), "--webhook-secret must be NAMESPACE/NAME"),
        (("--webhook-secret=a/b",), (), "--webhook-configuration is missing"),
    ],
    ids=["namespaces", "secret", "configuration"],
)
def test_options_that_cannot_work_are_refused_by_their_names(
    options: tuple[str, ...], namespaces: tuple[str, ...], words: str
) -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    chosen = parser.parse_args(["--webhook-address=:9443", *options])
    with pytest.raises(SettingsInvalid, match=words):
        address(chosen, Settings(namespaces=namespaces))


async def test_the_process_ends_where_webhooks_cannot_be_had(api: FakeApi, tmp_path: Path) -> None:
    async with run(api, tmp_path, "--webhook-address=127.0.0.1:0", "-n", "team") as running:
        assert await running.process.wait() == 1
        await until(lambda: running.has_told("webhooks need an operator"))


def test_an_address_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = Address("127.0.0.1", taken.getsockname()[1])
        with pytest.raises(SettingsInvalid, match="--webhook-address=.*cannot listen there"):
            bound(place)
