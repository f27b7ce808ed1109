"""A real mosquitto on loopback for tests: `python broker.py up | down | kill | again | freeze | thaw`.

Three listeners: for anybody, with a password, with a password and TLS. All of it, certificates too, is made in
build/mqtt. `kill` ends it as a power cut does, `again` starts it as it was; until `thaw`, `freeze`
lets it answer nothing.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOME = Path(os.environ.get("MQTT_HOME", ROOT / "build" / "mqtt")).resolve()
PORT = int(os.environ.get("MQTT_PORT", "18830"))  # for anybody; the next one with a password; then TLS
USER, PASSWORD = "hey-gemma", "only a test"

CONFIGURATION = f"""
per_listener_settings true
set_tcp_nodelay true
persistence false
log_dest stderr
user root
listener {PORT} 127.0.0.1
allow_anonymous true
listener {PORT + 1} 127.0.0.1
allow_anonymous false
password_file {HOME / "passwords"}
listener {PORT + 2} 127.0.0.1
allow_anonymous false
password_file {HOME / "passwords"}
cafile {HOME / "ca.crt"}
certfile {HOME / "server.crt"}
keyfile {HOME / "server.key"}
"""


def program(name: str) -> str:
    """Where Debian has it. Ends the script where it isn't."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is None:
        raise SystemExit(f"{name} isn't there: apt-get install mosquitto openssl")
    return found


def up() -> None:
    """Make everything anew and start it."""
    down()
    if listens():
        raise SystemExit(f"something else listens on port {PORT}: MQTT_PORT=28830 make mqtt-up takes another")
    HOME.mkdir(parents=True, exist_ok=True)
    (HOME / "mosquitto.conf").write_text(CONFIGURATION, encoding="utf-8")
    (HOME / "passwords").unlink(missing_ok=True)
    subprocess.run([program("mosquitto_passwd"), "-c", "-b", str(HOME / "passwords"), USER, PASSWORD], check=True)
    certificates()
    again()
    (HOME / "port").write_text(str(PORT), encoding="utf-8")
    print(f"mosquitto is up on 127.0.0.1:{PORT} to {PORT + 2}; `make mqtt-down` ends it.")


def certificates() -> None:
    """An authority, and a certificate of it for localhost and 127.0.0.1."""
    openssl, days = program("openssl"), ["-days", "2"]
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    extensions = HOME / "server.ext"
    extensions.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n", encoding="utf-8")
    for command in (
        ["req", "-x509", *key, *days, "-subj", "/CN=Hey Gemma test authority",
         "-addext", "keyUsage=critical,keyCertSign", "-keyout", "ca.key", "-out", "ca.crt"],
        ["req", *key, "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr"],
        ["x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", *days,
         "-extfile", str(extensions), "-out", "server.crt"],
    ):  # fmt: skip
        subprocess.run([openssl, *command], cwd=HOME, check=True, capture_output=True)


def again() -> None:
    """Start the process, and wait until it listens; its log is `mosquitto.log`."""
    with (HOME / "mosquitto.log").open("ab") as log:
        process = subprocess.Popen(
            [program("mosquitto"), "-c", str(HOME / "mosquitto.conf")],
            stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
    (HOME / "pid").write_text(str(process.pid), encoding="utf-8")
    for _ in range(200):
        if listens():
            return
        time.sleep(0.05)
    raise SystemExit(f"mosquitto didn't start; see {HOME / 'mosquitto.log'}")


def listens() -> bool:
    """Whether anything answers on the port."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", PORT), timeout=1):
        return True
    return False


def down(how: signal.Signals = signal.SIGTERM) -> None:
    """End the one that `up` started."""
    (HOME / "port").unlink(missing_ok=True) if how == signal.SIGTERM else None
    try:
        pid = int((HOME / "pid").read_text(encoding="utf-8"))
        os.kill(pid, signal.SIGCONT)
        os.kill(pid, how)
    except (OSError, ValueError):
        return
    finally:
        (HOME / "pid").unlink(missing_ok=True)
    for _ in range(100):
        if not Path(f"/proc/{pid}").exists() or ") Z " in Path(f"/proc/{pid}/stat").read_text(encoding="utf-8"):
            return
        time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)


def send(how: signal.Signals) -> None:
    """Send it a signal."""
    os.kill(int((HOME / "pid").read_text(encoding="utf-8")), how)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["up"]:
            up()
        case ["down"]:
            down()
        case ["kill"]:
            down(signal.SIGKILL)
        case ["again"]:
            again()
        case ["freeze"]:
            send(signal.SIGSTOP)
        case ["thaw"]:
            send(signal.SIGCONT)
        case _:
            raise SystemExit(__doc__)
