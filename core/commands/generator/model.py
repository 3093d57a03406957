"""The command table in memory: loading, defaults and every rule a record must keep."""
import os
import re
from dataclasses import dataclass, field
from typing import Optional

import yaml

from .http import is_list_of_mappings
from .http import names as http_names
from .vocabulary import (ACL, ARG_TYPES, CONTAINERS, FLAGS, GROUPS, IMPLIED_ACL, KEY_FLAGS,
                         REPLIES)

NAME = re.compile(r"[A-Z][A-Z0-9_.-]{0,31}")
VERSION = re.compile(r"\d+\.\d+\.\d+")
HTTP = re.compile(r"[a-z]+(\.[a-z0-9_]+)+")
METHOD = re.compile(r"[a-z][a-z0-9_]*")
SUMMARY_LENGTH = 100


class TableError(Exception):
    """All complaints about the table, one line each."""


@dataclass
class Arg:
    name: str
    type: str
    display: str
    token: Optional[str]
    since: Optional[str]
    optional: bool
    multiple: bool
    multiple_token: bool
    key: int
    default: object
    reply: Optional[str]
    args: list

    def is_variable(self):
        """Whether calls may differ in how many words this argument takes."""
        if self.optional or self.multiple:
            return True
        if self.type == "oneof":
            lengths = {arg.least() for arg in self.args}
            return len(lengths) > 1 or any(arg.is_variable() for arg in self.args)
        return any(arg.is_variable() for arg in self.args)

    def least(self):
        """Words of one occurrence with everything optional left out."""
        if self.type == "pure-token":
            return 1
        words = 1
        if self.type == "oneof":
            words = min(arg.minimum() for arg in self.args)
        elif self.type == "block":
            words = sum(arg.minimum() for arg in self.args)
        return words + (1 if self.token else 0)

    def minimum(self):
        return 0 if self.optional else self.least()

    def walk(self):
        yield self
        for arg in self.args:
            yield from arg.walk()


@dataclass
class Keys:
    """A KeySpec of core/commands/record.h: `last` counts from the first key, or from the end."""
    flags: list
    first: int
    last: int = 0
    step: int = 1
    limit: int = 0
    counted: bool = False
    keyword: str = ""

    def is_place(self):
        """Whether the words before the keys cannot move them."""
        return not self.keyword and not self.counted


@dataclass
class Command:
    where: str
    name: str
    parent: Optional["Command"]
    fields: dict
    args: list
    keys: list
    subcommands: list = field(default_factory=list)
    index: int = -1

    def __getattr__(self, name):
        # Plain fields of the record: id, arity, flags, acl, group, since, summary, ...
        try:
            return self.__dict__["fields"][name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def full_name(self):
        return f"{self.parent.name} {self.name}" if self.parent else self.name

    @property
    def path(self):
        return self.full_name.replace(" ", "|")

    @property
    def handler(self):
        """Name of the C++ function; None where only subcommands can be called."""
        if self.subcommands and not self.reply:
            return None
        return "cmd_" + re.sub(r"[^a-z0-9]", "_", self.full_name.lower())

    def legacy_range(self):
        """first, last, step over all key specs, as COMMAND INFO shows them."""
        places = [spec for spec in self.keys if spec.is_place()]
        if not places:
            return 0, 0, 0
        last = places[-1].last
        return places[0].first, last if last < 0 else places[-1].first + last, places[0].step


class Table:
    def __init__(self, families, lock):
        self.families = families  # {family: [top-level Command]}
        self.top = [command for commands in families.values() for command in commands]
        self.all = [c for top in self.top for c in [top] + top.subcommands]
        for index, command in enumerate(self.all):
            command.index = index
        self.lock = lock

    def lock_text(self):
        entries = dict(self.lock)
        entries.update({command.id: command.path for command in self.all})
        lines = ["# Ids ever given to commands. Lines are added by generate.py, never changed.\n"]
        lines += [f"{number} {entries[number]}\n" for number in sorted(entries)]
        return "".join(lines)


ARG_FIELDS = {"name", "type", "display", "token", "since", "optional", "multiple",
              "multiple_token", "key", "default", "reply", "args"}
COMMAND_DEFAULTS = {"keys": None, "flags": [], "acl": [], "deprecated": None, "replaced_by": "",
                    "tips": [], "args": [], "reply": None, "http": None, "sdk": None,
                    "ignores_more": False, "alone_from": 0, "subcommands": []}
# What a key spec must have, and what it may.
KEY_FORMS = (({"first", "last", "step", "flags"}, {"limit"}),
             ({"keyword", "from", "last", "step", "flags"}, {"limit"}),
             ({"numkeys", "flags"}, {"step"}))
COMMAND_REQUIRED = {"name", "id", "arity", "group", "since", "complexity", "summary"}


class LineLoader(yaml.SafeLoader):
    """Adds the line of each mapping, for messages."""

    def construct_mapping(self, node, deep=False):
        mapping = super().construct_mapping(node, deep=True)
        mapping["__line__"] = node.start_mark.line + 1
        return mapping


class Loader:
    def __init__(self):
        self.errors = []

    def fail(self, where, text):
        self.errors.append(f"{where}: {text}")

    def arg(self, where, raw):
        if not isinstance(raw, dict):
            raise TableError(f"{where}: an argument is a mapping, not '{raw}'")
        line = raw.pop("__line__")
        where = f"{where.rsplit(':', 1)[0]}:{line}"
        for unknown in sorted(raw.keys() - ARG_FIELDS):
            self.fail(where, f"unknown argument field '{unknown}'")
        name = raw.get("name")
        if not isinstance(name, str):
            self.fail(where, "argument without a name")
            name = "?"
        if raw.get("type") not in ARG_TYPES:
            self.fail(where, f"argument '{name}': type '{raw.get('type')}' is not one of "
                             f"{', '.join(sorted(ARG_TYPES))}")
        if (raw.get("type") in CONTAINERS) != bool(raw.get("args")):
            self.fail(where, f"argument '{name}': oneof and block have 'args', others none")
        if raw.get("type") == "pure-token" and not raw.get("token"):
            self.fail(where, f"argument '{name}': pure-token without a token")
        if raw.get("reply") not in REPLIES | {None}:
            self.fail(where, f"argument '{name}': unknown reply '{raw['reply']}'")
        return Arg(name, raw.get("type"), str(raw.get("display", name)), raw.get("token"),
                   raw.get("since"), bool(raw.get("optional")), bool(raw.get("multiple")),
                   bool(raw.get("multiple_token")), raw.get("key", 0), raw.get("default"),
                   raw.get("reply"), [self.arg(where, a) for a in raw.get("args", [])])

    def command(self, file, raw, parent):
        where = f"{file}:{raw.pop('__line__')}"
        name = str(raw.get("name"))
        for unknown in sorted(raw.keys() - COMMAND_DEFAULTS.keys() - COMMAND_REQUIRED):
            self.fail(where, f"{name}: unknown field '{unknown}'")
        for missing in sorted(COMMAND_REQUIRED - raw.keys()):
            self.fail(where, f"{name}: field '{missing}' is missing")
            raw[missing] = 0 if missing in ("id", "arity") else ""
        fields = {**COMMAND_DEFAULTS, **raw}
        raw_keys, raw_args = fields.pop("keys"), fields.pop("args")
        nested = fields.pop("subcommands")
        if isinstance(fields["sdk"], dict):
            fields["sdk"].pop("__line__")
        fields["keyspace"] = raw_keys == "keyspace"
        fields["unknown_keys"] = raw_keys == "unknown"
        keys = [raw_keys] if isinstance(raw_keys, dict) else raw_keys
        keys = keys if isinstance(keys, list) else []
        args = [self.arg(where, raw_arg) for raw_arg in raw_args]
        command = Command(where, name, parent, fields, args, keys)
        command.subcommands = [self.command(file, sub, command) for sub in nested]
        self.check(command, raw_keys)
        command.keys = [self.key_spec(spec) for spec in keys] if not self.errors else []
        return command

    @staticmethod
    def key_spec(raw):
        if "numkeys" in raw:
            return Keys(raw["flags"], raw["numkeys"], step=raw.get("step", 1), counted=True)
        if "keyword" in raw:
            return Keys(raw["flags"], raw["from"], raw["last"], raw["step"], raw.get("limit", 0),
                        keyword=raw["keyword"])
        last = raw["last"] if raw["last"] < 0 else raw["last"] - raw["first"]
        return Keys(raw["flags"], raw["first"], last, raw["step"], raw.get("limit", 0))

    def check(self, c, raw_keys):
        def fail(text):
            self.fail(c.where, f"{c.full_name}: {text}")

        def known(what, values, allowed):
            for value in values:
                if value not in allowed:
                    fail(f"unknown {what} '{value}'")

        if not NAME.fullmatch(c.name):
            fail("names are upper case, 32 bytes at most")
        if not isinstance(c.id, int) or not 0 < c.id < 65536:
            fail("id must be between 1 and 65535")
        known("flag", c.flags, FLAGS)
        known("ACL category", c.acl, ACL)
        known("group", [c.group], GROUPS)
        for version in (c.since, c.deprecated):
            if version is not None and not VERSION.fullmatch(str(version)):
                fail(f"'{version}' is not a version like 7.2.0")
        if not c.summary.endswith(".") or len(c.summary) > SUMMARY_LENGTH:
            fail(f"summary must be a sentence of at most {SUMMARY_LENGTH} bytes with a full stop")
        if "write" in c.flags and "readonly" in c.flags:
            fail("flags write and readonly exclude each other")
        if not c.subcommands and c.reply is None:
            fail("field 'reply' is missing")
        known("reply", [c.reply] if c.reply else [], REPLIES)
        if c.http is not None and not is_list_of_mappings(c.http):
            fail("http is a list of mappings")
        for http_name in http_names(c):
            if not HTTP.fullmatch(str(http_name)):
                fail(f"'{http_name}' is not a dotted name like kv.set")
        names = [c.sdk] if isinstance(c.sdk, str) else list((c.sdk or {}).values())
        known("method name", [n for n in names if not METHOD.fullmatch(str(n))], ())
        self.check_keys(c, raw_keys, fail, known)
        self.check_arity(c, fail)
        if not isinstance(c.alone_from, int) or not 0 <= c.alone_from < 256:
            fail("alone_from is a number of words")

    @staticmethod
    def check_keys(c, raw_keys, fail, known):
        if not c.keys and raw_keys not in (None, "keyspace", "unknown"):
            fail("keys must be a spec, a list of specs, 'keyspace' or 'unknown'")
        for spec in c.keys:
            spec.pop("__line__", None)
            if not any(form <= spec.keys() <= form | more for form, more in KEY_FORMS):
                fail("a key spec has first, last, step and flags; or keyword, from, last, step and "
                     "flags; or numkeys and flags")
                return
            known("key flag", spec["flags"], KEY_FLAGS)
            if len({"ro", "rw", "ow", "rm"} & set(spec["flags"])) != 1:
                fail("a key spec has exactly one of ro, rw, ow, rm")
            if "first" in spec:
                first, last, step = spec["first"], spec["last"], spec["step"]
                if first < 1 or step < 1 or (0 <= last < first):
                    fail(f"key spec {first}, {last}, {step} names no arguments")
            elif spec.get("step", 1) < 1 or spec.get("from", 1) == 0 or spec.get("numkeys", 1) < 1:
                fail("places of a key spec are counted from 1")
            if "write" not in c.flags and {"rw", "ow", "rm"} & set(spec["flags"]):
                fail("a key is written by a command that is not flagged write")
        key_args = [a for arg in c.args for a in arg.walk() if a.type == "key"]
        if bool(key_args) != bool(c.keys) and raw_keys != "unknown":
            fail("key specs and arguments of type key go together")
        if any(a.key >= len(c.keys) for a in key_args) and raw_keys != "unknown":
            fail("an argument names a key spec that does not exist")

    @staticmethod
    def check_arity(c, fail):
        if c.subcommands:
            return
        words = len(c.full_name.split())
        least = words + sum(arg.minimum() for arg in c.args)
        variable = c.ignores_more or any(arg.is_variable() for arg in c.args)
        expected = -least if variable else least
        if c.arity != expected:
            fail(f"arity {c.arity}, but its arguments give {expected}")


def read_lock(path):
    lock = {}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            for line in file:
                if line.strip() and not line.startswith("#"):
                    number, name = line.split()
                    lock[int(number)] = name
    return lock


def check_unique(loader, table):
    for what, values in (
            ("id", lambda c: [c.id]),
            ("name", lambda c: [c.path]),
            ("HTTP name", http_names),
            ("handler", lambda c: [c.handler] if c.handler else [])):
        seen = {}
        for command in table.all:
            for value in values(command):
                if value in seen:
                    loader.fail(command.where, f"{command.full_name}: {what} {value} is "
                                               f"{seen[value]}'s already")
                seen[value] = command.full_name


def check_lock(loader, table):
    numbers = {name: number for number, name in table.lock.items()}
    newest = max(table.lock, default=0)
    for command in table.all:
        number, path = command.id, command.path
        if path in numbers and numbers[path] != number:
            loader.fail(command.where, f"{path}: its id is {numbers[path]} for ever, not {number}")
        elif number in table.lock and table.lock[number] != path:
            loader.fail(command.where, f"{path}: id {number} was {table.lock[number]}'s; "
                                       f"ids are never reused (next: {newest + 1})")
        elif path not in numbers and number <= newest:
            loader.fail(command.where, f"{path}: new ids start at {newest + 1}")


def finish_acl(command):
    """Adds the categories that flags imply, as Redis does."""
    categories = set(command.acl)
    for flag, implied in IMPLIED_ACL.items():
        if flag in command.flags:
            categories.update(implied)
    categories.add("fast" if "fast" in command.flags else "slow")
    command.fields["acl"] = [c for c in ACL if c in categories]


def load(directory):
    loader = Loader()
    families = {}
    for file in sorted(f for f in os.listdir(directory) if f.endswith(".yaml")):
        with open(os.path.join(directory, file), encoding="utf-8") as text:
            try:
                document = yaml.load(text, LineLoader)
            except yaml.YAMLError as error:
                raise TableError(f"{file}: {error}") from error
        families[document["family"]] = [loader.command(file, raw, None)
                                        for raw in document["commands"]]
    table = Table(families, read_lock(os.path.join(directory, "ids.lock")))
    check_unique(loader, table)
    check_lock(loader, table)
    if loader.errors:
        raise TableError("\n".join(loader.errors))
    for command in table.all:
        finish_acl(command)
    return table
