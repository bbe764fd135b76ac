"""docker-compose.yml and the images, as far as can be said without docker."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.worker_health import complaint
from dev.definitions import BrokerUser, definitions, domain_vhosts
from handlers.registry import load_domains
from shared.settings import Settings, WorkerSettings
from tests.architecture.sources import reached_from

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
SHORT_LIVED = {"definitions", "migrate"}
OURS = {"definitions", "migrate", "api", "worker", "mllp"}
SECRETS = {
    "POSTGRES_PASSWORD",
    "RABBITMQ_API_PASSWORD",
    "RABBITMQ_WORKER_PASSWORD",
    "RABBITMQ_ADMIN_PASSWORD",
    "VALKEY_PASSWORD",
    "BLIND_INDEX_KEY",
}
# Settings that mean nothing beside a broker of compose's own: it speaks plain AMQP on a closed network.
NOT_PASSED = {"RABBITMQ_MANAGEMENT_URL", "RABBITMQ_CA_FILE"}
SUPERVISOR_GRACE_S = 10


def variables_of(text: str) -> set[str]:
    return set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", text))


def compose_files() -> list[Path]:
    return [ROOT / "docker-compose.yml", *sorted((ROOT / "deploy").glob("compose.*.yml"))]


def settings_of(concern: str) -> set[str]:
    model: Any = Settings.model_fields[concern].annotation
    return {name.upper() for name in model.model_fields} - NOT_PASSED


def every_setting() -> set[str]:
    return set().union(*(settings_of(concern) for concern in Settings.model_fields))


def test_every_service_of_the_contract_is_there():
    assert set(SERVICES) == {"definitions", "rabbitmq", "postgres", "valkey", "migrate", "api", "worker", "mllp"}


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - SHORT_LIVED))
def test_what_stays_up_has_a_health_check_and_restarts(name: str):
    assert SERVICES[name]["healthcheck"]["test"]
    assert SERVICES[name]["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_images_are_pinned_to_a_version(name: str):
    image = re.sub(r"\$\{[A-Z_]+:-([^}]*)\}", r"\1", SERVICES[name]["image"])
    _, _, tag = image.rpartition(":")
    assert tag and "/" not in tag and tag != "latest"


def test_dockerfiles_stand_on_a_pinned_python():
    for name in ("Dockerfile.api", "Dockerfile.worker"):
        assert "ARG PYTHON_IMAGE=python:3.12-slim-bookworm" in (ROOT / name).read_text()


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_containers_are_confined(name: str):
    service = SERVICES[name]
    assert service["read_only"] and service["init"] and service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert "privileged" not in service


@pytest.mark.parametrize("name", ["Dockerfile.api", "Dockerfile.worker"])
def test_images_end_as_a_user_without_rights(name: str):
    users = re.findall(r"^USER (.+)$", (ROOT / name).read_text(), re.MULTILINE)
    assert users == ["10001:10001"]


def test_the_api_image_installs_the_api_requirements_only():
    text = (ROOT / "Dockerfile.api").read_text()
    assert set(re.findall(r"requirements\.\w+\.txt", text)) == {"requirements.api.txt"}
    assert "find_spec('crewai')" in text
    assert not re.search(r"^crewai", (ROOT / "requirements.api.txt").read_text(), re.MULTILINE)


def test_the_worker_scales():
    assert not SERVICES["worker"].keys() & {"container_name", "hostname", "ports"}
    assert not [name for name, service in SERVICES.items() if "container_name" in service]


def test_the_worker_may_drain_before_it_is_killed():
    grace = int(re.fullmatch(r"\$\{WORKER_STOP_GRACE:-(\d+)s\}", SERVICES["worker"]["stop_grace_period"])[1])  # type: ignore[index]
    assert grace > WorkerSettings.model_fields["worker_drain_s"].default + SUPERVISOR_GRACE_S


def test_only_the_doors_are_published_and_only_on_this_host():
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {
        "api": ["${API_PUBLISH:-127.0.0.1:8000}:8000"],
        "mllp": ["${MLLP_PUBLISH:-127.0.0.1:2575}:2575"],
    }
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    assert all(SERVICES[name]["networks"] == ["inside"] for name in ("rabbitmq", "postgres", "valkey"))


def test_the_management_page_is_an_extra_on_this_host():
    extra = yaml.safe_load((ROOT / "deploy" / "compose.management.yml").read_text())["services"]
    assert extra.keys() == {"rabbitmq"}
    assert all(port.startswith("127.0.0.1:") for port in extra["rabbitmq"]["ports"])


@pytest.mark.parametrize("extra", ["tables", "contacts", "models", "mllp-tls"])
def test_files_of_the_hospital_are_mounted_read_only_and_settings_point_into_them(extra: str):
    services = yaml.safe_load((ROOT / "deploy" / f"compose.{extra}.yml").read_text())["services"]
    assert services.keys() <= SERVICES.keys()
    for name, service in services.items():
        (mount,) = service["volumes"]
        # The long form: a folder that is not there stops docker-compose instead of being made, empty.
        assert mount["type"] == "bind" and mount["read_only"]
        assert service["environment"].keys() <= SERVICES[name]["environment"].keys()
        assert all(value.startswith(mount["target"]) for value in service["environment"].values())


def test_everybody_who_reads_clinical_tables_is_given_those_of_the_hospital():
    services = yaml.safe_load((ROOT / "deploy" / "compose.tables.yml").read_text())["services"]
    assert services.keys() == {name for name in SERVICES if "HOSPITAL_TABLES_DIR" in SERVICES[name]["environment"]}


def test_everybody_who_talks_to_models_is_given_the_catalogue_and_its_keys():
    services = yaml.safe_load((ROOT / "deploy" / "compose.models.yml").read_text())["services"]
    assert services.keys() == {name for name in SERVICES if "MODELS_FILE" in SERVICES[name]["environment"]}
    assert all(service["env_file"] for service in services.values())


def test_secrets_have_no_defaults_and_name_themselves_when_missing():
    text = (ROOT / "docker-compose.yml").read_text()
    uses = re.findall(r"\$\{([A-Z_]+(?:PASSWORD|INDEX_KEY))([^}]*)\}", text)
    assert {name for name, _ in uses} == SECRETS
    assert all(rest.startswith(f":?{name} is missing") for name, rest in uses)


@pytest.mark.parametrize(
    ("name", "foreign"),
    [
        ("api", {"RABBITMQ_WORKER_PASSWORD", "RABBITMQ_ADMIN_PASSWORD"}),
        ("worker", {"RABBITMQ_API_PASSWORD", "RABBITMQ_ADMIN_PASSWORD"}),
        ("mllp", {"RABBITMQ_API_PASSWORD", "RABBITMQ_WORKER_PASSWORD", "RABBITMQ_ADMIN_PASSWORD", "MODEL_API_KEY"}),
        ("migrate", {"RABBITMQ_API_PASSWORD", "RABBITMQ_WORKER_PASSWORD", "RABBITMQ_ADMIN_PASSWORD"}),
    ],
)
def test_nobody_is_given_the_secrets_of_another(name: str, foreign: set[str]):
    environment = SERVICES[name]["environment"]
    given = set(environment) | {found for value in environment.values() for found in variables_of(str(value))}
    assert not given & foreign
    assert "env_file" not in SERVICES[name]


@pytest.mark.parametrize(
    ("name", "concerns"),
    [
        ("api", ["platform", "broker", "domains", "api", "model"]),
        ("worker", ["platform", "broker", "domains", "worker", "notifications", "model"]),
        ("mllp", ["platform", "domains", "privacy", "mllp"]),
    ],
)
def test_every_setting_reaches_its_container(name: str, concerns: list[str]):
    expected = set().union(*(settings_of(concern) for concern in concerns))
    assert expected - SERVICES[name]["environment"].keys() == set()


@pytest.mark.parametrize(
    ("name", "entry"), [("api", "api.main"), ("worker", "workers.pika_worker"), ("mllp", "workers.mllp")]
)
def test_every_setting_that_a_program_reads_reaches_its_container(name: str, entry: str):
    reached, _ = reached_from(entry)
    # Domains are loaded by name; in a worker they run.
    files = reached | set((ROOT / "handlers").rglob("*.py")) if name == "worker" else reached
    reads = {found for file in files for found in re.findall(r"\b_?config\.([a-z]+)\.([a-z_]+)", file.read_text())}
    read = {name.upper() for concern, name in reads if concern in Settings.model_fields} & every_setting()
    assert read
    assert read - SERVICES[name]["environment"].keys() == set()


@pytest.mark.parametrize("name", ["api", "worker", "mllp", "migrate"])
def test_no_container_is_given_a_setting_that_does_not_exist(name: str):
    assert SERVICES[name]["environment"].keys() - every_setting() == set()


@pytest.mark.parametrize("name", ["api", "worker", "mllp", "migrate"])
def test_containers_run_in_production_mode(name: str):
    assert SERVICES[name]["environment"]["ENVIRONMENT"] == "production"


def test_who_waits_for_whom():
    waits = {
        name: {other: how["condition"] for other, how in service.get("depends_on", {}).items()}
        for name, service in SERVICES.items()
    }
    done, healthy = "service_completed_successfully", "service_healthy"
    assert waits == {
        "definitions": {},
        "postgres": {},
        "valkey": {},
        "rabbitmq": {"definitions": done},
        "migrate": {"postgres": healthy},
        # Not the broker: the API accepts work while it is away.
        "api": {"migrate": done},
        "worker": {"migrate": done, "rabbitmq": healthy},
        "mllp": {"migrate": done},
    }


def test_every_variable_is_documented():
    documented = set(re.findall(r"^#? ?([A-Z][A-Z0-9_]*)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    used = set().union(*(variables_of(file.read_text()) for file in compose_files()))
    assert used - documented == set()


def test_the_broker_loads_what_the_definitions_service_writes():
    written = SERVICES["definitions"]["command"][-1]
    conf = (ROOT / "deploy" / "rabbitmq" / "rabbitmq.conf").read_text()
    loaded = re.search(r"^load_definitions = (.+)$", conf, re.MULTILINE)
    assert loaded and Path(loaded[1]).name == Path(written).name
    assert f"definitions:{Path(written).parent}" in SERVICES["definitions"]["volumes"]
    assert f"definitions:{Path(loaded[1]).parent}:ro" in SERVICES["rabbitmq"]["volumes"]


def test_the_broker_speaks_to_people_and_to_prometheus():
    plugins = (ROOT / "deploy" / "rabbitmq" / "enabled_plugins").read_text()
    assert set(re.findall(r"rabbitmq_\w+", plugins)) == {"rabbitmq_management", "rabbitmq_prometheus"}


def test_definitions_hold_every_domain_and_the_users_of_compose(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DOMAIN_PACKAGES", '["handlers"]')
    expected = {domain.vhost for domain in load_domains(["handlers"]).values()}
    assert set(domain_vhosts()) == expected
    users = [BrokerUser(role, f"plantao-{role}", "x") for role in ("api", "worker", "admin")]
    assert {vhost["name"] for vhost in definitions(domain_vhosts(), users)["vhosts"]} == expected
    for role in ("api", "worker"):
        assert SERVICES[role]["environment"]["RABBITMQ_URL"].startswith(f"amqp://plantao-{role}:")


def supervisor(identifier: str, host: str = "w1") -> dict[str, Any]:
    return {"kind": "supervisor", "id": identifier, "host": host, "state": "ready", "supervisor": None, "domain": None}


def consumer(of: str, state: str) -> dict[str, Any]:
    return {"kind": "consumer", "id": f"{of}:c", "host": "w1", "state": state, "supervisor": of, "domain": "exames"}


@pytest.mark.parametrize(
    ("processes", "verdict"),
    [
        ([], "no heartbeat of a supervisor"),
        ([supervisor("s", host="w2"), consumer("s", "ready")], "no heartbeat of a supervisor"),
        ([supervisor("s")], "no consumer is up"),
        ([supervisor("s"), consumer("s", "starting")], "no consumer is up"),
        ([supervisor("old"), consumer("old", "ready"), supervisor("new")], "no consumer is up"),
        ([supervisor("s"), consumer("s", "crash_loop")], "stopped for crashing in a loop: exames"),
        ([supervisor("s"), consumer("s", "ready")], None),
        ([supervisor("s"), consumer("s", "waiting_broker")], None),
    ],
)
def test_worker_health(processes: list[dict[str, Any]], verdict: str | None):
    assert complaint(processes, "w1") == verdict
