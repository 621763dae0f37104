"""Pulling from a registry: what arrives, and what is said when it does not."""

import json
import tarfile
import time
from pathlib import Path

import pytest
from tests.unit.localcluster_images.small_registry import SmallRegistry, digest_of, gzip_layer

from localcluster.images.endpoint import CONNECT_SECONDS, Endpoint, Reference, endpoint
from localcluster.images.errors import (
    DigestMismatch,
    ImageNotFound,
    RegistryError,
    RegistryUnreachable,
)
from localcluster.images.pull import pull
from localcluster.patience import drawn_out

NAME = "docker.io/victoriametrics/vminsert:v1.150.0-cluster"
REFERENCE = Reference.parse(NAME)
LAYER, DIFF_ID = gzip_layer("vminsert-prod", b"a program" * 10_000)


def members(archive: Path) -> dict[str, bytes]:
    with tarfile.open(archive) as tar:
        return {m.name: f.read() for m in tar if (f := tar.extractfile(m)) is not None}


async def pulled(tmp_path: Path, *names: str) -> dict[str, bytes]:
    out = tmp_path / "image.tar"
    await pull(REFERENCE, names or (NAME,), out, tmp_path / "blobs")
    return members(out)


async def test_an_image_is_pulled_with_a_token_and_for_amd64(
    registry: SmallRegistry, tmp_path: Path
) -> None:
    registry.add_image(REFERENCE.repository, REFERENCE.tag, LAYER, DIFF_ID)
    content = await pulled(tmp_path)
    (entry,) = json.loads(content["index.json"])["manifests"]
    manifest = content["blobs/" + entry["digest"].replace(":", "/")]
    assert entry["annotations"] == {"io.containerd.image.name": NAME}
    assert json.loads(manifest)["layers"][0]["digest"] == digest_of(LAYER)
    assert content["blobs/" + digest_of(LAYER).replace(":", "/")] == LAYER


async def test_one_image_goes_by_several_names(registry: SmallRegistry, tmp_path: Path) -> None:
    registry.add_image(REFERENCE.repository, REFERENCE.tag, LAYER, DIFF_ID)
    content = await pulled(tmp_path, NAME, "docker.io/victoriametrics/vminsert:v1.150.1-cluster")
    entries = json.loads(content["index.json"])["manifests"]
    assert len({entry["digest"] for entry in entries}) == 1
    assert [entry["annotations"]["io.containerd.image.name"] for entry in entries] == [
        NAME,
        "docker.io/victoriametrics/vminsert:v1.150.1-cluster",
    ]


async def test_a_download_that_breaks_off_goes_on_where_it_stopped(
    registry: SmallRegistry, tmp_path: Path
) -> None:
    layer = LAYER + b"\0" * 1_000_000
    registry.add_image(REFERENCE.repository, REFERENCE.tag, layer, DIFF_ID)
    # The configuration, which is fetched first, is shorter than this and so stays whole.
    blob = tmp_path / "blobs" / digest_of(layer).replace(":", "-")
    blob.parent.mkdir()
    blob.with_name(blob.name + ".part").write_bytes(layer[:400_000])
    await pulled(tmp_path)
    ranges = [wanted for path, wanted in registry.requests if digest_of(layer) in path]
    assert ranges == ["bytes=400000-"]


async def test_a_lost_connection_is_tried_again(registry: SmallRegistry, tmp_path: Path) -> None:
    registry.add_image(REFERENCE.repository, REFERENCE.tag, LAYER, DIFF_ID)
    registry.break_off_after_bytes = 20
    content = await pulled(tmp_path)
    assert content["blobs/" + digest_of(LAYER).replace(":", "/")] == LAYER
    assert "bytes=20-" in [wanted for _, wanted in registry.requests]


async def test_a_blob_with_other_bytes_than_promised_is_refused(
    registry: SmallRegistry, tmp_path: Path
) -> None:
    registry.add_image(REFERENCE.repository, REFERENCE.tag, LAYER, DIFF_ID)
    registry.blobs[digest_of(LAYER)] = b"something else"
    with pytest.raises(DigestMismatch, match=r"victoriametrics/vminsert: got sha256:"):
        await pulled(tmp_path)
    assert not (tmp_path / "image.tar").exists()
    registry.blobs[digest_of(LAYER)] = LAYER
    assert await pulled(tmp_path), "the bad bytes were kept"


async def test_an_image_that_is_not_there_is_named(registry: SmallRegistry, tmp_path: Path) -> None:
    with pytest.raises(ImageNotFound, match=r"has no victoriametrics/vminsert/manifests/v1"):
        await pulled(tmp_path)


async def test_an_image_for_other_machines_alone_is_not_taken(
    registry: SmallRegistry, tmp_path: Path
) -> None:
    registry.add_image(REFERENCE.repository, REFERENCE.tag, LAYER, DIFF_ID)
    name = f"{REFERENCE.repository}/{REFERENCE.tag}"
    media_type, index = registry.manifests[name]
    registry.manifests[name] = (media_type, index.replace(b"amd64", b"s390x"))
    with pytest.raises(ImageNotFound, match="not offered for linux/amd64"):
        await pulled(tmp_path)


@pytest.mark.parametrize(
    "url",
    [
        # Nobody listens on port 1; 192.0.2.0/24 is for documentation (RFC 5737).
        pytest.param("http://127.0.0.1:1", id="a closed port"),
        pytest.param("http://192.0.2.1:5000", id="an address without an answer"),
        pytest.param("http://registry.invalid", id="a name that does not exist"),
    ],
)
async def test_an_unreachable_registry_costs_below_three_seconds_once(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VMOPERATOR_REGISTRY", url)
    began = time.monotonic()
    with pytest.raises(RegistryUnreachable, match="is not reachable"):
        await pulled(tmp_path)
    first = time.monotonic()
    with pytest.raises(RegistryUnreachable):
        await pulled(tmp_path)
    assert first - began < drawn_out(3)
    assert time.monotonic() - first < CONNECT_SECONDS, "the answer was not remembered"


async def test_registries_can_be_switched_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VMOPERATOR_REGISTRY", "off")
    with pytest.raises(RegistryError, match="switched off"):
        await pulled(tmp_path)


@pytest.mark.parametrize(
    ("override", "want", "repository"),
    [
        pytest.param(
            "", Endpoint("https://registry-1.docker.io"), "prom/alertmanager", id="Docker Hub"
        ),
        pytest.param(
            "mirror:5000", Endpoint("https://mirror:5000"), "prom/alertmanager", id="a bare host"
        ),
        pytest.param(
            "http://mirror/proxy/hub/",
            Endpoint("http://mirror", "proxy/hub"),
            "proxy/hub/prom/alertmanager",
            id="a URL with a path",
        ),
    ],
)
def test_the_registry_to_ask(override: str, want: Endpoint, repository: str) -> None:
    reference = Reference.parse("docker.io/prom/alertmanager:v0.31.1")
    found = endpoint(reference, override)
    assert found == want
    assert found is not None and found.repository(reference) == repository
