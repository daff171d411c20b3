"""Addresses of e-mail: what a server is given for what stands on a message, and the envelope's sender."""

from __future__ import annotations

from email.utils import parseaddr

import pytest

from sinks.dispatch import mail_address, mime
from sinks.dispatch.mail_address import InvalidError


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("anna@shop.example", "anna@shop.example"),
        (" Anna+x@Shop.Example ", "Anna+x@Shop.Example"),
        ("a@bücher.example", "a@xn--bcher-kva.example"),
        ("a@BÜCHER.example", "a@xn--bcher-kva.example"),
        ("a@straße.example", "a@xn--strae-oqa.example"),
        ("a@βόλος.example", "a@xn--nxasmm1c.example"),
        ("a@例え。example", "a@xn--r8jz45g.example"),
        ("a@my_host.example", "a@my_host.example"),
        ("taro..y.@carrier.example", '"taro..y."@carrier.example'),
    ],
)
def test_what_a_server_is_given(written, sent):
    """The domain by IDNA 2008, in which sharp s and final sigma are letters of their own; odd local parts quoted."""
    found = mail_address.read(written)
    assert (str(found), found.needs_utf8) == (sent, False)
    assert parseaddr(sent)[1] == sent


def test_a_local_part_that_is_not_ascii_needs_a_server_for_it():
    """It is an address by RFC 6531, and says so."""
    found = mail_address.read("jörg@bücher.example")
    assert (str(found), found.needs_utf8) == ("jörg@xn--bcher-kva.example", True)


@pytest.mark.parametrize(
    "written",
    [
        "", "@", "a@", "@b.example", "a@b@c.example", "a b@c.example", "a@b..example", "a@.example", "a@b.example.",
        "<a@b.example>", "a@b.example,c@d.example", "a\r\n@b.example", "a@b.example\0", '"a"@b.example',
        "a\\@b.example",
        "a" * 65 + "@b.example", "a@" + "b" * 64 + ".example", "a@" + "bb." * 90 + "example", "ü" * 33 + "@b.example",
        "a@\u202eb.example", "a@-ü-.example", "a@☃☃ .example",
    ],
)  # fmt: skip
def test_what_is_no_address(written):
    """Nobody is asked to take it, and the reason never holds it."""
    with pytest.raises(InvalidError) as wrong:
        mail_address.read(written)
    assert written == "" or written not in str(wrong.value)


def test_bounces_come_back_to_an_address_that_names_the_message():
    """VERP: the envelope's sender is an address of its own with the message_id; without one it is that of From."""
    verp = mime.Sender.of("Shop <hello@shop.example>", bounces="bounces@mail.shop.example")
    assert verp.envelope("v" * 48) == f"bounces+{'v' * 48}@mail.shop.example"
    assert mime.Sender.of("Shop <hello@shop.example>").envelope("f" * 32) == "hello@shop.example"


@pytest.mark.parametrize(
    ("settings", "variable"),
    [
        ({"written": ""}, "FROM"),
        ({"written": "Shop"}, "FROM"),
        ({"written": "Shop <hello@>"}, "FROM"),
        ({"written": "Shop <hello@shop..example>"}, "FROM"),
        ({"written": "Shop <hello@shop.example>\nBcc: a@b.example"}, "FROM"),
        ({"written": "Shop <jörg@shop.example>"}, "FROM"),
        ({"reply_to": "help"}, "REPLY_TO"),
        ({"unsubscribe": "shop.example/u"}, "UNSUBSCRIBE"),
        ({"unsubscribe": "https://shop.example/u> <x"}, "UNSUBSCRIBE"),
        ({"unsubscribe": "ftp://shop.example/u"}, "UNSUBSCRIBE"),
        ({"bounces": "bounces"}, "BOUNCES"),
        ({"bounces": "jörg@shop.example"}, "BOUNCES"),
        ({"feedback_id": "far-too-long-for-gmail"}, "FEEDBACK_ID"),
        ({"feedback_id": "a:b"}, "FEEDBACK_ID"),
    ],
)
def test_a_bad_sender_names_its_variable(settings, variable):
    """One ValueError with the variable to mend, before anything is sent."""
    with pytest.raises(ValueError, match=f"WINBACK_DISPATCH_{variable}: "):
        mime.Sender.of(**({"written": "Shop <hello@shop.example>"} | settings))
