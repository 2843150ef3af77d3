"""Fixtures for all tests; being here also lets every test import `_fakes`."""

import pytest
from _fakes import FakeGAN


@pytest.fixture
def fake_gan() -> FakeGAN:
    return FakeGAN()
