"""Apache Kafka's jars, fetched once by Maven and kept outside the repository.

They lie in ``~/.cache/tocsin/kafka-4.4.0/`` (``XDG_CACHE_HOME`` is honoured); the environment variable
``TOCSIN_KAFKA_LIBS`` names another directory, also one filled by hand on a machine without Maven.
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

KAFKA_VERSION = "4.4.0"  # the version in kafka/pom.xml
JAVA_MINIMUM = 17  # Kafka 4 refuses to run on less: https://kafka.apache.org/documentation/#java
LIBS_VARIABLE = "TOCSIN_KAFKA_LIBS"
FETCH_TIMEOUT_S = 300.0  # 43 MB

HERE = Path(__file__).parent / "kafka"


class KafkaUnavailableError(RuntimeError):
    """Real Kafka cannot run here; the message names what is missing and how to get it."""


def java() -> str:
    """The path of a Java that Kafka runs on.

    Raises:
        KafkaUnavailableError: no ``java``, or one older than 17.
    """
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=f"{home}/bin") if home else None
    found = found or shutil.which("java")
    if found is None:
        raise KafkaUnavailableError(
            f"real Kafka needs Java {JAVA_MINIMUM} or newer and there is no `java` on the path "
            "(Debian: apt-get install openjdk-17-jre-headless)"
        )
    major = java_major(version_text(found))
    if major < JAVA_MINIMUM:
        raise KafkaUnavailableError(f"real Kafka needs Java {JAVA_MINIMUM} or newer; {found} is Java {major}")
    return found


@functools.cache
def version_text(java_path: str) -> str:
    """What ``java -version`` prints."""
    return subprocess.run([java_path, "-version"], capture_output=True, text=True, timeout=30, check=False).stderr


def java_major(version_text: str) -> int:
    """The major version in what ``java -version`` prints (0 where none is found): 17 of "17.0.15", 8 of "1.8.0_392"."""
    match = re.search(r'version "(\d+)(?:\.(\d+))?', version_text)
    if match is None:
        return 0
    first, second = int(match[1]), int(match[2] or 0)
    return second if first == 1 else first


def libs_dir() -> Path:
    """Where the jars are kept, whether they are there or not."""
    if named := os.environ.get(LIBS_VARIABLE):
        return Path(named)
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "tocsin" / f"kafka-{KAFKA_VERSION}"


def ensure_jars() -> Path:
    """The directory of the jars, after fetching them where they are missing.

    Several processes may call it at once: one fetches, the others wait.

    Raises:
        KafkaUnavailableError: the jars are missing and Maven is too, or Maven failed.
    """
    target = libs_dir()
    if _complete(target):
        return target
    if os.environ.get(LIBS_VARIABLE):
        raise KafkaUnavailableError(
            f"{LIBS_VARIABLE}={target}: no kafka_2.13-{KAFKA_VERSION}.jar there; fill it or unset the variable"
        )
    maven = shutil.which("mvn")
    if maven is None:
        raise KafkaUnavailableError(
            f"real Kafka's jars are not in {target} and there is no `mvn` on the path to fetch them "
            "(Debian: apt-get install maven)"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    with (target.parent / f".{target.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _complete(target):
            _fetch(maven, target)
    return target


def class_archive(java_path: str) -> Path:
    """Where this Java keeps Kafka's classes, parsed: reading them from there halves a broker's start (JEP 350).

    The first broker on a machine writes it when it ends gently. Java itself checks that an archive fits the jars, and
    goes on without it where it does not.
    """
    java_id = hashlib.sha256(f"{java_path} {version_text(java_path)}".encode()).hexdigest()[:12]
    return libs_dir() / f"classes-{java_id}.jsa"


def _complete(target: Path) -> bool:
    # A directory appears by renaming a finished one, so that one jar speaks for all.
    return (target / f"kafka_2.13-{KAFKA_VERSION}.jar").is_file()


def _fetch(maven: str, target: Path) -> None:
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".fetch-") as scratch:
        # Maven writes beside the pom, and the package may lie in a read-only place.
        shutil.copy(HERE / "pom.xml", scratch)
        fetched = Path(scratch) / "lib"
        command = [
            *(maven, "--batch-mode", "--quiet", "-f", f"{scratch}/pom.xml"),
            *("dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={fetched}"),
        ]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=FETCH_TIMEOUT_S, check=False)
        except subprocess.TimeoutExpired:
            raise KafkaUnavailableError(
                f"Maven did not fetch Kafka {KAFKA_VERSION} within {FETCH_TIMEOUT_S:.0f} s: is Maven Central reachable?"
            ) from None
        if done.returncode != 0:
            lines = (done.stdout + done.stderr).strip().splitlines() or ["no output"]
            raise KafkaUnavailableError(f"Maven could not fetch Kafka {KAFKA_VERSION}: {lines[0]}")
        shutil.rmtree(target, ignore_errors=True)
        fetched.rename(target)
