#include "capi/src/guard.h"

using namespace synap;
using namespace synap::capi;

namespace {

// Turns the first kill into an event of the queue that the host gave. More would say nothing new,
// and clients could fill the queue with them.
class EventHost final : public SessionHost {
public:
    EventHost(synap_events_t* events, uint64_t tag)
        : place_(events, Place::For::kHost), tag_(tag) {}
    void killed() noexcept override {
        if (!killed_.exchange(true)) place_.fill({SYNAP_EVENT_KILL, tag_, nullptr, nullptr});
    }

private:
    Place place_;
    const uint64_t tag_;
    std::atomic<bool> killed_{false};
};

}  // namespace

synap_status_t synap_session_open(synap_store_t* s, const synap_session_options_t* options,
                                  synap_session_t** session_out, synap_error_t** err) noexcept {
    if (session_out != nullptr) *session_out = nullptr;
    return guard(err, [&]() -> Result<synap_status_t> {
        SYNAP_TRY(check(s, "store"));
        if (session_out == nullptr) return invalid("session_out is NULL");
        if (s->engine->state() == EngineState::kClosed) {
            return Error{Code::kShutdown, "the store is closed"};
        }
        synap_session_options_t given = SYNAP_SESSION_OPTIONS_INIT;
        SYNAP_TRY(read_struct(options, "session options", given));
        if (given.protocol != SYNAP_PROTOCOL_NATIVE && given.protocol != SYNAP_PROTOCOL_RESP2 &&
            given.protocol != SYNAP_PROTOCOL_RESP3) {
            return invalid("session options: protocol is none of SYNAP_PROTOCOL_*");
        }
        if (!valid(given.peer) || !valid(given.transport)) {
            return invalid("session options: peer or transport is NULL");
        }
        SessionOptions made;
        made.protocol = given.protocol;
        made.peer = view_of(given.peer);
        if (given.transport.size != 0) made.transport = view_of(given.transport);
        if (given.events != nullptr) {
            SYNAP_TRY(check(given.events, "session options: events"));
            made.host = std::make_shared<EventHost>(given.events, given.tag);
        }
        auto session = std::make_unique<Session>(s->engine, std::move(made));
        auto handle = std::make_unique<synap_session>(s, std::move(session));
        synap_store_retain(s);
        *session_out = handle.release();
        return SYNAP_OK;
    });
}

uint32_t synap_session_protocol(const synap_session_t* s) noexcept {
    if (s == nullptr || s->magic != synap_session::kMagic) return SYNAP_PROTOCOL_NATIVE;
    return s->session->protocol();
}

uint32_t synap_session_durability(const synap_session_t* s) noexcept {
    if (s == nullptr || s->magic != synap_session::kMagic) return SYNAP_DURABILITY_MEMORY;
    return static_cast<uint32_t>(s->session->default_level());
}

void synap_session_release(synap_session_t* s) noexcept {
    if (s == nullptr || s->magic != synap_session::kMagic) return;
    if (s->generation != fork_generation()) return;  // its locks may be held by the parent
    synap_store_t* store = s->store;
    store->engine->waits().cancel_owner(s->session->id());
    delete s;
    synap_store_release(store);
}
