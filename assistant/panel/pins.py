"""Lamp, button and switch at the pins of a Raspberry Pi. The only importer of gpiozero, and only where the config asks.

Knows no state. gpiozero calls back in threads of its own: `on_change` is called there.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from assistant.config_panel import PanelConfig
from assistant.errors import ConfigError
from assistant.panel.lights import Lamp
from assistant.panel.patterns import Colour

_REMEDY = "make gpio (as a service: ./install.sh --gpio), or take it out of the config's section panel"
_PINS = {"led": 1, "rgb": 3}


def open_lamp(config: PanelConfig) -> Lamp | None:
    """The lamp that the config names; None: it names none. Raises ConfigError."""
    if not config.lamp:
        return None
    if len(config.lamp_pins) != _PINS.get(config.lamp, 0):
        wanted = f"{_PINS[config.lamp]} of them" if config.lamp in _PINS else "none: SPI has its own"
        message = f"panel.lamp_pins: a lamp of kind {config.lamp} takes {wanted}"
        raise ConfigError(message, remedy="see panel in config.example.toml")
    lamp: Lamp = _opened(lambda gpio: _lamp(gpio, config))
    return lamp


def open_button(pin: Sequence[int], on_change: Callable[[bool], None]) -> Any:
    """A button or switch between a pin and ground; `on_change` gets whether it is closed. Raises ConfigError."""

    def button(gpio: Any) -> Any:
        opened = gpio.Button(pin[0], bounce_time=0.03)
        opened.when_pressed = partial(on_change, True)  # noqa: FBT003 - closed
        opened.when_released = partial(on_change, False)  # noqa: FBT003
        return opened

    return _opened(button)


def _opened(make: Callable[[Any], Any]) -> Any:
    try:
        import gpiozero
    except ImportError as e:
        raise ConfigError("the config names pins, and gpiozero isn't installed", remedy=_REMEDY) from e
    try:
        return make(gpiozero)
    except (gpiozero.GPIOZeroError, OSError) as e:
        raise ConfigError(f"a pin of the config's section panel can't be used: {e}", remedy=_REMEDY) from e


def _lamp(gpio: Any, config: PanelConfig) -> Lamp:
    match config.lamp:
        case "led":
            return _Led(gpio.PWMLED(config.lamp_pins[0]), config.brightness)
        case "rgb":
            return _Rgb(gpio.RGBLED(*config.lamp_pins), config.brightness)
        case _:
            gpio.Device.ensure_pin_factory()  # gpiozero has no class of lamps on SPI
            return _Apa102(gpio.Device.pin_factory.spi(port=0, device=0), config.lamp_count, config.brightness)


class _Led:
    """One pin, one colour."""

    colourful = False

    def __init__(self, led: Any, brightness: float) -> None:
        self._led = led
        self._brightness = brightness

    def show(self, colour: Colour) -> None:
        """As bright as the brightest part."""
        self._led.value = max(colour) * self._brightness

    def close(self) -> None:
        """Free the pins: gpiozero leaves it dark."""
        self._led.close()


class _Rgb:
    """Three pins."""

    colourful = True

    def __init__(self, led: Any, brightness: float) -> None:
        self._led = led
        self._brightness = brightness

    def show(self, colour: Colour) -> None:
        """Shine."""
        self._led.value = tuple(part * self._brightness for part in colour)

    def close(self) -> None:
        """Free the pins: gpiozero leaves it dark."""
        self._led.close()


class _Apa102:
    """A row of APA102 (DotStar) lamps, all alike: a start of zeros, four bytes for each, and an end of ones."""

    colourful = True

    def __init__(self, spi: Any, count: int, brightness: float) -> None:
        self._spi = spi
        self._count = count
        self._brightness = brightness

    def show(self, colour: Colour) -> None:
        """Shine."""
        red, green, blue = (round(255 * part * self._brightness) for part in colour)
        self._spi.transfer([0] * 4 + [0xFF, blue, green, red] * self._count + [0xFF] * 4)

    def close(self) -> None:
        """Go dark and free the bus."""
        self.show((0.0, 0.0, 0.0))
        self._spi.close()
