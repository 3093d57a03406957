#include "server/http/reference.h"

#include <limits>
#include <string_view>

#include "server/http/command.h"
#include "server/http/router.h"
#include "server/net/counters.h"

namespace synap::server::http {
namespace {

constexpr std::string_view kIntroduction = R"(# HTTP interface

This page is written by `synap-server --print-http-reference` and checked by the test suite: change
the tables of routes and commands, not the page.

The port is the one that RESP uses (15500 unless configured). What is on it is told apart by its
first line.

```sh
curl -X POST localhost:15500/kv/set -H 'Content-Type: application/json' \
    -d '{"key": "greeting", "value": "hello", "ttl": 60}'
curl localhost:15500/kv/get/greeting
```

## What holds for every request

- **Bodies** are JSON objects with `Content-Type: application/json` (415 without it), at most
  `limits.http_body_bytes` long (413). A body that is no JSON is 400.
- **Fields**: an absent field and `null` mean the default, except that a `value` may be `null`. A
  whole number may be written as `60`, `60.0` or `"60"`; beyond 2^53 without point and exponent.
  Flags are `true` or `false` only. Everything else, a name that is not known or is given twice, and
  options that exclude each other, is an error that names the field and what was expected, and
  nothing is done: 422 with a line of text.
- **Query parameters** follow the same rules; there the status is 400.
- **Path parameters** are one segment each and percent-encoded: the key `a/b` is `a%2Fb`.
- **Values** that are strings are stored as their bytes, all else as compact JSON text. A stored
  value that is not UTF-8 reads as `"<binary data: N bytes>"`, or as an array of numbers from 0 to
  255 with `type` `bytes`. A number that 64 bits do not hold is refused; send it as a string.
- **Field values** of hashes are stored likewise, for RESP clients too. Where they are read, and by
  `kv.mget`, what is JSON comes back as JSON, the string `"30"` as `30`, and all else as a string,
  in which U+FFFD stands for what is not UTF-8.
- **Replies** are shown with examples of values; a member with a `?` is there only when it says
  something.
- **Errors** are `{"error": "<what>", "code": <status>}` unless this page says otherwise. 404: an
  unknown path, or `Key not found`; 405: another method, with `Allow`; 503: the store is loading
  or refuses writes; 507: the memory limit.
- **HEAD** works where GET does. Pipelines, `Expect: 100-continue`, chunked bodies, keep-alive and
  absolute targets (`GET http://host/path`) are understood.
- **Names of the server**: a `Host` with a dot must be an address, this machine's name, a name under
  `.svc`, `.cluster.local`, `.internal` or `.local`, or in `server.allowed_hosts`; else 403, so that
  no web page can reach the server by a name that it has made to lead here. Health routes and
  `/metrics` are answered under any name.
- **Web pages** may call the server from `cors.allowed_origins` only: a foreign `Origin`, and
  `Sec-Fetch-Site: cross-site`, are 403. Following a link to a health route or to `/metrics` works.
)";

constexpr std::string_view kDialect = R"(
## Every command

All commands of [commands.md](commands.md) can be called without a mapping of their own, as the SDKs
`@upstash/redis` (npm) and `upstash-redis` (PyPI) do; both work with `http://localhost:15500` as the
URL and any token.

```sh
curl localhost:15500 -d '["SET", "greeting", "hello", "EX", 60]'
curl localhost:15500/command/get/greeting
curl localhost:15500/pipeline -d '[["INCR", "visits"], ["GET", "greeting"]]'
curl localhost:15500/command/set/photo --data-binary @photo.jpg
```

- `POST /` and `/command` take one command, `/pipeline` and `/multi-exec` an array of them (16384 at
  most), whatever the `Content-Type`. Words are strings, numbers or booleans; all else is an error,
  and then nothing has run.
- `/command/NAME/arg/...` takes words from the path, the body, and the query, in this order.
- The answer is `{"result":...}` or `{"error": "<what Redis says>"}`. Replies are as in RESP2: maps
  are flat arrays, doubles are strings.
- With the header `Upstash-Encoding: base64` strings of a result are in base64, except the status
  `OK`. Without it, what is not UTF-8 is replaced by U+FFFD: binary values take the header.
- Each request stands alone: `MULTI`, `WATCH`, `SELECT`, `CLIENT SETNAME` and whatever else changes
  a connection are refused, and what would have to wait fails. `/multi-exec` runs a transaction; a
  command that cannot be queued undoes all of it.
- The rules for names of the server and for web pages are those of all other routes. A token is
  accepted and not looked at.
)";

constexpr std::string_view kCommands = R"(
## Commands

`POST /api/v1/command` runs a command by its name; the Synap SDKs use nothing else.

```json
{"command": "kv.set", "request_id": "r1", "payload": {"key": "a", "value": "x", "ttl": 60}}
```

The response has status 200 for failures too, and always the members `success`, `request_id`,
`payload` and `error`. `payload` is what the command answers; when it fails that is `null`, and
`error` is a line of text: `Invalid request: ` and what is wrong with a field, `Unknown command: x`,
or what stands with the command. Only what is no envelope has another status (400, 415, 422).
Members of the envelope that are not listed are passed over; fields of the payload are not.
)";

std::string type_of(const FieldSpec& spec) {
    const bool any_integer = spec.type == FieldType::kInteger &&
                             spec.min == std::numeric_limits<int64_t>::min() &&
                             spec.max == std::numeric_limits<int64_t>::max();
    return any_integer ? "a whole number of 64 bits" : expected(spec);
}

void add_fields(std::string& page, FieldSpecs fields, std::string_view place,
                const std::string& path = "") {
    for (const FieldSpec& field : fields) {
        page += "| `" + path + std::string(field.name) + "` | " + std::string(place) + " | " +
                type_of(field) + " | ";
        page += field.required ? std::string("required") : std::string(field.fallback);
        page += " | " + std::string(field.help) + " |\n";
        add_fields(page, {field.members, field.members_count}, place,
                   path + std::string(field.name) + ".");
    }
}

void add_table(std::string& page, FieldSpecs query, FieldSpecs body, std::string_view place) {
    if (query.empty() && body.empty()) return;
    page += "\n| name | in | must be | default | meaning |\n| --- | --- | --- | --- | --- |\n";
    add_fields(page, query, "query");
    add_fields(page, body, place);
}

void add_entry(std::string& page, std::string_view title, std::string_view summary,
               std::string_view reply, std::string_view errors) {
    page += "\n### " + std::string(title) + "\n\n" + std::string(summary) + "\n\nReply: `" +
            std::string(reply) + "`\n";
    if (!errors.empty()) page += "\nErrors: " + std::string(errors) + "\n";
}

}  // namespace

std::string print_http_reference() {
    std::string page(kIntroduction);
    page += "\n## Routes\n";
    for (const auto family : all_routes()) {
        for (const Route& route : family) {
            add_entry(page,
                      std::string(kHttpMethodNames[static_cast<size_t>(route.method)]) + " " +
                          std::string(route.pattern),
                      route.summary, route.reply, route.errors);
            add_table(page, route.query, route.body, "body");
        }
    }
    page += kDialect;
    page += kCommands;
    for (const auto family : all_commands()) {
        for (const DottedCommand& command : family) {
            add_entry(page, command.name, command.summary, command.reply, command.errors);
            add_table(page, {}, command.fields, "payload");
        }
    }
    return page;
}

}  // namespace synap::server::http
