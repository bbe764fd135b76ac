"""Typed settings, one class per concern, read from the environment and `.env`.

Every field is documented in `.env.example`; a test keeps the two in step.
Outside development the program refuses to start on a default secret.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

DEFAULT_BROKER_URL = "amqp://guest:guest@127.0.0.1:5672"


class DomainOverrides(BaseModel):
    """What an operator may change per domain: `DOMAIN__EXAMES__CONCURRENCY=16`."""

    vhost: str | None = None
    prefix: str | None = None
    concurrency: int | None = Field(None, ge=1, le=512)
    prefetch: int | None = Field(None, ge=1, le=512)


class _Concern(BaseSettings):
    model_config = SettingsConfigDict(env_file=".env", extra="ignore", env_ignore_empty=True)


class PlatformSettings(_Concern):
    """What every process knows."""

    environment: Literal["development", "production"] = "development"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["auto", "json", "console"] = "auto"
    database_url: SecretStr = SecretStr("sqlite:///.run/plantao.db")
    database_pool_size: int = Field(8, ge=1, le=64)


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

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", env_nested_delimiter="__", env_ignore_empty=True)
    domain: dict[str, DomainOverrides] = {}
    domain_packages: list[str] = Field(["handlers"], description="Python packages searched for domain folders")

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


class ModelSettings(_Concern):
    """Which model the crews talk to. `offline` is deterministic and needs nothing."""

    model_provider: Literal["offline", "openai_compatible"] = "offline"
    model_name: str = "offline-deterministico"
    model_base_url: str | None = None
    model_api_key: SecretStr | None = None
    model_timeout_s: float = Field(60.0, gt=0)
    model_max_retries: int = Field(2, ge=0, le=10)
    transferencia_internacional: bool = Field(False, description="Allow a model outside the house (LGPD art. 33)")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.model_provider == "openai_compatible" and not self.model_base_url:
            raise ValueError("MODEL_BASE_URL is required with MODEL_PROVIDER=openai_compatible")
        return self


class Settings(BaseModel):
    """All concerns together, made once per process."""

    platform: PlatformSettings
    broker: BrokerSettings
    domains: DomainSettings
    api: ApiSettings
    worker: WorkerSettings
    files: FilesSettings
    model: ModelSettings

    @model_validator(mode="after")
    def _refuse_default_secrets(self) -> Self:
        default = self.broker.rabbitmq_url.get_secret_value() == DEFAULT_BROKER_URL
        if self.platform.environment == "production" and default:
            raise ValueError("RABBITMQ_URL still holds the default secret: set it before ENVIRONMENT=production")
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
        model=ModelSettings(),
    )


@lru_cache(maxsize=1)
def settings() -> Settings:
    """This process's settings."""
    return load_settings()
