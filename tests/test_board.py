from pathlib import Path

import pytest

from assistant import board


def pi(root: Path, *, temperature: str = "51000", governor: str = "performance", throttled: str = "0") -> Path:
    for name, text in (
        (board._MODEL, "Raspberry Pi 5 Model B Rev 1.0\0"),
        (board._TEMPERATURE, temperature),
        (board._GOVERNOR, governor),
        ("sys/devices/platform/soc@1/soc@1:firmware/get_throttled", throttled),
    ):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    return root


def test_a_cool_pi_is_told_plainly(tmp_path: Path) -> None:
    told = list(board.lines(pi(tmp_path)))
    assert board.is_pi(tmp_path)
    assert told == [
        "board: Raspberry Pi 5 Model B Rev 1.0",
        "temperature: 51 °C",
        "governor: performance",
        "firmware: not throttled",
    ]


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ({"temperature": "81250"}, "too hot"),
        ({"governor": "ondemand"}, "choose performance"),
        ({"throttled": "50005"}, "under-voltage, throttled: figures can't be trusted"),
        ({"throttled": "50000"}, "since boot under-voltage, throttled"),
    ],
)
def test_what_spoils_a_measurement_is_said(tmp_path: Path, state: dict[str, str], told: str) -> None:
    assert told in "\n".join(board.lines(pi(tmp_path, **state)))


def test_another_machine_has_nothing_to_say(tmp_path: Path) -> None:
    assert not board.is_pi(tmp_path)
    assert list(board.lines(tmp_path)) == []
