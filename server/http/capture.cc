#include "server/http/capture.h"

#include <new>

namespace synap::server::http {
namespace {

constexpr size_t kMaxKeptBytes = 256 * 1024;
constexpr size_t kMaxKeptItems = 16 * 1024;

// The callbacks cross the boundary of the library: a full memory must not get through as an
// exception.
template <typename Body>
int32_t guarded(Body body) noexcept {
    try {
        body();
        return 0;
    } catch (const std::bad_alloc&) {
        return 1;
    }
}

}  // namespace

uint32_t Value::type() const noexcept { return capture_->items_[index_].type; }

int64_t Value::integer() const noexcept {
    const Capture::Item& item = capture_->items_[index_];
    if (item.type == SYNAP_TYPE_INT || item.type == SYNAP_TYPE_BOOL) return item.i;
    return item.type == SYNAP_TYPE_ERROR ? static_cast<int64_t>(item.children) : 0;
}

double Value::number() const noexcept {
    const Capture::Item& item = capture_->items_[index_];
    return item.type == SYNAP_TYPE_DOUBLE ? item.d : 0.0;
}

std::string_view Value::bytes() const noexcept {
    const Capture::Item& item = capture_->items_[index_];
    switch (item.type) {
        case SYNAP_TYPE_TEXT:
        case SYNAP_TYPE_BYTES:
        case SYNAP_TYPE_STATUS:
        case SYNAP_TYPE_VERBATIM:
        case SYNAP_TYPE_BIG_NUMBER:
        case SYNAP_TYPE_ERROR:
            return item.outside != nullptr
                       ? std::string_view(item.outside, item.size)
                       : std::string_view(capture_->bytes_).substr(item.offset, item.size);
        default:
            return {};
    }
}

size_t Value::size() const noexcept {
    const Capture::Item& item = capture_->items_[index_];
    return item.type == SYNAP_TYPE_ERROR ? 0 : item.children;
}

Value Value::next() const noexcept { return {*capture_, capture_->items_[index_].after}; }

Capture::Capture() noexcept {
    sink_.ctx = this;
    sink_.scalar = &Capture::on_scalar;
    sink_.error = &Capture::on_error;
    sink_.begin = &Capture::on_begin;
    sink_.end = &Capture::on_end;
    sink_.blob = &Capture::on_blob;
}

void Capture::clear() noexcept {
    for (synap_blob_t* owner : owners_) {
        synap_blob_release(owner);
    }
    owners_.clear();
    open_.clear();
    items_.clear();
    bytes_.clear();
    if (items_.capacity() > kMaxKeptItems) items_ = {};
    if (bytes_.capacity() > kMaxKeptBytes) bytes_ = {};
}

Capture::Item& Capture::add(uint32_t type) {
    Item& item = items_.emplace_back();
    item.type = type;
    item.after = items_.size();
    item.i = 0;
    return item;
}

void Capture::add_bytes(uint32_t type, synap_bytes_t bytes) {
    Item& item = add(type);
    item.offset = bytes_.size();
    item.size = bytes.size;
    if (bytes.size != 0) bytes_.append(static_cast<const char*>(bytes.data), bytes.size);
}

int32_t SYNAP_CALL Capture::on_scalar(void* ctx, uint32_t type, const synap_arg_t* value) noexcept {
    Capture& self = *static_cast<Capture*>(ctx);
    return guarded([&] {
        switch (type) {
            case SYNAP_TYPE_NULL:
            case SYNAP_TYPE_NULL_ARRAY:
                self.add(type);
                break;
            case SYNAP_TYPE_BOOL:
            case SYNAP_TYPE_INT:
                self.add(type).i = value->as.i;
                break;
            case SYNAP_TYPE_DOUBLE:
                self.add(type).d = value->as.d;
                break;
            default:
                self.add_bytes(type, value->as.b);
        }
    });
}

int32_t SYNAP_CALL Capture::on_error(void* ctx, int32_t code, synap_bytes_t message) noexcept {
    Capture& self = *static_cast<Capture*>(ctx);
    return guarded([&] {
        self.add_bytes(SYNAP_TYPE_ERROR, message);
        self.items_.back().children = static_cast<uint32_t>(code);
    });
}

int32_t SYNAP_CALL Capture::on_begin(void* ctx, uint32_t type, uint64_t count) noexcept {
    Capture& self = *static_cast<Capture*>(ctx);
    return guarded([&] {
        const bool twice = type == SYNAP_TYPE_MAP || type == SYNAP_TYPE_PAIRS;
        self.open_.push_back(self.items_.size());
        self.add(type).children = static_cast<uint32_t>(twice ? count * 2 : count);
    });
}

int32_t SYNAP_CALL Capture::on_end(void* ctx, uint32_t /*type*/) noexcept {
    Capture& self = *static_cast<Capture*>(ctx);
    if (!self.open_.empty()) {
        self.items_[self.open_.back()].after = self.items_.size();
        self.open_.pop_back();
    }
    return 0;
}

int32_t SYNAP_CALL Capture::on_blob(void* ctx, synap_bytes_t value, synap_blob_t* owner) noexcept {
    Capture& self = *static_cast<Capture*>(ctx);
    return guarded([&] {
        self.owners_.reserve(self.owners_.size() + 1);
        Item& item = self.add(SYNAP_TYPE_BYTES);
        item.outside = static_cast<const char*>(value.data);
        item.size = value.size;
        self.owners_.push_back(synap_blob_retain(owner));
    });
}

}  // namespace synap::server::http
