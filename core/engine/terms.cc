#include "core/engine/terms.h"

#include "core/engine/engine.h"

namespace synap {

Terms::Shared Terms::manifest() const noexcept {
    const std::lock_guard<std::mutex> guard(mutex_);
    return manifest_;
}

Terms::Shared Terms::durable() const noexcept {
    const std::lock_guard<std::mutex> guard(mutex_);
    return durable_;
}

void Terms::replace(Shared durable, bool is_own) noexcept {
    const std::lock_guard<std::mutex> guard(mutex_);
    manifest_.swap(durable);
    durable_ = manifest_;
    is_own_.store(is_own);
    publish();
}

Status Terms::plan(const Epoch& epoch) {
    auto next = std::make_shared<Manifest>(*durable());
    SYNAP_TRY(next->add(epoch));
    const std::lock_guard<std::mutex> guard(mutex_);
    manifest_ = std::move(next);
    is_own_.store(true);
    publish();
    return {};
}

Status Terms::begin(Disk& disk) {
    if (!is_own_.load()) {
        return Error{Code::kInternal, "a record was written without a term of this node"};
    }
    const Shared next = manifest();
    SYNAP_TRY(write_manifest(disk, *next));
    const std::lock_guard<std::mutex> guard(mutex_);
    durable_ = next;
    return {};
}

void Terms::forget_planned_at(uint64_t end) noexcept {
    const std::lock_guard<std::mutex> guard(mutex_);
    if (manifest_ == durable_ || manifest_->epochs.back().start != end) return;
    manifest_ = durable_;
    is_own_.store(false);
    publish();
}

// Under the mutex. Whoever reads an even version twice has read what belongs together.
void Terms::publish() noexcept {
    const Epoch none;
    const Epoch& epoch = manifest_->epochs.empty() ? none : manifest_->epochs.back();
    version_.fetch_add(1);
    word_.store(token_word(epoch.number, epoch.id));
    start_.store(epoch.start);
    version_.fetch_add(1);
    first_.store(epoch.number == 0 ? 1 : epoch.first);
    last_.store(epoch.number);
}

Terms::Newest Terms::newest() const noexcept {
    const uint64_t before = version_.load();
    const Newest found{word_.load(), start_.load(), true};
    if ((before & 1) == 0 && version_.load() == before) return found;
    return {found.word, found.start, false};
}

uint64_t Terms::word_at(uint64_t position) const noexcept {
    const Newest newest = this->newest();
    if (newest.sure && position > newest.start) return newest.word;
    const Shared manifest = this->manifest();
    const std::vector<Epoch>& epochs = manifest->epochs;
    if (epochs.empty()) return 0;
    size_t at = epochs.size() - 1;
    while (at > 0 && epochs[at].start >= position) --at;
    return token_word(epochs[at].number, epochs[at].id);
}

bool Terms::is_of_newest(uint64_t word, uint64_t position) const noexcept {
    const Newest newest = this->newest();
    return newest.sure && word == newest.word && position > newest.start;
}

bool Terms::takes(uint32_t number) const noexcept {
    return first_.load(std::memory_order_relaxed) <= number &&
           number <= last_.load(std::memory_order_relaxed);
}

// --- of the engine -------------------------------------------------------------------------------

std::vector<Epoch> Engine::durable_epochs() const {
    if (is_loading()) return {};
    return terms_.durable()->epochs;
}

// Of whoever writes the first own record, before it is written.
Status Engine::begin_epoch() { return terms_.begin(*platform_.disk); }

uint64_t Engine::epoch_word_at(uint64_t position) const noexcept {
    return log() == nullptr ? 0 : terms_.word_at(position);
}

Status Engine::check_token(uint64_t epoch_word, uint64_t position) const {
    if (position == 0) return {};
    const Log* log = this->log();
    if (log == nullptr) return Error{Code::kInvalidArgument, "a store in memory gives no tokens"};
    const uint64_t end = log->appended();
    if (position <= end && terms_.is_of_newest(epoch_word, position)) return {};
    return terms_.manifest()->check_token(epoch_word, position, end);
}

// MANIFEST says what is there before the log goes on in the epoch. A write that failed may have
// changed the file all the same: then what stood there is put back.
Status Engine::make_epoch_current(std::shared_ptr<const Manifest> next, bool is_own) {
    const std::shared_ptr<const Manifest> before = terms_.durable();
    SYNAP_TRY(log_->enter_epoch(next->epochs.back().number, [&]() -> Status {
        Status written = write_manifest(*platform_.disk, *next);
        if (!written) write_manifest(*platform_.disk, *before).ignore();
        return written;
    }));
    terms_.replace(std::move(next), is_own);
    return {};
}

Status Engine::begin_term(uint32_t above) {
    if (read_only()) return Error{Code::kReadonly, std::string(kReadOnlyText)};
    Log* log = this->log();
    if (log == nullptr) {
        return Error{Code::kUnsupported, "a store in memory, or one that loads, begins no term"};
    }
    if (writes_stopped()) return failure();
    const std::lock_guard<std::mutex> one_at_a_time(changing_terms_);
    SYNAP_TRY(log->sync(log->appended()));  // most of it, beside others
    const ExclusiveGate alone(gate_);
    if (following_.is_on() && following_.applied() < log->appended()) {
        return Error{Code::kMisuse, "a record that was received is not applied yet"};
    }
    SYNAP_TRY(log->sync(log->appended()));  // with it what was planned has begun
    auto next = std::make_shared<Manifest>(*terms_.durable());
    const Epoch last = next->epochs.empty() ? Epoch() : next->epochs.back();
    const uint32_t term = std::max(above, last.term);
    if (term == UINT32_MAX || last.number == UINT32_MAX) {
        return Error{Code::kUnsupported, "no term is above " + std::to_string(term)};
    }
    const uint32_t number = last.number + 1;
    SYNAP_TRY(next->add(
        {term + 1, number, number, log->appended(), platform_.entropy->next(), node_.id}));
    return make_epoch_current(std::move(next), true);
}

Status Engine::enter_epoch(const Epoch& epoch) {
    Log* log = this->log();
    if (log == nullptr || !following_.is_on()) {
        return Error{Code::kMisuse, "only a follower with a directory enters another's epochs"};
    }
    const std::lock_guard<std::mutex> one_at_a_time(changing_terms_);
    auto next = std::make_shared<Manifest>(*terms_.durable());
    const Epoch last = next->epochs.empty() ? Epoch() : next->epochs.back();
    const auto refuse = [&](const std::string& why) {
        return Error{Code::kCorrupt, "epoch " + std::to_string(epoch.number) +
                                         " of the master does not follow epoch " +
                                         std::to_string(last.number) + ": " + why};
    };
    if (epoch.first <= last.number || epoch.number < epoch.first) return refuse("its number");
    if (epoch.term < last.term || epoch.term == 0) return refuse("its term");
    // Of all records that are here the epochs are known.
    if (epoch.start != log->appended()) {
        return refuse("it begins at position " + std::to_string(epoch.start) +
                      ", and the log here ends at " + std::to_string(log->appended()));
    }
    SYNAP_TRY(next->add(epoch));
    return make_epoch_current(std::move(next), false);
}

}  // namespace synap
