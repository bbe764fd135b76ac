"""A wrong environment ends a command with a line per variable, without its value and without a traceback."""

from __future__ import annotations

import pytest

from shared.settings import settings_of_program

SECRET = "ZZSEGREDO"


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"API_PORT": SECRET}, "API_PORT"),
        ({"ALERT_ESCALATE_AFTER_S": f"[{SECRET}"}, "alert_escalate_after_s"),
        ({"DOMAIN__EXAMES__CONCURRENCY": SECRET}, "DOMAIN__EXAMES__CONCURRENCY"),
        ({"MODEL_PROVIDER": "openai_compatible", "MODEL_API_KEY": SECRET}, "MODEL_BASE_URL"),
        ({"ENVIRONMENT": "production", "BLIND_INDEX_KEY": SECRET}, "RABBITMQ_URL"),
    ],
)
def test_a_refused_setting_is_named_and_never_shown(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], named: str
):
    for name in ("RABBITMQ_URL", "MODEL_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as refused:
        settings_of_program()
    assert named in str(refused.value)
    assert SECRET not in str(refused.value)
    assert SECRET not in repr(refused.value.__cause__ or refused.value.__context__)
