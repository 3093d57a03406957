#include "core/commands/reply.h"

#include <algorithm>
#include <new>

namespace synap {
namespace {

constexpr size_t kBytesMin = 512;

}  // namespace

void Reply::grow(size_t bytes) {
    const size_t wanted = std::max({kBytesMin, capacity_ * 2, heap_size(used_ + bytes)});
    auto* memory = static_cast<char*>(std::realloc(memory_.get(), wanted));
    if (memory == nullptr) throw std::bad_alloc();
    static_cast<void>(memory_.release());
    memory_.reset(memory);
    bytes_ = memory;
    capacity_ = wanted;
}

uint32_t Reply::keep(Blob* blob) {
    blob->retain();
    blobs_.push_back(BlobRef(blob));
    return static_cast<uint32_t>(blobs_.size() - 1);
}

void Reply::hash(HashTreeRef&& all, const HashChoice& choice) {
    const size_t bytes = all.memory();
    trees_.push_back({std::make_unique<HeldTree>(std::move(all)), choice});
    char* at = extend(5);
    *at = static_cast<char>(kHashTag);
    store(at + 1, static_cast<uint32_t>(trees_.size() - 1));
    blob_bytes_ += bytes;
}

void Reply::bulk(Blob* blob) {
    const uint32_t index = keep(blob);
    char* at = extend(5);
    *at = static_cast<char>(kBlobTag);
    store(at + 1, index);
    blob_bytes_ += blob->size();
}

void Reply::bulk(Blob* blob, std::string_view part) {
    const uint32_t index = keep(blob);
    char* at = extend(21);
    *at = static_cast<char>(kPartTag);
    store(at + 1, index);
    store(at + 5, static_cast<uint64_t>(part.data() - blob->data()));
    store(at + 13, static_cast<uint64_t>(part.size()));
    blob_bytes_ += part.size();
}

size_t Reply::held_alone(const Cursor& cursor) const noexcept {
    size_t bytes = capacity_ + blobs_.capacity() * sizeof(BlobRef);
    for (size_t i = cursor.blobs_; i < blobs_.size(); ++i) {
        const Blob& blob = *blobs_[i].get();
        if (blob.unique()) bytes += blob.memory();
    }
    size_t in_trees = 0;
    size_t orphaned = 0;
    for (size_t i = cursor.trees_; i < trees_.size(); ++i) {
        in_trees += trees_[i].held->all.memory();
        orphaned = trees_[i].held->all.orphaned_bytes();
    }
    return bytes + std::min(in_trees, orphaned);
}

void Reply::drop_replayed(const Cursor& cursor) noexcept {
    for (; dropped_ < cursor.blobs_; ++dropped_) blobs_[dropped_] = BlobRef();
}

void Reply::give_trees(const Cursor& cursor, Garbage& garbage) noexcept {
    for (; dropped_trees_ < cursor.trees_; ++dropped_trees_) {
        garbage.add(std::move(trees_[dropped_trees_].held));
    }
}

void Reply::give_trees(Garbage& garbage) noexcept {
    for (; dropped_trees_ < trees_.size(); ++dropped_trees_) {
        garbage.add(std::move(trees_[dropped_trees_].held));
    }
}

void Reply::release_all() noexcept {
    constexpr size_t kReferencesKept = 1024;
    blobs_.clear();
    trees_.clear();
    dropped_ = dropped_trees_ = 0;
    if (blobs_.capacity() > kReferencesKept) std::vector<BlobRef>().swap(blobs_);
}

void Reply::error(std::string_view message) {
    while (message.ends_with('\r') || message.ends_with('\n')) message.remove_suffix(1);
    sized(ReplyType::kError, message);
    char* end = bytes_ + used_;
    std::replace_if(
        end - message.size(), end, [](char c) { return c == '\r' || c == '\n'; }, ' ');
    ++errors_;
    last_code_size_ = message.substr(0, sizeof last_code_).copy(last_code_, message.find(' '));
}

void Reply::give_back() noexcept {
    memory_.reset();
    bytes_ = nullptr;
    capacity_ = 0;
}

}  // namespace synap
