"""The config's section panel: lamp, button and switch at the pins of a Raspberry Pi. Knows its shape only."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

Pin = Annotated[int, Field(ge=0, le=27)]


@dataclass(frozen=True, slots=True)
class PanelConfig:
    """Pins are numbered as Broadcom does (GPIO17 is 17). `button`: a press switches the mute; `switch`: muted closed.

    `lamp`: led (one pin), rgb (three), apa102 (`lamp_count` of them on SPI, as on ReSpeaker's HATs), or none.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    lamp: Annotated[str, Field(pattern="^(led|rgb|apa102)?$")] = ""
    lamp_pins: Annotated[tuple[Pin, ...], Field(max_length=3)] = ()
    lamp_count: Annotated[int, Field(ge=1, le=64)] = 3
    brightness: Annotated[float, Field(ge=0, le=1)] = 0.5
    button: Annotated[tuple[Pin, ...], Field(max_length=1)] = ()
    switch: Annotated[tuple[Pin, ...], Field(max_length=1)] = ()
