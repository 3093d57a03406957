#include "server/admin/transfer.h"

#include <simdjson.h>

#include <algorithm>
#include <cerrno>
#include <istream>
#include <ostream>
#include <system_error>

#include "server/http/base64.h"
#include "server/http/json.h"

namespace synap::server::admin {

namespace {

constexpr int64_t kDatabasesMax = 1024;
constexpr size_t kBatch = 512;
constexpr std::string_view kPageSize = "512";

void write_bytes(http::JsonWriter& json, const std::string& name, const std::string& bytes) {
    if (simdjson::validate_utf8(bytes)) {
        json.member(name, bytes);
    } else {
        json.member(name + "_base64", http::to_base64(bytes));
    }
}

void write_line(int64_t db, const std::string& key, const std::string& value, int64_t pttl,
                std::ostream& out) {
    std::string line;
    http::JsonWriter json(line);
    json.begin_object();
    json.member("db", db);
    write_bytes(json, "key", key);
    write_bytes(json, "value", value);
    if (pttl >= 0) json.member("pttl", std::max<int64_t>(pttl, 1));
    json.end_object();
    errno = 0;
    if (!(out << line << "\n")) throw std::system_error(errno, std::generic_category());
}

// Values and lives of one page of keys.
void export_page(Target& target, int64_t db, const std::vector<Answer>& keys, TransferCount& count,
                 std::ostream& out) {
    std::vector<Command> commands;
    commands.reserve(2 * keys.size());
    for (const Answer& key : keys) {
        commands.push_back({"GET", key.text});
        commands.push_back({"PTTL", key.text});
    }
    const std::vector<Answer> answers = target.run(commands);
    for (size_t i = 0; i < keys.size(); ++i) {
        const Answer& value = answers[2 * i];
        const int64_t pttl = answers[2 * i + 1].number;
        if (value.is_error() && value.text.starts_with("WRONGTYPE")) {
            ++count.skipped;
        } else if (value.is_error()) {
            throw Failure("GET: " + value.text);
        } else if (value.type != Answer::Type::kNull) {  // else it was deleted meanwhile
            write_line(db, keys[i].text, value.text, pttl, out);
            ++count.keys;
        }
    }
}

void export_database(Target& target, int64_t db, TransferCount& count, std::ostream& out) {
    std::string cursor = "0";
    do {
        const Answer page = target.run_one({"SCAN", cursor, "COUNT", std::string(kPageSize)});
        if (page.items.size() != 2) throw Failure("SCAN: unexpected reply");
        cursor = page.items[0].text;
        export_page(target, db, page.items[1].items, count, out);
        if (!out) throw Failure("the output cannot be written");
    } while (cursor != "0");
}

// The member `name`, or name_base64 decoded. False when there is neither.
bool read_bytes(simdjson::dom::object object, const std::string& name, std::string& bytes) {
    std::string_view text;
    if (object[name].get_string().get(text) == simdjson::SUCCESS) {
        bytes = text;
        return true;
    }
    if (object[name + "_base64"].get_string().get(text) != simdjson::SUCCESS) return false;
    auto decoded = http::from_base64(text);
    bytes = decoded.value_or("");
    return decoded.has_value();
}

// One line of a file being imported, as commands.
class Importer {
public:
    explicit Importer(Target& target) : target_(target) {}

    void line(const std::string& text) {
        ++line_number_;
        if (text.find_first_not_of(" \t\r") == std::string::npos) return;
        simdjson::dom::object object;
        int64_t db = 0;
        std::string key;
        std::string value;
        if (parser_.parse(text).get_object().get(object) != simdjson::SUCCESS ||
            object["db"].get_int64().get(db) != simdjson::SUCCESS || db < 0 ||
            !read_bytes(object, "key", key) || !read_bytes(object, "value", value)) {
            fail(line_number_, "expected {\"db\":0,\"key\":\"...\",\"value\":\"...\"}");
        }
        Command set = {"SET", std::move(key), std::move(value)};
        int64_t pttl = 0;
        const auto error = object["pttl"].get_int64().get(pttl);
        if (error == simdjson::SUCCESS && pttl > 0) {
            set.insert(set.end(), {"PX", std::to_string(pttl)});
        } else if (error != simdjson::NO_SUCH_FIELD) {
            fail(line_number_, "pttl: expected milliseconds above 0");
        }
        if (db != database_) {
            add({"SELECT", std::to_string(db)});
            database_ = db;
        }
        add(std::move(set));
        ++keys_;
        if (commands_.size() >= kBatch) send();
    }

    void send() {
        const std::vector<Answer> answers = target_.run(commands_);
        for (size_t i = 0; i < answers.size(); ++i) {
            if (answers[i].is_error()) {
                fail(lines_[i], commands_[i].front() + ": " + answers[i].text);
            }
        }
        commands_.clear();
        lines_.clear();
    }

    uint64_t keys() const { return keys_; }

private:
    [[noreturn]] static void fail(uint64_t line, const std::string& message) {
        throw Failure("line " + std::to_string(line) + ": " + message);
    }

    void add(Command command) {
        commands_.push_back(std::move(command));
        lines_.push_back(line_number_);
    }

    Target& target_;
    simdjson::dom::parser parser_;
    std::vector<Command> commands_;
    std::vector<uint64_t> lines_;  // of each command
    uint64_t line_number_ = 0;
    uint64_t keys_ = 0;
    int64_t database_ = 0;
};

}  // namespace

TransferCount export_keys(Target& target, std::ostream& out) {
    TransferCount count;
    for (int64_t db = 0; db < kDatabasesMax; ++db) {
        const Command select = {"SELECT", std::to_string(db)};
        const Answer selected = target.run(std::span(&select, 1)).front();
        if (selected.is_error() && db == 0) throw Failure("SELECT: " + selected.text);
        if (selected.is_error()) {
            break;  // there are no more
        }
        export_database(target, db, count, out);
    }
    errno = 0;
    if (!out.flush()) throw std::system_error(errno, std::generic_category());
    return count;
}

TransferCount import_keys(Target& target, std::istream& in) {
    Importer importer(target);
    for (std::string line; std::getline(in, line);) {
        importer.line(line);
    }
    importer.send();
    target.finish();
    return {importer.keys(), 0};
}

}  // namespace synap::server::admin
