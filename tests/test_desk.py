"""What others see of a conversation and switch in it, through a real mosquitto."""

import pytest

from assistant import states as s
from assistant.config_mqtt import MqttConfig
from assistant.desk import announcer_for, shown
from assistant.intents.mqtt_announce import Announcer
from assistant.intents.timers import Timers
from assistant.own_volume import OwnVolume
from assistant.stages import Call
from tests.fakes import ScriptedSession
from tests.test_conversation import House
from tests.test_mqtt import PORT
from tests.test_mqtt_announce import CONFIG, Others, others

__all__ = ["others"]
pytestmark = [pytest.mark.mqtt, pytest.mark.skipif(not PORT, reason="no mosquitto is up: make mqtt-up")]


def test_nobody_is_told_of_it_unless_the_config_asks() -> None:
    assert announcer_for(MqttConfig(host="127.0.0.1")) is None
    assert announcer_for(CONFIG) is not None


async def test_timers_and_a_text_to_speak_go_through(others: Others) -> None:
    """How many run and when the next is due; the text is heard when it is at rest."""
    house = House(ScriptedSession())
    await house.clock.release()
    house.conversation._enter((s.Idle(0), ()))
    timers = Timers(house.clock, lambda _: None)
    await timers.handle(Call("HassStartTimer", {"minutes": 10}))
    async with shown(Announcer(CONFIG, None), house.conversation, timers, OwnVolume(house.voice, 1.0)):
        await others.until(lambda seen: seen.get("timers") == "1" and "T" in seen.get("next_timer", ""))
        await others.send("announce", "Dinner is ready")
        await others.send("mute/set", "ON")
        await others.until(lambda seen: seen.get("mute") == "ON")
        assert house.voice.said == [("Dinner is ready.", "en")]
    await timers.aclose()
    await house.conversation.aclose()
