"""The docstrings of the Python SDK's methods."""
import keyword

# Commands that take one more argument here: those of the command by any amount.
BY_AMOUNT = {"INCR": "INCRBY", "DECR": "DECRBY"}

RETURNS = {
    "ok": "", "ok_or_null": "Returns True, or False where a condition was not met.",
    "status": "Returns a str.", "integer": "Returns an int.",
    "integer_or_null": "Returns an int, or None where the key is absent.",
    "boolean": "Returns whether it was done.", "number": "Returns a float.",
    "string": "Returns a value.", "string_or_null": "Returns a value, or None.",
    "array_of_integers": "Returns a list of int.",
    "array_of_strings": "Returns a list of values.",
    "array_of_strings_or_null": "Returns a list of values, None where one is absent.",
    "scan_page": "Returns (next cursor, keys); the scan is complete when the cursor is 0.",
    "map": "Returns a dict.", "map_of_strings": "Returns a dict of values by field.",
    "array_of_pairs": "Returns a list of fields with their values.",
    "field_page": "Returns (next cursor, values by field); the scan is complete when the cursor "
                  "is 0.",
}
OPTIONS = {
    "ex": "lifetime: seconds, or a timedelta", "px": "lifetime: milliseconds, or a timedelta",
    "exat": "end of life: Unix time in seconds, or a datetime",
    "pxat": "end of life: Unix time in milliseconds, or a datetime",
    "keepttl": "keep the lifetime that the key has", "persist": "remove the lifetime",
    "gt": "only if that is later than the present end of life; none counts as never",
    "lt": "only if that is earlier than the present end of life; none counts as never",
    "get": "return the value before (or None) instead", "db": "number of a database, 0 to 15",
    "replace": "overwrite the destination", "match": "glob pattern of keys",
    "count": "about how many keys to look at in one call", "type": "only keys of this type",
    "len": "return only the length", "idx": "return a dict with the places of matches",
    "minmatchlen": "leave out shorter matches", "withmatchlen": "give the length of each match",
    "expect": "the value that must be there", "absent": "the key must not be there",
    "async_": "for compatibility; memory is freed at once either way",
    "sync": "for compatibility; memory is freed at once either way",
}
FIELD_OPTIONS = {
    "nx": "only fields without a lifetime", "xx": "only fields with one",
    "gt": "only where that is later than the present end of life; none counts as never",
    "lt": "only where that is earlier than the present end of life; none counts as never",
    "fnx": "only if none of the fields is there", "fxx": "only if all of them are there",
    "keepttl": "keep the lifetimes that the fields have", "match": "glob pattern of fields",
    "count": "about how many fields to look at in one call",
    "novalues": "give the names of fields alone, as a list",
}
RANDOM_OPTIONS = {
    "count": "so many different fields, as a list; negative: so many, also repeated",
    "withvalues": "give each field with its value",
}
CONDITIONS = {"SET": {"nx": "only if the key is absent", "xx": "only if the key is there"}}
OTHER_CONDITIONS = {"nx": "only if the key has no lifetime", "xx": "only if the key has one"}


def help_of(method, option):
    if method.command.group == "hash":
        own = RANDOM_OPTIONS if "count" in method.reply_options else FIELD_OPTIONS
        return {**OPTIONS, **own}[safe(option.name)]
    conditions = CONDITIONS.get(method.command.name, OTHER_CONDITIONS)
    return {**OPTIONS, **conditions}[safe(option.name)]


def docstring(method):
    """Lines between the quotes; what an option means is an error where it is not said above."""
    lines = [method.summary, ""]
    if method.command.name in BY_AMOUNT:
        lines[0] = lines[0].replace("by one", "by an amount")
    times = [p for p in method.positional if p.unit or p.type == "unix-time"]
    for param in times:
        kind = "datetime" if param.type == "unix-time" else "timedelta"
        lines.append(f"{param.name} may be a {kind}.")
    if method.rest and method.rest.type == "pair":
        lines.append("pairs is a mapping, or an iterable of pairs.")
    elif method.rest:
        lines.append(f"{method.rest.name} may be one list instead.")
    lines += [f"{safe(o.name):<12} {help_of(method, o)}" for o in method.options]
    if RETURNS[method.reply]:
        lines.append(RETURNS[method.reply])
    return lines if len(lines) > 2 else lines[:1]


def quoted(method):
    first, *rest = docstring(method)
    if not rest:
        return f'        """{first}"""\n'
    body = "".join(f"        {line}".rstrip() + "\n" for line in rest)
    return f'        """{first}\n{body}        """\n'


def safe(name):
    return name + "_" if keyword.iskeyword(name) else name
