"""Variables that begin like ours: settings, what else is ours, what Kubernetes sets, and misspelt ones."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from schemas.settings import Settings
from schemas.variables import known, unknown

LINKS = {
    "WINBACK_CLICKHOUSE_SERVICE_HOST": "10.0.0.7",
    "WINBACK_CLICKHOUSE_SERVICE_PORT": "8123",
    "WINBACK_CLICKHOUSE_SERVICE_PORT_HTTP": "8123",
    "WINBACK_CLICKHOUSE_PORT": "tcp://10.0.0.7:8123",
    "WINBACK_CLICKHOUSE_PORT_8123_TCP": "tcp://10.0.0.7:8123",
    "WINBACK_CLICKHOUSE_PORT_8123_TCP_ADDR": "10.0.0.7",
    "WINBACK_SERVICE_HOST": "10.0.0.8",
    "WINBACK_PORT": "tcp://10.0.0.8:80",
}


def test_every_field_of_the_settings_is_known():
    """Names come from the model, so that a new setting needs no second list."""
    assert len(known()) == len(Settings.model_fields)
    assert unknown(dict.fromkeys(known(), "")) == []
    assert unknown({name.lower(): "" for name in known()}) == []


@pytest.mark.parametrize(
    "name", ["WINBACK_VERSION", "WINBACK_TEST_BROKER", "WINBACK_BENCH_RATIO", "PATH", "MY_WINBACK_KAFAK", "winback"]
)
def test_what_is_ours_otherwise_or_not_ours_passes(name):
    """The image's tag, the tests' own variables and everybody else's are nobody's mistake."""
    assert unknown({name: "1"}) == []


def test_what_kubernetes_says_of_services_passes():
    """A service called winback-... puts its address into every container; without its host it is a mistake."""
    assert unknown(LINKS) == []
    assert unknown({"WINBACK_HTTP_PORT": "8123"}) == [
        "WINBACK_HTTP_PORT is not a setting; did you mean WINBACK_HTTP_PASSWORD?"
    ]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("WINBACK_KAFAK", "WINBACK_KAFKA"),
        ("winback_secrets", "WINBACK_SECRET"),
        ("Winback_State_Directory", "WINBACK_STATE_DIR"),
        ("WINBACK_DISPATCH_SMTP_USER", "WINBACK_DISPATCH_SMTP_USERNAME"),
        ("WINBACK_", None),
        ("WINBACK_QQQQ", None),
    ],
)
def test_a_misspelt_name_is_told_with_the_nearest(name, meant):
    """As it is written, with the setting that was meant if one is near."""
    told = f"; did you mean {meant}?" if meant else ""
    assert unknown({name: "x", "WINBACK_KAFKA": "y"}) == [f"{name} is not a setting{told}"]


def test_a_padded_secret_is_kept_as_it_is():
    """Blanks at its ends are part of a secret: taking them away would be another one."""
    assert Settings(secret=" s ").secret.get_secret_value() == " s "  # noqa: S106 - made up


@pytest.mark.parametrize(("given", "zone"), [("UTC", "UTC"), ("europe/berlin", "Europe/Berlin")])
def test_a_time_zone_is_kept_by_its_name(given, zone):
    """The shop's time zone is one of the IANA list, as the list spells it: views are made with it."""
    assert Settings(timezone=given).timezone == zone


@pytest.mark.parametrize("given", ["Berlin", "+02:00", "UTC'; DROP", ""])
def test_another_time_zone_is_refused(given):
    """What is no zone of the list, offsets among it, is refused with what is wanted."""
    with pytest.raises(ValidationError, match="no time zone of the IANA list, such as Europe/Berlin"):
        Settings(timezone=given)
