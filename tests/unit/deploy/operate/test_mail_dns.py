"""What doctor says of SPF, DKIM and DMARC, against a DNS that is a table."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import pytest

from deploy.errors import BadInputError
from deploy.operate import checks, mail_dns
from schemas.settings import Settings
from sinks.dispatch import mime
from sinks.dispatch.dkim_signing import Signer


@pytest.fixture(scope="module")
def zone_and_sender(tmp_path_factory):
    """A sender with all it needs, and the zone that has it right."""
    path = tmp_path_factory.mktemp("dkim") / "key.pem"
    subprocess.run(["openssl", "genrsa", "-out", path, "1024"], check=True, capture_output=True)
    shown = subprocess.run(["openssl", "rsa", "-in", path, "-pubout"], check=True, capture_output=True, text=True)
    sender = replace(
        mime.Sender.of("Shop <hello@mail.shop.example>", bounces="b@bounce.shop.example"),
        signer=Signer.of(path, "w1", "shop.example"),
    )
    zone = {
        "bounce.shop.example": ["v=spf1 include:_spf.provider.example -all", "other=1"],
        "w1._domainkey.shop.example": ["v=DKIM1; p=" + "".join(shown.stdout.splitlines()[1:-1])],
        "_dmarc.shop.example": ["v=DMARC1; p=reject"],
    }
    return zone, sender


def test_a_zone_that_is_right(zone_and_sender):
    """SPF of the envelope's domain, the key's other half, and the DMARC record of the domain above From's."""
    zone, sender = zone_and_sender
    told = mail_dns.checked(sender, lambda name: zone.get(name, []))
    assert told == "SPF of bounce.shop.example, DKIM of shop.example, DMARC of mail.shop.example"


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"bounce.shop.example": []}, "bounce.shop.example has no SPF record"),
        ({"bounce.shop.example": ["v=spf1 -all", "v=spf1 +all"]}, "has 2 SPF records"),
        ({"bounce.shop.example": ["v=spf10 -all"]}, "has no SPF record"),
        ({"w1._domainkey.shop.example": []}, "w1._domainkey.shop.example does not have the public half"),
        ({"w1._domainkey.shop.example": ["v=DKIM1; p="]}, "w1._domainkey.shop.example does not have the public half"),
        ({"_dmarc.shop.example": ["v=spf1 -all"]}, "_dmarc.mail.shop.example has no DMARC record"),
    ],
)
def test_each_fault_says_what_to_publish(zone_and_sender, changed, told):
    """A record that is missing, doubled or of another kind is one sentence."""
    zone, sender = zone_and_sender
    with pytest.raises(BadInputError, match=told) as wrong:
        mail_dns.checked(sender, lambda name: (zone | changed).get(name, []))
    assert ";" not in str(wrong.value).replace("DMARC1; p=none; rua", "")


def test_all_faults_are_told_at_once(zone_and_sender):
    """Nothing published, no key, and an envelope of somebody else: three sentences, and alignment a fourth."""
    _, sender = zone_and_sender
    bare = replace(sender, signer=None)
    with pytest.raises(BadInputError) as wrong:
        mail_dns.checked(bare, lambda _: [])
    assert all(word in str(wrong.value) for word in ("no SPF", "WINBACK_DISPATCH_DKIM_KEY", "no DMARC"))
    foreign = replace(bare, bounces=mime.mail_address.read("x@provider.example"))
    with pytest.raises(BadInputError, match="neither DKIM nor the envelope's sender is of mail"):
        mail_dns.checked(foreign, lambda _: ["v=spf1 -all", "v=DMARC1; p=none"])


def test_doctor_asks_only_when_mail_leaves_the_machine():
    """No mail, or a server on this machine: nobody is asked; a bad sender is one line."""
    assert checks._mail_dns(Settings(), 1) == "no e-mail is sent"
    local = Settings(dispatch_smtp="127.0.0.1:25", dispatch_from="a@b.example")
    assert checks._mail_dns(local, 1).startswith("not looked at")
    with pytest.raises(BadInputError, match="WINBACK_DISPATCH_FROM"):
        checks._mail_dns(Settings(dispatch_smtp="mail.example:25", dispatch_from="Shop <a@b..c>"), 1)
