"""What a typed method of an SDK looks like, derived from the argument grammar."""
from dataclasses import dataclass, field
from typing import Optional

from .model import TableError


@dataclass
class Param:
    name: str                 # snake_case
    type: str                 # argument type of the table; "pair" for two that repeat together
    token: Optional[str] = None
    is_flag: bool = False     # an option that is only its token
    unit: str = ""            # "seconds" or "milliseconds" of a duration
    default: object = None
    reply: Optional[str] = None


@dataclass
class Method:
    """positional first, then at most one `rest` (any number of one type), then options. Where
    `rest` is numbered, its token and how many follow stand before it, behind the options."""
    command: object
    names: dict               # {"python": "delete", "node": "del", "cpp": "del"}
    reply: str
    positional: list = field(default_factory=list)
    rest: Optional[Param] = None
    numbered: Optional[str] = None  # the token, such as FIELDS
    options: list = field(default_factory=list)

    @property
    def id(self):
        return self.command.id

    @property
    def summary(self):
        return self.command.summary

    @property
    def variants(self):
        """Options that change the shape of the reply."""
        return [option for option in self.options if option.reply]


def fail(command, arg):
    raise TableError(f"{command.where}: {command.full_name}: argument '{arg.name}' has no typed "
                     f"form; leave 'sdk' out or extend generator/signature.py")


def add_option(method, arg, reply):
    if arg.type == "oneof":
        for alternative in arg.args:
            add_option(method, alternative, alternative.reply or reply)
        return
    if arg.type == "block" and arg.optional and not arg.token:
        for part in arg.args:
            add_option(method, part, None)
        return
    if arg.type == "block" or arg.multiple or (arg.type == "pure-token" and not arg.token):
        fail(method.command, arg)
    is_flag = arg.type == "pure-token"
    unit = arg.name if arg.name in ("seconds", "milliseconds") else ""
    name = (arg.token or arg.name).lower()
    method.options.append(Param(name, arg.type, arg.token, is_flag, unit, None,
                                arg.reply or reply))


def is_numbered(arg):
    """FIELDS numfields field [field ...], or with a block that repeats in place of the field."""
    return (arg.type == "block" and arg.token and not arg.optional and len(arg.args) == 2
            and arg.args[0].type == "integer" and arg.args[1].multiple)


def add(method, arg):
    if method.rest:
        fail(method.command, arg)
    if is_numbered(arg):
        method.numbered = arg.token
        add(method, arg.args[1])
    elif arg.optional or arg.token or arg.type == "oneof":
        add_option(method, arg, None)
    elif arg.type == "block":
        shape = [child.type for child in arg.args]
        if not arg.multiple or shape not in (["key", "string"], ["string", "string"]):
            fail(method.command, arg)
        method.rest = Param("pairs", "pair")
    else:
        name = arg.name.replace("-", "_")
        unit = name if name in ("seconds", "milliseconds") else ""
        param = Param(name + "s" if arg.multiple else name, arg.type, None, False, unit,
                      arg.default)
        if arg.multiple:
            method.rest = param
        else:
            method.positional.append(param)


def methods(table):
    result = []
    for command in table.all:
        if not command.sdk:
            continue
        hints = command.sdk if isinstance(command.sdk, dict) else {"name": command.sdk}
        names = {language: hints.get(language, hints["name"])
                 for language in ("python", "node", "cpp")}
        method = Method(command, names, command.reply)
        for arg in command.args:
            add(method, arg)
        result.append(method)
    return result


def camel(snake):
    head, *rest = snake.split("_")
    return head + "".join(word.capitalize() for word in rest)


def pascal(snake):
    return "".join(word.capitalize() for word in snake.split("_"))
