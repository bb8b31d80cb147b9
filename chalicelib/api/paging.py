"""The query parameters of a page of sessions: its range, limit, sort, cursor, fields and format."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from chalicelib.api.choices import (
    DEFAULT_ESTIMATOR,
    DEFAULT_WINDOW,
    SORT,
    CursorParameter,
    FormatParameter,
    LimitParameter,
    Paged,
    Sort,
)
from chalicelib.api.columns import COLUMNS
from chalicelib.api.ranges import RangeParameters
from chalicelib.schema import volatility_column


class PageParameters(Paged, RangeParameters, frozen=True, kw_only=True):
    """The parameters of a range of sessions whose answer has rows in pages.

    Attributes:
        key: the column of dates that identifies a row.
        default_fields: the columns of the rows without `fields`.
        allowed_fields: the allowed values of `fields`.
        whole_range: whether a row depends on other sessions of the range, so that each page needs all of them.

    Raises:
        BadParameter: as `RangeParameters`; a field is unknown or repeated; or `limit` times the number of fields is
            above `MAX_VALUES`.
    """

    key: ClassVar[str] = "data"
    default_fields: ClassVar[tuple[str, ...]]
    allowed_fields: ClassVar[tuple[str, ...]] = COLUMNS
    whole_range: ClassVar[bool] = False

    limit: LimitParameter = 252
    sort: Annotated[Sort, SORT] = "-data"
    cursor: CursorParameter = None
    fields: Annotated[
        tuple[str, ...] | None,
        Meta(
            description="Columns, separated by commas. Default: the columns of the example response; in "
            "`/volatility/compare`, those of the requested window.",
            extra_json_schema={"type": "array", "minItems": 1, "uniqueItems": True},
        ),
    ] = None
    format: FormatParameter = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_page()

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the rows, in order."""
        return self.fields or self.default_fields

    @property
    def volatility_column(self) -> str:
        """The table column that `vol_anualizada` is read from."""
        return volatility_column(DEFAULT_ESTIMATOR, DEFAULT_WINDOW)
