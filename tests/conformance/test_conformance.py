"""One corpus through every face of the engine: equal transcripts, equal data."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conformance import faces
from tests.lib.servers import REPOSITORY

sys.path.insert(0, str(REPOSITORY / "core" / "commands"))
from generator import model  # noqa: E402

# Commands whose reply is not the same everywhere, and why.
EXCLUDED = {
    "BGSAVE": "may find a snapshot under way",
    "CLIENT ID": "counts sessions",
    "CLIENT INFO": "describes the connection",
    "CLIENT KILL": "ends connections, which an embedded session is none of",
    "CLIENT LIST": "describes connections",
    "CONFIG GET": "a server has settings of its own",
    "CONFIG RESETSTAT": "statistics",
    "INFO": "describes the process",
    "LASTSAVE": "a time",
    "MEMORY DOCTOR": "advice",
    "MEMORY PURGE": "depends on the allocator",
    "MEMORY STATS": "measures the process",
    "REPLICAOF": "changes the node's place among others, of which an embedded store has none",
    "SLAVEOF": "as REPLICAOF",
    "SYNAP.DIGEST": "a position",
    "SYNAP.VERIFY": "asked at the end, of the server that has a shadow",
    "OBJECT FREQ": "needs another policy",
    "OBJECT IDLETIME": "a time",
    "QUIT": "ends a connection",
    "SAVE": "may find a snapshot under way",
    "SHUTDOWN": "belongs to the server",
    "SLOWLOG GET": "a time",
    "SLOWLOG LEN": "a time",
    "SYNAP.TOKEN": "a position",
    "TIME": "a time",
    "WAITAOF": "a race with the disk",
}


@pytest.fixture(scope="module")
def transcripts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[list[Any], Path]]:
    corpus = faces.read_corpus()
    found = {}
    for name, run in faces.FACES.items():
        directory = tmp_path_factory.mktemp("face") / "data"
        found[name] = (run(corpus, directory), directory)
    return found


def test_transcripts_are_equal(transcripts: dict[str, tuple[list[Any], Path]]) -> None:
    corpus = faces.read_corpus()
    differences = []
    for i, command in enumerate(corpus):
        replies = {name: transcript[i] for name, (transcript, _) in transcripts.items()}
        if len({repr(reply) for reply in replies.values()}) > 1:
            lines = [f"    {name}: {reply}" for name, reply in replies.items()]
            differences.append("\n".join([f"line {i + 1} {command}", *lines]))
    assert not differences, "\n".join(differences)
    assert {len(transcript) for transcript, _ in transcripts.values()} == {len(corpus)}


def test_data_is_equal(transcripts: dict[str, tuple[list[Any], Path]]) -> None:
    contents = {name: faces.content(path) for name, (_, path) in transcripts.items()}
    expected = contents["Python"]
    assert len(expected) > 20
    for name, found in contents.items():
        assert found == expected, name


def test_every_command_is_in_the_corpus() -> None:
    used = set()
    for command in faces.read_corpus():
        words = [word.upper() for word in command]
        used |= {words[0], " ".join(words[:2])}
    table = model.load(str(REPOSITORY / "core" / "commands" / "table"))
    containers = {c.full_name.split()[0] for c in table.all if " " in c.full_name}
    known = {command.full_name for command in table.all}
    missing = {name for name in known - containers if not name.endswith(" HELP")} - used
    assert missing - set(EXCLUDED) == set(), "add them to corpus.jsonl"
    assert set(EXCLUDED) <= known, "excluded, but no commands"


def test_most_of_the_corpus_succeeds(transcripts: dict[str, tuple[list[Any], Path]]) -> None:
    """It would show little if most commands failed alike."""
    replies, _ = transcripts["Python"]
    errors = sum(isinstance(reply, dict) and "e" in reply for reply in replies)
    assert len(replies) > 200 and errors < len(replies) / 4
