"""What holds for library tests and notebooks alike: no network, and OpenMP threads that sleep when idle."""

import os
import socket

import pytest

os.environ["HF_HUB_OFFLINE"] = "1"  # kernels that nbval starts inherit it
os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
LOOPBACK = ("127.0.0.1", "::1", "localhost")


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Refuse every connection that leaves this machine."""
    connect = socket.socket.connect

    def guarded(self, address):
        if isinstance(address, tuple) and address[0] not in LOOPBACK:
            raise AssertionError(f"a test must not reach for the network; it tried {address[0]}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
