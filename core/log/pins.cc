#include "core/log/pins.h"

#include <algorithm>

namespace synap {
namespace {

constexpr size_t kGoneMost = 64;

}  // namespace

std::string_view to_string(PinKind kind) noexcept {
    switch (kind) {
        case PinKind::kFollower:
            return "follower";
        case PinKind::kFullSync:
            return "full_sync";
        case PinKind::kFeed:
            return "feed";
        case PinKind::kBackup:
            break;
    }
    return "backup";
}

void LogPins::measure(PinFacts& facts, uint64_t appended) const noexcept {
    if (facts.is_dropped) return;
    const uint64_t now_us = clock_.monotonic_us();
    facts.bytes = appended - std::min(appended, facts.position);
    facts.age_us = now_us - std::min(now_us, facts.moved_us);
}

void LogPins::drop_exceeding(uint64_t appended) noexcept {
    for (auto& [name, pin] : pins_) {
        PinFacts& facts = pin.facts;
        if (facts.is_dropped) continue;
        measure(facts, appended);
        if (facts.bytes <= facts.bounds.bytes && facts.age_us <= facts.bounds.age_us) continue;
        facts.is_dropped = true;
        drops_.fetch_add(1, std::memory_order_relaxed);
    }
}

Status LogPins::add(std::string_view name, PinKind kind, uint64_t position, PinBounds bounds,
                    uint64_t snapshot) {
    const std::lock_guard<std::mutex> guard(mutex_);
    if (position < oldest_.load()) {
        return Error{Code::kNeedSnapshot,
                     "the log goes back to position " + std::to_string(oldest_.load()) +
                         " and no further: " + std::to_string(position) + " cannot be kept"};
    }
    if (is_gone(snapshot)) {
        return Error{Code::kNeedSnapshot,
                     "the snapshot at " + std::to_string(snapshot) + " is no longer kept"};
    }
    const uint64_t now_us = clock_.monotonic_us();
    Pin pin;
    pin.facts = {std::string(name), kind, position, snapshot, bounds, now_us, now_us, 0, 0, false};
    if (!pins_.emplace(std::string(name), std::move(pin)).second) {
        return Error{Code::kInvalidArgument,
                     "there is a pin of the log named " + std::string(name) + " already"};
    }
    return {};
}

Status LogPins::move(std::string_view name, uint64_t position) {
    const std::lock_guard<std::mutex> guard(mutex_);
    const auto found = pins_.find(name);
    if (found == pins_.end()) {
        return Error{Code::kInvalidArgument, "the log has no pin named " + std::string(name)};
    }
    PinFacts& facts = found->second.facts;
    if (found->second.is_restarted) {
        return Error{Code::kNeedSnapshot,
                     "pin " + facts.name + " was dropped: the log was set to another place"};
    }
    if (facts.is_dropped) {
        const bool by_bytes = facts.bytes > facts.bounds.bytes;
        const uint64_t is = by_bytes ? facts.bytes : facts.age_us / 1000;
        const uint64_t most = by_bytes ? facts.bounds.bytes : facts.bounds.age_us / 1000;
        return Error{
            Code::kNeedSnapshot,
            "pin " + facts.name + " was dropped: it kept " + std::to_string(is) +
                (by_bytes ? " bytes of the log, of at most " : " ms without moving, of at most ") +
                std::to_string(most)};
    }
    facts.position = std::max(facts.position, position);
    facts.moved_us = clock_.monotonic_us();
    return {};
}

bool LogPins::remove(std::string_view name) noexcept {
    const std::lock_guard<std::mutex> guard(mutex_);
    const auto found = pins_.find(name);
    if (found == pins_.end()) return false;
    pins_.erase(found);
    return true;
}

std::vector<PinFacts> LogPins::list(uint64_t appended) const {
    const std::lock_guard<std::mutex> guard(mutex_);
    std::vector<PinFacts> all;
    for (const auto& [name, pin] : pins_) {
        all.push_back(pin.facts);
        measure(all.back(), appended);
    }
    return all;
}

LogPins::Totals LogPins::totals(uint64_t appended) const noexcept {
    const std::lock_guard<std::mutex> guard(mutex_);
    Totals totals;
    for (const auto& [name, pin] : pins_) {
        if (pin.facts.is_dropped) continue;
        ++totals.pins;
        const uint64_t bytes = appended - std::min(appended, pin.facts.position);
        totals.bytes = std::max(totals.bytes, bytes);
    }
    return totals;
}

bool LogPins::is_gone(uint64_t snapshot) const noexcept {
    return std::find(gone_.begin(), gone_.end(), snapshot) != gone_.end();
}

bool LogPins::keeps(uint64_t snapshot) const noexcept {
    if (snapshot == 0) return false;  // names none
    return std::any_of(pins_.begin(), pins_.end(), [&](const auto& pin) {
        return !pin.second.facts.is_dropped && pin.second.facts.snapshot == snapshot;
    });
}

bool LogPins::keeps_snapshot(uint64_t name_position, uint64_t appended) noexcept {
    const std::lock_guard<std::mutex> guard(mutex_);
    drop_exceeding(appended);
    return keeps(name_position);
}

bool LogPins::take_snapshot(uint64_t name_position, uint64_t appended) {
    const std::lock_guard<std::mutex> guard(mutex_);
    drop_exceeding(appended);
    if (keeps(name_position)) return false;
    if (name_position == 0 || is_gone(name_position)) return true;
    // Of those before, the files are gone too by now.
    if (gone_.size() == kGoneMost) gone_.erase(gone_.begin());
    gone_.push_back(name_position);
    return true;
}

size_t LogPins::take_front(const std::vector<uint64_t>& segments, uint64_t wanted,
                           uint64_t appended) {
    const std::lock_guard<std::mutex> guard(mutex_);
    drop_exceeding(appended);
    for (const auto& [name, pin] : pins_) {
        if (!pin.facts.is_dropped) wanted = std::min(wanted, pin.facts.position);
    }
    size_t count = 0;
    while (count + 1 < segments.size() && segments[count + 1] <= wanted) ++count;
    if (count != 0) oldest_.store(segments[count]);
    return count;
}

void LogPins::restart(uint64_t oldest) noexcept {
    const std::lock_guard<std::mutex> guard(mutex_);
    oldest_.store(oldest);
    gone_.clear();
    for (auto& [name, pin] : pins_) {
        if (pin.facts.is_dropped) continue;
        pin.facts.is_dropped = pin.is_restarted = true;
        drops_.fetch_add(1, std::memory_order_relaxed);
    }
}

}  // namespace synap
