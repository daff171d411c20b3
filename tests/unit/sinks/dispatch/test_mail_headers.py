"""Headers of an e-mail: none is made by a message's text, and those that mailboxes look for are there and signed."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from email import message_from_bytes, policy

import dkim
import pytest

from schemas.settings import Settings
from schemas.unsubscribe_links import UnsubscribeLinks
from sinks.dispatch import channels, mime
from sinks.dispatch.dkim_signing import Signer
from tests.support.callback_bodies import MID
from tests.support.messages import NOW, message

SENDER = mime.Sender.of(
    "Shop <hello@shop.example>", unsubscribe="https://shop.example/u?m={message_id}", feedback_id="shop-1"
)


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    """A file with a private key, and its public half as it stands in DNS."""
    path = tmp_path_factory.mktemp("dkim") / "key.pem"
    subprocess.run(["openssl", "genrsa", "-out", path, "2048"], check=True, capture_output=True)
    shown = subprocess.run(["openssl", "rsa", "-in", path, "-pubout"], check=True, capture_output=True, text=True)
    return path, "".join(shown.stdout.splitlines()[1:-1])


def headers(made):
    """The names and raw values of all headers."""
    return message_from_bytes(made, policy=policy.default).items()


@pytest.mark.parametrize("control", [chr(n) for n in (*range(32), *range(127, 160), 0x2028, 0x2029)])
def test_no_control_character_reaches_a_header(control):
    """Whatever stands in subject, step or variant, headers are as many as ever and printable."""
    one = message(subject=f"Still{control}there?{control}X-Evil: 1", variant=f"a{control}b")
    made = mime.compose(one, SENDER, NOW)
    raw = made.split(b"\r\n\r\n", 1)[0]
    assert raw.isascii()
    assert all(byte >= 32 for byte in raw.replace(b"\r\n", b""))
    shown = headers(made)
    assert {name for name, _ in shown} == {name for name, _ in headers(mime.compose(message(), SENDER, NOW))}
    assert all(value.isprintable() for _, value in shown)
    assert dict(shown)["Subject"].startswith("Still")


def test_a_foreign_local_part_stands_in_utf8():
    """For a server with SMTPUTF8 the headers are UTF-8, as RFC 6532 has them."""
    made = mime.compose(message(to="jörg@bücher.example"), SENDER, NOW)
    assert "To: jörg@xn--bcher-kva.example".encode() in made.split(b"\r\n")


def test_feedback_id_says_campaign_step_variant_and_sender():
    """Four fields, the sender last and always the same; what is no name is written as one."""
    odd = message(campaign_id="a:b c", step="s", variant=None)
    assert dict(headers(mime.compose(message(), SENDER, NOW)))["Feedback-ID"] == "abandoned-cart:reminder:plain:shop-1"
    assert dict(headers(mime.compose(odd, SENDER, NOW)))["Feedback-ID"] == "a-b-c:s::shop-1"


def test_a_signature_covers_the_unsubscribe_headers(key):
    """It verifies with the public key in DNS; with a header changed, added or another text it does not."""
    path, public = key
    signer = Signer.of(path, "winback1", "shop.example")
    made = signer.signed(mime.compose(message(), SENDER, NOW))

    def asked(name, timeout=0):
        assert name.rstrip(b".") == b"winback1._domainkey.shop.example"
        return b"v=DKIM1; k=rsa; p=" + public.encode()

    signed = dict(headers(made))["DKIM-Signature"].lower()
    assert "list-unsubscribe : list-unsubscribe-post" in signed
    assert dkim.verify(made, dnsfunc=asked)
    for before, after in (
        (b"<https://shop", b"<https://evil"),
        (b"List-Unsubscribe-Post: List", b"List-Unsubscribe-Post: Lost"),
        (b"\r\nSubject:", b"\r\nReply-To: evil@evil.example\r\nSubject:"),
        (b"\r\nSubject:", b"\r\nFrom: evil@evil.example\r\nSubject:"),
        (b"Your cart", b"Your card"),
    ):
        assert before in made
        assert not dkim.verify(made.replace(before, after, 1), dnsfunc=asked)


def test_the_key_comes_from_a_file_and_is_never_shown(key, tmp_path):
    """Settings name the file; a file that holds no key is refused with what to do."""
    path, _ = key
    found = channels.sender_of(Settings(dispatch_from="Shop <a@bücher.example>", dispatch_dkim_key=path))
    assert repr(found.signer) == "Signer(winback._domainkey.xn--bcher-kva.example)"
    assert "PRIVATE" not in repr(found)
    (tmp_path / "none.pem").write_text("no key")
    with pytest.raises(ValueError, match="WINBACK_DISPATCH_DKIM_KEY: no RSA private key"):
        channels.sender_of(Settings(dispatch_from="a@b.example", dispatch_dkim_key=tmp_path / "none.pem"))
    with pytest.raises(ValueError, match="WINBACK_DISPATCH_DKIM_SELECTOR"):
        Signer.of(path, "a b", "b.example")


def test_a_long_address_to_unsubscribe_stands_whole():
    """No mailbox reads it as an encoded word, and none finds it over two lines."""
    links = UnsubscribeLinks("s", "https://events.a-shop-with-a-long-name.example/in/v1/unsubscribe")
    sender = replace(mime.Sender.of("Shop <hello@shop.example>"), links=links)
    one = message()
    raw = mime.compose(one, sender, NOW)
    lines = raw.split(b"\r\n\r\n", 1)[0].split(b"\r\n")
    assert f"List-Unsubscribe: <{links.of(one.message_id, 'email')}>".encode() in lines
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click" in lines


def test_the_shops_own_address_to_unsubscribe_comes_first():
    """Who has an endpoint of their own keeps it; without it the signed link stands in the header, without both none."""
    settings = Settings(
        dispatch_from="hello@shop.example", unsubscribe_url="https://events.shop.example/v1/unsubscribe"
    )
    own = settings.model_copy(update={"dispatch_unsubscribe": "https://shop.example/u?m={message_id}"})
    shown = [dict(headers(mime.compose(message(), channels.sender_of(one), NOW))) for one in (settings, own)]
    assert shown[0]["List-Unsubscribe"].startswith("<https://events.shop.example/v1/unsubscribe?u=")
    assert shown[1]["List-Unsubscribe"] == f"<https://shop.example/u?m={message().message_id}>"
    bare = channels.sender_of(Settings(dispatch_from="hello@shop.example"))
    assert "List-Unsubscribe" not in dict(headers(mime.compose(message(), bare, NOW)))


@pytest.mark.parametrize(("provider", "header"), [
    ("sendgrid", 'X-SMTPAPI: {"unique_args": {"message_id": "MID", "campaign_id": "abandoned-cart"}}'),
    ("mailgun", 'X-Mailgun-Variables: {"message_id": "MID", "campaign_id": "abandoned-cart"}'),
    ("postmark", "X-PM-Metadata-message_id: MID"), ("ses", "X-SES-MESSAGE-TAGS: message_id=MID"),
])  # fmt: skip
def test_a_provider_is_told_what_its_callbacks_are_to_bring_back(provider, header):
    """Each has a header of its own for it; without a provider there is none."""
    sender = channels.sender_of(Settings(dispatch_from="hello@shop.example", dispatch_provider=provider))
    one = message(message_id=MID)
    lines = mime.compose(one, sender, NOW).split(b"\r\n\r\n", 1)[0].split(b"\r\n")
    assert header.replace("MID", MID).encode() in lines
    plain = channels.sender_of(Settings(dispatch_from="hello@shop.example"))
    assert header.partition(":")[0].encode() not in mime.compose(one, plain, NOW)
