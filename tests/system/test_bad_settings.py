"""A worker with a wrong setting ends with status 2 and one line that names setting, value and remedy.

Each case runs the real `tocsin worker`. What a broker that is merely away does is at the end: it is waited for.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

from deploy.broker import QUICK_START, KafkaBroker, free_port
from schemas import topics
from streams import topics_admin
from streams.engine.transport import TESTED
from streams.settings import load
from tests.system.harness import ROOT, System

pytestmark = pytest.mark.timeout(120)

ENDS_WITHIN = 60.0


class Place:
    """A folder with a configuration, and nothing of this machine's environment that is about Tocsin."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "policy.yaml").write_text(
            "people: {alice: {channels: [{type: webhook, url: 'http://127.0.0.1:1/'}]}}\n"
            "chains: {night: {steps: [{notify: [alice], wait: 5m}], repeat: 0}}\n"
            "defaults: {chain: night, last_resort: [alice]}\n"
        )
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}

    def configure(self, **settings: Any) -> None:
        settings.setdefault("web", {"port": 0})
        (self.folder / "tocsin.yaml").write_text(json.dumps(settings))

    def start(self, *options: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "streams", "worker", *options],
            cwd=self.folder, env={**self.environment, "PYTHONPATH": str(ROOT), **environment}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def refusal(self, *options: str, **environment: str) -> list[str]:
        """Run a worker that must end with status 2; return the lines that it said, without its name before them."""
        worker = self.start(*options, **environment)
        try:
            out, err = worker.communicate(timeout=ENDS_WITHIN)
        finally:
            worker.kill()
        assert (worker.returncode, out) == (2, ""), err
        return [line.removeprefix("tocsin: ").replace(f"{self.folder}/", "") for line in err.splitlines()]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


# ---- what is wrong without asking a broker


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("kafka1", "'kafka1' is not host:port"),
        ("kafka1:", "'kafka1:' is not host:port"),
        ("kafka1:port", "'kafka1:port' is not host:port"),
        ("kafka1:70000", "'kafka1:70000' is not host:port"),
        ("a:9092,,b:9092", "'' is not host:port"),
        ("kafka://a:9092", "'kafka://a:9092' is not host:port"),
        ("", "'' is not host:port"),
    ],
)
def test_a_malformed_address_of_the_broker(place: Place, address: str, told: str):
    """Given it by the environment, since that is where it comes from in a container."""
    (line,) = place.refusal(TOCSIN_BROKER=address)
    assert line == f"TOCSIN_BROKER: {told}; write 127.0.0.1:9092, or several with commas between them"


def test_the_option_counts_more_than_environment_and_file(place: Place):
    place.configure(broker={"bootstrap": "nowhere"})
    (line,) = place.refusal("--broker", "here", TOCSIN_BROKER="there")
    assert line.startswith("--broker: 'here' is not host:port; write ")


def test_all_that_is_wrong_with_a_file_is_told_at_once(place: Place):
    """Given faults of type and of sense, also of brands beside ones that cannot be read, then each has its line."""
    place.configure(
        clock="lve",
        broker={"bootstrap": "kafka1", "security_protocol": "SASL_SSL", "embedded": "maybe", "ca_file": "no.pem"},
        model="no.msgpack",
        brands=[
            {"nam": "A"},
            {"name": "B", "sensitivity": 9, "dictionary": {"bad": -9}},
            {"name": "b", "campaigns": [{"name": "s", "start": "soon", "end": "2026-03-03"}]},
        ],
        partitions={"mentions": 0},
    )
    assert [line.split(": ")[1] for line in place.refusal("--config", "tocsin.yaml")] == [
        "clock", "broker.embedded", "brands[0].nam", "brands[0].name", "brands[1].sensitivity", "partitions.mentions",
        "broker.bootstrap", "brands[2].name", "brands[1].dictionary.bad", "brands[2].campaigns[0].start",
        "broker.security_protocol", "broker.security_protocol", "broker.ca_file", "model",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--agents", "scor"], "--agents: no agent 'scor' (did you mean \"score\"?); there are score, watch, notify"),
        (["--port", "abc"], "tocsin worker: argument --port: invalid int value: 'abc' (see tocsin worker --help)"),
        (["--port", "-1"], "--port: -1 must lie between 0 and 65535"),
        (["--prot", "1"], "tocsin worker: unrecognized arguments: --prot 1 (see tocsin worker --help)"),
    ],
)
def test_a_flag_with_a_wrong_value(place: Place, options: list[str], told: str):
    assert place.refusal(*options) == [told]


def test_a_port_that_another_process_has(place: Place):
    """It is told before a broker is waited for: nothing listens at the broker's address."""
    place.configure(broker={"bootstrap": f"127.0.0.1:{free_port()}"})
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        (line,) = place.refusal("--port", str(port))
    assert line == (
        f"web.port: 127.0.0.1:{port} cannot be used (Address already in use); "
        "set web.port (or --port) to another one, or to 0 for any that is free"
    )


def test_an_address_that_is_not_this_machines(place: Place):
    place.configure(web={"host": "192.0.2.1", "port": 0})
    (line,) = place.refusal(TOCSIN_WEB_TOKEN="long-enough-for-a-token")
    assert line.startswith(
        "web.host: 192.0.2.1:0 cannot be used (Cannot assign requested address); write an address of"
    )


@pytest.mark.parametrize("package", sorted(TESTED))
def test_an_engine_that_the_overrides_were_not_written_for(place: Place, package: str):
    """Given a distribution of another version before the installed one on the path."""
    fake = place.folder / "site" / f"{package.replace('-', '_')}-9.9.9.dist-info"
    fake.mkdir(parents=True)
    (fake / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 9.9.9\n")
    assert place.refusal(PYTHONPATH=f"{fake.parent}{os.pathsep}{ROOT}") == [
        f"{package} 9.9.9 is installed, the engine is tested with {TESTED[package]}: pip install {package}=={TESTED[package]}"
    ]


@pytest.mark.parametrize("field", ["ca_file", "cert_file"])
def test_a_certificate_that_is_none(place: Place, field: str):
    (place.folder / "some.pem").write_text("no certificate")
    place.configure(broker={"security_protocol": "SSL", field: "some.pem"})
    (line,) = place.refusal()
    assert line.startswith(f"tocsin.yaml: broker.{field}: 'some.pem' ")
    assert "in PEM" in line


# ---- what a broker answers

PASSWORD = "right"
CORRECT = "correct the user name in TOCSIN_KAFKA_USERNAME or the password in TOCSIN_KAFKA_PASSWORD"


@pytest.fixture(scope="module")
def broker(kafka_installed: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaBroker]:
    """Apache Kafka with two listeners; the second asks for a name and a password."""
    made = KafkaBroker(tmp_path_factory.mktemp("kafka"), jvm_options=QUICK_START, users={"tocsin": PASSWORD})
    with made:
        yield made


@pytest.mark.kafka
@pytest.mark.parametrize(
    ("listener", "settings", "password", "told"),
    [
        (
            "asking", {"security_protocol": "SASL_PLAINTEXT"}, "wrong",
            f"broker {{address}}: the sign-in was refused (Authentication failed: Invalid username or password); {CORRECT}",
        ),
        (
            "asking", {"security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": "SCRAM-SHA-256"}, PASSWORD,
            "broker.sasl_mechanism: SCRAM-SHA-256 is not offered by {address}; it offers PLAIN",
        ),
        (
            "asking", {"security_protocol": "PLAINTEXT"}, PASSWORD,
            "broker.security_protocol: {address} asks to sign in; write SASL_PLAINTEXT, and as broker.sasl_mechanism one of PLAIN",
        ),
        (
            "asking", {"security_protocol": "SASL_SSL"}, PASSWORD,
            "broker.security_protocol: {address} does not speak TLS; write SASL_PLAINTEXT, or the port that does",
        ),
        (
            "open", {"security_protocol": "SASL_PLAINTEXT"}, PASSWORD,
            "broker.security_protocol: {address} asks nobody to sign in; write PLAINTEXT",
        ),
        (
            "open", {"security_protocol": "SSL"}, PASSWORD,
            "broker.security_protocol: {address} does not speak TLS; write PLAINTEXT, or the port that does",
        ),
    ],
)  # fmt: skip
def test_a_way_to_connect_that_is_not_the_brokers(
    place: Place, broker: KafkaBroker, listener: str, settings: dict[str, str], password: str, told: str
):
    address = broker.sasl_bootstrap if listener == "asking" else broker.bootstrap
    place.configure(broker={"bootstrap": address, **settings})
    found = place.refusal(TOCSIN_KAFKA_USERNAME="tocsin", TOCSIN_KAFKA_PASSWORD=password)
    assert found == [told.format(address=address)]


@pytest.fixture
def tls_server(tmp_path: Path) -> Iterator[str]:
    """Somebody who speaks TLS, under a certificate that no authority signed."""
    pem = tmp_path / "self.pem"
    asked = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1"
    subprocess.run([*asked.split(), "-keyout", pem, "-out", f"{pem}.crt"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{pem}.crt", pem)
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                with context.wrap_socket(server.accept()[0], server_side=True) as spoken:
                    spoken.recv(1)
            except ssl.SSLError:
                continue
            except OSError:
                return

    threading.Thread(target=serve, daemon=True).start()
    yield f"127.0.0.1:{server.getsockname()[1]}"
    server.close()


@pytest.mark.parametrize(
    ("protocol", "told"),
    [
        ("PLAINTEXT", "broker.security_protocol: {address} speaks TLS; write SSL, or the port that does not"),
        (
            "SSL",
            "broker.ca_file: the certificate of {address} is not accepted (self-signed certificate); name the authority",
        ),
    ],
)
def test_a_broker_that_speaks_tls(place: Place, tls_server: str, protocol: str, told: str):
    place.configure(broker={"bootstrap": tls_server, "security_protocol": protocol})
    (line,) = place.refusal()
    assert line.startswith(told.format(address=tls_server))


@pytest.mark.kafka
def test_topics_that_are_missing(place: Place, broker: KafkaBroker):
    place.configure(broker={"bootstrap": broker.bootstrap}, topic_prefix="missing.")
    assert place.refusal() == [
        f"topic missing.{topic.name} is missing; run: tocsin topics create" for topic in topics.TOPICS
    ]


@pytest.mark.kafka
def test_topics_with_another_number_of_partitions(place: Place, broker: KafkaBroker):
    place.configure(broker={"bootstrap": broker.bootstrap}, topic_prefix="counts.")
    topics_admin.create(load(place.folder / "tocsin.yaml"))
    place.configure(broker={"bootstrap": broker.bootstrap}, topic_prefix="counts.", partitions={"mentions": 6})
    assert place.refusal() == [
        f"topic counts.{name} has 4 partitions, the configuration says 6; set partitions.mentions: 4"
        for name in ("mentions", "dead-letters")
    ]


@pytest.mark.kafka
@pytest.mark.parametrize(
    ("topic", "key", "value", "must"),
    [
        ("mentions", "message.timestamp.type", "CreateTime", "LogAppendTime"),
        ("mentions", "cleanup.policy", "delete", "compact,delete"),
        ("watch-checkpoints", "cleanup.policy", "delete", "compact"),
        ("scored", "max.message.bytes", "1000000", "8388608"),
        ("journal", "min.insync.replicas", "2", "1"),
    ],
)
def test_a_topic_with_a_setting_that_loses_records(
    place: Place, broker: KafkaBroker, topic: str, key: str, value: str, must: str
):
    prefix = f"{topic}.{key}."
    place.configure(broker={"bootstrap": broker.bootstrap}, topic_prefix=prefix)
    topics_admin.create(load(place.folder / "tocsin.yaml"))
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, prefix + topic, {key: value})])
    admin.close()
    found = place.refusal()
    assert (
        f"topic {prefix}{topic}: {key} is {value}, must be {must}; run: kafka-configs.sh --bootstrap-server HOST:PORT "
        f"--alter --topic {prefix}{topic} --add-config '{key}=[{must}]'"
    ) in found


# ---- what is no fault of the settings


def test_a_broker_that_is_away_is_waited_for_and_said(place: Place):
    place.configure(broker={"bootstrap": f"127.0.0.1:{free_port()},no-such-host.invalid:9092"})
    worker = place.start()
    try:
        assert worker.stderr is not None
        first = worker.stderr.readline()
        assert "does not answer (connection refused)" in first
        assert "no-such-host.invalid:9092 does not answer" in first
        assert "trying again in" in first
        assert worker.poll() is None
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(15) == 0
    finally:
        worker.kill()
        worker.communicate()


@pytest.mark.kafka
def test_a_worker_keeps_nothing_on_disk(broker: KafkaBroker, tmp_path: Path):
    """So no folder can be read-only or missing: given empty ones for all that a program writes to, they stay empty."""
    system = System(broker.bootstrap, tmp_path, name="disk", brands=["Acme"], clock="live")
    folders = {name: tmp_path / name for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME", "cwd")}
    for folder in folders.values():
        folder.mkdir()
    environment = {name: str(folder) for name, folder in folders.items() if name != "cwd"}
    try:
        worker = subprocess.Popen(
            [sys.executable, "-m", "streams", "worker", "--config", str(system.config), "--port", "0"],
            cwd=folders["cwd"], env={**os.environ, **environment, "PYTHONPATH": str(ROOT)}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        assert worker.stdout is not None
        assert "page and metrics at" in worker.stdout.readline()
        system.wait(lambda: len(system.checkpoint()[0]) == 2)
        open_files = [link.resolve() for link in Path(f"/proc/{worker.pid}/fd").iterdir()]
        worker.terminate()
        assert worker.wait(15) == 0
        assert not [path for path in open_files if tmp_path in path.parents]
        assert not [path for folder in folders.values() for path in folder.rglob("*")]
    finally:
        worker.kill()
        worker.communicate()
        system.close()
