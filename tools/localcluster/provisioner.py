"""Gives claims a folder of this machine as their volume; watches, so it is silent at rest."""

import argparse
import asyncio
import base64
import json
import logging
import shutil
import signal
import ssl
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from localcluster import volumes
from localcluster.volumes import Object

CLAIMS = "/api/v1/persistentvolumeclaims"
VOLUMES = "/api/v1/persistentvolumes"
CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
RETRY_SECONDS = 1.0
WATCH_SECONDS = 600
log = logging.getLogger("provisioner")


class Provisioner:
    """The claims and volumes as last seen, and what follows from them."""

    def __init__(self, session: aiohttp.ClientSession, folder: Path) -> None:
        self.session = session
        self.folder = folder
        self.seen: dict[str, dict[str, Object]] = {CLAIMS: {}, VOLUMES: {}}
        self.changed = asyncio.Event()

    async def follow(self, path: str) -> None:
        """Keeps `seen[path]` true for ever: a list, then a watch, again after each break."""
        while True:
            try:
                listed = await self.call("GET", path)
                self.seen[path] = {i["metadata"]["uid"]: i for i in listed.get("items") or []}
                self.changed.set()
                await self.watch(path, listed["metadata"]["resourceVersion"])
            except (aiohttp.ClientError, TimeoutError, KeyError) as error:
                log.warning("%s: %s; again in %s s", path, error, RETRY_SECONDS)
                await asyncio.sleep(RETRY_SECONDS)

    async def watch(self, path: str, version: str) -> None:
        """Applies the events of one watch to `seen[path]`."""
        query = {"watch": "1", "resourceVersion": version, "timeoutSeconds": str(WATCH_SECONDS)}
        async with self.session.get(path, params=query, read_bufsize=2**20) as response:
            response.raise_for_status()
            async for line in response.content:
                event = json.loads(line)
                if event["type"] == "ERROR":
                    return
                key = event["object"]["metadata"]["uid"]
                if event["type"] == "DELETED":
                    self.seen[path].pop(key, None)
                else:
                    self.seen[path][key] = event["object"]
                self.changed.set()

    async def work(self) -> None:
        """Acts after each change; what failed is tried again."""
        while True:
            await self.changed.wait()
            self.changed.clear()
            by_name = {v["metadata"]["name"]: v for v in self.seen[VOLUMES].values()}
            for claim in list(self.seen[CLAIMS].values()):
                await self.attempt(self.serve(claim, by_name), claim)
            for volume in list(self.seen[VOLUMES].values()):
                if volumes.to_delete(volume):
                    await self.attempt(self.delete(volume), volume)

    async def attempt(self, action: Any, item: Object) -> None:
        """Runs one action; a failure is logged and wakes the work again a little later."""
        try:
            await action
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, KeyError) as error:
            log.warning("%s: %s", item["metadata"]["name"], error)
            asyncio.get_running_loop().call_later(RETRY_SECONDS, self.changed.set)

    async def serve(self, claim: Object, by_name: dict[str, Object]) -> None:
        """Gives the claim its volume, or lets that volume grow."""
        bound = by_name.get(claim["spec"].get("volumeName", ""))
        if bound is not None and volumes.ours(bound):
            await self.grow(claim, bound)
        elif not claim["spec"].get("volumeName") and volumes.volume_name(claim) not in by_name:
            await self.create(claim)

    async def create(self, claim: Object) -> None:
        name = claim["spec"].get("storageClassName")
        if not name:
            return
        storage_class = await self.call("GET", f"{CLASSES}/{name}", fine=(404,))
        if "provisioner" not in storage_class or not volumes.wants_volume(claim, storage_class):
            return
        annotations = claim["metadata"].get("annotations", {})
        node = annotations.get(volumes.SELECTED_NODE) or await self.first_node()
        folder = self.folder / volumes.volume_name(claim)
        folder.mkdir(parents=True, exist_ok=True)
        # Any user of any pod may write: hostPath volumes know no fsGroup.
        folder.chmod(0o777)
        body = volumes.volume(claim, storage_class, node, folder)
        await self.call("POST", VOLUMES, body, fine=(409,))
        log.info("%s: volume %s on %s", claim["metadata"]["name"], folder.name, node)

    async def first_node(self) -> str:
        listed = await self.call("GET", "/api/v1/nodes")
        return str(listed["items"][0]["metadata"]["name"])

    async def grow(self, claim: Object, volume: Object) -> None:
        name = volume["metadata"]["name"]
        if (capacity := volumes.volume_growth(claim, volume)) is not None:
            await self.call("PATCH", f"{VOLUMES}/{name}", {"spec": _storage(capacity)})
            log.info("%s: grown to %s", name, capacity)
        elif (capacity := volumes.claim_growth(claim, volume)) is not None:
            metadata = claim["metadata"]
            path = f"/api/v1/namespaces/{metadata['namespace']}/persistentvolumeclaims"
            body = {"status": _storage(capacity)}
            await self.call("PATCH", f"{path}/{metadata['name']}/status", body, fine=(404,))

    async def delete(self, volume: Object) -> None:
        folder = Path(volume["spec"]["hostPath"]["path"])
        if folder.parent == self.folder:
            await asyncio.to_thread(shutil.rmtree, folder, True)
        await self.call("DELETE", f"{VOLUMES}/{volume['metadata']['name']}", fine=(404,))
        log.info("%s: deleted", volume["metadata"]["name"])

    async def call(
        self, method: str, path: str, body: Object | None = None, fine: tuple[int, ...] = ()
    ) -> Object:
        """The answer as JSON; raises ClientResponseError, `fine` answers excepted."""
        data = None if body is None else json.dumps(body)
        kind = "merge-patch+json" if method == "PATCH" else "json"
        headers = {"Content-Type": f"application/{kind}"}
        async with self.session.request(method, path, data=data, headers=headers) as response:
            answer: Object = await response.json()
            if response.status >= 400 and response.status not in fine:
                response.reason = answer.get("message", response.reason)
                response.raise_for_status()
            return answer


def _storage(quantity: str) -> Object:
    return {"capacity": {"storage": quantity}}


def connection(kubeconfig: Path) -> tuple[str, ssl.SSLContext]:
    """The address and the TLS context of a kubeconfig that holds its certificates itself."""
    config = yaml.safe_load(kubeconfig.read_text())
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    context = ssl.create_default_context(cadata=authority)
    with tempfile.NamedTemporaryFile() as pair:
        for field in ("client-certificate-data", "client-key-data"):
            pair.write(base64.b64decode(user[field]))
        pair.flush()
        context.load_cert_chain(pair.name)
    return cluster["server"], context


async def serve(kubeconfig: Path, folder: Path) -> None:
    """Works until SIGTERM."""
    server, context = connection(kubeconfig)
    timeout = aiohttp.ClientTimeout(total=None, connect=5, sock_read=WATCH_SECONDS + 30)
    connector = aiohttp.TCPConnector(ssl=context)
    async with aiohttp.ClientSession(server, connector=connector, timeout=timeout) as session:
        provisioner = Provisioner(session, folder)
        works = asyncio.gather(
            provisioner.follow(CLAIMS), provisioner.follow(VOLUMES), provisioner.work()
        )
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, works.cancel)
        with suppress(asyncio.CancelledError):
            await works


def main() -> None:
    """Reads the command line and serves."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("--volumes", type=Path, required=True)
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    asyncio.run(serve(given.kubeconfig, given.volumes))


if __name__ == "__main__":
    main()
