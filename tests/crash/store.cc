#include "tests/crash/store.h"

#include <algorithm>

#include "core/base/assert.h"
#include "core/log/format.h"
#include "core/types/hash_body.h"

namespace synap::crash {
namespace {

// Visits a reply tape; see Reply::replay_one.
struct Flattener {
    Answer& answer;

    bool scalar(ReplyType type, int64_t value) {
        const bool is_null = type == ReplyType::kNull || type == ReplyType::kNullArray;
        answer.values.push_back(is_null ? "(null)" : std::to_string(value));
        return true;
    }
    bool real(double value) {
        answer.values.push_back(std::to_string(value));
        return true;
    }
    bool bytes(ReplyType, std::string_view bytes) {
        answer.values.emplace_back(bytes);
        return true;
    }
    bool blob(Blob*, std::string_view part) {
        answer.values.emplace_back(part);
        return true;
    }
    bool error(std::string_view message) {
        if (answer.error.empty()) answer.error = message;
        answer.values.emplace_back(message);
        return true;
    }
    bool begin(ReplyType, uint64_t) { return true; }
    bool end(ReplyType) { return true; }
};

}  // namespace

Store::Store(std::shared_ptr<SimDisk> disk, std::shared_ptr<Engine> engine)
    : disk_(std::move(disk)), engine_(std::move(engine)), session_(engine_, SessionOptions()) {}

Result<std::unique_ptr<Store>> Store::open(std::shared_ptr<SimDisk> disk, SimClock& clock,
                                           SimEntropy& entropy, const Options& options) {
    auto engine = Engine::open({disk, &clock, &entropy, false}, options);
    if (!engine) return engine.take_error();
    return std::unique_ptr<Store>(new Store(std::move(disk), std::move(*engine)));
}

Answer Store::call(const std::vector<Command>& commands) {
    std::vector<std::vector<std::string_view>> words;
    std::vector<Call> calls;
    for (const Command& command : commands) words.emplace_back(command.begin(), command.end());
    for (const auto& argv : words) calls.push_back({argv.data(), argv.size()});

    Answer answer;
    Flattener flattener{answer};
    for (std::span<const Call> left = calls; !left.empty();) {
        const BatchResult result = session_.run(left);
        for (size_t at = 0; at < session_.reply().size();) {
            session_.reply().replay_one(at, flattener);
        }
        session_.reply().clear();
        left = left.subspan(result.done);
        if (result.stop == Stop::kFailed) {
            if (answer.error.empty()) answer.error = session_.failure().message;
            return answer;
        }
        SYNAP_ASSERT(result.stop == Stop::kDone || result.stop == Stop::kBudget);
    }
    return answer;
}

bool Store::run(const Operation& operation, Answer& answer) {
    std::vector<Command> commands{{"SELECT", std::to_string(operation.database)}};
    if (operation.is_transaction()) commands.push_back({"MULTI"});
    commands.insert(commands.end(), operation.commands.begin(), operation.commands.end());
    if (operation.is_transaction()) commands.push_back({"EXEC"});
    const uint64_t before = session_.last_write();
    answer = call(commands);
    if (!answer.error.empty()) session_.reset();
    return session_.last_write() != before;
}

Status Store::reach(Durability level) {
    return engine_->log()->reach(session_.last_write(), level);
}

State Store::read() {
    State state;
    for (int database = 0; database < kDatabases; ++database) {
        const Answer keys = call({{"SELECT", std::to_string(database)}, {"KEYS", "*"}});
        SYNAP_ASSERT(!keys.values.empty() && keys.error.empty());
        for (size_t i = 1; i < keys.values.size(); ++i) {
            const std::string& key = keys.values[i];
            const Answer type = call({{"TYPE", key}, {"PEXPIRETIME", key}});
            SYNAP_ASSERT(type.values.size() == 2);
            if (type.values[0] == "none") continue;  // a hash whose fields have all expired
            Entry entry;
            entry.deadline = std::max<int64_t>(std::stoll(type.values[1]), 0);
            if (type.values[0] == "hash") {
                Fields fields = read_fields(key);
                // A large one, where nothing can be deleted now, shows although its last field has
                // expired.
                if (fields.empty()) continue;
                entry.fields = std::make_shared<const Fields>(std::move(fields));
            } else {
                const Answer found = call({{"GET", key}});
                SYNAP_ASSERT(found.values.size() == 1);
                entry.value = std::make_shared<const std::string>(found.values[0]);
            }
            state.put({database, key}, std::move(entry));
        }
    }
    return state;
}

Fields Store::read_fields(const std::string& key) {
    Fields fields;
    const Answer found = call({{"HGETALL", key}});
    SYNAP_ASSERT(found.error.empty() && found.values.size() % 2 == 0);
    if (found.values.empty()) return fields;
    Command command{"HPEXPIRETIME", key, "FIELDS", std::to_string(found.values.size() / 2)};
    for (size_t i = 0; i < found.values.size(); i += 2) command.push_back(found.values[i]);
    const Answer deadlines = call({command});
    SYNAP_ASSERT(deadlines.values.size() == found.values.size() / 2);
    for (size_t i = 0; i < deadlines.values.size(); ++i) {
        const int64_t deadline = std::stoll(deadlines.values[i]);
        fields[found.values[2 * i]] = {found.values[2 * i + 1], std::max<int64_t>(deadline, 0)};
    }
    return fields;
}

uint64_t Store::digest_of(const State& state) {
    Keyspace& keyspace = engine_->keyspace();
    Keyspace other(limits::kSlotBitsMin, 1);
    for (unsigned i = 0; i < limits::kDatabases; ++i) {
        other.set_name_space_of(i, keyspace.name_space_of(i));
    }
    for (const auto& [name, entry] : state.entries()) {
        std::string body;
        Effect effect;
        effect.name_space = keyspace.name_space_of(static_cast<unsigned>(name.first));
        effect.key = name.second;
        effect.hash = other.key(effect.name_space, name.second).hash;
        effect.expires_at = entry.deadline;
        // What the value once was is the engine's to know.
        const Node* node = keyspace.find(keyspace.key(effect.name_space, name.second));
        effect.body.grown = node != nullptr && node->grown();
        if (entry.is_hash()) {
            effect.type = ValueType::kHash;
            effect.body.argument = entry.fields->size();
            for (const auto& [field, held] : *entry.fields) {
                hash_body::append(body, hash_body::set(field, held.value, held.deadline));
                effect.body.timed = effect.body.timed || held.deadline != 0;
            }
            effect.body.bytes = body;
        } else {
            effect.body.bytes = *entry.value;
        }
        other.apply(effect, 0);
    }
    return other.digest();
}

// MANIFEST with the epoch of this open: it may have failed to become durable, and nothing of the
// epoch is written before it is.
bool Store::begins_epoch() {
    const std::string name(format::kManifestName);
    auto manifest = Manifest::decode(disk_->contents(name), name);
    if (!manifest || manifest->epochs.empty()) return false;
    const Epoch current = engine_->manifest()->epochs.back();
    return manifest->epochs.back().id == current.id && engine_->log()->written() == current.start;
}

std::string Store::broken_promise() {
    if (!disk_->unsynced(format::kManifestName).empty() && !begins_epoch()) {
        return "MANIFEST is not durable";
    }
    if (!disk_->unsynced(format::kNodeName).empty()) return "NODE is not durable";
    const uint64_t synced = engine_->log()->synced();
    std::vector<uint64_t> segments;
    for (const std::string& name : disk_->names()) {
        uint64_t start = 0;
        if (format::parse_file_name(name, format::kSegmentPrefix, start)) segments.push_back(start);
    }
    for (size_t i = 0; i < segments.size(); ++i) {
        const uint64_t start = segments[i];
        const std::string name = format::file_name(format::kSegmentPrefix, start);
        // What a segment holds behind the start of the next does not count.
        const bool is_last = i + 1 == segments.size();
        const uint64_t promised = is_last ? synced : std::min(synced, segments[i + 1]);
        for (const ByteRange& range : disk_->unsynced(name)) {
            const uint64_t in_header = std::min<uint64_t>(range.begin, format::kSegmentHeaderBytes);
            if (start + range.begin - in_header >= promised) continue;
            return name + ": offset " + std::to_string(range.begin) +
                   " is not durable, but the log claims to be up to position " +
                   std::to_string(synced);
        }
    }
    return {};
}

}  // namespace synap::crash
