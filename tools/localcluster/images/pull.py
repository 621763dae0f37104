"""Pulls an image and writes it as an OCI archive, which `ctr images import` takes."""

import asyncio
import io
import json
import shutil
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import aiohttp

from localcluster.images.endpoint import Reference, endpoint, is_reachable
from localcluster.images.errors import RegistryUnreachable
from localcluster.images.registry import TIMEOUT, Manifest, Registry


async def pull(reference: Reference, names: Sequence[str], out: Path, cache: Path) -> None:
    """Writes `out`, whose image then goes by every name of `names`; raises RegistryError.

    `cache` holds blobs that arrived, so that a second try goes on where the first one stopped;
    it belongs to this image alone, and goes when the image is complete.
    """
    place = endpoint(reference)
    if place is None:
        raise RegistryUnreachable("registries are switched off by VMOPERATOR_REGISTRY=off")
    if not await asyncio.to_thread(is_reachable, place.url):
        raise RegistryUnreachable(f"{place.url} is not reachable")
    async with aiohttp.ClientSession(timeout=TIMEOUT, trust_env=True) as session:
        registry = Registry(session, place, cache)
        repository = place.repository(reference)
        manifest = await registry.manifest(repository, reference.tag)
        blobs = {digest: await registry.blob(repository, digest) for digest in manifest.blobs}
    _write_oci_archive(manifest, blobs, names, out)
    shutil.rmtree(cache)


def _index(manifest: Manifest, names: Sequence[str]) -> bytes:
    """The archive's index.json: one entry per name, all for the same manifest."""
    return json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [
                {
                    "mediaType": manifest.media_type,
                    "digest": manifest.digest,
                    "size": len(manifest.content),
                    "platform": {"os": "linux", "architecture": "amd64"},
                    "annotations": {"io.containerd.image.name": name},
                }
                for name in names
            ],
        }
    ).encode()


def _write_oci_archive(
    manifest: Manifest, blobs: Mapping[str, Path], names: Sequence[str], out: Path
) -> None:
    """An interrupted run leaves no file named `out`."""
    out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = out.with_name(f".{out.name}.unfinished")
    small = {
        "oci-layout": b'{"imageLayoutVersion":"1.0.0"}',
        "index.json": _index(manifest, names),
        _blob_name(manifest.digest): manifest.content,
    }
    with tarfile.open(unfinished, "w", format=tarfile.GNU_FORMAT) as archive:
        for name, content in small.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        for digest, file in blobs.items():
            entry = tarfile.TarInfo(_blob_name(digest))
            entry.size = file.stat().st_size
            with file.open("rb") as content_file:
                archive.addfile(entry, content_file)
    unfinished.replace(out)


def _blob_name(digest: str) -> str:
    return "blobs/" + digest.replace(":", "/")
