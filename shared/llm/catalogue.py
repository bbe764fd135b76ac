"""Which models there are, in which order they are tried, and what they cost: one TOML file (`MODELS_FILE`).

Without the file there is one deployment, the one of the `MODEL_*` settings. Keys of providers stand in the
environment, never in the file.
"""

from __future__ import annotations

import os
import tomllib
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from shared.settings import ModelSettings

Provider = Literal["offline", "openai", "anthropic", "gemini", "mistral", "ollama", "openai_compatible"]
DEFAULT_POLICY = "padrao"
# Ids stand in URLs and metrics; without a colon none can be taken for a crew of /v1.
_Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
# Crews must have no key that a stray client could pick up: handlers/crew_runtime/environment.py.
_TAKEN_AWAY = "OPENAI_API_KEY"
_NEEDS_ADDRESS = frozenset({"ollama", "openai_compatible"})


class CatalogueInvalid(Exception):
    """MODELS_FILE cannot be used; the text says where in it and what to do, and holds no secret."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Prices(_Part):
    """US dollars for a million tokens, which is the same number as micro-dollars for one token."""

    input: Decimal = Field(Decimal(0), ge=0)
    output: Decimal = Field(Decimal(0), ge=0)

    def microusd(self, prompt_tokens: int, completion_tokens: int) -> int:
        """What so many tokens cost, rounded up to a whole micro-dollar."""
        exact = self.input * prompt_tokens + self.output * completion_tokens
        return int(exact.to_integral_value(rounding="ROUND_CEILING"))


class Deployment(_Part):
    """One model at one address. Times are in seconds."""

    provider: Provider
    model: str = Field(min_length=1, max_length=128)
    base_url: str | None = Field(None, description="With the version, as http://10.0.0.5:8000/v1; None: the provider's")
    api_key: SecretStr | None = Field(None, exclude=True)  # only from MODEL_API_KEY: a file names a variable instead
    api_key_env: str | None = Field(None, pattern=r"^[A-Z][A-Z0-9_]*$")
    context_tokens: int = Field(32_768, ge=1024)
    max_output_tokens: int = Field(4_096, ge=1, description="Sent where the caller names none; also what is reserved")
    prices: Prices = Prices()
    deadline_s: float = Field(60.0, gt=0, description="One attempt, whole")
    first_token_s: float = Field(30.0, gt=0, description="Of a stream, from the request to its first piece")
    idle_s: float = Field(20.0, gt=0, description="Of a stream, between two pieces")
    needs_finish_reason: bool = Field(True, description="False for servers that end a whole stream without one")
    free_text: bool = Field(False, description="May see what people wrote, though it is outside the house")

    @field_validator("api_key", mode="before")
    @classmethod
    def _in_no_file(cls, value: Any) -> Any:
        if isinstance(value, str):
            raise ValueError("a key stands in no file: put it into a variable, and that one's name into api_key_env")
        return value

    @model_validator(mode="after")
    def _usable(self) -> Self:
        if self.provider in _NEEDS_ADDRESS and not self.base_url:
            raise ValueError(f"base_url is required with provider {self.provider}")
        if self.max_output_tokens >= self.context_tokens:
            raise ValueError("max_output_tokens leaves no room for a prompt in context_tokens: no call would fit")
        if self.api_key_env == _TAKEN_AWAY:
            raise ValueError(f"{_TAKEN_AWAY} is taken out of the workers' environment: give the variable another name")
        if self.api_key_env and not os.environ.get(self.api_key_env):
            raise ValueError(f"the environment variable {self.api_key_env} is not set")
        return self

    def key(self) -> SecretStr | None:
        """The provider's key, where there is one."""
        found = os.environ.get(self.api_key_env) if self.api_key_env else None
        return SecretStr(found) if found else self.api_key


class Policy(_Part):
    """Deployments in the order in which they are tried, and how often each is tried again."""

    deployments: tuple[str, ...] = Field(min_length=1)
    retries: int = Field(2, ge=0, le=10, description="Further attempts on one deployment")


class BudgetLimit(_Part):
    """Money of one period for each tenant, domain or client; `name` = "*" gives each of them as much."""

    scope: Literal["tenant", "domain", "client"]
    name: str = "*"
    period: Literal["day", "month"] = "day"
    limit_usd: Decimal = Field(gt=0)

    @property
    def limit_microusd(self) -> int:
        return int(self.limit_usd * 1_000_000)


class BreakerLimits(_Part):
    """When a deployment is left alone, and for how long. Times are in seconds."""

    failures: int = Field(5, ge=1, description="In a row, within `window_s`")
    window_s: float = Field(60.0, gt=0)
    open_s: float = Field(5.0, gt=0, description="The first time; each further time twice as long")
    lasting_s: float = Field(60.0, gt=0, description="As `open_s`, for a wrong key and a used-up quota")
    open_cap_s: float = Field(300.0, gt=0)
    probe_s: float = Field(15.0, gt=0, description="After this, another may try what nobody has answered for")


class Catalogue(_Part):
    """The whole file."""

    deployments: dict[_Id, Deployment]
    policies: dict[_Id, Policy]
    default: str = DEFAULT_POLICY
    budgets: tuple[BudgetLimit, ...] = ()
    breaker: BreakerLimits = BreakerLimits()
    cache_s: int = Field(0, ge=0, le=86_400, description="How long an exact answer may be used again; 0: never")

    @model_validator(mode="after")
    def _known(self) -> Self:
        for name, policy in self.policies.items():
            for deployment in policy.deployments:
                if deployment not in self.deployments:
                    raise ValueError(f"policies.{name} names {deployment!r}, which is none of the deployments")
        if self.default not in self.policies:
            raise ValueError(f"default names {self.default!r}, which is none of the policies")
        places = [(budget.scope, budget.name, budget.period) for budget in self.budgets]
        twice = next((place for place in places if places.count(place) > 1), None)
        if twice:
            raise ValueError(f"budgets names {' '.join(twice)} twice: which limit holds?")
        both = self.policies.keys() & self.deployments.keys()
        if both:
            raise ValueError(f"{sorted(both)[0]!r} is a policy and a deployment: a caller could not tell them apart")
        return self

    def chosen(self, model: str | None) -> Policy | None:
        """The policy that a caller's `model` means; a deployment's id means that one alone; None: unknown."""
        name = model or self.default
        if name in self.deployments:
            return Policy(deployments=(name,))
        return self.policies.get(name)


def load_catalogue(settings: ModelSettings) -> Catalogue:
    """Read and check MODELS_FILE, or make the catalogue of the one model of the settings. Raises CatalogueInvalid."""
    if settings.models_file is None:
        return _of_settings(settings)
    file = settings.models_file
    try:
        return Catalogue.model_validate(tomllib.loads(file.read_text(encoding="utf-8"), parse_float=Decimal))
    except OSError as error:
        raise CatalogueInvalid(f"MODELS_FILE={file} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        found = error.errors(include_input=False)[:5]
        wrong = "; ".join(f"{_place(item['loc'])}: {item['msg'].removeprefix('Value error, ')}" for item in found)
        raise CatalogueInvalid(f"MODELS_FILE={file}: {wrong}") from None
    except ValueError as error:
        raise CatalogueInvalid(f"MODELS_FILE={file} is not TOML in UTF-8: {error}") from None


def _of_settings(settings: ModelSettings) -> Catalogue:
    only = Deployment(
        provider=settings.model_provider,
        model=settings.model_name,
        base_url=settings.model_base_url,
        api_key=settings.model_api_key,
        deadline_s=settings.model_timeout_s,
    )
    policy = Policy(deployments=("unico",), retries=settings.model_max_retries)
    return Catalogue(deployments={"unico": only}, policies={DEFAULT_POLICY: policy})


def _place(location: tuple[int | str, ...]) -> str:
    return ".".join(map(str, location)) or "file"
