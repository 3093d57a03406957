"""Deliberately wrong replies, to prove that the tester reports them and shrinks well."""

from __future__ import annotations

from tests.differential.step import Step
from tests.lib.resp import Reply


def longer_append(step: Step, reply: Reply) -> Reply:
    """APPEND is off by one on values above 60 bytes: it takes a few commands to get there."""
    if step.args[:1] == (b"APPEND",) and reply[0] == ":" and reply[1] > 60:
        return (":", reply[1] + 1)
    return reply


def wrong_type(step: Step, reply: Reply) -> Reply:
    """STRLEN answers a simple string: the same characters, another type on the wire."""
    if step.args[:1] == (b"STRLEN",) and reply[0] == ":":
        return ("+", b"%d" % reply[1])
    return reply


def lost_field(step: Step, reply: Reply) -> Reply:
    """HGETALL of four fields and more leaves the last one out."""
    words = 8 if reply[0] in "*%" else 0
    if step.args[:1] == (b"HGETALL",) and words and len(reply[1] or ()) >= words:
        return (reply[0], reply[1][:-2])
    return reply


CANARIES = {"longer_append": longer_append, "wrong_type": wrong_type, "lost_field": lost_field}
