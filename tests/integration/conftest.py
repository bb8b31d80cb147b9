from __future__ import annotations

from typing import Any

import pytest

from local.laptop import Laptop
from tests.bars import raw_object, session_bars
from tests.lake import fill


@pytest.fixture
def filled(laptop: Laptop, s3: Any) -> Laptop:
    """A lake with 38 sessions of 2024 and 82 of 2025."""
    fill(raw_object(session_bars("2024-11-01", 120)))
    return laptop
