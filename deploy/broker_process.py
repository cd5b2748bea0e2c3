"""What the two brokers share: a process on this machine that answers Kafka clients on the loopback interface."""

from __future__ import annotations

import logging
import random
import shutil
import socket
import tempfile
import time
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.child import Child

HOST = "127.0.0.1"
# Below Linux's ephemeral range (32768 on): a broker that restarts finds its port free, since no client's outgoing
# connection can have been given it meanwhile.
PORTS = range(20_000, 32_000)
POLL_S = 0.05
START_ATTEMPTS = 3  # a free port may be taken between the look and the bind


class BrokerError(RuntimeError):
    """A broker did not start; the message says what it printed and where its log is."""


class Broker(ABC):
    """A broker process on this machine.

    Args:
        directory: where its files and its log lie; a temporary directory, removed on stop, where not given.
        port: the port to listen on; a free one where not given. It stays the same over `restart`.
    """

    kind: str
    start_timeout_s: float
    stop_timeout_s: float

    def __init__(self, directory: Path | str | None = None, *, port: int | None = None) -> None:
        self._given = None if directory is None else Path(directory).absolute()
        self._directory: Path | None = None
        self._child: Child | None = None
        self.port = port

    # -- what users call

    def start(self) -> Self:
        """Start it and wait until it answers a Kafka client.

        Raises:
            BrokerError: it ended or did not answer in time.
            KafkaUnavailableError: something it needs is not installed.
        """
        if self.running:
            return self
        pinned = self.port is not None
        for attempt in range(1, START_ATTEMPTS + 1):
            self.port = self.port if pinned else free_port()
            try:
                self._launch()
                return self
            except BrokerError:
                self.kill()
                if pinned or attempt == START_ATTEMPTS:
                    raise
        raise AssertionError

    def stop(self) -> None:
        """End it (SIGTERM, then SIGKILL) and remove the temporary directory. Does nothing where it has ended."""
        self._terminate()
        if self._given is None and self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)
            self._directory = None

    def restart(self) -> Self:
        """End it gently and start it again on the same port."""
        self._terminate()
        return self.start()

    def kill(self) -> None:
        """End it at once (SIGKILL), as a power cut would. `start` brings it back on the same port."""
        if self._child is not None:
            self._child.kill()
            self._child = None

    def freeze(self) -> None:
        """Stop it in mid-air (SIGSTOP): connections stay open and nobody answers."""
        self._running_child().freeze()

    def thaw(self) -> None:
        """Let a frozen one go on."""
        self._running_child().thaw()

    @property
    def running(self) -> bool:
        """Whether its process is there (a frozen one is)."""
        return self._child is not None and self._child.exit_status is None

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._running_child().pid

    @property
    def bootstrap(self) -> str:
        """What clients call ``bootstrap_servers``: ``127.0.0.1:PORT``."""
        if self.port is None:
            raise BrokerError(f"{self.kind} has no address yet: call start() first")
        return f"{HOST}:{self.port}"

    @property
    def log_file(self) -> Path:
        """What the broker printed."""
        return self.directory / f"{self.kind}.log"

    @property
    def directory(self) -> Path:
        """Where its files lie."""
        if self._directory is None:
            if self._given is None:
                self._directory = Path(tempfile.mkdtemp(prefix=f"tocsin-{self.kind}-"))
            else:
                self._given.mkdir(parents=True, exist_ok=True)
                self._directory = self._given
        return self._directory

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # -- what the two differ in

    @abstractmethod
    def _command(self) -> list[str]:
        """The program and its arguments, after preparing the files that it needs."""

    def _ended(self, gently: bool) -> None:  # noqa: B027 - nothing to do is the rule, not a gap
        """Called after SIGTERM did its work, or after SIGKILL had to."""

    # -- how they start and end

    def _terminate(self) -> None:
        if self._child is not None:
            child, self._child = self._child, None
            self._ended(child.terminate(self.stop_timeout_s))

    def _launch(self) -> None:
        if listening(HOST, self.port or 0):
            # Tansu would share the port (SO_REUSEPORT) and get every other connection.
            raise BrokerError(f"{self.kind}: {self.bootstrap} is taken by another process; name another port")
        command = self._command()
        self._child = Child(command, self.log_file, cwd=self.directory)
        deadline = time.monotonic() + self.start_timeout_s
        while time.monotonic() < deadline:
            if self._child.exit_status is not None:
                raise BrokerError(
                    f"{self.kind} ended with status {self._child.exit_status} while starting on {self.bootstrap}; "
                    f"it said: {self._child.log_tail() or 'nothing'}"
                )
            if listening(HOST, self.port or 0) and answers(self.bootstrap):
                return
            time.sleep(POLL_S)
        raise BrokerError(
            f"{self.kind} did not answer on {self.bootstrap} within {self.start_timeout_s:.0f} s; "
            f"it said: {self._child.log_tail() or 'nothing'}"
        )

    def _running_child(self) -> Child:
        if self._child is None or self._child.exit_status is not None:
            raise BrokerError(f"{self.kind} is not running")
        return self._child


def free_port() -> int:
    """A port on the loopback interface that nobody listens on at this moment."""
    for port in random.sample(PORTS, k=200):
        with socket.socket() as probe:
            # Connections that a former owner left in TIME_WAIT do not hinder a broker, which sets the same option.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise BrokerError(f"no free port between {PORTS.start} and {PORTS.stop} on {HOST}")


def listening(host: str, port: int) -> bool:
    """Whether somebody accepts connections there."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((host, port)) == 0


def answers(bootstrap: str) -> bool:
    """Whether a Kafka client gets the cluster's description from there."""
    from kafka import KafkaAdminClient
    from kafka.errors import KafkaError

    noise = logging.getLogger("kafka")
    level = noise.level
    noise.setLevel(logging.CRITICAL)  # a broker that is not ready yet is expected here
    try:
        client = KafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=5_000)
        try:
            return bool(client.describe_cluster()["brokers"])
        finally:
            client.close()
    except (KafkaError, OSError, ValueError, AssertionError):
        return False
    finally:
        noise.setLevel(level)
