"""The query parameters of a page: its range, limit, sort, cursor, fields and format."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from chalicelib.api.choices import (
    DEFAULT_ESTIMATOR,
    DEFAULT_WINDOW,
    MAX_LIMIT,
    MAX_VALUES,
    FormatParameter,
    Sort,
)
from chalicelib.api.columns import COLUMNS
from chalicelib.api.ranges import RangeParameters
from chalicelib.errors import BadParameter
from chalicelib.schema import volatility_column

SORT = Meta(
    description="The sort column, any numeric one; `-` means descending. Nulls come last, ties are in order of date.",
    examples=["-data"],
)


class PageParameters(RangeParameters, frozen=True, kw_only=True):
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

    limit: Annotated[
        int,
        Meta(
            ge=1,
            le=MAX_LIMIT,
            description=f"The maximum number of rows. Rows times fields: at most {MAX_VALUES:,}, so that all rows fit "
            "with up to 10 fields.",
            examples=[10],
        ),
    ] = 252
    sort: Annotated[Sort, SORT] = "-data"
    cursor: Annotated[
        Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{16,200}$")] | None,
        Meta(
            description="Position of the page, from `links.next` of the previous page. Use it with the same parameters."
        ),
    ] = None
    fields: Annotated[
        tuple[str, ...] | None,
        Meta(
            description="Columns, separated by commas. Default: the columns of the example response; in "
            "`/ibov/volatility/compare`, those of the requested window.",
            extra_json_schema={"type": "array", "minItems": 1, "uniqueItems": True},
        ),
    ] = None
    format: FormatParameter = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in self.fields or ():
            if name not in self.allowed_fields:
                raise BadParameter("fields", name, f"one of {', '.join(self.allowed_fields)}")
        if self.fields and len(set(self.fields)) < len(self.fields):
            raise BadParameter("fields", ",".join(self.fields), "each column once")
        if self.limit * len(self.columns) > MAX_VALUES:
            allowed = f"at most {MAX_VALUES // len(self.columns)} with {len(self.columns)} fields"
            raise BadParameter("limit", f"{self.limit}", f"{allowed} (rows times fields: {MAX_VALUES})")

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the rows, in order."""
        return self.fields or self.default_fields

    @property
    def volatility_column(self) -> str:
        """The table column that `vol_anualizada` is read from."""
        return volatility_column(DEFAULT_ESTIMATOR, DEFAULT_WINDOW)
