#include "core/replication/downstream.h"

#include <algorithm>
#include <utility>

namespace synap::replication {
namespace {

constexpr int kTermsAtOnce = 4;  // that one answer may make this node begin

}  // namespace

Downstream::Downstream(Self& self, Transport& transport, const Secrets& secrets, Entropy& entropy,
                       const FeedLimits& limits, std::function<void(uint64_t)> reached)
    : self_(self),
      transport_(transport),
      secrets_(secrets),
      entropy_(entropy),
      limits_(limits),
      reached_(std::move(reached)) {}

bool Downstream::note(const TransportEvent& event, uint64_t now_us) {
    if (event.kind == TransportEventKind::kAccepted) {
        auto link = std::make_unique<Link>(transport_, event.connection, event.peer,
                                           Role::kAcceptor, secrets_, entropy_, now_us);
        feeds_[event.connection] = std::make_unique<Feed>(self_, limits_, std::move(link));
        return true;
    }
    const auto found = feeds_.find(event.connection);
    if (found == feeds_.end()) return false;
    found->second->link().note(event, now_us);
    return true;
}

// --- who may follow ------------------------------------------------------------------------------

// An answer that makes a term above another's necessary is given once that term is durable.
Result<Answer> Downstream::make_answer(const Identity& identity) {
    for (int i = 0; i < kTermsAtOnce; ++i) {
        auto facts = self_.facts();
        if (!facts) return facts.take_failure();
        const uint64_t secret = self_.engine().manifest()->secret;
        Answer answer = answer_to(identity, *facts, secret, instead_);
        const uint32_t above = answer.decision.begin_term_above;
        if (above == 0) {
            // What one that gives its term up says of it fences nobody.
            if (answer.decision.fences_sender) self_.learn(Fence::kLaterTerm, identity.facts);
            if (identity.purpose == Purpose::kAsk) {
                self_.learn(fence(*facts, identity.facts), identity.facts);
            }
            return answer;
        }
        SYNAP_TRY(self_.engine().begin_term(above));
        self_.say(LogLine::Level::kInfo, "replication: began a term above " +
                                             std::to_string(above) + ", which " +
                                             identity.facts.name + " gives up");
    }
    return Error{Code::kInternal, "no term is above the follower's"};
}

bool Downstream::admit(Feed& feed, uint64_t now_us) {
    const LinkLimits limits;
    FollowerTable::Admitted admitted;
    NodeFacts facts = feed.identity().facts;
    const std::string& peer = feed.link().peer();
    for (std::string* place : {&facts.address, &facts.clients}) {
        if (place->starts_with(':')) place->insert(0, peer.substr(0, peer.rfind(':')));
    }
    {
        const std::lock_guard<std::mutex> guard(mutex_);
        admitted = table_.connect(facts, feed.link().connection(), now_us, limits.silent_us);
    }
    const std::string& name = facts.name;
    switch (admitted.admission) {
        case FollowerTable::Admission::kAdmitted:
            return true;
        case FollowerTable::Admission::kReplaces:
            if (const auto old = feeds_.find(admitted.replaced); old != feeds_.end()) {
                old->second->leave(Why::kSilent, name + " has connected anew", {}, now_us);
            }
            return true;
        case FollowerTable::Admission::kConnectedTwice:
            feed.leave(Why::kConnectedTwice,
                       "a node with the id of " + name + " is connected already",
                       "if its directory is a copy of another's, start it again: it takes an id "
                       "of its own then",
                       now_us);
            return false;
        case FollowerTable::Admission::kTooMany:
            break;
    }
    feed.leave(Why::kTooSlow, std::to_string(kFollowersMost) + " followers are connected", {},
               now_us);
    return false;
}

// One that is refused comes again and again.
bool Downstream::is_news(uint64_t node, const std::string& refusal) {
    if (refusals_.size() >= kFollowersRemembered) refusals_.clear();
    return std::exchange(refusals_[node], refusal) != refusal;
}

void Downstream::answer(Feed& feed, uint64_t now_us) {
    auto answer = make_answer(feed.identity());
    if (!answer) {
        return feed.leave(Why::kInternal, answer.error().message, {}, now_us);
    }
    const Decision& decision = answer->decision;
    const std::string& name = feed.identity().facts.name;
    const bool follows = decision.course == Course::kContinue || decision.course == Course::kFull;
    if (follows && self_.log() == nullptr) {
        return feed.leave(Why::kNoDirectory, "this node keeps no log, and cannot be followed",
                          "follow its master instead", now_us);
    }
    if (follows && !admit(feed, now_us)) return;
    if (decision.course == Course::kFull) {
        full_syncs_.fetch_add(1, std::memory_order_relaxed);
        self_.say(LogLine::Level::kInfo,
                  "replication: full sync of " + name + ": " + decision.reason);
    } else if (decision.course == Course::kContinue) {
        partial_syncs_.fetch_add(1, std::memory_order_relaxed);
        self_.say(LogLine::Level::kInfo, "replication: " + name + " follows from position " +
                                             std::to_string(decision.from));
    } else if (decision.course == Course::kRefuse &&
               is_news(feed.identity().facts.node, decision.reason)) {
        self_.say(LogLine::Level::kWarn, "replication: " + name + " may not follow: " +
                                             decision.reason + ". " + decision.remedy);
    }
    feed.answer(*answer, now_us);
}

// --- steps ---------------------------------------------------------------------------------------

void Downstream::tell(std::vector<uint64_t>& woken) {
    for (const uint64_t waiter : woken) reached_(waiter);
    woken.clear();
}

bool Downstream::step(uint64_t now_us) {
    bool more = false;
    std::vector<uint64_t> woken;
    for (auto it = feeds_.begin(); it != feeds_.end();) {
        Feed& feed = *it->second;
        feed.link().tick(now_us);
        feed.read(now_us);
        if (feed.asks()) {
            answer(feed, now_us);
            more = true;  // of what it said behind its question
        }
        if (const auto ack = feed.take_ack()) {
            const std::lock_guard<std::mutex> guard(mutex_);
            table_.acknowledged(it->first, *ack, now_us, woken);
        }
        tell(woken);
        more = feed.send(now_us) || more;
        if (!feed.has_ended()) {
            ++it;
            continue;
        }
        if (feed.is_follower()) {
            self_.say(LogLine::Level::kInfo, "replication: " + feed.follower() +
                                                 " is gone: " + feed.link().goodbye().reason);
        }
        const std::lock_guard<std::mutex> guard(mutex_);
        table_.disconnect(it->first, now_us);
        it = feeds_.erase(it);
    }
    return more;
}

void Downstream::heartbeat(const Heartbeat& heartbeat, uint64_t now_us) {
    {
        const std::lock_guard<std::mutex> guard(mutex_);
        table_.note_written(heartbeat.written, now_us);
    }
    for (auto& [connection, feed] : feeds_) feed->heartbeat(heartbeat);
}

void Downstream::leave_all(Why why, const std::string& reason, const std::string& remedy,
                           uint64_t now_us) {
    for (auto& [connection, feed] : feeds_) feed->leave(why, reason, remedy, now_us);
}

// --- from any thread -----------------------------------------------------------------------------

std::vector<FollowerEntry> Downstream::followers() {
    const std::lock_guard<std::mutex> guard(mutex_);
    std::vector<FollowerEntry> all;
    all.reserve(table_.all().size());
    for (const auto& [node, entry] : table_.all()) all.push_back(entry);
    return all;
}

size_t Downstream::count(bool fsynced, uint64_t position) {
    const std::lock_guard<std::mutex> guard(mutex_);
    return (fsynced ? table_.fsynced() : table_.applied()).count(position);
}

bool Downstream::wait(bool fsynced, size_t n, uint64_t position, uint64_t waiter) {
    const std::lock_guard<std::mutex> guard(mutex_);
    return (fsynced ? table_.fsynced() : table_.applied()).wait(n, position, waiter);
}

void Downstream::cancel(bool fsynced, size_t n, uint64_t position, uint64_t waiter) {
    const std::lock_guard<std::mutex> guard(mutex_);
    (fsynced ? table_.fsynced() : table_.applied()).cancel(n, position, waiter);
}

}  // namespace synap::replication
