#include "capi/src/reply.h"

#include <cstdlib>
#include <functional>
#include <new>

using namespace synap;
using namespace synap::capi;

namespace synap::capi {

int32_t reply_code(std::string_view message) noexcept {
    static constexpr struct {
        std::string_view word;
        int32_t code;
    } kCodes[] = {
        {"ERR", SYNAP_REPLY_ERR},           {"WRONGTYPE", SYNAP_REPLY_WRONGTYPE},
        {"OOM", SYNAP_REPLY_OOM},           {"EXECABORT", SYNAP_REPLY_EXECABORT},
        {"NOAUTH", SYNAP_REPLY_NOAUTH},     {"NOPERM", SYNAP_REPLY_NOPERM},
        {"READONLY", SYNAP_REPLY_READONLY}, {"LOADING", SYNAP_REPLY_LOADING},
        {"NOPROTO", SYNAP_REPLY_NOPROTO},   {"MISCONF", SYNAP_REPLY_MISCONF},
        {"BUSY", SYNAP_REPLY_BUSY},         {"NOSCRIPT", SYNAP_REPLY_NOSCRIPT},
    };
    const std::string_view word = message.substr(0, message.find(' '));
    for (const auto& entry : kCodes) {
        if (entry.word == word) return entry.code;
    }
    return SYNAP_REPLY_OTHER;
}

namespace {

struct Measure {
    size_t nodes = 0;
    size_t byte_count = 0;
    size_t blobs = 0;

    bool scalar(ReplyType, int64_t) { return add(0); }
    bool real(double) { return add(0); }
    bool bytes(ReplyType, std::string_view text) { return add(text.size()); }
    bool blob(Blob*, std::string_view) {
        ++blobs;
        return add(0);
    }
    bool error(std::string_view message) { return add(message.size()); }
    bool begin(ReplyType, uint64_t) { return add(0); }
    bool end(ReplyType) { return true; }
    bool add(size_t size) {
        ++nodes;
        byte_count += size;
        return total() <= limits::kReplyTreeBytes;
    }
    size_t total() const noexcept { return nodes * sizeof(synap_node) + byte_count; }
};

class Fill {
public:
    Fill(synap_reply& reply, char* bytes) : reply_(reply), bytes_(bytes) {}

    bool scalar(ReplyType type, int64_t value) {
        node(type).as.i = value;
        return true;
    }
    bool real(double value) {
        node(ReplyType::kDouble).as.d = value;
        return true;
    }
    bool bytes(ReplyType type, std::string_view text) {
        synap_node& n = node(type);
        std::memcpy(bytes_, text.data(), text.size());
        n.as.data = bytes_;
        n.size = text.size();
        bytes_ += text.size();
        return true;
    }
    bool blob(Blob* value, std::string_view part) {
        synap_node& n = node(ReplyType::kBytes);
        value->retain();
        reply_.blobs.push_back(value);  // room was reserved
        n.as.data = part.data();
        n.size = part.size();
        return true;
    }
    bool error(std::string_view message) { return bytes(ReplyType::kError, message); }
    bool begin(ReplyType type, uint64_t count) {
        synap_node& n = node(type);
        n.size = children_of(type, count);
        open_.push_back(&n);
        return true;
    }
    bool end(ReplyType) {
        synap_node* n = open_.back();
        n->span = static_cast<uint32_t>(&reply_.nodes[used_] - n);
        open_.pop_back();
        return true;
    }

private:
    synap_node& node(ReplyType type) {
        synap_node& n = reply_.nodes[used_++];
        n.type = static_cast<uint32_t>(type);
        n.span = 1;
        n.as.i = 0;
        n.size = 0;
        return n;
    }

    synap_reply& reply_;
    char* bytes_;
    size_t used_ = 0;
    std::vector<synap_node*> open_;
};

struct Destroy {
    void operator()(synap_reply* reply) const noexcept { destroy(reply); }
};

std::unique_ptr<synap_reply, Destroy> allocate(const Measure& measure) {
    SYNAP_ASSERT(measure.nodes > 0);
    const size_t head = sizeof(synap_reply) + (measure.nodes - 1) * sizeof(synap_node);
    void* memory = std::malloc(head + measure.byte_count);
    if (memory == nullptr) throw std::bad_alloc();
    std::unique_ptr<synap_reply, Destroy> reply(new (memory) synap_reply);
    reply->blobs.reserve(measure.blobs);
    return reply;
}

char* bytes_behind(synap_reply* reply, size_t nodes) noexcept {
    return reinterpret_cast<char*>(reply) + sizeof(synap_reply) + (nodes - 1) * sizeof(synap_node);
}

}  // namespace

void destroy(synap_reply* reply) noexcept {
    reply->~synap_reply();
    std::free(reply);
}

Result<synap_reply*> build_reply(const Reply& tape, synap_token_t token) {
    Measure measure;
    size_t at = 0;
    if (!tape.replay_one(at, measure)) {
        return Error{Code::kUnsupported,
                     "the reply takes more than " + std::to_string(limits::kReplyTreeBytes) +
                         " bytes as a tree: take it through a sink, or in parts"};
    }
    at = 0;
    auto reply = allocate(measure);
    reply->token = token;
    Fill fill(*reply, bytes_behind(reply.get(), measure.nodes));
    tape.replay_one(at, fill);
    return reply.release();
}

synap_reply* build_small(const Reply& tape, synap_token_t token) {
    auto built = build_reply(tape, token);
    SYNAP_ASSERT(built);
    return *built;
}

synap_reply* build_scalar(ReplyType type, std::string_view bytes) {
    Reply tape;
    if (type == ReplyType::kText) {
        tape.text(bytes);
    } else {
        tape.bulk(bytes);
    }
    return build_small(tape, {0, 0});
}

Status GivenSink::read_unusual(const synap_sink_t* from) {
    if (from == nullptr) return invalid("sink is NULL");
    copy_ = SYNAP_SINK_INIT;
    SYNAP_TRY(read_struct(from, "sink", copy_));
    sink_ = &copy_;
    if (copy_.reserved != 0) {
        return Error{Code::kVersion, "sink asks for something this library does not know"};
    }
    if (!is_complete(copy_)) return invalid("sink: scalar, error, begin and end must be set");
    return {};
}

[[gnu::flatten]] Status replay_one(const Reply& tape, const synap_sink_t& sink) {
    SinkVisitor visitor(sink);
    size_t at = 0;
    if (!tape.replay_one(at, visitor)) return visitor.stopped();
    return {};
}

}  // namespace synap::capi

const synap_node_t* synap_reply_root(const synap_reply_t* r) noexcept {
    return r == nullptr || r->magic != synap_reply::kMagic ? nullptr : r->nodes;
}
synap_token_t synap_reply_token(const synap_reply_t* r) noexcept {
    return r == nullptr || r->magic != synap_reply::kMagic ? synap_token_t{0, 0} : r->token;
}
synap_reply_t* synap_reply_retain(synap_reply_t* r) noexcept {
    if (r != nullptr) r->retain();
    return r;
}
void synap_reply_release(synap_reply_t* r) noexcept {
    if (r != nullptr && r->magic == synap_reply::kMagic && r->release()) destroy(r);
}

uint32_t synap_node_type(const synap_node_t* n) noexcept {
    return n == nullptr ? uint32_t{SYNAP_TYPE_NULL} : n->type;
}
int64_t synap_node_int(const synap_node_t* n) noexcept {
    if (n == nullptr) return 0;
    if (n->type == SYNAP_TYPE_INT || n->type == SYNAP_TYPE_BOOL) return n->as.i;
    if (n->type == SYNAP_TYPE_ERROR) return reply_code(view_of(synap_node_bytes(n)));
    return 0;
}
double synap_node_double(const synap_node_t* n) noexcept {
    return n != nullptr && n->type == SYNAP_TYPE_DOUBLE ? n->as.d : 0.0;
}
synap_bytes_t synap_node_bytes(const synap_node_t* n) noexcept {
    if (n == nullptr) return {nullptr, 0};
    switch (n->type) {
        case SYNAP_TYPE_TEXT:
        case SYNAP_TYPE_BYTES:
        case SYNAP_TYPE_STATUS:
        case SYNAP_TYPE_ERROR:
        case SYNAP_TYPE_VERBATIM:
        case SYNAP_TYPE_BIG_NUMBER:
            return {n->as.data, static_cast<size_t>(n->size)};
        default:
            return {nullptr, 0};
    }
}
uint64_t synap_node_count(const synap_node_t* n) noexcept {
    return n != nullptr && is_container(static_cast<ReplyType>(n->type)) ? n->size : 0;
}
const synap_node_t* synap_node_child(const synap_node_t* n, uint64_t index) noexcept {
    if (index >= synap_node_count(n)) return nullptr;
    if (n->span == n->size + 1) return n + 1 + index;
    const synap_node_t* child = n + 1;
    for (; index > 0; --index) child += child->span;
    return child;
}

namespace {

// Replays a tree. Recursion is bounded by the nesting that commands can produce, which no client
// chooses.
class Walk {
public:
    Walk(const synap_reply& reply, const synap_sink_t& sink)
        : next_blob_(reply.blobs.begin()), blobs_end_(reply.blobs.end()), visitor_(sink) {}

    bool value(const synap_node_t* n) {
        const auto type = static_cast<ReplyType>(n->type);
        if (is_container(type)) return children(n, type);
        switch (type) {
            case ReplyType::kError:
                return visitor_.error(view_of(synap_node_bytes(n)));
            case ReplyType::kDouble:
                return visitor_.real(n->as.d);
            case ReplyType::kInteger:
            case ReplyType::kBool:
            case ReplyType::kNull:
            case ReplyType::kNullArray:
                return visitor_.scalar(type, n->as.i);
            default:
                // Blobs stand in the order of the nodes that show them.
                if (next_blob_ != blobs_end_ && is_part_of(*n, **next_blob_)) {
                    return visitor_.blob(*next_blob_++, view_of(synap_node_bytes(n)));
                }
                return visitor_.bytes(type, view_of(synap_node_bytes(n)));
        }
    }
    Error stopped() const { return visitor_.stopped(); }

private:
    static bool is_part_of(const synap_node_t& n, const Blob& blob) noexcept {
        const std::less<const char*> before;
        return n.size != 0 && !before(n.as.data, blob.data()) &&
               before(n.as.data, blob.data() + blob.size());
    }
    bool children(const synap_node_t* n, ReplyType type) {
        const bool pairs = children_of(type, 1) == 2;
        if (!visitor_.begin(type, pairs ? n->size / 2 : n->size)) return false;
        const synap_node_t* child = n + 1;
        for (uint64_t i = 0; i < n->size; ++i, child += child->span) {
            if (!value(child)) return false;
        }
        return visitor_.end(type);
    }

    std::vector<Blob*>::const_iterator next_blob_;
    const std::vector<Blob*>::const_iterator blobs_end_;
    SinkVisitor visitor_;
};

}  // namespace

synap_status_t synap_reply_walk(const synap_reply_t* r, const synap_sink_t* sink,
                                synap_error_t** err) noexcept {
    return guard(err, [&]() -> Result<synap_status_t> {
        SYNAP_TRY(check(r, "reply"));
        GivenSink given;
        SYNAP_TRY(given.read(sink));
        Walk walk(*r, *given);
        if (!walk.value(r->nodes)) return walk.stopped();
        return SYNAP_OK;
    });
}

synap_blob_t* synap_blob_retain(synap_blob_t* b) noexcept {
    if (b != nullptr) reinterpret_cast<Blob*>(b)->retain();
    return b;
}
void synap_blob_release(synap_blob_t* b) noexcept {
    if (b != nullptr) reinterpret_cast<Blob*>(b)->release();
}

synap_status_t synap_option_get(synap_store_t* s, synap_bytes_t name, synap_reply_t** reply_out,
                                synap_error_t** err) noexcept {
    if (reply_out != nullptr) *reply_out = nullptr;
    return guard(err, [&]() -> Result<synap_status_t> {
        SYNAP_TRY(check(s, "store"));
        if (reply_out == nullptr || !valid(name)) return invalid("reply_out or name is NULL");
        OptionId id{};
        if (find_option(view_of(name), id) == nullptr) return unknown_option(view_of(name));
        *reply_out = build_scalar(ReplyType::kBytes, s->engine->options().text(id));
        return SYNAP_OK;
    });
}
