"""The configuration file `tocsin.yaml`: every setting once, with its default, its unit and what it is for."""

from __future__ import annotations

import hashlib
import os
import re
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from schemas.times import parse_iso
from streams.errors import UserError, without_credentials
from streams.structured import build, load_yaml

ENV_BROKER: Final = "TOCSIN_BROKER"
ENV_CONFIG: Final = "TOCSIN_CONFIG"
DEFAULT_PATH: Final = Path("tocsin.yaml")

Name = Annotated[str, Meta(min_length=1, max_length=128)]
ONNX: Final = "onnx:"
"""Begins the name of a second opinion's model."""
FILES: Final = ("ca_file", "cert_file", "key_file")
_ADDRESS = re.compile(r"^(?:\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+):(\d{1,5})$")


class BrokerSettings(Struct, forbid_unknown_fields=True):
    """Where Kafka is and how to sign in. Secrets come from the environment or from files."""

    bootstrap: str = "127.0.0.1:9092"
    """host:port, several separated by commas; TOCSIN_BROKER overrides it."""
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    """How to connect: in the clear or over TLS, with or without signing in."""
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    """How to sign in, where the protocol begins with SASL."""
    username_env: str = "TOCSIN_KAFKA_USERNAME"
    """Environment variable that holds the user name."""
    password_env: str = "TOCSIN_KAFKA_PASSWORD"  # noqa: S105 - the name of a variable, not a password
    """Environment variable that holds the password."""
    ca_file: str | None = None
    """The authority that signed the broker's certificate (PEM); the system's authorities when there is none."""
    cert_file: str | None = None
    """Our own certificate (PEM), where the broker asks for one."""
    key_file: str | None = None
    """The key of our own certificate (PEM)."""
    embedded: bool = False
    """True for the embedded broker: it knows no idempotent producers."""


class CampaignSettings(Struct, forbid_unknown_fields=True):
    """A time in which more volume is expected; negativity is judged as ever."""

    name: Name
    """What it is called in the reason of what it held back."""
    start: str
    """When it begins, ISO 8601: 2026-03-02T00:00:00Z."""
    end: str
    """When it ends."""
    expected_ratio: Annotated[float, Meta(ge=1, le=1000)] = 3.0
    """So many times the usual volume is expected meanwhile."""


class BrandSettings(Struct, forbid_unknown_fields=True):
    """One brand on the watch list."""

    name: Name
    """As it stands in mentions and alerts."""
    words: list[Name] = []
    """Watch words: whole words, however they are typed (`streams.score.spelling`); the name itself when there are none."""
    exclude: list[Name] = []
    """A mention with one of these is of something else."""
    sensitivity: Annotated[float, Meta(ge=0.25, le=4.0)] = 1.0
    """1 is the default; 2 fires on half the surprise."""
    official: list[Name] = []
    """Account ids of the brand itself."""
    employees: list[Name] = []
    """Account ids of people who work there."""
    media: list[Name] = []
    """Account ids of press and broadcasters, beyond those known by their names."""
    dictionary: dict[str, float] = {}
    """The brand's own words with their valence, -4 to 4: "war zone": 0 is a product, not anger."""
    campaigns: list[CampaignSettings] = []
    """Times in which more volume is expected."""


class PartitionSettings(Struct, forbid_unknown_fields=True):
    """How many partitions the spread-out topics have."""

    mentions: Annotated[int, Meta(ge=1, le=1024)] = 4
    """Of mentions and dead-letters: as many workers can score at once."""
    scored: Annotated[int, Meta(ge=1, le=1024)] = 4
    """Of scored, windows and signals: as many workers can watch at once."""


class WebSettings(Struct, forbid_unknown_fields=True):
    """The page, the metrics and the health check."""

    host: str = "127.0.0.1"
    """Address to listen at; 0.0.0.0 for all, which needs TOCSIN_WEB_TOKEN."""
    port: Annotated[int, Meta(ge=0, le=65535)] = 6066
    """0 takes any free port."""
    public_url: str | None = None
    """Where people reach the page; needed for links in messages."""
    reading: Literal["auto", "token", "open"] = "auto"
    """Whether TOCSIN_WEB_TOKEN is asked for to read as well; auto: where others than this machine reach the page; open: behind
    something that asks who is there."""


class EngineSettings(Struct, forbid_unknown_fields=True):
    """What an operator may have to turn; the defaults are what is tested."""

    session_timeout: Annotated[float, Meta(ge=6, le=300)] = 15.0
    """Seconds until a worker that went silent loses its partitions."""
    max_poll_records: Annotated[int, Meta(ge=1, le=50_000)] = 4_000
    """Records of one slice at most."""
    checkpoint_interval: Annotated[float, Meta(ge=0.2, le=600)] = 3.0
    """Seconds between two checkpoints."""
    tick_interval: Annotated[float, Meta(ge=0.05, le=30)] = 1.0
    """Seconds between two ticks on a live clock."""
    watchdog_timeout: Annotated[float, Meta(ge=5, le=3600)] = 60.0
    """Seconds that something may stand still with work to do, while the broker answers, before the worker ends."""
    group: Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{1,100}$")] = "tocsin"
    """Prefix of the consumer groups."""
    static_member: str | None = None
    """A name that this worker keeps over restarts, so that one does not wait for the session time-out."""


class Settings(Struct, forbid_unknown_fields=True):
    """What the file holds."""

    broker: BrokerSettings = msgspec.field(default_factory=BrokerSettings)
    """Kafka."""
    clock: Literal["live", "replay"] = "live"
    """live: a tick counts when the broker stored it; replay: at the time that it says."""
    lateness_seconds: Annotated[int, Meta(ge=60, le=3600, multiple_of=60)] = 120
    """How much older than its partition's progress a mention may be; minutes close so much later."""
    blind_after_seconds: Annotated[int, Meta(ge=10, le=86_400)] = 600
    """After so long without a tick (no worker ran) what was missed is told in one alert for each brand; live clock only."""
    partitions: PartitionSettings = msgspec.field(default_factory=PartitionSettings)
    """Counts of partitions; fixed once the topics are made."""
    topic_prefix: Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{0,100}$")] = ""
    """Stands before each topic's name, for several installations on one Kafka."""
    brands: list[BrandSettings] = []
    """The watch list. Empty: any brand that a mention names is taken as it is written."""
    policy: str = "policy.yaml"
    """The file with the chain of command."""
    model: str | None = None
    """A sentiment model file instead of the one shipped."""
    sentiment: Annotated[str, Meta(pattern="^onnx:.+")] | None = None
    """A second opinion on the example posts of open incidents: onnx:FOLDER with model.onnx, tokenizer.json, config.json."""
    author_key_env: str = "TOCSIN_AUTHOR_KEY"
    """Environment variable with the key under which authors are hashed."""
    pages_per_week: Annotated[int, Meta(ge=0, le=1000)] = 5
    """Alert budget of each brand: pages of L2 in seven days before further ones are held back; L4 never is."""
    runbook_url: str = ""
    """Prefix of the runbooks' addresses in alerts."""
    web: WebSettings = msgspec.field(default_factory=WebSettings)
    """The page."""
    engine: EngineSettings = msgspec.field(default_factory=EngineSettings)
    """What an operator may have to turn."""

    @property
    def lateness_ms(self) -> int:
        """Lateness in milliseconds."""
        return self.lateness_seconds * 1_000

    @property
    def replay(self) -> bool:
        """Whether time comes from the data."""
        return self.clock == "replay"

    @property
    def author_key(self) -> bytes:
        """The key of the authors' hashes (a fixed public one where none is set: pseudonyms, not secrets)."""
        return hashlib.sha256(os.environ.get(self.author_key_env, "tocsin").encode()).digest()

    @property
    def version(self) -> str:
        """A short digest of what decides verdicts."""
        judged = [self.clock, self.lateness_seconds, self.blind_after_seconds, self.brands, self.pages_per_week]
        return hashlib.sha256(msgspec.json.encode(judged)).hexdigest()[:12]


def load(path: Path | None = None, broker: str | None = None) -> Settings:
    """Return the settings of `path` (else of $TOCSIN_CONFIG, else of ./tocsin.yaml, else the defaults).

    The broker is the one that `broker` (the option --broker) names, else $TOCSIN_BROKER, else the settings'.
    Raises UserError with one line per fault: file, field, value and remedy.
    """
    chosen = path or (Path(os.environ[ENV_CONFIG]) if os.environ.get(ENV_CONFIG) else None)
    if chosen is None and DEFAULT_PATH.exists():
        chosen = DEFAULT_PATH
    data = load_yaml(chosen) if chosen else {}
    errors: list[str] = []
    elsewhere: list[str] = []
    settings = build(Settings, data, "", errors)
    if settings is not None:
        if chosen is not None:
            _stand_beside(settings, chosen.parent)
        for name, given in (("--broker", broker), (ENV_BROKER, os.environ.get(ENV_BROKER))):
            if given is not None:
                settings.broker.bootstrap = given
                elsewhere = [f"{name}: {fault}" for fault in _address_faults(given)]
                break
        else:
            errors += (f"broker.bootstrap: {fault}" for fault in _address_faults(settings.broker.bootstrap))
        errors += check(settings)
    told = [f"{chosen or 'settings'}: {error}" for error in errors] + elsewhere
    if told or settings is None:
        raise UserError("\n".join(told))
    return settings


def _stand_beside(settings: Settings, folder: Path) -> None:
    """Read the paths in a configuration file relative to that file, wherever the command was started."""
    settings.policy = str(folder / settings.policy)
    if settings.model is not None:
        settings.model = str(folder / settings.model)
    if settings.sentiment is not None:
        settings.sentiment = ONNX + str(folder / settings.sentiment.removeprefix(ONNX))
    for field in FILES:
        if value := getattr(settings.broker, field):
            setattr(settings.broker, field, str(folder / value))


def _address_faults(bootstrap: str) -> Iterator[str]:
    for address in bootstrap.split(","):
        found = _ADDRESS.match(address.strip())
        if found is None or not 0 < int(found[1]) < 65_536:
            yield f"{without_credentials(address.strip())!r} is not host:port; write 127.0.0.1:9092, or several with commas between them"


def check(settings: Settings) -> list[str]:
    """Return what types alone cannot say, one line per fault; an item that was at fault itself is None."""
    errors: list[str] = []
    brands = [(i, brand) for i, brand in enumerate(settings.brands) if brand is not None]
    names = [brand.name.casefold() for _, brand in brands]
    errors += (
        f"brands[{i}].name: {brand.name!r} stands twice; give each brand one entry"
        for nth, (i, brand) in enumerate(brands)
        if names.index(brand.name.casefold()) != nth
    )
    for i, brand in brands:
        for j, campaign in enumerate(brand.campaigns):
            if campaign is not None:
                errors += (f"brands[{i}].campaigns[{j}].{fault}" for fault in _campaign_faults(campaign))
        for word, valence in brand.dictionary.items():
            if valence is not None and not -4 <= valence <= 4:
                errors.append(f"brands[{i}].dictionary.{word}: {valence} must lie between -4 and 4")
    errors += _broker_faults(settings.broker)
    if settings.model is not None and not Path(settings.model).is_file():
        errors.append(f"model: {settings.model!r}: no such file; leave it out for the one shipped")
    return errors


def _broker_faults(broker: BrokerSettings) -> Iterator[str]:
    if broker.security_protocol.startswith("SASL"):
        for name in (broker.username_env, broker.password_env):
            if not os.environ.get(name):
                yield f"broker.security_protocol: {broker.security_protocol} needs the environment variable {name}; set it"
    paths = {field: value for field in FILES if (value := getattr(broker, field))}
    missing = [field for field, path in paths.items() if not Path(path).is_file()]
    for field in missing:
        yield f"broker.{field}: {paths[field]!r}: no such file; correct the path (it is relative to this file)"
    if missing or not broker.security_protocol.endswith("SSL"):
        return
    try:
        ssl.create_default_context(cafile=broker.ca_file)
    except (ssl.SSLError, OSError) as error:
        yield f"broker.ca_file: {broker.ca_file!r} holds no certificates ({error}); name a file of certificates in PEM"
    try:
        if broker.cert_file:
            ssl.create_default_context().load_cert_chain(broker.cert_file, broker.key_file, password="")
    except (ssl.SSLError, OSError) as error:
        yield (
            f"broker.cert_file: {broker.cert_file!r} and its key cannot be used ({error}); name a certificate in PEM and, "
            "as broker.key_file, the key that belongs to it"
        )


def _campaign_faults(campaign: CampaignSettings) -> list[str]:
    faults, times = [], []
    for name in ("start", "end"):
        text = getattr(campaign, name)
        try:
            times.append(parse_iso(text))
        except ValueError:
            faults.append(f"{name}: {text!r} is no time; write 2026-03-02T00:00:00Z")
    if len(times) == 2 and times[1] <= times[0]:
        faults.append(f"end: {campaign.end!r} is not after start ({campaign.start}); exchange them")
    return faults


def kafka_options(broker: BrokerSettings) -> dict[str, Any]:
    """Return the connection options that aiokafka and kafka-python share."""
    options: dict[str, Any] = {"bootstrap_servers": [a.strip() for a in broker.bootstrap.split(",")]}
    if broker.security_protocol == "PLAINTEXT":
        return options
    options["security_protocol"] = broker.security_protocol
    if broker.security_protocol.startswith("SASL"):
        options["sasl_mechanism"] = broker.sasl_mechanism
        options["sasl_plain_username"] = os.environ.get(broker.username_env, "")
        options["sasl_plain_password"] = os.environ.get(broker.password_env, "")
    if broker.security_protocol.endswith("SSL"):
        context = ssl.create_default_context(cafile=broker.ca_file)
        if broker.cert_file:
            context.load_cert_chain(broker.cert_file, broker.key_file)
        options["ssl_context"] = context
    return options
