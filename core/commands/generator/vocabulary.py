"""Words a record may use, each with what it means elsewhere."""

# YAML flag: (constant of record.h, name in COMMAND INFO or None where Redis has no such flag).
FLAGS = {
    "write": ("kCommandWrite", "write"),
    "readonly": ("kCommandReadonly", "readonly"),
    "denyoom": ("kCommandDenyOom", "denyoom"),
    "admin": ("kCommandAdmin", "admin"),
    "noscript": ("kCommandNoScript", "noscript"),
    "blocking": ("kCommandBlocking", "blocking"),
    "loading": ("kCommandLoading", "loading"),
    "stale": ("kCommandStale", "stale"),
    "skip_slowlog": ("kCommandSkipSlowlog", "skip_slowlog"),
    "fast": ("kCommandFast", "fast"),
    "no_auth": ("kCommandNoAuth", "no_auth"),
    "no_async_loading": ("kCommandNoAsyncLoading", "no_async_loading"),
    "no_multi": ("kCommandNoMulti", "no_multi"),
    "allow_busy": ("kCommandAllowBusy", "allow_busy"),
    "host": ("kCommandHost", None),
    "linear": ("kCommandLinear", None),
    "session": ("kCommandSession", None),
}

# In the order of AclCategory in record.h.
ACL = {
    "keyspace": "kAclKeyspace", "read": "kAclRead", "write": "kAclWrite", "set": "kAclSet",
    "sortedset": "kAclSortedSet", "list": "kAclList", "hash": "kAclHash", "string": "kAclString",
    "bitmap": "kAclBitmap", "hyperloglog": "kAclHyperLogLog", "geo": "kAclGeo",
    "stream": "kAclStream", "pubsub": "kAclPubSub", "admin": "kAclAdmin", "fast": "kAclFast",
    "slow": "kAclSlow", "blocking": "kAclBlocking", "dangerous": "kAclDangerous",
    "connection": "kAclConnection", "transaction": "kAclTransaction",
    "scripting": "kAclScripting",
}
IMPLIED_ACL = {
    "write": ("write",),
    "readonly": ("read",),
    "admin": ("admin", "dangerous"),
    "blocking": ("blocking",),
}

KEY_FLAGS = {
    "ro": "kKeyRo", "rw": "kKeyRw", "ow": "kKeyOw", "rm": "kKeyRm", "access": "kKeyAccess",
    "update": "kKeyUpdate", "insert": "kKeyInsert", "delete": "kKeyDelete",
    "variable_flags": "kKeyVariableFlags",
}

ARG_TYPES = {
    "string": "kString", "integer": "kInteger", "double": "kDouble", "key": "kKey",
    "pattern": "kPattern", "unix-time": "kUnixTime", "pure-token": "kPureToken",
    "oneof": "kOneOf", "block": "kBlock",
}
CONTAINERS = {"oneof", "block"}

GROUPS = {"string", "generic", "connection", "server", "transactions", "hash", "list", "set",
          "sorted-set", "stream", "pubsub", "bitmap", "hyperloglog", "geo", "scripting", "synap"}

# Shapes of replies, as a client sees them after an error has been raised.
REPLIES = {
    "none",                      # no reply at all
    "any",                       # depends on the arguments
    "ok",                        # status OK
    "ok_or_null",                # status OK, or null where a condition failed
    "status",                    # another status, or a string
    "integer",
    "integer_or_null",
    "boolean",                   # integer 1 or 0
    "number",                    # a double as text
    "string",
    "string_or_null",
    "verbatim",                  # text for people
    "array",
    "array_or_null",
    "array_of_integers",
    "array_of_strings",
    "array_of_strings_or_null",  # each element may be null
    "scan_page",                 # next cursor as text, and an array of strings
    "map",
    "map_of_strings",            # stored fields with stored values
    "array_of_pairs",            # each element two strings
    "field_page",                # next cursor as text, and fields with their values in turn
}
