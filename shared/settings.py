"""Typed settings, one class per concern, read from the environment and `.env`.

Every field is documented in `.env.example`; a test keeps the two in step.
Outside development the program refuses to start on a default secret.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    IPvAnyNetwork,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

DEFAULT_BROKER_URL = "amqp://guest:guest@127.0.0.1:5672"
DEFAULT_BLIND_INDEX_KEY = "somente-para-desenvolvimento"


def _zone_name(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("no such time zone; use an IANA name such as America/Sao_Paulo") from None
    return name


ZoneName = Annotated[str, AfterValidator(_zone_name)]


class DomainOverrides(BaseModel):
    """What an operator may change per domain: `DOMAIN__EXAMES__CONCURRENCY=16`."""

    vhost: str | None = None
    prefix: str | None = None
    concurrency: int | None = Field(None, ge=1, le=512)
    prefetch: int | None = Field(None, ge=1, le=512)
    results: bool = Field(False, description="Publish what ends and what alerts to `eventos.resultados`")


class _Concern(BaseSettings):
    # A refusal names the variable: its value may be a secret, and start-up errors are logged.
    model_config = SettingsConfigDict(env_file=".env", extra="ignore", env_ignore_empty=True, hide_input_in_errors=True)


class PlatformSettings(_Concern):
    """What every process knows."""

    environment: Literal["development", "production"] = "development"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["auto", "json", "console"] = "auto"
    database_url: SecretStr = SecretStr("sqlite:///.run/plantao.db")
    database_pool_size: int = Field(8, ge=1, le=64)
    hospital_timezone: ZoneName = "America/Sao_Paulo"


class BrokerSettings(_Concern):
    """Where RabbitMQ is. The URL names no vhost: each domain brings its own."""

    rabbitmq_url: SecretStr = SecretStr(DEFAULT_BROKER_URL)
    rabbitmq_management_url: SecretStr | None = None
    rabbitmq_ca_file: Path | None = None
    rabbitmq_heartbeat_s: int = Field(15, ge=5, le=60)
    publish_max_in_flight: int = Field(1024, ge=1)
    publish_confirm_timeout_s: float = Field(10.0, gt=0)


class DomainSettings(_Concern):
    """Per-domain overrides over what each `domain.py` declares."""

    model_config = SettingsConfigDict(env_nested_delimiter="__")
    domain: dict[str, DomainOverrides] = {}
    domain_packages: list[str] = Field(["handlers"], description="Python packages searched for domain folders")
    hospital_tables_dir: Path | None = Field(None, description="Clinical tables of this hospital, in place of ours")

    def of(self, key: str) -> DomainOverrides:
        """The overrides of one domain, empty where the operator set none."""
        return self.domain.get(key, DomainOverrides())


class ApiSettings(_Concern):
    """The HTTP side."""

    api_host: str = "127.0.0.1"
    api_port: int = 8000
    api_max_body_bytes: int = Field(1_048_576, ge=1024)
    api_max_waiting: int = Field(4096, ge=1, description="Requests waiting for a commit before 503")
    api_docs: bool = True
    idempotency_hours: int = Field(48, ge=1)
    openai_deadline_s: float = Field(300.0, gt=0, description="A /v1 completion by a model, whole")
    openai_crew_wait_s: float = Field(540.0, gt=0, description="How long /v1 waits for a crew, whose task goes on")
    chat_rpm: int = Field(3000, ge=0, description="Questions per minute and client; 0: as many as come")
    openai_rpm: int = Field(3000, ge=0, description="As CHAT_RPM, completions under /v1")
    webhook_rpm: int = Field(600, ge=0, description="As CHAT_RPM, POST /webhook")


class WorkerSettings(_Concern):
    """The message side. Times are in seconds."""

    worker_concurrency: int = Field(8, ge=1, le=512)
    worker_lease_s: float = Field(60.0, ge=1)
    worker_heartbeat_s: float = Field(5.0, gt=0)
    worker_drain_s: float = Field(30.0, ge=0)
    worker_ack_after_s: float = Field(600.0, gt=0)
    task_deadline_s: float = Field(900.0, gt=0)
    retry_max_attempts: int = Field(5, ge=1)
    retry_base_s: float = Field(2.0, gt=0)
    retry_cap_s: float = Field(300.0, gt=0)
    deaths_before_isolation: int = Field(2, ge=1)
    deaths_before_failure: int = Field(4, ge=2)
    relay_interval_s: float = Field(0.5, gt=0)
    relay_grace_s: float = Field(
        5.0, gt=0, description="How long the API's own publish may take before the relay helps"
    )
    rebuild_after_s: float = Field(900.0, gt=0, description="A queued row nobody claimed is published again after this")
    restart_base_s: float = Field(0.5, gt=0)
    restart_cap_s: float = Field(30.0, gt=0)
    crash_loop_restarts: int = Field(8, ge=1)
    crash_loop_window_s: float = Field(120.0, gt=0)
    worker_pin_cpu: bool = Field(True, description="Keep each consumer on one CPU, where the system can")
    worker_metrics_host: str = "127.0.0.1"
    worker_metrics_port: int = Field(0, ge=0, le=65535, description="0: no metrics endpoint for the workers")


class FilesSettings(_Concern):
    """Where uploads lie. The API and the workers need the same folder."""

    files_dir: Path = Path(".run/files")
    upload_max_bytes: int = Field(536_870_912, ge=1024)


class PrivacySettings(_Concern):
    """What keeps patients from being recognised in columns that must be searchable."""

    blind_index_key: SecretStr = SecretStr(DEFAULT_BLIND_INDEX_KEY)


class NotificationSettings(_Concern):
    """Who is told what, and how often. Times are in seconds."""

    contacts_file: Path | None = None
    alert_escalate_after_s: list[Annotated[float, Field(gt=0)]] = Field(
        [300.0, 600.0, 900.0], min_length=1, description="From one call to the next; the last one repeats"
    )
    alert_rounds: int = Field(1, ge=1, description="How often the chain is walked before its last contact stays")
    delivery_timeout_s: float = Field(15.0, gt=0, le=60)
    delivery_retry_s: list[Annotated[float, Field(gt=0)]] = Field(
        [5.0, 300.0, 1800.0, 7200.0, 18000.0, 36000.0, 50400.0, 72000.0, 86400.0], min_length=1
    )
    answer_max_bytes: int = Field(
        262_144, ge=20_000, description="Larger answers of POST /webhook are called out without their text"
    )


class MllpSettings(_Concern):
    """The HL7 v2 listener (`python -m workers.mllp`). Times are in seconds."""

    mllp_host: str = "127.0.0.1"
    mllp_port: int = Field(2575, ge=0, le=65535)
    mllp_max_bytes: int = Field(1_048_576, ge=1024, description="Larger messages are refused, the connection closed")
    mllp_max_connections: int = Field(64, ge=1, le=4096)
    mllp_idle_s: float = Field(900.0, gt=0, description="A connection without any message is closed after this")
    mllp_frame_s: float = Field(30.0, gt=0, description="From the first byte of a message to its last")
    mllp_drain_s: float = Field(10.0, ge=0, description="What a message in hand gets on SIGTERM")
    mllp_tls_cert: Path | None = None
    mllp_tls_key: Path | None = None
    mllp_tls_client_ca: Path | None = Field(None, description="Only senders with a certificate of this authority")
    mllp_allowed_networks: list[IPvAnyNetwork] = Field([], description="Empty: whoever reaches the port")
    mllp_allowed_senders: list[str] = Field([], description="MSH-3 or MSH-3|MSH-4; empty: every one")
    mllp_metrics_host: str = "127.0.0.1"
    mllp_metrics_port: int = Field(0, ge=0, le=65535, description="0 serves no metrics")

    @model_validator(mode="after")
    def _whole_tls(self) -> Self:
        if (self.mllp_tls_cert is None) != (self.mllp_tls_key is None):
            raise ValueError("MLLP_TLS_CERT and MLLP_TLS_KEY belong together: set both or neither")
        if self.mllp_tls_client_ca is not None and self.mllp_tls_cert is None:
            raise ValueError("MLLP_TLS_CLIENT_CA needs MLLP_TLS_CERT and MLLP_TLS_KEY")
        return self


class ModelSettings(_Concern):
    """Which models there are. `offline` is deterministic and needs nothing; `models_file` replaces `model_*`."""

    models_file: Path | None = Field(None, description="Catalogue of deployments, policies, prices and budgets (TOML)")
    model_provider: Literal["offline", "openai", "anthropic", "gemini", "mistral", "ollama", "openai_compatible"] = (
        "offline"
    )
    model_name: str = "offline-deterministico"
    model_base_url: str | None = None
    model_api_key: SecretStr | None = None
    model_timeout_s: float = Field(60.0, gt=0)
    model_max_retries: int = Field(2, ge=0, le=10)
    model_max_prompt_chars: int = Field(400_000, ge=1_000, description="All messages of one call together")
    opinion_language: Literal["pt", "en"] = Field("pt", description="Of the opinions; findings stay Portuguese")
    transferencia_internacional: bool = Field(False, description="Allow a model outside the house (LGPD art. 33)")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.model_provider in ("openai_compatible", "ollama") and not self.model_base_url:
            raise ValueError(f"MODEL_BASE_URL is required with MODEL_PROVIDER={self.model_provider}")
        return self


class ChatSettings(_Concern):
    """Conversations with models over HTTP. Times are in seconds."""

    chat_deadline_s: float = Field(300.0, gt=0, description="One answer, whole")
    chat_lease_s: float = Field(30.0, ge=5, description="An answer whose process is silent for so long has ended")
    chat_max_answers: int = Field(512, ge=1, description="Generated at once by one API process; more: 503")
    chat_summaries: bool = Field(True, description="Let the model summarise what will no longer fit into its window")
    chat_attachment_max_bytes: int = Field(262_144, ge=1024, description="One file in a message; larger: 413")


class Settings(BaseModel):
    """All concerns together, made once per process."""

    model_config = ConfigDict(hide_input_in_errors=True)
    platform: PlatformSettings
    broker: BrokerSettings
    domains: DomainSettings
    api: ApiSettings
    worker: WorkerSettings
    files: FilesSettings
    privacy: PrivacySettings
    notifications: NotificationSettings
    mllp: MllpSettings
    model: ModelSettings
    chat: ChatSettings

    @model_validator(mode="after")
    def _refuse_default_secrets(self) -> Self:
        if self.platform.environment != "production":
            return self
        secrets = {
            "RABBITMQ_URL": (self.broker.rabbitmq_url, DEFAULT_BROKER_URL),
            "BLIND_INDEX_KEY": (self.privacy.blind_index_key, DEFAULT_BLIND_INDEX_KEY),
        }
        kept = [name for name, (value, default) in secrets.items() if value.get_secret_value() == default]
        if kept:
            names = " and ".join(kept)
            raise ValueError(f"{names} still holds the default secret: set it before ENVIRONMENT=production")
        return self


def load_settings() -> Settings:
    """Read everything afresh. Raises pydantic's ValidationError naming the variable at fault."""
    return Settings(
        platform=PlatformSettings(),
        broker=BrokerSettings(),
        domains=DomainSettings(),
        api=ApiSettings(),
        worker=WorkerSettings(),
        files=FilesSettings(),
        privacy=PrivacySettings(),
        notifications=NotificationSettings(),
        mllp=MllpSettings(),
        model=ModelSettings(),
        chat=ChatSettings(),
    )


def settings_of_program() -> Settings:
    """For a command: a line per variable at fault, never its value, and exit code 1 in place of a traceback."""
    try:
        return load_settings()
    except ValidationError as error:
        faults = [_fault(item) for item in error.errors(include_url=False, include_input=False)]
    except SettingsError as error:
        # A value that is no JSON where a list or an object is asked for; the text names the field only.
        faults = [f"- {error}: write it as JSON"]
    raise SystemExit("\n".join(["Settings refused (.env.example explains each):", *faults]))


def _fault(item: Any) -> str:
    name = "__".join(str(part) for part in item["loc"]).upper()
    reason = item["msg"].removeprefix("Value error, ")
    return f"- {name}: {reason}" if name else f"- {reason}"


@lru_cache(maxsize=1)
def settings() -> Settings:
    """This process's settings."""
    return load_settings()
