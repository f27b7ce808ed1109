"""The reader of the lock file and of wheels' names; what PyPI has is asked by hand (tests/appliance/wheels.py)."""

import pytest

from tests.appliance import wheels

TEXT = """\
# made by uv
aiohttp==3.14.5 \\
    --hash=sha256:00
colorama==0.4.6 ; sys_platform == 'win32' \\
    --hash=sha256:00
numpy==2.4.6 ; python_full_version < '3.12' \\
    --hash=sha256:00
numpy==2.5.5 ; python_full_version >= '3.12' \\
    --hash=sha256:00
intel-openmp==1.0 ; platform_machine == 'x86_64'
plain==1.0
"""


@pytest.mark.parametrize(("python", "numpy"), [("3.11", "numpy==2.4.6"), ("3.13", "numpy==2.5.5")])
def test_only_what_a_pi_needs_is_asked_for(python: str, numpy: str) -> None:
    assert wheels.locked(TEXT, python) == ["aiohttp==3.14.5", numpy, "plain==1.0"]


def test_the_real_lock_has_one_of_everything() -> None:
    text = wheels.LOCK.read_text()
    for python in wheels.PYTHONS:
        names = [one.split("==")[0] for one in wheels.locked(text, python)]
        assert len(names) == len(set(names)) > 50
        assert "llama-cpp-python" in names


def test_the_pins_have_a_lock_of_their_own() -> None:
    """With the library that a Pi 5 needs, and nothing of another version than the lock of the rest."""
    pins = wheels.locked(wheels.LOCKS[1].read_text(), "3.13")
    assert {"gpiozero", "lgpio"} <= {one.split("==")[0] for one in pins}
    rest = dict(one.split("==") for one in wheels.locked(wheels.LOCK.read_text(), "3.13"))
    assert all(rest.get(name, version) == version for name, version in (one.split("==") for one in pins))


@pytest.mark.parametrize(
    ("wheel", "fits"),
    [
        ("numpy-2.4.6-cp311-cp311-manylinux_2_27_aarch64.manylinux_2_28_aarch64.whl", True),
        ("numpy-2.4.6-cp312-cp312-manylinux_2_28_aarch64.whl", False),
        ("numpy-2.4.6-cp311-cp311-manylinux_2_28_x86_64.whl", False),
        ("onnxruntime-1.0-cp311-cp311-manylinux_2_39_aarch64.whl", False),
        ("piper_tts-1.8.0-cp39-abi3-manylinux_2_17_aarch64.whl", True),
        ("rich-15.0.0-py3-none-any.whl", True),
        ("sounddevice-0.5.6-py3-none-manylinux2014_aarch64.whl", True),
    ],
)
def test_a_wheel_fits_by_its_name(wheel: str, *, fits: bool) -> None:
    assert wheels.fits(wheel, "3.11") is fits
