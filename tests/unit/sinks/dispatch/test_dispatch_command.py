"""`winback dispatch` and `winback doctor` on settings: refused in one line, shown without secrets."""

from __future__ import annotations

import logging

import pytest
from pydantic import SecretStr

from deploy.cli import main as cli
from deploy.operate import checks
from schemas.settings import Settings
from sinks.dispatch.audiences import webhooks


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "no channel is set up"),
        (("--channel", "sms"), "set WINBACK_DISPATCH_SMS_URL"),
        (("--channel", "fax"), "one of email, sms, push, messenger, ads, broadcast"),
        (("--channel", "audiences"), "set WINBACK_DISPATCH_AUDIENCES to where"),
        (("--dry-run", "d", "--channel", "fax"), "one of email, sms, push, messenger, ads, broadcast"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(arguments, told, capfd, monkeypatch, tmp_path):
    """Nothing is started that could not deliver."""
    monkeypatch.chdir(tmp_path)
    handlers = list(logging.root.handlers)
    with pytest.raises(SystemExit) as ended:
        cli.main(("dispatch", *arguments))
    logging.root.handlers[:] = handlers
    assert ended.value.code == 2
    [line] = capfd.readouterr().err.splitlines()
    assert line.startswith("winback dispatch: ")
    assert told in line


def test_doctor_names_channels_and_masks_where_they_go():
    """Off, on, or the variable that is missing; a webhook's address may hold a token, so it is masked too."""
    assert checks._delivery(Settings()) == "off: no channel has an address"
    settings = Settings(dispatch_push_url="https://push.example/?token=t", dispatch_webhook_secret="whsec_c2VjcmV0")  # noqa: S106
    assert checks._delivery(settings) == "push"
    told = settings.model_copy(update={"dispatch_audiences": SecretStr("meta=https://a.example/?t=1 x=http://b/")})
    assert checks._delivery(told) == "push; audiences: meta, x"
    shown = checks.settings_shown(settings)
    assert shown["WINBACK_DISPATCH_PUSH_URL"] == shown["WINBACK_DISPATCH_WEBHOOK_SECRET"] == "***"
    with pytest.raises(checks.BadInputError, match="WINBACK_DISPATCH_WEBHOOK_SECRET"):
        checks._delivery(Settings(dispatch_push_url="https://push.example/"))


@pytest.mark.parametrize(("given", "told"), [
    ("https://ads.example/?token=t", "each part is name=URL"),
    ("Meta=https://ads.example/", "each part is name=URL"),
    ("meta=ftp://ads.example/t", "meta has no http or https URL"),
    ("meta=https://a.example/t meta=https://b.example/t", "meta is there twice"),
    ("meta=https://a.example/t", "WINBACK_DISPATCH_WEBHOOK_SECRET: set one"),
])  # fmt: skip
def test_a_fault_in_webhooks_of_audiences_is_told_without_their_addresses(given, told):
    """One line that names the variable; an address may hold a token."""
    with pytest.raises(ValueError, match="WINBACK_DISPATCH_") as wrong:
        webhooks.of(Settings(dispatch_audiences=given))
    assert told in str(wrong.value)
    assert ".example" not in str(wrong.value)
