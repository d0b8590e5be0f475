"""The base of all models, their number types, and the JSON of records that have no model."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

FARTHEST = 2**31 - 1
"""The largest offset. No document has so many characters, so a larger one is refused without a look."""


class Schema(BaseModel):
    """A result, or a part of one. It is made from a record of the same attributes, or from a mapping.

    The docstring of each field is its description in OpenAPI and in the tools of MCP.
    """

    model_config = ConfigDict(use_attribute_docstrings=True, from_attributes=True)


def _round_to_4(value: float) -> float:
    return round(value, 4)


def _round_to_6(value: float) -> float:
    return round(value, 6)


Offset = Annotated[int, Field(ge=0, le=FARTHEST)]
"""In code points of the document's text, from 0."""
Share = Annotated[float, Field(ge=0, le=1)]
Score = Annotated[Share, AfterValidator(_round_to_6)]
Confidence = Annotated[Share, AfterValidator(_round_to_4)]
Rounded = Annotated[float, AfterValidator(_round_to_6)]
"""A number without a range; as `Score`, with six decimals."""


def plain(record: DataclassInstance, decimals: int | None = None) -> dict[str, Any]:
    """Return a record without a model as JSON; `decimals` rounds the floats at its top level."""
    if decimals is None:
        return asdict(record)
    return {
        name: round(value, decimals) if isinstance(value, float) else value for name, value in asdict(record).items()
    }
