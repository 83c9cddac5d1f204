"""What every part of a manifest is built from: values that are checked at birth and never change."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

Text = Annotated[str, StringConstraints(min_length=1)]


class Frozen(BaseModel):
    """A value without fields that nobody knows."""

    model_config = ConfigDict(frozen=True, extra="forbid")
