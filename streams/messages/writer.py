"""Writes one message: which sections it has, and what stands in them."""

from __future__ import annotations

from datetime import tzinfo
from typing import Final

from msgspec.structs import replace

from schemas.events import Alert, Incident, Notification
from streams.incidents.effects import MessageContext
from streams.links import Purpose
from streams.messages import acts, facts, statements
from streams.messages.advice import advice, advise
from streams.messages.chart import sparkline
from streams.messages.notes import told
from streams.messages.options import Options
from streams.messages.page import Line, Page
from streams.messages.phrases import Phrases, clean, phrases, zone_of
from streams.policy.people import ROOM

LONGEST_SHORT: Final = 300
"""Characters: two SMS in the GSM alphabet."""

_OVER: Final = frozenset({"resolved", "closed", "dismissed"})
_IN_CHARGE: Final = frozenset({"acknowledged", "responding", "stable"})
_ACTS: Final[tuple[Purpose, ...]] = ("ack", "dismiss")
_ACTED_ON: Final = frozenset({"page", "update", "nobody_reached"})


class Writer:
    """Writes one message."""

    def __init__(self, notification: Notification, context: MessageContext, options: Options) -> None:
        self.note = notification
        self.context = context
        self.options = options
        self.say: Phrases = phrases(context.language)
        self.zone: tzinfo = zone_of(options.timezone)
        self.incident: Incident = context.incident
        self.alert: Alert | None = context.alert or _worst(context.incident)
        if self.alert is not None and self.incident.trigger_by:  # what a person has said stands
            self.alert = replace(self.alert, trigger=self.incident.trigger)
        self.brand = clean(self.incident.brand, 60)
        # Somebody has taken charge and no role is missing: then a message tells, and asks for nothing.
        in_charge = self.incident.state in _IN_CHARGE and not self.incident.ack_missing
        self.asks = notification.purpose in _ACTED_ON and self.incident.state not in _OVER and not in_charge
        self.links = self._links()

    def page(self) -> Page:
        """Return what is said, section by section."""
        say, purpose = self.say, self.note.purpose
        over = self.incident.state in _OVER
        page = Page(
            language=say.language,
            title=self._title(),
            badge=self._badge(),
            colour="over" if over else self.incident.severity,
            banner=self._banner(),
            lead=self._lead(),
            colon=say("colon"),
            footer=say("footer", id=self.incident.incident_id, time=say.moment(self.note.at, self.zone)),
        )
        page.figure = self._figure()
        page.buttons = [(say(f"act.{name}"), url) for name, url in self.links.items()]
        if purpose == "digest":
            page.add(say("section.incidents"), [Line(self._digest_line(one)) for one in self._told()], bullets=True)
            return page
        if self.alert is not None:
            ended = (self.incident.resolved_at or self.alert.ends_at or self.note.at) if over else None
            title = say("section.story" if over else "section.what")
            signals = self._signals(self.incident.alerts) if over else []
            page.add(title, [*signals, *facts.what(say, self.alert, self.zone, ended)])
        if purpose in _ACTED_ON and not over:
            self._act_sections(page)
        if purpose == "stakeholder":
            page.add(say("section.say"), [Line(clean(self.context.say, 1_000))] if self.context.say else [])
            page.add(
                say("section.statement"),
                statements.holding(say, self.options, self.incident) if self.options.statement and not over else [],
            )
        if over or purpose == "stakeholder":
            page.add(say("section.note"), [Line(told(say, self.context.note, self.zone))] if self.context.note else [])
        loud = self.incident.severity in {"L3", "L4"} or bool(self.options.closing)
        if purpose == "all_clear" and self.incident.state != "dismissed" and loud:
            page.add(say("section.closing"), statements.closing(say, self.options, self.incident))
        return page

    def _act_sections(self, page: Page) -> None:
        say, alert = self.say, self.alert
        if alert is not None:
            page.add(say("section.severity"), facts.why_severe(say, self.incident, alert))
        if self.asks:
            page.add(say("section.act"), self._commands())
        if alert is not None:
            page.add(say("section.sure"), facts.how_sure(say, alert))
            page.add(say("section.drivers"), facts.drivers(say, alert))
            page.add(say("section.examples"), facts.examples(alert), bullets=True)
            others = [
                one for one in self.incident.alerts if one.alert_id != alert.alert_id and one.status != "resolved"
            ]
            page.add(say("section.others"), self._signals(others), bullets=True)
        page.add(say("section.knows"), self._knows())
        if not self.asks:
            return
        todo = self.options.todo or tuple(say.lines(f"todo.{self.incident.severity}"))
        labels = [say(f"todo.label_{minutes}") for minutes in (15, 60, 180)]
        page.add(say("section.todo"), [Line(text, label=label) for label, text in zip(labels, todo, strict=True)])
        page.add(say("section.statement"), statements.holding(say, self.options, self.incident))
        counsel = advise(say.language, self.incident.severity, self.incident.trigger, self.options.responsibility)
        page.add(advice(say.language)("title"), [Line(text, label=label) for label, text in counsel])
        runbook = self.options.runbook_url or (alert.runbook_url if alert else "") or ""
        # An alert comes from a topic: what is not a web address must not become a link.
        if runbook.startswith(("https://", "http://")):
            page.add(say("section.runbook"), [Line(clean(runbook, 500), href=clean(runbook, 500))])
        if "ack" in self.links:
            page.button_note = say("act.expires", at=say.moment(acts.expiry(self.note), self.zone))

    # ---------------------------------------------------------------------------------------------- title and lead

    def _title(self) -> str:
        say, purpose, before = self.say, self.note.purpose, self.context.previous_severity
        values = {
            "mark": say(self.note.kind) if self.note.kind != "actual" else "",
            "severity": self.incident.severity,
            "brand": self.brand,
            "signal": say.word("signal", facts.topic(self.alert)) if self.alert else say("bare"),
            "state": say.word("state", self.incident.state),
            "waited": say.duration(self.context.unanswered_ms / 1_000),
            "before": before or "",
            "incidents": say.count(len(self._told()), "incident"),
        }
        key = purpose
        if purpose == "page" and self.context.unanswered and self.context.unanswered_ms:
            key = "escalation"  # type: ignore[assignment]
        elif purpose in {"page", "update"} and before is not None and before < self.incident.severity:
            key = "worse"  # type: ignore[assignment]
        elif purpose == "all_clear" and self.incident.state == "dismissed":
            key = "dismissed"  # type: ignore[assignment]
        return say(f"subject.{key}", **values)

    def _banner(self) -> str:
        if self.note.kind == "actual":
            return ""
        note = self.say(f"{self.note.kind}_note")
        scenario = clean(self.alert.reason, 300) if self.alert and self.note.kind == "exercise" else ""
        return f"{note} {self.say('scenario', scenario=scenario)}" if scenario else note

    def _figure(self) -> tuple[str, str] | None:
        seen = self.options.history
        if seen is None or self.note.purpose == "digest":
            return None
        start = self.say.clock(seen.first, self.zone)
        return self.say("figure", start=start, highest=self.say.count(seen.highest, "mention")), sparkline(seen.counts)

    def _told(self) -> list[Incident]:
        """Return the incidents of a digest, each once."""
        return list({one.incident_id: one for one in (self.incident, *self.context.others)}.values())

    def _signals(self, alerts: list[Alert]) -> list[Line]:
        named = dict.fromkeys(f"{self.say.word('signal', facts.topic(one))} ({one.severity})" for one in alerts)
        return [Line(name) for name in list(named)[:5]]

    def _badge(self) -> str:
        if self.note.purpose == "digest":
            return ""
        badge = f"{self.incident.severity} – {self.say.word('severity', self.incident.severity)}"
        return self.say("was", severity=badge) if self.incident.state in _OVER else badge

    def _lead(self) -> list[str]:
        say, context, purpose = self.say, self.context, self.note.purpose
        lines: list[str] = []
        if purpose == "page":
            lines.append(say("lead.page", why=self._why_you()))
            if self.note.reason.startswith("fallback:"):
                lines.append(say("lead.fallback"))
        elif purpose == "all_clear" and self.incident.state != "dismissed":
            ended = self.incident.resolved_at or self.note.at
            lasted = say.duration((ended - self.incident.opened_at).total_seconds())
            by = next((line.who for line in reversed(self.incident.timeline) if line.what == "resolved"), "")
            told = {"at": say.since(ended, self.incident.opened_at, self.zone), "lasted": lasted}
            if by:
                lines.append(say("lead.all_clear_by", who=self._people([by]), **told))
            else:
                lines.append(say("lead.all_clear", **told))
        elif purpose == "all_clear":
            lines.append(say("lead.dismissed"))
        else:
            lines.append(say(f"lead.{purpose}", state=say.word("state", self.incident.state)))
        before = context.previous_severity
        if before is not None and before != self.incident.severity and purpose in {"page", "update"}:
            key = "worse" if before < self.incident.severity else "better"
            after = f"{self.incident.severity} ({say.word('severity', self.incident.severity)})"
            # This first: it is why the message is sent.
            lines.insert(0, say(f"lead.{key}", after=after, before=before))
        if context.unanswered and context.unanswered_ms and purpose in {"page", "nobody_reached"}:
            key = "escalated" if len(context.unanswered) == 1 else "escalated_many"
            waited = say.duration(context.unanswered_ms / 1_000)
            lines.append(say(f"lead.{key}", people=self._people(context.unanswered), waited=waited))
        if purpose == "update" and self.incident.acknowledged_by:
            key = "acknowledged" if len(self.incident.acknowledged_by) == 1 else "acknowledged_many"
            lines.append(say(f"lead.{key}", people=self._people(self.incident.acknowledged_by)))
        return lines

    def _why_you(self) -> str:
        # `night[1]`: the fold's own name of a step; anything else is told in the fold's words.
        chain, bracket, rest = self.note.step.partition("[")
        number = rest.rstrip("]")
        if bracket and number.isdigit():
            return self.say("lead.step", n=int(number) + 1, chain=clean(chain, 60))
        kind, _, role = self.note.step.partition(" ")
        if kind == "role":
            return self.say("lead.role", role=self.say.word("role", clean(role, 60)))
        return clean(self.context.why_you or self.note.step, 200)

    # ---------------------------------------------------------------------------------------------------- sections

    def _knows(self) -> list[Line]:
        say, context = self.say, self.context
        known = [name for name in context.known_by if name != self.note.person]
        lines = [say("knows.paged", people=self._people(known))] if known else []
        if self.incident.questions:
            open_ = max(0, self.incident.questions - self.incident.replies)
            lines.append(
                say("knows.unanswered", n=say.number(open_), questions=say.count(self.incident.questions, "question"))
            )
        if self.incident.statement_sent_at is not None:
            lines.append(say("knows.replied", at=say.clock(self.incident.statement_sent_at, self.zone)))
        if not known and not self.incident.acknowledged_by:
            lines.append(say("knows.nobody"))
        if self.incident.acknowledged_by:
            lines.append(say("knows.acknowledged", people=self._people(self.incident.acknowledged_by)))
        if self.incident.ack_missing:
            roles = say.series([say.word("role", clean(role, 40)) for role in self.incident.ack_missing])
            lines.append(say("knows.missing", roles=roles))
        if self.asks and context.next_people and context.next_at is not None:
            at = say.clock(context.next_at, self.zone)
            lines.append(say("knows.next", at=at, people=self._people(context.next_people)))
        return [Line(line) for line in lines] + self._note_lines()

    def _note_lines(self) -> list[Line]:
        return (
            [Line(self.say("knows.note", note=told(self.say, self.context.note, self.zone)))]
            if self.context.note
            else []
        )

    def _commands(self) -> list[Line]:
        ack, show = (
            f"tocsin incident ack {self.incident.incident_id}",
            f"tocsin incident show {self.incident.incident_id}",
        )
        return [
            Line(self.say("act.command", command=ack), code=ack),
            Line(self.say("act.show_command", command=show), code=show),
        ]

    def _digest_line(self, incident: Incident) -> str:
        worst = _worst(incident)
        return self.say(
            "digest_line",
            severity=incident.severity,
            brand=clean(incident.brand, 60),
            signal=self.say.word("signal", facts.topic(worst)) if worst else "",
            start=self.say.moment(incident.opened_at, self.zone),
            state=self.say.word("state", incident.state),
        )

    # ------------------------------------------------------------------------------------------------- short, links

    def short(self, title: str) -> str:
        """Return the short form: what, the figures, how to acknowledge. What does not fit is cut from the middle."""
        say = self.say
        if self.note.purpose not in {"page", "nobody_reached"}:
            return clean(f"{title}. {' '.join(self._lead())}", LONGEST_SHORT)
        signal = say.word("signal", facts.topic(self.alert)) if self.alert else say("bare")
        parts = [say("short.nobody")] if self.note.purpose == "nobody_reached" else []
        if self.context.unanswered and self.context.unanswered_ms:
            parts.append(say("short.waited", waited=say.duration(self.context.unanswered_ms / 1_000)))
        if self.alert is not None:
            parts.append(facts.figures(say, self.alert))
        mark = say(self.note.kind) if self.note.kind != "actual" else ""
        # A signed link alone would fill an SMS and cannot be cut: the command with the incident's id is enough.
        ack = f"tocsin incident ack {self.incident.incident_id}"
        said = {"mark": mark, "severity": self.incident.severity, "brand": self.brand, "signal": signal}
        text = say("short.page", **said, figures=" ".join(parts), ack=ack)
        if len(text) > LONGEST_SHORT:
            text = say(
                "short.page", **said | {"brand": clean(self.brand, 30)}, figures=clean(" ".join(parts), 100), ack=ack
            )
        return clean(text, LONGEST_SHORT)

    def _links(self) -> dict[str, str]:
        purposes = _ACTS if self.asks else ()
        if self.note.purpose in _ACTED_ON and self.incident.state not in _OVER:
            purposes = (*purposes, "decide")
        return acts.links(self.note, self.incident.incident_id, self.options, purposes)

    def _people(self, people: list[str]) -> str:
        return self.say.series([clean(self.options.names.get(name, name.removeprefix(ROOM)), 60) for name in people])


def _worst(incident: Incident) -> Alert | None:
    return max(incident.alerts, key=lambda alert: (alert.severity, alert.alert_id), default=None)
