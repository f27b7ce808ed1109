"""Where the token comes from, and that it doesn't show."""

from pathlib import Path

import pytest

from assistant.errors import ConfigError
from assistant.intents.home_token import (
    CREDENTIAL,
    PASSWORD_CREDENTIAL,
    PASSWORD_VARIABLE,
    VARIABLE,
    Token,
    read_password,
    read_token,
)


def test_a_credential_comes_before_a_file_and_a_file_before_the_environment(tmp_path: Path) -> None:
    """The one that systemd hands over is the safest."""
    file = tmp_path / "token"
    environ = {VARIABLE: "from-environment", "CREDENTIALS_DIRECTORY": str(tmp_path / "credentials")}
    assert read_token(str(file), environ) == Token("from-environment")
    file.write_text("from-file\n", encoding="utf-8")
    assert read_token(str(file), environ) == Token("from-file")
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials" / CREDENTIAL).write_text("from-credential", encoding="utf-8")
    assert read_token(str(file), environ).reveal() == "from-credential"


def test_a_token_doesnt_show_itself() -> None:
    """Whatever prints it."""
    token = Token("secret")
    assert "secret" not in f"{token} {token!r} {[token]} { {'token': token} }"


@pytest.mark.parametrize("content", ["two words", "tok\u00e9n", "a\nb"])
def test_what_is_no_token_is_refused_without_showing_it(tmp_path: Path, content: str) -> None:
    """The file is named, not what is in it."""
    file = tmp_path / "token"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        read_token(str(file), {})
    assert content not in f"{error.value.message} {error.value.remedy}"


def test_no_token_has_a_remedy(tmp_path: Path) -> None:
    """Where to get one and where to put it."""
    with pytest.raises(ConfigError, match="no token") as error:
        read_token(str(tmp_path / "none"), {})
    assert "token_file" in error.value.remedy
    with pytest.raises(ConfigError, match="no token"):
        read_token("~nobody-here/token", {})
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="UTF-8"):
        read_token(str(tmp_path / "bytes"), {})


def test_a_brokers_password_may_have_spaces_and_any_letter(tmp_path: Path) -> None:
    """One line; from a credential, a file or the environment."""
    (tmp_path / "password").write_text("naïve pass word\n", encoding="utf-8")
    assert read_password(str(tmp_path / "password"), {}).reveal() == "naïve pass word"
    assert read_password("", {PASSWORD_VARIABLE: "other"}).reveal() == "other"
    (tmp_path / PASSWORD_CREDENTIAL).write_text("best", encoding="utf-8")
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert read_password(str(tmp_path / "password"), environ).reveal() == "best"
    (tmp_path / "password").write_text("two\nlines", encoding="utf-8")
    with pytest.raises(ConfigError, match="no password"):
        read_password(str(tmp_path / "password"), {})
    with pytest.raises(ConfigError) as error:
        read_password("", {})
    assert "password_file" in error.value.remedy
