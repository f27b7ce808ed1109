"""systemd/vendor-data at the first boot of a Debian 13 that is as Raspberry Pi OS: cloud-init and systemd are real.

    HEY_GEMMA_WHEELS=FOLDER tests/appliance/chroot trixie /src/tests/appliance/install_for_first_boot
    sudo python3 -m tests.appliance.first_boot build/appliance/trixie

No network: the last commit is cloned from a folder, wheels come from one, llama.cpp's too, and no model is fetched.
Beside it lies a user-data as Raspberry Pi Imager writes it: both must be done. The standard library only.
"""

import shutil
import subprocess
import sys
import time
from pathlib import Path

from tests.appliance.under_systemd import UNIT, Machine, Report

SOURCE = Path(__file__).parents[2]
PATIENCE_S = 1800
# What the image brings: NoCloud, and its folder.
IMAGE = {
    "etc/cloud/cloud.cfg.d/99_raspberry-pi.cfg": (
        "datasource_list: [ NoCloud, None ]\ndatasource:\n  NoCloud:\n    seedfrom: file:///boot/firmware\n"
    ),
    "boot/firmware/meta-data": "dsmode: local\ninstance_id: rpios-image\n",
    "boot/firmware/network-config": "",
}
# What Imager writes: an account, a host name, commands of its own.
USER_DATA = """\
#cloud-config
hostname: kitchen
users:
- name: kim
  groups: users,audio,sudo
  shell: /bin/bash
  lock_passwd: true
runcmd:
- [ touch, /ran-as-well ]
"""
# Of this test: where wheels are.
OFFLINE = {
    "etc/pip.conf": "[global]\nno-index = true\nfind-links = /wheelhouse\n",
    "etc/systemd/system.conf.d/test.conf": "[Manager]\nDefaultEnvironment=HEY_GEMMA_WHEELS=/wheels\n",
}


def prepare(root: Path) -> None:
    """Lay everything out, as it is when the card is put in."""
    clone = root / "srv/hey-gemma.git"
    shutil.rmtree(clone, ignore_errors=True)
    subprocess.run(["git", "clone", "-q", "--bare", f"file://{SOURCE}", clone], check=True)
    recipe = (SOURCE / "systemd/vendor-data").read_text()
    for line, other in (
        ("SOURCE=https://github.com/hey-gemma/hey-gemma", "SOURCE=file:///srv/hey-gemma.git"),
        ("MODEL=e2b", "MODEL="),
    ):
        if line not in recipe:
            raise RuntimeError(f"no {line}")
        recipe = recipe.replace(line, other)
    files = IMAGE | OFFLINE | {"boot/firmware/user-data": USER_DATA, "boot/firmware/vendor-data": recipe}
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def main(root: Path) -> int:
    """Boot it and look."""
    prepare(root)
    begun_s = time.monotonic()
    told, machine = Report(), Machine(root, PATIENCE_S)
    try:
        status = machine("cloud-init", "status", "--wait", "--long")
        told("cloud-init", status.splitlines()[0], right="status: done" in status)
        told("first boot, seconds", f"{time.monotonic() - begun_s:.0f}", right=True)
        told("Imager's account", account := machine("id", "kim"), right="audio" in account)
        told("Imager's host name", name := machine("hostname"), right=name == "kitchen")
        told("Imager's commands", "ran", right=(root / "ran-as-well").exists())
        said = (root / "var/log/cloud-init-output.log").read_text()
        told("attempts that failed", failed := said.count("isn't installed yet"), right=failed == 0)
        steps = [line for line in said.splitlines() if line[:1] == "[" and "/8]" in line[:6]]
        told("steps of install.sh", len(steps), right=len(steps) == 8)
        told("the command", version := machine("/usr/local/bin/hey-gemma", "version"), right=bool(version))
        told("the service", state := machine.show("ActiveState"), right=state == "active")
        told("it says", text := machine.show("StatusText"), right="Waiting for a microphone" in text)
        told("at boot", on := machine("systemctl", "is-enabled", UNIT), right=on == "enabled")
        schema = machine("cloud-init", "schema", "--system")
        told("cloud-init schema", schema.splitlines()[-1], right="Error" not in schema)
    finally:
        machine.end()
    again = Machine(root)
    try:
        versions = again("ls", "/opt/hey-gemma/versions").split()
        told("versions after a second boot", len(versions), right=len(versions) == 1)
        told("ready, seconds", f"{(ready_s := again.until('ActiveState', 'active')):.1f}", right=ready_s >= 0)
    finally:
        again.end()
    return 1 if told.failed else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
