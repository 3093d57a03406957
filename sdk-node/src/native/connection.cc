#include "connection.h"

#include <algorithm>

#include "errors.h"

namespace synap_js {
namespace {

constexpr uint32_t kPendingMax = 1u << 16;
constexpr uint32_t kBatch = 1024;

}  // namespace

Connection::~Connection() { release_events(); }

synap_status_t Connection::open_session(std::shared_ptr<Session>& session, synap_error_t** error) {
    synap_session_t* opened = nullptr;
    const synap_status_t status = synap_session_open(store(), nullptr, &opened, error);
    if (status != SYNAP_OK) return status;
    session = std::make_shared<Session>(opened);
    sessions_.erase(std::remove_if(sessions_.begin(), sessions_.end(),
                                   [](const auto& known) { return known.expired(); }),
                    sessions_.end());
    sessions_.push_back(session);
    return SYNAP_OK;
}

synap_status_t Connection::events(synap_events_t** events, synap_error_t** error) {
    if (events_ == nullptr) {
        synap_status_t status = synap_events_open(store(), kPendingMax, &events_, error);
        if (status != SYNAP_OK) return status;
        status = synap_events_set_wake(events_, on_wake, environment_, nullptr, error);
        if (status != SYNAP_OK) {
            release_events();
            return status;
        }
    }
    *events = events_;
    return SYNAP_OK;
}

void Connection::on_wake(void* environment) { static_cast<Environment*>(environment)->wake(); }

void Connection::started(uint64_t tag, uint64_t operation, ReplyForm form) {
    operations_[tag] = {operation, form};
    environment_->operation_started();
}

// Appends tag, error or null, and reply or null.
bool Connection::append_result(napi_env env, napi_value list, synap_batch_t* batch, uint32_t i) {
    const uint64_t tag = synap_batch_tag(batch, i);
    const auto operation = operations_.find(tag);
    if (operation == operations_.end()) return true;
    const ReplyForm form = operation->second.form;
    operations_.erase(operation);
    napi_value number = nullptr, error = nullptr, value = nullptr;
    napi_create_double(env, static_cast<double>(tag), &number);
    napi_get_null(env, &error);
    napi_get_null(env, &value);
    if (const synap_error_t* failure = synap_batch_error(batch, i)) {
        error = make_error(env, synap_error_status(failure), failure);
    } else if (synap_reply_t* reply = synap_batch_take_reply(batch, i)) {
        ReplyBuilder builder(env, form);
        const synap_sink_t sink = builder.sink();
        if (synap_reply_walk(reply, &sink, nullptr) != SYNAP_OK) {
            bool pending = false;
            napi_is_exception_pending(env, &pending);
            if (pending) napi_get_and_clear_last_exception(env, &error);
        } else if (builder.error() != nullptr) {
            error = builder.error();
        } else {
            value = builder.take();
        }
        synap_reply_release(reply);
    }
    uint32_t size = 0;
    napi_get_array_length(env, list, &size);
    return napi_set_element(env, list, size, number) == napi_ok &&
           napi_set_element(env, list, size + 1, error) == napi_ok &&
           napi_set_element(env, list, size + 2, value) == napi_ok;
}

bool Connection::take_events() {
    synap_batch_t* batch = nullptr;
    if (events_ == nullptr || synap_events_take(events_, kBatch, &batch, nullptr) != SYNAP_OK) {
        return false;
    }
    const napi_env env = environment_->env();
    napi_value list = nullptr;
    const size_t before = operations_.size();
    const uint32_t count = synap_batch_count(batch);
    bool made = napi_create_array(env, &list) == napi_ok;
    for (uint32_t i = 0; i < count && made; ++i) made = append_result(env, list, batch, i);
    synap_batch_free(batch);
    environment_->operations_ended(before - operations_.size());
    if (made) environment_->call(Environment::kComplete, 1, &list);
    settle();
    return count == kBatch && events_ != nullptr;
}

void Connection::settle() {
    if (!closed_ || !operations_.empty() || store_ == nullptr) return;
    release_events();
    store_.reset();
    if (environment_ != nullptr) environment_->remove(*this);
}

synap_status_t Connection::leave(synap_error_t** error) {
    closed_ = true;
    for (const auto& [tag, operation] : operations_) {
        // It may have ended by itself meanwhile; its event tells.
        const synap_status_t asked = synap_op_cancel(store(), operation.number, nullptr);
        static_cast<void>(asked);
    }
    for (const auto& known : sessions_) {
        if (const auto session = known.lock()) session->end();
    }
    sessions_.clear();
    return leave_store(*store_, error);
}

synap_status_t Connection::close(synap_error_t** error) {
    *error = nullptr;
    if (closed_) return SYNAP_OK;
    const synap_status_t status = leave(error);
    while (take_events()) {
    }
    settle();
    return status;
}

void Connection::abandon() noexcept {
    release_events();
    environment_ = nullptr;
    if (!closed_) {
        synap_error_t* error = nullptr;
        leave(&error);
        report_loss(store_->path, error);
    }
    operations_.clear();
    settle();
}

void Connection::release_events() noexcept {
    if (events_ == nullptr) return;
    const synap_status_t status =
        synap_events_set_wake(events_, nullptr, nullptr, nullptr, nullptr);
    static_cast<void>(status);  // fails for a stale handle only
    synap_events_release(events_);
    events_ = nullptr;
}

}  // namespace synap_js
