"""What all models of requests and responses have in common: each field's docstring is its description in OpenAPI."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

FARTHEST = 2**31 - 1
"""Offsets beyond it are refused unseen: no document has so many characters."""


class Described(BaseModel):
    """A response, or a part of one."""

    model_config = ConfigDict(use_attribute_docstrings=True)


class Asked(BaseModel):
    """A request: a name that it does not know is a mistake, and so is `"1"` for 1."""

    model_config = ConfigDict(use_attribute_docstrings=True, extra="forbid", strict=True)


Offset = Annotated[int, Field(ge=0, le=FARTHEST)]
"""In code points of the document's text, from 0."""
Share = Annotated[float, Field(ge=0, le=1)]
