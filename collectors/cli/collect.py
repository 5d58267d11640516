"""``taskstream collect``: record this desktop."""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import TYPE_CHECKING

import click

from collectors.cli.running import serve_metrics
from taskstream.cli.options import with_settings
from taskstream.errors import ServiceError
from taskstream.settings import Settings

if TYPE_CHECKING:
    from collectors.agent.agent import Agent
    from collectors.delivery.publisher import Publisher
    from collectors.delivery.spool import Spool


@click.command()
@click.option("--yes", is_flag=True, help="for machines: agree to the text after it was shown; the record says so")
@click.option("--seconds", type=click.FloatRange(min=0.1), help="end after this time (default: at Ctrl-C)")
@click.option("--show", is_flag=True, help="show each recorded event, exactly as it is stored")
@click.option("--no-send", is_flag=True, help="keep everything in the spool, send nothing")
@click.option("--json", "as_json", is_flag=True, help="machine-readable summary")
@with_settings("kafka", "prefix", "tenant", "team", "k", "key_epoch", "policy", "policy_keys", "metrics_port")
def collect(yes: bool, seconds: float | None, show: bool, no_send: bool, as_json: bool, settings: Settings) -> None:
    """Record this X11 desktop: which application, what kind of action, never what is typed or copied.

    A signed policy says what may be recorded; without one nothing is. Asks for consent once for each policy. A notice
    stays on the screen while recording; a click on it pauses, as does the signal USR1 (USR2 resumes). Ctrl-C ends the
    recording. `taskstream consent withdraw` ends it and erases what was not sent.
    """
    from collectors.agent.agent import Agent, only_one, refuse_root_of_others
    from collectors.cli.agreement import agreed, spool_file
    from collectors.delivery.spool import Spool, erase
    from collectors.sources.opening import open_sources
    from taskstream import extras, metrics

    extras.require("collector")
    platform = open_sources(sys.platform)
    platform.require()
    refuse_root_of_others()
    terms = agreed(settings, by_machine=yes)
    with only_one(settings.home):
        spool = Spool(
            spool_file(settings.home),
            max_bytes=settings.spool_max_bytes,
            max_age_ms=min(settings.spool_max_age_ms, terms.policy.retention_days * 86_400_000),
        )
        if spool.moved_aside:
            click.echo(f"the spool was damaged: moved to {spool.moved_aside}, a new one is begun", err=True)
        publisher = None if no_send else _publisher(settings, spool, terms.policy.hold_back_s * 1_000)
        try:
            agent = Agent(settings, platform, spool, publisher, terms, _echo if show else lambda _: None)
            metrics.HEALTH.require("recording", lambda: not agent.paused)
            serve_metrics(settings.metrics_port)
            if publisher is not None:
                publisher.start()
            _record(agent, seconds)
            if publisher is not None:
                if agent.withdrawn:
                    publisher.stop(at_once=True)
                else:
                    publisher.drain(3.0)
        finally:
            if publisher is not None:
                publisher.stop()
            waiting = spool.pending
            spool.close()
        if agent.withdrawn or terms.withdrawn():  # also while the last batches were sent
            erase(spool_file(settings.home))
            click.echo("the consent was withdrawn: the recording has ended, what was not yet sent is erased", err=True)
            waiting = 0
    _print(agent, publisher, waiting, as_json)


def _publisher(settings: Settings, spool: Spool, hold_back_ms: int = 0) -> Publisher | None:
    """The publisher, or None when no Kafka is known: the spool then keeps everything for a later start.

    Raises:
        ServiceError: Kafka refuses the login, or TLS fails: waiting would not mend it.
    """
    from collectors.clock import now_ms
    from collectors.delivery.publisher import Publisher
    from taskstream.endpoints import with_kafka
    from taskstream.kafka.check import check
    from taskstream.topics import UI_EVENTS

    try:
        settings = with_kafka(settings)
    except ServiceError as error:
        click.echo(f"{error}; until then the spool keeps what is recorded", err=True)
        return None
    check(settings, "collector", may_be_away=True)
    return Publisher(
        settings, settings.prefix + UI_EVENTS.name, spool,
        sent_ms=lambda _: now_ms(), ripe_ms=lambda: now_ms() - hold_back_ms,
    )  # fmt: skip


def _record(agent: Agent, seconds: float | None) -> None:
    def end(number: int, frame: FrameType | None) -> None:
        del number, frame
        agent.stop()

    def pause(number: int, frame: FrameType | None) -> None:
        del frame
        agent.set_paused(number == signal.SIGUSR1)

    handlers = {signal.SIGINT: end, signal.SIGTERM: end, signal.SIGUSR1: pause, signal.SIGUSR2: pause}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        click.echo("recording; a notice is on the screen, Ctrl-C ends it", err=True)
        agent.run(seconds)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _echo(event: object) -> None:
    import msgspec

    click.echo(msgspec.json.encode(event))


def _print(agent: Agent, publisher: Publisher | None, waiting: int, as_json: bool) -> None:
    import orjson

    delivered = publisher.delivered_events if publisher else 0
    if as_json:
        summary = {
            "agent": agent.origin.agent,
            "actor": agent.origin.actor,
            "recorded": dict(sorted(agent.counts.items())),
            "sent": delivered,
            "waiting_batches": waiting,
        }
        click.echo(orjson.dumps(summary, option=orjson.OPT_INDENT_2))
        return
    kinds = ", ".join(f"{count} {kind}" for kind, count in agent.counts.most_common())
    click.echo(f"recorded {kinds or 'nothing'}; {delivered} events sent, {waiting} batches wait in the spool")
