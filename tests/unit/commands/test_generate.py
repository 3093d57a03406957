"""The rules that core/commands/generate.py holds the command table to, and its --check."""
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

COMMANDS = Path(__file__).resolve().parents[3] / "core" / "commands"
sys.path.insert(0, str(COMMANDS))

from generator import engine, http, model, python_sdk, signature  # noqa: E402


@pytest.fixture
def edited(tmp_path):
    """edited(old, new): loads a copy of the table in which strings.yaml was changed once."""
    def load(old, new):
        copy = tmp_path / "table"
        shutil.copytree(COMMANDS / "table", copy)
        path = copy / "strings.yaml"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))
        return model.load(str(copy))
    return load


NEW = """
  - name: NEWEST
    id: {id}
    arity: 1
    group: string
    since: 0.1.0
    complexity: O(1)
    summary: Do something new.
    reply: ok

  - name: GETEX"""


def test_generated_files_are_current():
    subprocess.run([sys.executable, COMMANDS / "generate.py", "--check"], check=True)


def test_a_new_command_is_added_to_the_lock(edited):
    number = max(command.id for command in model.load(str(COMMANDS / "table")).all) + 1
    table = edited("\n  - name: GETEX", NEW.format(id=number))
    assert f"{number} NEWEST\n" in table.lock_text()


@pytest.mark.parametrize("old, new, message", [
    ("id: 3\n", "id: 2\n", "id 2 is SET's already"),
    ("id: 3\n", "id: 999\n", "GETEX: its id is 3 for ever"),
    ("name: GETDEL", "name: GETAWAY", "id 4 was GETDEL's; ids are never reused"),
    ("\n  - name: GETEX", NEW.format(id=0), "id must be between 1 and 65535"),
    ("arity: -3", "arity: 3", "SET: arity 3, but its arguments give -3"),
    ("[readonly, fast]", "[readonly, swift]", "GET: unknown flag 'swift'"),
    ("[readonly, fast]", "[readonly, write]", "exclude each other"),
    ("type: key", "type: kye", "type 'kye' is not one of"),
    ("reply: string_or_null", "reply: text", "GET: unknown reply 'text'"),
    ("- name: kv.get\n", "- name: kv.set\n", "HTTP name kv.set is GET's already"),
    ("      - name: kv.get\n", "      - kv.got\n      - name: kv.get\n",
     "GET: http is a list of mappings"),
    ("    reply: string_or_null\n", "", "field 'reply' is missing"),
    ("keys: {first: 1, last: 1, step: 1, flags: [ro, access]}", "keys: {first: 1, flags: [ro]}",
     "a key spec has first, last, step and flags; or"),
    ("keys: {first: 1, last: 1, step: 1, flags: [ro, access]}",
     "keys: {numkeys: 0, flags: [ro]}", "places of a key spec are counted from 1"),
    ("    reply: string_or_null\n", "    reply: string_or_null\n    alone_from: 300\n",
     "alone_from is a number of words"),
    ("complexity:", "complexities:", "unknown field 'complexities'"),
    ("flags: [ro, access]", "flags: [ro, rw]", "exactly one of ro, rw, ow, rm"),
    ("- {name: key, type: key}", "- key", "an argument is a mapping"),
    ("family: strings", "family: [strings", "strings.yaml"),
])
def test_mistakes_are_named(edited, old, new, message):
    with pytest.raises(model.TableError) as error:
        edited(old, new)
    assert message in str(error.value)
    assert "strings.yaml" in str(error.value)


@pytest.mark.parametrize("spec, row, legacy", [
    ("{first: 2, last: 3, step: 1, flags: [ro]}", "{kKeyRo, 2, 1, 1}", (2, 3, 1)),
    ("{first: 1, last: -1, step: 2, flags: [ro]}", "{kKeyRo, 1, -1, 2}", (1, -1, 2)),
    ("{numkeys: 2, flags: [ro]}", '{kKeyRo, 2, 0, 1, 0, true, ""}', (0, 0, 0)),
    ("{keyword: STREAMS, from: 1, last: -1, step: 1, limit: 2, flags: [ro]}",
     '{kKeyRo, 1, -1, 1, 2, false, "STREAMS"}', (0, 0, 0)),
])
def test_forms_of_key_specs(edited, spec, row, legacy):
    table = edited("{first: 1, last: 1, step: 1, flags: [ro, access]}", spec)
    command = next(command for command in table.all if command.path == "GET")
    pool = engine.Pool("KeySpec", "kKeys")
    engine.key_specs(pool, command)
    assert row in pool.text
    assert command.legacy_range() == legacy
    assert ("kCommandMovableKeys" in engine.flag_constants(command)) == (legacy == (0, 0, 0))


FIELDS = """
  - name: NEWEST
    id: {id}
    arity: -6
    keys: {{first: 1, last: 1, step: 1, flags: [rw]}}
    flags: [write]
    group: string
    since: 0.1.0
    complexity: O(1)
    summary: Do something new.
    args:
      - {{name: key, type: key}}
      - {{name: seconds, type: integer}}
      - {{name: nx, type: pure-token, token: NX, optional: true}}
      - name: fields
        type: block
        token: FIELDS
        args:
          - {{name: numfields, type: integer}}
          - {{name: field, type: string, multiple: true}}
    reply: array_of_integers
    sdk: newest

  - name: GETEX"""


STRREV = """
  - name: STRREV
    id: {id}
    arity: 2
    keys: {{first: 1, last: 1, step: 1, flags: [ro, access]}}
    flags: [readonly]
    group: string
    since: 7.4.0
    complexity: O(N)
    summary: Return a string back to front.
    args:
      - {{name: key, type: key}}
    reply: string
    http:
      - name: kv.strrev
        fields: {{key: text}}
        reply: text
        routes:
          - {{route: "GET /kv/{{key}}/strrev", reply: {{key: echo, value: text}}}}

  - name: GETEX"""


def test_counted_arguments_stand_behind_the_options(edited):
    number = max(command.id for command in model.load(str(COMMANDS / "table")).all) + 1
    table = edited("\n  - name: GETEX", FIELDS.format(id=number))
    method = next(m for m in signature.methods(table) if m.id == number)
    assert method.numbered == "FIELDS"
    assert [p.name for p in method.positional] == ["key", "seconds"]
    assert method.rest.name == "fields"
    assert [o.name for o in method.options] == ["nx"]

    made = {}
    source = "\n".join(python_sdk.args_function(method).splitlines())
    helpers = {"flat": lambda given: given[0], "flag": lambda _, given: given}
    exec(f"{source}\nargs = _newest_args", helpers, made)
    assert made["args"]("k", 5, (["a", "b"],), True) == ["k", 5, b"NX", b"FIELDS", 2, "a", "b"]


def test_a_command_gets_its_name_and_route_over_http_from_its_record(edited):
    number = max(command.id for command in model.load(str(COMMANDS / "table")).all) + 1
    text = http.files(edited("\n  - name: GETEX", STRREV.format(id=number)))
    (source,) = text.values()
    assert '.name = "kv.strrev"' in source
    assert '.pattern = "/kv/{key}/strrev"' in source
    assert '.reply = "{\\"key\\":..., \\"value\\": text or null}"' in source


@pytest.mark.parametrize("old, new, message", [
    ("fields: {key: text, value: any}", "fields: {key: txet}", "field 'key': a type of text"),
    ("reply: {length: integer}", "reply: {length: long}", "member 'length': 'long' is none of"),
    ("        fields: {key: text, value: any}", "        felds: {}", "an entry has"),
    ("start: {type: integer, ", "start: {type: any, ", "a query holds text and integers only"),
    ("get: {type: flag, token: GET", "get: {type: flag, tokn: GET", "field 'get': a type of text"),
    ("written: {of: written,", "written: {of: writen GET,", "member 'written': "),
    ("        batches: true\n", "        batches: true\n        fails: [{replies: 0, text: x}]\n",
     "what fails has error, reply"),
    ('{route: "POST /kv/{key}/append"}', '{route: "POST /kv/{key}/append", feilds: {}}',
     "a route has route"),
])
def test_mistakes_in_http_mappings_are_named(edited, old, new, message):
    with pytest.raises(http.HttpError) as error:
        http.files(edited(old, new))
    assert message in str(error.value)
    assert "strings.yaml" in str(error.value)
