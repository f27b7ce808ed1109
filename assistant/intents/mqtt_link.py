"""The connection to an MQTT broker, kept up for ever: topics that are followed, messages that come, orders that go.

The only owner of aiomqtt. Knows no device and no sentence. It connects again after 0.5 s, then twice as long each time
up to 5 s, or 30 s while the broker refuses us. Sessions are clean and a client is used once, so that no order is sent
again behind our back. From order to the broker's word that it has it: 3 ms.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

import aiomqtt

from assistant.config_mqtt import MqttConfig
from assistant.disk import at_home
from assistant.errors import ConfigError, HomeRefused
from assistant.intents.home_token import Token
from assistant.intents.home_wire import News, Unreachable, up

FIRST_WAIT_S, LONGEST_WAIT_S, REFUSED_WAIT_S = 0.5, 5.0, 30.0
TIMEOUT_S, GOODBYE_S = 10.0, 1.0
KEEPALIVE_S = 15  # a broker that went silent is noticed within 23 s
MOST_WAITING = 2000  # messages that came in and weren't taken yet: a flood loses the rest, and aiomqtt says so
MOST_TOPICS = 2000
AT_ONCE = 200  # topics in one packet
LONGEST_BYTES = 64 * 1024
_REFUSALS = frozenset(
    {4, 5, 134, 135}
)  # CONNACK: bad user name or password, not authorised; as MQTT 3.1.1 and 5 say it
_REFUSED_TOPIC = 128
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LastWill:
    """What the broker says, retained, when we are gone, and what we say when we come."""

    topic: str
    gone: str
    here: str


class MqttLink:
    """`start` once, `aclose` at the end. `hear(topic, payload, retained)` is called on the loop for each message.

    `read_password` is asked before each connection; None: nobody needs one. `followed` is called with the topics that
    the broker has just begun to send. `large`: topics whose payloads may be larger than 64 kB, with their bound.
    """

    def __init__(
        self,
        config: MqttConfig,
        read_password: Callable[[], Token] | None,
        hear: Callable[[str, bytes, bool], None],
        *,
        followed: Callable[[frozenset[str]], None] = lambda _: None,
        will: LastWill | None = None,
        large: dict[str, int] | None = None,
        first_wait_s: float = FIRST_WAIT_S,
    ) -> None:
        self._config = config
        self._read_password = read_password
        self._hear = hear
        self._followed = followed
        self._will = will
        self._large = large or {}
        self._first_wait_s = first_wait_s
        self._client: aiomqtt.Client | None = None
        self._task: asyncio.Task[None] | None = None
        self._topics: frozenset[str] = frozenset()
        self._wanted = asyncio.Event()
        self._too_long: set[str] = set()
        self.news = News()
        self.ready = False
        self.refusal: HomeRefused | None = None

    @property
    def address(self) -> str:
        """Host and port."""
        return f"{self._config.host}:{self._port}"

    async def start(self, wait_s: float) -> None:
        """Begin to connect; return when connected, or after `wait_s` without. Raises ConfigError, HomeRefused."""
        _tls_of(self._config)  # a missing file ends the start
        self._task = asyncio.create_task(self._keep_up(), name="mqtt link")
        await up(self, wait_s)

    async def aclose(self) -> None:
        """Close the connection; it isn't opened again."""
        if self._task is None:
            return
        if self._will is not None:
            with suppress(Unreachable, TimeoutError):
                await self.publish(self._will.topic, self._will.gone, retain=True, within_s=GOODBYE_S)
        await ended(self._task)

    def follow(self, topics: Iterable[str]) -> None:
        """Let the broker send these topics, and no others."""
        wanted = frozenset(topics)
        if len(wanted) > MOST_TOPICS:
            _log.warning("more than %d MQTT topics: the rest isn't followed", MOST_TOPICS)
            wanted = frozenset(sorted(wanted)[:MOST_TOPICS])
        self._topics = wanted
        self._wanted.set()

    async def publish(self, topic: str, payload: str, *, retain: bool = False, within_s: float = TIMEOUT_S) -> None:
        """Send one message, once; return when the broker has it. Raises Unreachable, TimeoutError."""
        client = self._client
        if client is None or not self.ready:
            raise Unreachable(topic)
        try:
            async with asyncio.timeout(within_s):
                await client.publish(topic, payload, qos=1, retain=retain)
        except aiomqtt.MqttError as e:
            raise Unreachable(topic) from e

    @property
    def _port(self) -> int:
        return self._config.port or (8883 if self._config.tls else 1883)

    async def _keep_up(self) -> None:
        wait_s = self._first_wait_s
        while True:
            refused = False
            try:
                await self._live(self._make_client())
            except ConfigError as e:
                refused = self._refused(e.message, e.remedy)
            except Exception as e:  # noqa: BLE001 - whatever went wrong, a broker that is there again is taken in
                refused = isinstance(e, aiomqtt.MqttError) and self._is_refusal(e)
                if not refused:
                    level = logging.WARNING if self.ready else logging.INFO
                    unforeseen = e if not isinstance(e, aiomqtt.MqttError | OSError) else None
                    text = "no connection to the MQTT broker (%s); trying again in %.1f s"
                    _log.log(level, text, e, wait_s, exc_info=unforeseen)
            was_ready, self.ready, self._client = self.ready, False, None
            self.news.tell()
            wait_s = self._first_wait_s if was_ready else wait_s
            await asyncio.sleep(REFUSED_WAIT_S if refused else wait_s)
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    def _make_client(self) -> aiomqtt.Client:
        config = self._config
        password = self._read_password().reveal() if self._read_password is not None else None
        will = None if self._will is None else aiomqtt.Will(self._will.topic, self._will.gone, qos=1, retain=True)
        return aiomqtt.Client(
            config.host,
            self._port,
            username=config.username or None,
            password=password,
            will=will,
            tls_context=_tls_of(config),
            timeout=TIMEOUT_S,
            keepalive=KEEPALIVE_S,
            max_queued_incoming_messages=MOST_WAITING,
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],  # else an order waits 40 ms for an ACK
        )

    def _is_refusal(self, error: aiomqtt.MqttError) -> bool:
        code = getattr(error, "rc", None)
        if getattr(code, "value", code) in _REFUSALS:
            return self._refused(
                f"the MQTT broker at {self.address} refuses us",
                "check username and password_file in the section home.mqtt, and what the broker allows",
            )
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            return self._refused(
                f"the certificate of the MQTT broker at {self.address} can't be trusted",
                "name the file of the authority that signed it in ca_file in the section home.mqtt, and the host as "
                "the certificate does",
            )
        return False

    def _refused(self, message: str, remedy: str) -> bool:
        if self.refusal is None:
            _log.error("%s; %s", message, remedy)
        self.refusal = HomeRefused(message, remedy=remedy)
        return True

    async def _live(self, client: aiomqtt.Client) -> None:
        """Connect, follow what is wanted, and hear what comes until the connection ends."""
        async with client:
            self._client = client
            self._wanted.set()
            tasks = [
                asyncio.create_task(self._listen(client), name="mqtt messages"),
                asyncio.create_task(self._subscribe(client), name="mqtt topics"),
            ]
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in tasks:
                    if task.done() and not task.cancelled() and (error := task.exception()) is not None:
                        raise error
            finally:
                self._client = None
                await ended(*tasks)

    async def _listen(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            topic, payload = str(message.topic), message.payload
            raw = payload if isinstance(payload, bytes | bytearray) else str(payload or "").encode()
            if len(raw) > self._large.get(topic, LONGEST_BYTES):
                if topic not in self._too_long and len(self._too_long) < MOST_TOPICS:
                    self._too_long.add(topic)
                    _log.warning("a message of %d bytes on %s is ignored", len(raw), topic)
                continue
            try:
                self._hear(topic, bytes(raw), message.retain)
            except Exception:  # noqa: BLE001 - whatever others write there, the next message counts
                _log.exception("a message on %s couldn't be taken", topic)
            self.news.tell()

    async def _subscribe(self, client: aiomqtt.Client) -> None:
        """Keep the broker's subscriptions what is wanted."""
        now: frozenset[str] = frozenset()
        if self._will is not None:
            await client.publish(self._will.topic, self._will.here, qos=1, retain=True)
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            wanted = self._topics
            gone, new = sorted(now - wanted), sorted(wanted - now)
            if gone:
                await client.unsubscribe(gone)
            for at in range(0, len(new), AT_ONCE):
                part = new[at : at + AT_ONCE]
                answers = await client.subscribe([(topic, 1) for topic in part])
                for topic, answer in zip(part, answers, strict=False):
                    if getattr(answer, "value", answer) == _REFUSED_TOPIC:
                        _log.warning("the MQTT broker doesn't let us follow %s", topic)
            now = wanted
            self.ready, self.refusal = True, None
            self._followed(frozenset(new))
            self.news.tell()


async def ended(*tasks: asyncio.Task[None]) -> None:
    """Cancel until they are done: wait_for of Python 3.11 forgets a cancellation that comes with its result.

    A broker that doesn't answer a goodbye isn't waited for longer than that, either.
    """
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=GOODBYE_S)
    for task in tasks:
        if not task.cancelled():
            task.exception()  # whoever waited has it already


def _tls_of(config: MqttConfig) -> ssl.SSLContext | None:
    """What TLS trusts; None without TLS. Raises ConfigError."""
    if not config.tls:
        return None
    try:
        return ssl.create_default_context(cafile=at_home(config.ca_file) if config.ca_file else None)
    except (OSError, ssl.SSLError) as e:
        raise ConfigError(
            f"{config.ca_file}: {e.strerror or 'no certificate'}", remedy="check ca_file in the section home.mqtt"
        ) from e
