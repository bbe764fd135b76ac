"""A taken port: another one where nobody asked for it, a clear error where somebody did."""

import socket
from collections.abc import Iterator

import pytest

from dev.console import DevError
from dev.stack import port_of
from shared.settings import ApiSettings, MllpSettings


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_free_port_is_kept(taken: int):
    with socket.create_server(("127.0.0.1", 0)) as other:
        free = other.getsockname()[1]
    assert port_of("The HL7 listener", MllpSettings(_env_file=None, mllp_port=free), "mllp") == free


def test_a_port_that_was_asked_for_and_is_taken_is_an_error_that_names_it(taken: int):
    with pytest.raises(DevError, match=f"MLLP_PORT={taken}"):
        port_of("The HL7 listener", MllpSettings(_env_file=None, mllp_port=taken), "mllp")


def test_the_usual_port_gives_way(taken: int, capsys: pytest.CaptureFixture[str]):
    usual = ApiSettings(_env_file=None).model_copy(update={"api_port": taken})
    usual.model_fields_set.discard("api_port")
    assert port_of("The API", usual, "api") != taken
    assert "API_PORT" in capsys.readouterr().out
