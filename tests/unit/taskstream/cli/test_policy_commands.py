"""``taskstream policy``, and every command of docs/policy.md as it stands there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from taskstream.cli.policy import own_key, policy
from taskstream.errors import InputError, TaskstreamError, UsageError

PAGE = Path(__file__).parents[4] / "docs" / "policy.md"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TASKSTREAM_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(policy, list(arguments))


def _ok(*arguments: str) -> str:
    result = _run(*arguments)
    assert result.exit_code == 0, (arguments, result.output, result.exception)
    return result.output


def test_a_personal_policy_is_ready_in_one_go(home: Path) -> None:
    _ok("new", "--personal", "--app", "MyTool")
    assert _ok("verify").split()[1:3] == ["personal,", "valid"]
    text = _ok("explain")
    assert "signed by this desktop's own key" in text
    assert "mytool" in text
    said = msgspec.json.decode(_ok("explain", "--json"))
    assert (said["k"], said["hold_back_s"]) == (5, 0)
    assert "save as" in said["screens"]
    first = (home / "policy.json").read_bytes()
    assert isinstance(_run("new", "--personal").exception, UsageError), "never replaced without --force"
    _ok("new", "--personal", "--force", "--k", "7")
    assert (home / "policy.json").read_bytes() != first
    assert msgspec.json.decode(_ok("show"))["k"] == 7


def test_a_company_signs_a_draft_and_desktops_name_its_key(home: Path) -> None:
    assert isinstance(_run("new").exception, UsageError), "a policy that allows nothing is of no use"
    _ok("new", "--name", "office", "--app", "excel", "--days", "30")
    assert isinstance(_run("verify", "policy.draft.json").exception, InputError), "a draft is no policy"
    assert isinstance(_run("sign", "policy.draft.json", "--key", "office.pem").exception, InputError), "no such key"
    _ok("sign", "policy.draft.json", "--key", "office.pem", "--new-key")
    key = _ok("verify").split()[-1]
    assert f"signed by the key {key}" in _ok("explain")
    assert own_key(home) == ""
    assert _ok("verify", "--policy-keys", key)
    refused = _run("verify", "--policy-keys", "0" * 64)
    assert isinstance(refused.exception, InputError)
    assert "policy_keys" in str(refused.exception)


def test_free_text_is_refused_before_it_is_signed(home: Path) -> None:
    _ok("new", "--app", "excel")
    draft = Path("policy.draft.json")
    wrong = msgspec.json.decode(draft.read_bytes())
    wrong["screens"] = [{"title": "Finding: (?P<e>.*)", "screen": "{e}"}]
    draft.write_bytes(msgspec.json.encode(wrong))
    result = _run("sign", str(draft), "--new-key")
    assert isinstance(result.exception, InputError)
    assert "rule 1" in str(result.exception)
    assert not (home / "policy.json").exists()
    assert not (home / "keys").exists(), "no key was made for it"


@pytest.mark.usefixtures("home")
def test_an_expired_policy_does_not_pass() -> None:
    _ok("new", "--app", "excel")
    draft = Path("policy.draft.json")
    old = msgspec.json.decode(draft.read_bytes()) | {"issued": "2020-01-01", "valid_until": "2020-01-31"}
    draft.write_bytes(msgspec.json.encode(old))
    _ok("sign", str(draft), "--new-key")
    result = _run("verify")
    assert isinstance(result.exception, TaskstreamError)
    assert "expired on 2020-01-31" in str(result.exception)


@pytest.mark.usefixtures("home")
def test_what_is_missing_is_one_line() -> None:
    for arguments in (["show"], ["explain"], ["verify"], ["sign", "nothing.json"]):
        error = _run(*arguments).exception
        assert isinstance(error, TaskstreamError)
        assert "\n" not in str(error)


@pytest.mark.usefixtures("home")
def test_the_commands_of_the_page_run_in_its_order() -> None:
    lines = [
        line for block in re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL) for line in block.splitlines()
    ]
    commands = [shlex.split(line, comments=True)[2:] for line in lines if line.startswith("taskstream policy ")]
    assert {"new", "sign", "show", "explain", "verify"} <= {command[0] for command in commands}
    for command in commands:
        _ok(*command)
    rule = re.search(r"```json\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert rule, "the page shows a rule"
    draft = Path("policy.draft.json")
    edited = msgspec.json.decode(draft.read_bytes())
    edited["applications"].append("sap")
    edited["screens"].insert(0, msgspec.json.decode(rule[1]))
    draft.write_bytes(msgspec.json.encode(edited))
    _ok("sign", str(draft), "--force")
    assert "change sales order {n}" in msgspec.json.decode(_ok("explain", "--json"))["screens"]
