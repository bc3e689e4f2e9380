"""A workshop for the writers under attack."""

import pytest

from tests.attack.writers import Workshop, furnished


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return furnished(tmp_path_factory.mktemp("workshop"))
