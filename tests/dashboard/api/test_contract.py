"""schemathesis: what the OpenAPI document promises, the API does, for requests that fit it and for others."""

from collections.abc import Callable

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance
from starlette.testclient import TestClient

from neuroval.dashboard.api.app import PATH

FEW = settings(max_examples=10, suppress_health_check=list(HealthCheck), derandomize=True, database=None)


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode))
def test_the_api_keeps_to_its_document(served: Callable[..., TestClient], mode: schemathesis.GenerationMode) -> None:
    """Left out is what a form cannot tell: whether bytes are an image, and that a file is none of a batch's numbers."""
    client = served(allowed_hosts=("testserver",))  # the name that schemathesis calls every server by
    document = schemathesis.openapi.from_asgi(f"{PATH}/openapi.json", client.app)
    operations = [found.ok() for found in document.get_all_operations()]
    assert len(operations) == 10
    if mode is schemathesis.GenerationMode.NEGATIVE:  # what takes nothing can be asked nothing wrong
        operations = [one for one in operations if one.query or one.path_parameters or one.body]
        assert len(operations) == 3
    for operation in operations:

        @FEW
        @given(operation.as_strategy(generation_mode=mode))
        def check(case: schemathesis.Case) -> None:
            untold = [negative_data_rejection] if case.path == "/predict/batch" else []
            case.call_and_validate(excluded_checks=[positive_data_acceptance, *untold])

        check()
