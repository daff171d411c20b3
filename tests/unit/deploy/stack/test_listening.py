"""Where `winback up` listens, and which broker it uses."""

from __future__ import annotations

import pytest

from deploy import ports
from deploy.errors import BadInputError, UnavailableError
from deploy.stack.listening import Listening, reached, where
from schemas.settings import Settings

NOTHING = {"kafka": None, "kafka_port": None, "http_port": None, "metrics_port": None}
BUILT_IN = Listening(None, 9092, ("127.0.0.1", 8123), ("127.0.0.1", 9464))


@pytest.mark.parametrize(
    ("variables", "options", "expected"),
    [
        ({}, {}, BUILT_IN),
        ({"kafka": "127.0.0.1:9999"}, {}, BUILT_IN._replace(kafka_port=9999)),
        ({"kafka": "localhost:9999"}, {"kafka": "apache"}, BUILT_IN._replace(kafka="apache", kafka_port=9999)),
        ({"kafka": "kafka.example:9092"}, {}, BUILT_IN._replace(kafka="kafka.example:9092")),
        ({"kafka": "127.0.0.1:1,127.0.0.1:2"}, {}, BUILT_IN._replace(kafka="127.0.0.1:1,127.0.0.1:2")),
        ({"kafka": "kafka.example:9092"}, {"kafka_port": 7}, BUILT_IN._replace(kafka_port=7)),
        ({"kafka": "127.0.0.1:9999"}, {"kafka": "127.0.0.1:8"}, BUILT_IN._replace(kafka="127.0.0.1:8")),
        ({"http": "192.0.2.1:1234"}, {}, BUILT_IN._replace(http=("192.0.2.1", 1234))),
        ({"http": "127.0.0.1:1234"}, {"http_port": 5}, BUILT_IN._replace(http=("127.0.0.1", 5))),
        ({"metrics": "[::1]:1234"}, {}, BUILT_IN._replace(metrics=("::1", 1234))),
        ({"metrics": ""}, {}, BUILT_IN._replace(metrics=None)),
        ({"metrics": ""}, {"metrics_port": 6}, BUILT_IN._replace(metrics=("127.0.0.1", 6))),
    ],
)  # fmt: skip
def test_options_come_before_variables(variables, options, expected):
    """A broker of this machine is our own, listening there; any other is used; hosts and ports are heeded."""
    assert where(Settings(**variables), **{**NOTHING, **options}) == expected


def test_a_bad_address_is_one_line():
    """An address that is none names its variable."""
    with pytest.raises(BadInputError, match="WINBACK_METRICS=nowhere"):
        where(Settings(metrics="nowhere"), **NOTHING)


def test_programs_of_this_machine_reach_it():
    """What listens everywhere is reached here; a host that is none of this machine's cannot be listened on."""
    assert (reached("0.0.0.0"), reached("127.0.0.2")) == ("127.0.0.1", "127.0.0.2")  # noqa: S104 - not listened on
    with pytest.raises(UnavailableError, match=r"192.0.2.1:1 \(x\) cannot be listened on"):
        ports.require(1, "x", "--x", host="192.0.2.1")
