"""Whatever happens to a document on its way, reading it answers with a request or with a coded refusal."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.errors import InvalidField
from tests.fixtures.fhir import EVENTS, example, read

_JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12),
    st.sampled_from(
        ["", "urn:uuid:", "#a", "Patient/", "1e999", "2026-11-20", "2026-02-30T00:00:00Z", "male", "\u0000"]
    ),
    st.just([]),
    st.just({}),
    st.just([[]]),
    st.just({"resourceType": "Patient"}),
    st.just({"reference": "Patient/x"}),
    st.just([{"coding": [{"system": "http://loinc.org", "code": "718-7"}]}]),
)


def places(node: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every node below the root."""
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path for key, item in inner for path in [(*here, key), *places(item, (*here, key))]]


@st.composite
def mutated(draw: st.DrawFn, document: dict[str, Any]) -> dict[str, Any]:
    made = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 4))):
        if not (left := places(made)):
            break
        *parents, last = draw(st.sampled_from(left))
        parent: Any = made
        for key in parents:
            parent = parent[key]
        change = draw(st.sampled_from(["delete", "replace", "repeat"]))
        if change == "delete":
            del parent[last]
        elif change == "repeat" and isinstance(parent, list):
            parent.append(copy.deepcopy(parent[last]))
        else:
            parent[last] = copy.deepcopy(draw(_JUNK))
    return made


@pytest.mark.parametrize("event", EVENTS)
@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_a_mutated_bundle_is_read_or_refused_with_places(event: str, data: st.DataObject) -> None:
    document = data.draw(mutated(json.loads(example(event))))
    try:
        read(event, json.dumps(document).encode())
    except InvalidField as error:
        assert error.fields
        assert all(place and reason for place, reason in error.fields)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_with_a_code(body: bytes) -> None:
    with pytest.raises(InvalidField) as refused:
        read("consulta", body)
    assert refused.value.fields
