// What JSON values of requests become as words of a command, and what fields with many values must
// hold for that.
#pragma once

#include <simdjson.h>

#include <optional>
#include <string>

#include "server/http/field.h"
#include "server/http/words.h"

namespace synap::server::http {

using Json = simdjson::dom::element;

// What is wrong with the first field that is wrong: one line that names it, what was expected and
// what was found. Nothing: all is right.
using FieldError = std::optional<std::string>;

// A value as a message shows it; long ones are not repeated.
std::string shown(Json value);

// Of a kTexts, kMap or kPairs that is an array, or of a kMap an object.
FieldError check_items(Json value, const FieldSpec& spec);
// Appends the items that have been checked.
void add_items(Json value, const FieldSpec& spec, Words& words);
// Appends what a value is stored as: a string is its text, all else compact JSON.
void add_value(Json value, Words& words);

}  // namespace synap::server::http
