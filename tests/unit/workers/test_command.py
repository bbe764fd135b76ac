"""The command line of the workers says what is wrong with its arguments."""

from __future__ import annotations

import pytest

from workers.command import WRONG_USAGE, main


def test_an_unknown_domain_is_wrong_usage(capsys: pytest.CaptureFixture[str]):
    assert main("pika", ["--domains", "exame"]) == WRONG_USAGE
    assert "'exame'; known: clinico, exames" in capsys.readouterr().err
