"""Secrets are read from where they may stand and are shown nowhere."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path

import pytest
from pydantic import BaseModel

from zombot.settings.errors import SettingsError
from zombot.settings.secrets import SECRET_BYTES_MAX, Secret, is_secret_name, read_secret

KEY = "okx.api_key"
VARIABLE = "ZOMBOT_OKX__API_KEY"


class Account(BaseModel):
    """A table that holds a secret."""

    api_key: Secret


def test_a_secret_shows_nowhere() -> None:
    """Printed, formatted, in a container and in a model's JSON it is three stars."""
    secret = Secret("hunter2")
    account = Account(api_key=secret)
    texts = [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret:>10}",
        f"{secret!r}",
        str([secret]),
    ]
    texts += [repr(account), account.model_dump_json(), str(account.model_dump(mode="json"))]
    for text in texts:
        assert "hunter2" not in text
        assert "***" in text
    assert secret.reveal() == "hunter2"


def test_a_secret_does_not_leave_the_process() -> None:
    """It can be neither pickled nor written as JSON by accident."""
    for leave in (pickle.dumps, json.dumps):
        with pytest.raises(TypeError):
            leave(Secret("hunter2"))


def test_a_secret_compares_and_copies() -> None:
    """Two of the same text are equal; a copy is the same one."""
    assert Secret("a") == Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert hash(Secret("a")) == hash(Secret("a"))
    assert copy.deepcopy(Secret("ä")) == copy.copy(Secret("ä"))


def test_a_secret_comes_from_the_environment() -> None:
    """The variable is called like the key."""
    assert read_secret(KEY, environment={VARIABLE: "hunter2"}) == Secret("hunter2")
    assert read_secret(KEY, environment={}) is None


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_a_secret_comes_from_a_file(tmp_path: Path, ending: str) -> None:
    """Named by the environment or by the settings; the line's end does not belong to it."""
    file = tmp_path / "key"
    file.write_bytes(b"hunter2 " + ending.encode())
    assert read_secret(KEY, environment={f"{VARIABLE}_FILE": str(file)}) == Secret("hunter2 ")
    assert read_secret(KEY, environment={}, file=file) == Secret("hunter2 ")


def test_a_secret_given_twice_is_refused(tmp_path: Path) -> None:
    """Which one counts is not guessed."""
    with pytest.raises(SettingsError, match="given twice") as caught:
        read_secret(KEY, environment={VARIABLE: "hunter2"}, file=tmp_path / "key")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file"),
        (b"\n", "is empty"),
        (b"hunter2\xff", "not UTF-8"),
        (b"x" * (SECRET_BYTES_MAX + 1), "longer than"),
    ],
)
def test_an_unusable_file_is_named_without_its_content(
    tmp_path: Path, content: bytes | None, reason: str
) -> None:
    """The error says which file and why, and quotes nothing of it."""
    file = tmp_path / "key"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError, match=reason) as caught:
        read_secret(KEY, environment={}, file=file)
    assert str(file) in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_an_empty_variable_is_refused() -> None:
    """An empty secret is a slip of whoever set it."""
    with pytest.raises(SettingsError, match=f"is empty in the variable {VARIABLE}"):
        read_secret(KEY, environment={VARIABLE: " "})


@pytest.mark.parametrize(
    "name", ["secret", "api_key", "apikey", "API_KEY", "passphrase", "bot_token", "db_password"]
)
def test_names_of_secrets_are_known(name: str) -> None:
    """What would hold a secret is recognised by its name."""
    assert is_secret_name(name)
    assert not is_secret_name(f"{name}_file")


@pytest.mark.parametrize("name", ["seed", "monkey", "token_count", "secretary", "key", "keys"])
def test_other_names_are_not_secrets(name: str) -> None:
    """Ordinary keys are left alone."""
    assert not is_secret_name(name)
