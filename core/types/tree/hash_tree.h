// Large hashes. An ordered map behind the interface of a copy-on-write tree: a value that is shared
// is copied as a whole by the next change.
//
// Thread safety: a HashTree belongs to its key's slot; a HashTreeRef is read by any thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/heap.h"

namespace synap {

struct TreeEntry {
    std::string_view member;
    std::string_view value;
    int64_t deadline = 0;  // 0: none
};

struct TreeValue {
    std::string value;
    int64_t deadline;
};
using TreeMap = std::map<std::string, TreeValue, std::less<>>;

class HashTreeRef {
public:
    explicit HashTreeRef(std::shared_ptr<const TreeMap> map) noexcept : map_(std::move(map)) {}

    uint64_t count() const noexcept { return map_->size(); }

    class Cursor {
    public:
        explicit Cursor(const TreeMap& map) noexcept : at_(map.begin()), end_(map.end()) {}
        bool next(TreeEntry& out) noexcept {
            if (at_ == end_) return false;
            out = {at_->first, at_->second.value, at_->second.deadline};
            ++at_;
            return true;
        }

    private:
        TreeMap::const_iterator at_;
        const TreeMap::const_iterator end_;
    };
    Cursor begin() const noexcept { return Cursor(*map_); }

private:
    std::shared_ptr<const TreeMap> map_;
};

class HashTree {
public:
    static HashTree* make(Heap&, uint64_t, unsigned) { return new HashTree; }

    bool find(std::string_view member, TreeEntry& out) const noexcept {
        const auto at = map_->find(member);
        if (at == map_->end()) return false;
        out = {at->first, at->second.value, at->second.deadline};
        return true;
    }
    bool put(std::string_view member, std::string_view value, int64_t deadline, unsigned) {
        own();
        return map_->insert_or_assign(std::string(member), TreeValue{std::string(value), deadline})
            .second;
    }
    bool erase(std::string_view member, unsigned) {
        own();
        return map_->erase(std::string(member)) != 0;
    }
    bool set_deadline(std::string_view member, int64_t deadline, unsigned) {
        own();
        const auto at = map_->find(member);
        if (at == map_->end()) return false;
        at->second.deadline = deadline;
        return true;
    }
    uint64_t count() const noexcept { return map_->size(); }
    size_t memory() const noexcept { return sizeof *this + map_->size() * kBytesPerEntry; }
    int64_t earliest_deadline() const noexcept {
        int64_t earliest = 0;
        for (const auto& [member, entry] : *map_) {
            const bool sooner = earliest == 0 || entry.deadline < earliest;
            if (entry.deadline != 0 && sooner) earliest = entry.deadline;
        }
        return earliest;
    }
    HashTreeRef share() const noexcept { return HashTreeRef(map_); }
    HashTree* copy(unsigned) {
        auto* tree = new HashTree;
        tree->map_ = map_;
        return tree;
    }
    template <typename See>
    void each_due(int64_t now_ms, size_t most, See&& see) const {
        for (auto at = map_->begin(); at != map_->end() && most > 0; ++at) {
            const TreeValue& entry = at->second;
            if (entry.deadline == 0 || entry.deadline > now_ms) continue;
            see(TreeEntry{at->first, entry.value, entry.deadline});
            --most;
        }
    }
    bool free_some(size_t& budget) noexcept {
        if (map_.use_count() == 1) {
            while (!map_->empty() && budget > 0) {
                map_->erase(map_->begin());
                --budget;
            }
            if (!map_->empty()) return false;
        }
        delete this;
        return true;
    }

    HashTree* next_garbage = nullptr;  // for whoever frees it in steps once no key has it

private:
    static constexpr size_t kBytesPerEntry = 128;

    void own() {
        if (map_.use_count() > 1) map_ = std::make_shared<TreeMap>(*map_);
    }

    std::shared_ptr<TreeMap> map_ = std::make_shared<TreeMap>();
};

}  // namespace synap
