"""What feedback does in the sequential machine: opens, clicks, bounces, and scanners that are told from people."""

from __future__ import annotations

from tests.oracle.campaigns import MINUTE, local
from tests.oracle.profile import Profile, Sequence
from tests.oracle.reach import RESPONSES, TELLS, Click, Sent, followed, is_machine, link_of
from tests.oracle.reading import Fact, text
from tests.oracle.triggers import Found, Trigger


class Responding:
    """The feedback of a `Walk`, which is to have the rest."""

    def is_fetched(self, event: Fact) -> bool:
        """Whether a machine has looked at a page or a product."""
        views = {"Products Searched", "Product List Viewed", "Product Viewed", "Product Clicked", "Cart Viewed"}
        looked = event.type in {"page", "screen"} or (event.type == "track" and event.name in views)
        return looked and (event.source in self.fetched or is_machine(event))

    def is_told_off(self, p: Profile, sequence: Sequence, withdrawn: set[str]) -> bool:
        """Whether a customer does not want to be written to as this sequence has done."""
        if "unsubscribed" not in sequence.campaign.exit_on or sequence.campaign.transactional:
            return False
        topic = sequence.campaign.topic
        sent = {
            s.channel for s in p.reach.sent
            if s.campaign_id == sequence.campaign.id and s.ref == sequence.trigger.ref and s.channel in sequence.used
        }  # fmt: skip
        return any({channel, f"{channel}:{topic}", f"*:{topic}"} & withdrawn for channel in sent)

    def feedback(self, p: Profile, event: Fact) -> list[Found]:
        """What an event tells of a message, and whether it is a response to one; the campaigns that wait for that."""
        name = event.name if event.type == "track" else ""
        if name in TELLS:
            told, channel = TELLS[name], RESPONSES.get(name)
            message = p.reach.message(text(event.properties.get("message_id")))
        elif event.channel in {"web", "app"} or event.type in {"page", "screen"}:
            message = p.reach.message(followed(event))
            if message is None:
                return []
            told, channel = "clicks", None if "clicks" in message.told else message.channel
        else:
            return []
        if told in {"opens", "clicks"} and is_machine(event):
            return []
        hour = local(event.time, self.judge.zone(p)).hour
        if message and told == "clicks" and message.channel in {"email", "sms"}:
            if self.is_scanner(p, message, event, None if channel is None else hour):
                self.fetched.add(event.source)
                return []
        elif message and told == "delivered" and message.channel in {"email", "sms"}:
            message.delivered = event.time if message.delivered is None else message.delivered
            self.unclick(p, message, [click for click in message.clicks if click.at < event.time], event.time)
        found: list[Found] = []
        if message and told not in message.told:
            message.told.add(told)
            self.out.told.append((message.campaign_id, told, event.time))
            kind = {"clicks": "message_clicked", "bounces": "message_bounced"}.get(told, "")
            about = {"message_id": message.message_id, "campaign_id": message.campaign_id}
            trigger = Trigger(kind, event.time, event.time, f"{kind}:{message.message_id}:{event.time}", about=about)
            if kind != "message_clicked" or not message.followed:
                found = [(campaign, trigger) for campaign in self.campaigns.on(kind)]
        if channel is None:
            return found
        p.reach.engaged[channel] += 1
        p.reach.hours[hour] += 1
        self.everybody.engaged(channel, hour, event.time)
        if message:
            sequence = p.sequence_of(message.campaign_id, message.ref)
        else:
            sequence = p.sequence_of(text(event.properties.get("campaign_id")) or "")
        if sequence is not None:
            sequence.engaged = True
        return found

    def is_scanner(self, p: Profile, message: Sent, event: Fact, hour: int | None) -> bool:
        """Whether a click is a machine's by its time, or one of three links within two seconds; those are undone."""
        sent, machine = message.at, self.campaigns.machine
        if message.delivered is not None and message.delivered - sent >= MINUTE:
            sent = message.delivered
        click = Click(event.time, link_of(event), hour)
        message.clicks.append(click)
        if event.time < sent + machine or (message.delivered is not None and event.time < message.delivered):
            click.hour = None
            return True
        near = [other for other in message.clicks if event.time - 2000 <= other.at <= event.time]
        if len({other.link for other in near} - {""}) < 3:
            return False
        click.hour = None
        self.unclick(p, message, near, event.time)
        return True

    def unclick(self, p: Profile, message: Sent, clicks: list[Click], now: int) -> None:
        """Clicks were not by a person: as if they had not been."""
        undone = [click for click in clicks if click.hour is not None]
        for click in undone:
            p.reach.engaged[message.channel] -= 1
            p.reach.hours[click.hour] -= 1
            self.everybody.engaged(message.channel, click.hour, now, -1)
            click.hour = None
        if undone and "clicks" in message.told and all(click.hour is None for click in message.clicks):
            message.told.discard("clicks")
            self.end(p, "exited", now, lambda s: s.clicked == message.message_id)
            self.out.told.remove((message.campaign_id, "clicks", undone[0].at))
            of = [s for s in p.reach.sent if (s.campaign_id, s.ref) == (message.campaign_id, message.ref)]
            sequence = p.sequence_of(message.campaign_id, message.ref)
            if sequence is not None:
                sequence.engaged = any({"opens", "clicks"} & s.told for s in of)
