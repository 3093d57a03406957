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


CANARIES = {"longer_append": longer_append, "wrong_type": wrong_type}
