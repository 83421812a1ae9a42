"""
Real servers of masks on the loopback: moto for S3, Azurite for Azure, nginx for http.

A test whose server is not installed is skipped, or fails where the environment variable
WEIGHTCALC_REQUIRE_STORES is set, so that nothing is left out unnoticed.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

# The account and the key that everybody's Azurite has, out of its documentation.
_ACCOUNT = "devstoreaccount1"
_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
_NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
  access_log {folder}/access.log;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{port}; root {masks}; autoindex on; }}
}}
"""
_SECONDS_TO_START = 60


def needed(*what: str) -> None:
    """Skip a test where a package or a program is not installed, unless all must be there."""
    missing = [name for name in what if not (find_spec(name) or shutil.which(name))]
    if missing and os.environ.get("WEIGHTCALC_REQUIRE_STORES"):
        raise AssertionError(f"{', '.join(missing)} must be installed here")
    if missing:
        pytest.skip(f"{', '.join(missing)} is not installed")


def free_port() -> int:
    """A port of the loopback that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextmanager
def started(words: list[str], port: int) -> Iterator[None]:
    """A server in a process of its own, from when it answers."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(words, **quiet) as server:
        try:
            for _ in range(10 * _SECONDS_TO_START):
                with socket.socket() as client:
                    if client.connect_ex(("127.0.0.1", port)) == 0:
                        break
                assert server.poll() is None, f"{words[0]} has ended"
                time.sleep(0.1)
            yield
        finally:
            server.terminate()


@contextmanager
def nginx(masks: Path, folder: Path) -> Iterator[str]:
    """The URL at which nginx serves a folder."""
    needed("nginx")
    port = free_port()
    masks.chmod(0o755)
    config = folder / "nginx.conf"
    config.write_text(_NGINX.format(folder=folder, masks=masks, port=port) + _user())
    with started(["nginx", "-c", str(config), "-p", str(folder), "-e", "stderr"], port):
        yield f"http://127.0.0.1:{port}"


def _user() -> str:
    return "user root;\n" if os.geteuid() == 0 else ""


def s3_at(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment that leads to a server of S3, and nowhere else."""
    for name, value in {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "somebody",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }.items():
        monkeypatch.setenv(name, value)


def azure_at(url: str, monkeypatch: pytest.MonkeyPatch, key: str = _KEY) -> None:
    """The environment that leads to a server of Azure."""
    monkeypatch.setenv(
        "AZURE_STORAGE_CONNECTION_STRING",
        f"DefaultEndpointsProtocol=http;AccountName={_ACCOUNT};AccountKey={key};"
        f"BlobEndpoint={url}/{_ACCOUNT};",
    )


@contextmanager
def moto(masks: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of a bucket that holds what a folder does, and the environment that leads to it."""
    needed("s3fs", "moto", "flask")
    port = free_port()
    s3_at(f"http://127.0.0.1:{port}", monkeypatch)
    words = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with started(words, port):
        from s3fs import S3FileSystem

        S3FileSystem.clear_instance_cache()
        system = S3FileSystem()
        system.mkdir("bucket")
        _copy(masks, system, "bucket")
        yield "s3://bucket"


@contextmanager
def azurite(masks: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of a container that holds what a folder does, and the environment that leads to it."""
    needed("adlfs", "azurite-blob")
    port = free_port()
    azure_at(f"http://127.0.0.1:{port}", monkeypatch)
    options = ["--silent", "--inMemoryPersistence", "--disableTelemetry", "--skipApiVersionCheck"]
    where = ["--blobHost", "127.0.0.1", "--blobPort", str(port)]
    with started(["azurite-blob", *options, *where], port):
        from adlfs import AzureBlobFileSystem

        AzureBlobFileSystem.clear_instance_cache()
        system = AzureBlobFileSystem()
        system.mkdir("bucket")
        _copy(masks, system, "bucket")
        yield "az://bucket"


def _copy(folder: Path, system: object, bucket: str) -> None:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            name = f"{bucket}/{path.relative_to(folder).as_posix()}"
            system.pipe_file(name, path.read_bytes())  # type: ignore[attr-defined]
