"""What the stand-in serves, where it keeps its files, and how it ends."""

import asyncio
import datetime
import ipaddress
import signal
import ssl
import subprocess
import urllib.error
import urllib.request
from http import HTTPStatus
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.unit.standin.process import Standin, Standins

from localcluster.patience import drawn_out


def get(one: Standin, path: str, context: ssl.SSLContext | None = None) -> tuple[int, str]:
    """Status and body."""
    url = f"{'https' if context else 'http'}://{one.http}{path}"
    try:
        with urllib.request.urlopen(url, timeout=5, context=context) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_the_first_line_says_what_it_is(standins: Standins) -> None:
    one = standins.vmstorage("data")
    assert one.http
    assert one.lines[0].endswith("stand-in for vmstorage: keeps no data")


def test_metrics_tell_version_and_flags(standins: Standins) -> None:
    one = standins.vmstorage("data", "-vminsertAddr=127.0.0.1:0", "-vmselectAddr=127.0.0.1:0",
                             "-retentionPeriod=4", "-metricsAuthKey=xyz")  # fmt: skip
    assert get(one, "/health") == (200, "OK")
    assert get(one, "/metrics")[0] == HTTPStatus.UNAUTHORIZED
    _, text = get(one, "/metrics?authKey=xyz")
    assert 'vm_app_version{version="standin-v1.150.0-cluster-vmstorage"} 1' in text
    assert 'flag{name="retentionPeriod", value="4", is_set="true"} 1' in text
    assert 'flag{name="metricsAuthKey", value="secret", is_set="true"} 1' in text


def test_the_version_is_that_of_the_image(standins: Standins) -> None:
    one = standins.start("vminsert", "-storageNode=127.0.0.1:1", STANDIN_VERSION="v1.150.1-cluster")
    assert 'version="standin-v1.150.1-cluster-vminsert"' in get(one, "/metrics")[1]


def test_a_path_prefix_is_wanted_where_it_is_set(standins: Standins) -> None:
    one = standins.start("vmselect", "-storageNode=127.0.0.1:1", "-http.pathPrefix=/vm/")
    assert get(one, "/vm/health") == (200, "OK")
    status, text = get(one, "/health")
    assert status == HTTPStatus.BAD_REQUEST
    assert 'missing -http.pathPrefix="/vm/"' in text


def test_it_serves_tls(standins: Standins, tmp_path: Path) -> None:
    cert, key = self_signed(tmp_path)
    flags = ("-tls", f"-tlsCertFile={cert}", f"-tlsKeyFile={key}")
    one = standins.start("vmselect", "-storageNode=127.0.0.1:1", *flags)
    assert get(one, "/health", ssl.create_default_context(cafile=str(cert))) == (200, "OK")


def test_tls_without_a_certificate_does_not_start(standins: Standins) -> None:
    one = standins.start("vmselect", "-storageNode=127.0.0.1:1", "-tls")
    assert one.exit_code() == 255
    assert "-tls needs -tlsCertFile and -tlsKeyFile" in one.log


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_within_a_second(standins: Standins, sign: signal.Signals) -> None:
    one = standins.vmstorage("data")
    assert one.http
    assert one.stop(sign) < drawn_out(1)
    assert one.exit_code() == 0
    assert one.lines[-1].endswith("stopped")


def test_data_is_refused_in_words_and_not_lost_in_silence(standins: Standins) -> None:
    one = standins.start("vmselect", "-storageNode=127.0.0.1:1")
    status, text = get(one, "/select/0/prometheus/api/v1/query?query=up")
    assert status == HTTPStatus.SERVICE_UNAVAILABLE
    assert "stand-in for vmselect: no storage node can be reached" in text
    assert get(one, "/something")[0] == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize("base", ["", "/", "/base", "/base/"])
async def test_requests_are_passed_on_to_a_backend(standins: Standins, base: str) -> None:
    async def echo(request: web.Request) -> web.Response:
        return web.Response(text=request.path_qs)

    app = web.Application()
    app.router.add_get("/{rest:.*}", echo)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    backend = f"http://127.0.0.1:{runner.addresses[0][1]}{base}"
    one = standins.start("vmselect", "-storageNode=127.0.0.1:1", STANDIN_BACKEND=backend)
    root = base.rstrip("/")
    try:
        asked = "/select/0/prometheus/api/v1/query?query=up"
        assert await asyncio.to_thread(get, one, asked) == (200, f"{root}/api/v1/query?query=up")
        graphite = await asyncio.to_thread(get, one, "/select/0/graphite/render")
        assert graphite == (200, f"{root}/graphite/render")
    finally:
        await runner.cleanup()
    assert f"passing requests on to the single-node victoria-metrics at {backend}" in one.log


def test_the_data_folder_is_made_and_locked(standins: Standins, tmp_path: Path) -> None:
    first = standins.vmstorage("deep/data")
    assert first.http
    assert (tmp_path / "deep" / "data" / "flock.lock").exists()
    second = standins.vmstorage("deep/data")
    assert second.exit_code() == 255
    assert 'deep/data": another process has it open' in second.log


def test_a_data_folder_that_cannot_be_written_is_refused(
    standins: Standins, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    one = standins.vmstorage("file/data")
    assert one.exit_code() == 255
    assert "fatal: cannot use -storageDataPath=" in one.log


def test_a_retention_below_a_day_is_refused(standins: Standins) -> None:
    one = standins.start("vmstorage", "-retentionPeriod=1h")
    assert one.exit_code() == 255
    assert "-retentionPeriod cannot be smaller than 24h" in one.log


def test_vmselect_takes_its_cache_folder(standins: Standins, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    one = standins.start("vmselect", "-storageNode=127.0.0.1:1", f"-cacheDataPath={cache}")
    assert one.http
    assert cache.is_dir()


def test_a_port_in_use_is_named(standins: Standins) -> None:
    first = standins.vmstorage("one")
    taken = first.port("-vminsertAddr=")
    second = standins.vmstorage("two", f"-vminsertAddr={taken}", "-vmselectAddr=127.0.0.1:0")
    assert second.exit_code() == 255
    assert f'cannot listen on -vminsertAddr="{taken}"' in second.log


def test_help_lists_every_flag_of_the_real_program(standins: Standins) -> None:
    shown = subprocess.run(
        [standins.folder / "vmstorage-prod", "-help"], capture_output=True, text=True, check=True
    ).stdout
    listed = Path(__file__).parents[2] / "flags" / "vmstorage.txt"
    for line in listed.read_text().splitlines():
        assert f"  -{line}\n" in shown


def self_signed(folder: Path) -> tuple[Path, Path]:
    """Files of a certificate for 127.0.0.1 and of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "stand-in")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    cert = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = folder / "tls.crt", folder / "tls.key"
    files[0].write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files
