// Shared by the tests in which memory runs out: handles that end with their scope, commands as
// text, and the loop that lets the first, second, third ... allocation fail.
#pragma once

#define SYNAP_UNSTABLE_API
#include <synap/synap.h>
#include <synap/synap_unstable.h>

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "capi/tests/faulty_memory.h"

namespace synap::memory {

template <auto end>
struct Ends {
    template <typename T>
    void operator()(T* handle) const noexcept {
        end(handle);
    }
};
using Config = std::unique_ptr<synap_config_t, Ends<synap_config_free>>;
using Store = std::unique_ptr<synap_store_t, Ends<synap_store_release>>;
using Session = std::unique_ptr<synap_session_t, Ends<synap_session_release>>;
using Reply = std::unique_ptr<synap_reply_t, Ends<synap_reply_release>>;
using Events = std::unique_ptr<synap_events_t, Ends<synap_events_release>>;
using Batch = std::unique_ptr<synap_batch_t, Ends<synap_batch_free>>;
using ErrorRef = std::unique_ptr<synap_error_t, Ends<synap_error_free>>;
using Line = std::vector<std::string>;

inline synap_bytes_t bytes(std::string_view text) { return {text.data(), text.size()}; }
inline std::string text(synap_bytes_t bytes) {
    return bytes.size == 0 ? std::string()
                           : std::string(static_cast<const char*>(bytes.data), bytes.size);
}

// A command, as the interface takes it.
class Args {
public:
    explicit Args(Line line) : line_(std::move(line)) {
        for (const std::string& word : line_) {
            synap_arg_t arg{};
            arg.type = SYNAP_TYPE_BYTES;
            arg.as.b = bytes(word);
            args_.push_back(arg);
        }
    }
    Args(Args&&) = default;  // the words stay where they are
    const synap_arg_t* data() const { return args_.data(); }
    size_t size() const { return args_.size(); }

private:
    Line line_;
    std::vector<synap_arg_t> args_;
};

// A directory in memory where there is one: these tests wait for no disk.
class Directory {
public:
    Directory() {
        std::string path = std::filesystem::is_directory("/dev/shm") ? "/dev/shm" : "/tmp";
        path += "/synap-alloc-XXXXXX";
        if (mkdtemp(path.data()) == nullptr) std::abort();
        path_ = path;
    }
    ~Directory() { std::filesystem::remove_all(path_); }
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

// How one call ended.
struct Outcome {
    synap_status_t status = SYNAP_OK;
    uint64_t refused = 0;  // allocations
    ErrorRef error;

    bool ok() const { return status >= 0; }
    bool not_applied() const {
        return (synap_error_traits(error.get()) & SYNAP_TRAIT_NOT_APPLIED) != 0;
    }
};

// One failure of one run.
class Fault {
public:
    Fault() = default;  // none
    Fault(uint64_t n, Failing how) : n_(n), how_(how) {}

    // call(&error) gives a status. It may fail only if an allocation did, and says what became of
    // it: NO_MEMORY, or INTERNAL where a write could be neither finished nor taken back.
    template <typename Call>
    Outcome operator()(Call&& call) {
        Outcome outcome;
        synap_error_t* error = nullptr;
        if (n_ != 0) fail(n_, how_);
        outcome.status = call(&error);
        if (n_ != 0) outcome.refused = stop_failing();
        outcome.error.reset(error);
        refused_ += outcome.refused;
        check(outcome);
        return outcome;
    }
    // For what gives no status.
    template <typename Call>
    void quietly(Call&& call) {
        if (n_ != 0) fail(n_, how_);
        call();
        if (n_ != 0) refused_ += stop_failing();
    }

    uint64_t refused() const { return refused_; }

private:
    static void check(const Outcome& outcome) {
        const synap_error_t* error = outcome.error.get();
        if (outcome.ok()) {
            EXPECT_EQ(error, nullptr);
            return;
        }
        EXPECT_GT(outcome.refused, 0U) << outcome.status << text(synap_error_message(error));
        EXPECT_TRUE(outcome.status == SYNAP_E_NO_MEMORY || outcome.status == SYNAP_E_INTERNAL)
            << outcome.status;
        ASSERT_NE(error, nullptr);
        EXPECT_EQ(synap_error_status(error), outcome.status);
        EXPECT_GT(synap_error_message(error).size, 0U);
        const uint32_t traits = synap_error_traits(error);
        EXPECT_NE((traits & SYNAP_TRAIT_NOT_APPLIED) != 0,
                  (traits & SYNAP_TRAIT_OUTCOME_UNKNOWN) != 0);
        if (outcome.status == SYNAP_E_INTERNAL) {
            EXPECT_FALSE(outcome.not_applied());
        }
    }

    uint64_t n_ = 0;
    Failing how_ = Failing::kOnce;
    uint64_t refused_ = 0;
};

// Runs the scenario without a failure and then with each possible one. It must leave nothing.
void for_each_failure(const std::string& what, const std::function<void(Fault&)>& scenario);

Store open_store(const std::string& path);
Session open_session(synap_store_t* store);
Events open_events(synap_store_t* store, uint32_t capacity);
void close(synap_store_t* store);

// The reply as text: "OK", "1", "[a, b]", "nil", "ERR ...". Fails the test when the call does.
std::string run(synap_session_t* session, const Line& line);
Outcome run(Fault& fault, synap_session_t* session, const Line& line, Reply& reply);
std::string show(const synap_node_t* node);

// What is in a store, by database and key.
using Contents = std::map<std::string, std::string>;
Contents contents(synap_session_t* session);

}  // namespace synap::memory
