"""The file of callbacks: what it says, and one line for what is wrong with it."""

from __future__ import annotations

import pytest

from collector.callbacks.configuration import load
from tests.support import callbacks as made

GOOD = """
url: https://events.shop.example/
callbacks:
  mailgun: {secrets: ["env:MAILGUN_KEY"]}
  shopify/eu: {secrets: ["env:SHOP", "env:SHOP_BEFORE"], customer_ids: external}
  ses: {secrets: ["arn:aws:sns:eu-central-1:123456789012:feedback"]}
"""
ENVIRON = {"MAILGUN_KEY": made.MAILGUN_KEY, "SHOP": "new", "SHOP_BEFORE": "old", "EMPTY": " "}


def test_a_file_names_addresses_and_secrets(tmp_path):
    """Secrets come from the environment; a provider may have several names, each with secrets of its own."""
    path = tmp_path / "callbacks.yaml"
    path.write_text(GOOD)
    found = load(path, ENVIRON)
    assert found.url == "https://events.shop.example"
    assert {key: one.secrets for key, one in found.by_path.items()} == {
        ("mailgun", ""): (made.MAILGUN_KEY,), ("shopify", "eu"): ("new", "old"), ("ses", ""): (made.TOPIC,),
    }  # fmt: skip
    assert found.by_path["shopify", "eu"].external_ids
    assert not found.by_path["mailgun", ""].external_ids


@pytest.mark.parametrize(("text", "said"), [
    ("", "is a mapping"), ("[1]", "is a mapping"), ("x: 1", "x: unknown key"),
    ("callbacks: {}", "mapping of providers"),
    ("callbacks: {nobody: {secrets: [a]}}", "are mailgun"), ("callbacks: {mailgun/A: {secrets: [a]}}", "a name has"),
    ("callbacks: {mailgun: [a]}", "with secrets"), ("callbacks: {mailgun: {secrets: a}}", "a list of secrets"),
    ("callbacks: {mailgun: {secrets: []}}", "a list of"), ("callbacks: {mailgun: {secrets: [' ']}}", "a secret is"),
    ("callbacks: {mailgun: {secrets: ['env:NONE']}}", "the variable NONE is not set"),
    ("callbacks: {mailgun: {secrets: ['env:EMPTY']}}", "the variable EMPTY is not set"),
    ("callbacks: {mailgun: {secrets: [a], more: 1}}", "more: unknown key"),
    ("callbacks: {mailgun: {secrets: [a], customer_ids: x}}", "customer_ids: one of user_id, external"),
    ("callbacks: {sendgrid: {secrets: [no-key]}}", "public key"), ("callbacks: {ses: {secrets: [arn]}}", "ARN"),
    ("callbacks: {postmark: {secrets: [login]}}", "user:password"),
    ("callbacks: {standard-webhooks: {secrets: ['whsec_']}}", "whsec_"),
    ("{url: ftp://x, callbacks: {mailgun: {secrets: [a]}}}", "url: the public address"),
    ("callbacks: {mailgun: {secrets: [a]}, mailgun: {secrets: [b]}}", "is there twice"), ("a: [", "no YAML"),
])  # fmt: skip
def test_what_is_wrong_is_one_line(tmp_path, text, said):
    """The line names the file and the place, and no secret."""
    path = tmp_path / "callbacks.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=said) as wrong:
        load(path, ENVIRON)
    assert str(wrong.value).startswith(f"WINBACK_CALLBACKS: {path}: ")
    assert "\n" not in str(wrong.value)
    assert "no-key" not in str(wrong.value)


def test_a_file_that_is_not_there(tmp_path):
    """It is named."""
    with pytest.raises(ValueError, match="cannot be read"):
        load(tmp_path / "none.yaml", {})
