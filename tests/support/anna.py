"""Anna's story as rows of a ClickHouse of the test's own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from schemas.identifiers import Hasher
from schemas.settings import Settings
from sinks.clickhouse.client import connect
from sinks.clickhouse.migrate import migrate
from sinks.clickhouse.resolved import families

SECRET = "of the test"  # noqa: S105
HASH = Hasher(SECRET)
LATER = 1000
"""A version after all of the story."""
START = datetime(2026, 3, 2, 10, tzinfo=UTC)
USER, MAIL, BROWSER, PHONE = (
    ("user_id", "anna"), ("email", "anna@example.com"), ("anonymous_id", "b1"), ("phone", "+49301234567"),
)  # fmt: skip
BEN, TABLET = ("user_id", "ben"), ("device_id", "tablet")
P, FORMER, Q = HASH(*USER), HASH(*BROWSER), HASH(*BEN)


def at(minute):
    """A minute of the story."""
    return START + timedelta(minutes=minute)


def event(minute, profile, *identifiers, name="Page", **given):
    """A row of events."""
    fixed = {
        "profile_id": profile, "event_time": at(minute), "message_id": f"m{minute}", "channel": "web", "type": "track",
        "name": name, "received_at": at(minute), "identifiers": list(identifiers), "head": HASH(*identifiers[0]),
        "source_topic": "channels.web", "source_partition": 1, "source_offset": minute,
    }  # fmt: skip
    return {**fixed, **given}


def identifier(minute, one, profile, version, linked_to=None):
    """A row of identifiers."""
    return {
        "identifier": HASH(*one), "identifier_type": one[0], "profile_id": profile, "version": version,
        "linked_at": at(minute), "linked_to": HASH(*linked_to) if linked_to else "", "source_topic": "channels.web",
        "source_partition": 1, "source_offset": minute,
    }  # fmt: skip


def merge(minute, loser, winner, version, *pair, reason="link", **given):
    """A row of profile_merges."""
    fixed = {
        "merged_profile_id": loser, "into_profile_id": winner, "reason": reason, "merged_at": at(minute),
        "version": version, "identifiers": [HASH(*one) for one in pair], "source_topic": "channels.web",
        "source_partition": 1, "source_offset": minute,
    }  # fmt: skip
    return {**fixed, **given}


# Anna browses, signs in with her e-mail, leaves a cart, buys and gives a part back; her tablet is Ben's later on, whose
# link is refused.
STORY = {
    "events": [
        event(0, FORMER, BROWSER, name="Product Added"),
        event(2, P, USER, MAIL, BROWSER, type="identify", name=""),
        event(60, P, USER, PHONE, name="Order Completed", revenue=30),
        event(70, Q, BEN, TABLET, MAIL, name="[/b] Refer"),
    ],
    "identifiers": [
        identifier(2, USER, P, 1, MAIL), identifier(2, MAIL, P, 2, USER), identifier(2, BROWSER, P, 3, USER),
        identifier(60, PHONE, P, 4, USER), identifier(70, BEN, Q, 6, TABLET), identifier(70, TABLET, Q, 7, BEN),
    ],
    "profile_merges": [
        merge(2, FORMER, P, 5, USER, BROWSER),
        merge(70, P, Q, 8, BEN, MAIL, reason="person_id_kept", refused="user_limit", occurrence=8),
    ],
    "cart_transitions": [
        {"profile_id": FORMER, "cart_id": "c", "at": at(0), "abandonment_no": 0, "from_state": "none",
         "to_state": "open", "reason": "opened", "stage": "cart", "value": 30, "currency": "EUR", "line_count": 1},
        {"profile_id": P, "cart_id": "c", "at": at(32), "abandonment_no": 1, "from_state": "open",
         "to_state": "abandoned", "reason": "inactivity", "stage": "cart", "value": 30, "currency": "EUR",
         "line_count": 1},
    ],
    "decisions": [
        {"decision_id": "d", "profile_id": P, "campaign_id": "abandoned-cart", "step": "reminder",
         "arm": "treatment", "outcome": "sent", "message_id": "x", "cart_id": "c", "decided_at": at(33)},
    ],
    "messages": [
        {"message_id": "x", "profile_id": P, "campaign_id": "abandoned-cart", "step": "reminder", "channel": "email",
         "recipient": "anna@example.com", "subject": "Your cart", "decided_at": at(33)},
    ],
    "conversions": [
        {"profile_id": P, "order_id": "o1", "at": at(60), "channel": "web", "value": 30, "currency": "EUR",
         "recovered_campaign": "abandoned-cart", "changed_at": at(60), "message_id": "m60"},
        {"profile_id": P, "order_id": "o1", "at": at(90), "channel": "web", "value": -10, "currency": "EUR",
         "changed_at": at(90), "message_id": "m90", "kind": "refund", "orders": 0, "refunds": 10},
    ],
    "segment_members": [
        {"profile_id": P, "segment": "buyers", "at": at(60), "nth": 0, "change": "entered", "reason": "event",
         "since": at(60)},
    ],
}  # fmt: skip


class Shop:
    """A ClickHouse in a folder, opened for one thing at a time."""

    def __init__(self, folder):
        self.dsn = f"chdb:///{str(folder).lstrip('/')}"

    def __call__(self, *statements, **tables):
        client = connect(Settings(clickhouse=self.dsn))
        try:
            migrate(client)
            for statement in statements:
                client.command(statement)
            for table, rows in tables.items():
                columns = sorted({name for row in rows for name in row})
                for row in rows:
                    named = [name for name in columns if name in row]
                    client.insert(table, [[row[name] for name in named]], column_names=named)
            if "profile_merges" in tables:
                families.fill(client)
        finally:
            client.close()
