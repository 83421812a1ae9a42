"""What tests of sources share."""

from __future__ import annotations

import os
import socket

import pytest
from support.png_writer import write_png

from weightcalc.sources import fetching, patience


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A function that makes files in an empty current folder; all masks are one pixel of 3."""
    monkeypatch.chdir(tmp_path)

    def make(*names, data=write_png([[3]])):  # noqa: B008
        for name in names:
            folder = os.path.dirname(name)
            if folder:
                os.makedirs(folder, exist_ok=True)
            with open(name, "wb") as file:
                file.write(data)
        return tmp_path

    return make


@pytest.fixture
def in_haste(monkeypatch):
    """Short pauses between tries, and connections of its own for each test."""
    monkeypatch.setattr(patience, "_FIRST_WAIT", 0.001)
    patience.forget()
    yield
    fetching.close_stores()


@pytest.fixture(autouse=True)
def leaves_nothing(monkeypatch):
    """No test of sources asks another machine than this one, nor who that is."""
    elsewhere = []
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def connect_here(self, address):
        if isinstance(address, tuple) and not _is_here(address[0]):
            elsewhere.append(address)
        return connect(self, address)

    def look_up_here(host, *more, **options):
        if not _is_here(host):
            elsewhere.append(host)
        return look_up(host, *more, **options)

    monkeypatch.setattr(socket.socket, "connect", connect_here)
    monkeypatch.setattr(socket, "getaddrinfo", look_up_here)
    yield
    assert not elsewhere


def _is_here(host) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    return name in (None, "", "localhost", "::1") or name.startswith("127.")
