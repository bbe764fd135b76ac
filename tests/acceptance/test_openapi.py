"""The API does what its own document says, tried by schemathesis with what a person would not think of."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.main import create_app
from dev.rabbitmq_node import RabbitNode
from shared.settings import load_settings
from tests.platform import Platform

# Schemathesis alone works here, and a tracer costs it half as much again; what answers is another process.
pytestmark = pytest.mark.no_cover
EXAMPLES = 40
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
DOCUMENT = create_app(load_settings()).openapi()
OPERATIONS = [found.ok() for found in schemathesis.openapi.from_dict(DOCUMENT).get_all_operations()]


@pytest.fixture(scope="module")
def platform(
    rabbit: RabbitNode, module_postgres_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Platform]:
    running = Platform(rabbit, module_postgres_url, tmp_path_factory.mktemp("openapi"), "pika")
    try:
        running.start_api()
        yield running
    finally:
        running.close()


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_every_operation_keeps_its_word(platform: Platform, operation: schemathesis.APIOperation) -> None:
    valid = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    invalid = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)

    @given(case=valid | invalid)
    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    def keeps_its_word(case: schemathesis.Case) -> None:
        case.call_and_validate(base_url=str(platform.client.base_url), checks=CHECKS)

    keeps_its_word()


def test_the_running_api_shows_this_very_document(platform: Platform) -> None:
    assert platform.client.get("/openapi.json").json() == DOCUMENT
