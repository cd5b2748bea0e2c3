"""The configuration file: read whole, or refused with one line for each fault that says file, field, value and remedy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from schemas.docstrings import field_docs, summary
from streams import settings_reference
from streams.errors import UserError
from streams.settings import BrandSettings, BrokerSettings, Settings, kafka_options, load
from streams.settings_reference import reference, sections
from streams.wiring import monitor_settings

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "deploy" / "config" / "tocsin.example.yaml"


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """No configuration but the test's own."""
    for name in (
        "TOCSIN_BROKER",
        "TOCSIN_CONFIG",
        "TOCSIN_KAFKA_USERNAME",
        "TOCSIN_KAFKA_PASSWORD",
        "TOCSIN_AUTHOR_KEY",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def write(text: str, name: str = "tocsin.yaml") -> Path:
    path = Path(name).absolute()
    path.write_text(text, encoding="utf-8")
    return path


def faults(text: str) -> list[str]:
    path = write(text)
    with pytest.raises(UserError) as caught:
        load(path)
    return [line.replace(str(path), "tocsin.yaml") for line in str(caught.value).splitlines()]


# ---- what is read


def test_without_a_file_every_setting_has_its_default():
    assert load() == Settings()


def test_an_empty_file_is_all_defaults_but_the_policys_place():
    found = load(write(""))
    assert msgspec.structs.replace(found, policy="policy.yaml") == Settings()


def test_the_file_is_the_named_one_then_the_environments_then_the_folders(monkeypatch: pytest.MonkeyPatch):
    here, other, named = (write(f"lateness_seconds: {n}", f"{n}.yaml") for n in (60, 180, 240))
    assert load().lateness_seconds == 120
    here.rename("tocsin.yaml")
    assert load().lateness_ms == 60_000
    monkeypatch.setenv("TOCSIN_CONFIG", str(other))
    assert load().lateness_seconds == 180
    assert load(named).lateness_seconds == 240


def test_the_environment_names_the_broker(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TOCSIN_BROKER", "kafka1:9092,kafka2:9092")
    found = load(write("broker: {bootstrap: 'elsewhere:1'}"))
    assert kafka_options(found.broker) == {"bootstrap_servers": ["kafka1:9092", "kafka2:9092"]}


def test_paths_are_relative_to_the_file(tmp_path: Path):
    (tmp_path / "etc").mkdir()
    for name in ("m.msgpack", "ca.pem"):
        (tmp_path / "etc" / name).touch()
    found = load(write("policy: p.yaml\nmodel: m.msgpack\nbroker: {ca_file: ca.pem}", "etc/tocsin.yaml"))
    assert [found.policy, found.model, found.broker.ca_file] == [
        str(tmp_path / "etc" / name) for name in ("p.yaml", "m.msgpack", "ca.pem")
    ]
    assert load(write("policy: /etc/p.yaml")).policy == "/etc/p.yaml"


def test_a_time_may_stand_without_quotes():
    """YAML would make a date of it."""
    found = load(write("brands: [{name: A, campaigns: [{name: s, start: 2026-03-02T00:00:00Z, end: 2026-03-03}]}]"))
    assert found.brands[0].campaigns[0].start == "2026-03-02T00:00:00Z"


def test_sign_in_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TOCSIN_KAFKA_USERNAME", "tocsin")
    monkeypatch.setenv("TOCSIN_KAFKA_PASSWORD", "geheim")
    found = load(write("broker: {security_protocol: SASL_PLAINTEXT, sasl_mechanism: SCRAM-SHA-512}"))
    options = kafka_options(found.broker)
    assert options["sasl_mechanism"] == "SCRAM-SHA-512"
    assert (options["sasl_plain_username"], options["sasl_plain_password"]) == ("tocsin", "geheim")
    assert "ssl_context" not in options
    assert "ssl_context" in kafka_options(BrokerSettings(security_protocol="SSL"))


def test_authors_are_hashed_under_the_environments_key(monkeypatch: pytest.MonkeyPatch):
    before = Settings().author_key
    monkeypatch.setenv("TOCSIN_AUTHOR_KEY", "secret")
    assert Settings().author_key != before
    assert len(before) == 32


def test_the_version_tells_what_decides_verdicts_and_nothing_else():
    before = Settings().version
    assert Settings(runbook_url="https://example.org").version == before
    assert Settings(lateness_seconds=180).version != before
    assert Settings(pages_per_week=1).version != before


# ---- what is refused


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("partitons: {mentions: 4}", 'tocsin.yaml: partitons: no such setting (did you mean "partitions"?)'),
        ("broker: {bootstrapp: a}", 'tocsin.yaml: broker.bootstrapp: no such setting (did you mean "bootstrap"?)'),
        ("web: {zzz: 1}", "tocsin.yaml: web.zzz: no such setting; known here: host, port, public_url, reading"),
        ("clock: lve", "tocsin.yaml: clock: 'lve' must be one of live, replay (did you mean \"live\"?)"),
        ("lateness_seconds: 90", "tocsin.yaml: lateness_seconds: 90 must be a whole number from 60 to 3600, a multiple of 60"),
        ("lateness_seconds: 2 min", "tocsin.yaml: lateness_seconds: '2 min' must be a whole number from 60 to 3600, a multiple of 60"),
        ("partitions: {scored: 0}", "tocsin.yaml: partitions.scored: 0 must be a whole number from 1 to 1024"),
        ("web: {port: 70000}", "tocsin.yaml: web.port: 70000 must be a whole number from 0 to 65535"),
        ("engine: {tick_interval: .nan}", "tocsin.yaml: engine.tick_interval: nan must be a number from 0.05 to 30"),
        ("engine: {session_timeout: yes}", "tocsin.yaml: engine.session_timeout: True must be a number from 6 to 300"),
        ("engine: {group: 'a b'}", "tocsin.yaml: engine.group: 'a b' must be text that matches `^[A-Za-z0-9._-]{1,100}$`"),
        ("broker: {embedded: maybe}", "tocsin.yaml: broker.embedded: 'maybe' must be true or false"),
        ("policy: 7", 'tocsin.yaml: policy: 7 must be text; write it in quotes: "7"'),
        ("web: 7", "tocsin.yaml: web: 7 must be a mapping of settings, as in name: value"),
        ("brands: Acme", "tocsin.yaml: brands: 'Acme' must be a list, each a mapping of settings; write it in brackets: [Acme]"),
        ("brands: [Acme]", "tocsin.yaml: brands[0]: 'Acme' must be a mapping of settings, as in name: value"),
        ("brands: [{words: [a]}]", "tocsin.yaml: brands[0].name: missing; it is required"),
        (
            "brands: [{name: A, words: [a, 7]}]",
            'tocsin.yaml: brands[0].words[1]: 7 must be text from 1 to 128 characters; write it in quotes: "7"',
        ),
        ("brands: [{name: ''}]", "tocsin.yaml: brands[0].name: '' must be text from 1 to 128 characters"),
        ("brands: [{name: A, sensitivity: 9}]", "tocsin.yaml: brands[0].sensitivity: 9 must be a number from 0.25 to 4"),
        ("brands: [{name: A, dictionary: {bad: x}}]", "tocsin.yaml: brands[0].dictionary.bad: 'x' must be a number"),
        ("brands: [{name: A, dictionary: {bad: -9}}]", "tocsin.yaml: brands[0].dictionary.bad: -9.0 must lie between -4 and 4"),
        ("brands: [{name: A}, {name: a}]", "tocsin.yaml: brands[1].name: 'a' stands twice; give each brand one entry"),
        (
            "brands: [{name: A, campaigns: [{name: s, start: soon, end: 2026-03-03}]}]",
            "tocsin.yaml: brands[0].campaigns[0].start: 'soon' is no time; write 2026-03-02T00:00:00Z",
        ),
        (
            "brands: [{name: A, campaigns: [{name: s, start: 2026-03-04, end: 2026-03-03}]}]",
            "tocsin.yaml: brands[0].campaigns[0].end: '2026-03-03' is not after start (2026-03-04); exchange them",
        ),
        (
            "broker: {bootstrap: kafka1}",
            "tocsin.yaml: broker.bootstrap: 'kafka1' is not host:port; write 127.0.0.1:9092, or several with commas between them",
        ),
        (
            "broker: {bootstrap: 'a:1,b:99999'}",
            "tocsin.yaml: broker.bootstrap: 'b:99999' is not host:port; write 127.0.0.1:9092, or several with commas between them",
        ),
        (
            "model: /nowhere/m.msgpack",
            "tocsin.yaml: model: '/nowhere/m.msgpack': no such file; leave it out for the one shipped",
        ),
        (
            "broker: {security_protocol: SSL, ca_file: /nowhere/ca.pem}",
            "tocsin.yaml: broker.ca_file: '/nowhere/ca.pem': no such file; correct the path (it is relative to this file)",
        ),
        ("- 1", "tocsin.yaml: the file: [1] must be a mapping of settings, as in name: value"),
    ],
)  # fmt: skip
def test_a_fault_is_one_line_with_file_field_value_and_remedy(text: str, told: str):
    assert faults(text) == [told]


@pytest.mark.parametrize(
    ("text", "where", "told"),
    [
        ("brands: [", "tocsin.yaml:1:10", "not YAML"),
        ("clock: live\n\tweb: 1", "tocsin.yaml:2:1", "not YAML"),
        ("clock: live\nclock: replay", "tocsin.yaml:2:1", "'clock' is given twice; keep one of them"),
        ("web: {port: 1, port: 2}", "tocsin.yaml:1:16", "'port' is given twice"),
        ("clock: !!python/object:os.system x", "tocsin.yaml:1:8", "the tag !!python/object:os.system is not taken"),
    ],
)
def test_what_is_no_yaml_is_told_with_its_line(text: str, where: str, told: str):
    (line,) = faults(text)
    assert line.startswith(f"{where}: ")
    assert told in line


def test_every_fault_is_told_at_once():
    found = faults("clock: x\nweb: {port: -1}\nbrands: [{name: A, sensitivity: 0}, {nam: B}]")
    assert [line.split(": ")[1] for line in found] == [
        "clock", "web.port", "brands[0].sensitivity", "brands[1].nam", "brands[1].name",
    ]  # fmt: skip


def test_a_sign_in_without_its_secrets_names_the_variables():
    found = faults("broker: {security_protocol: SASL_SSL, username_env: KAFKA_USER}")
    assert [line.rpartition(" needs ")[2] for line in found] == [
        "the environment variable KAFKA_USER; set it",
        "the environment variable TOCSIN_KAFKA_PASSWORD; set it",
    ]


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda path: None, "no such file; copy deploy/config/tocsin.example.yaml to begin with"),
        (lambda path: path.mkdir(), "cannot be read: Is a directory"),
        (lambda path: path.write_bytes(b"clock: \xff"), "byte 7 is not UTF-8; save the file as UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_told(make: Any, told: str):
    path = Path("other.yaml").absolute()
    make(path)
    with pytest.raises(UserError) as caught:
        load(path)
    assert str(caught.value) == f"{path}: {told}"


# ---- the example and the reference


def every_setting() -> list[tuple[str, type[msgspec.Struct], msgspec.structs.FieldInfo]]:
    return [(path, type_, field) for path, type_ in sections(Settings) for field in msgspec.structs.fields(type_)]


def test_the_example_loads():
    found = load(EXAMPLE)
    assert [brand.name for brand in found.brands] == ["Aerolux", "Aerolux Cargo"]
    assert (EXAMPLE.parent / "policy.example.yaml").is_file()


def test_the_example_names_every_setting_with_its_default_and_a_comment():
    data = yaml.safe_load(EXAMPLE.read_text())
    for path, _, field in every_setting():
        node = data
        for part in filter(None, path.split(".")):
            node = node[part.removesuffix("[]")]
            node = node[0] if part.endswith("[]") else node
        assert field.encode_name in node, f"{path}.{field.encode_name} is not in the example"
        if not path.startswith("brands") and field.encode_name != "brands" and not isinstance(node[field.name], dict):
            assert node[field.name] == field.default, f"{path}.{field.name}"
    for line in EXAMPLE.read_text().splitlines():
        if line.strip() and not line.rstrip().endswith(":"):
            assert "#" in line or line.strip().startswith(("- name", "start", "end")), f"without a comment: {line}"


def test_every_setting_says_what_it_is_for():
    for path, type_, field in every_setting():
        assert summary(type_)
        assert field.name in field_docs(type_), f"{path}.{field.name} has no docstring"


def test_the_page_is_what_the_code_says():
    assert settings_reference.main(["--check"]) == 0


def test_the_page_holds_every_setting_and_drift_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    for _, _, field in every_setting():
        assert f"| `{field.encode_name}` |" in reference()
    monkeypatch.setattr(settings_reference, "PAGE", tmp_path / "configuration.md")
    assert settings_reference.main(["--check"]) == 1
    assert "run: python -m streams.settings_reference" in capsys.readouterr().err
    assert settings_reference.main([]) == 0
    assert settings_reference.main(["--check"]) == 0


def test_a_monitor_knows_what_else_its_brand_is_called():
    brand = BrandSettings("SNCF", ["sncf", "oui sncf"], official=["@SNCF_Voyageurs"])
    assert monitor_settings(Settings(brands=[brand]), brand).names == ("sncf", "oui sncf", "@SNCF_Voyageurs")
