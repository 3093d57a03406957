// An engine without threads on a simulated clock (and disk), and clients that show replies as text.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "core/platform/sim_clock.h"
#include "core/platform/sim_disk.h"
#include "core/session/session.h"

namespace synap {

// Writes one reply as "+OK", ":1", "$bytes", "-ERR text", "_" (null), "_[]" (null array),
// "[a b]", "{k v}", "~{a b}", "=verbatim", ",1.5", "#t".
class ReplyText {
public:
    bool scalar(ReplyType type, int64_t value) {
        switch (type) {
            case ReplyType::kNull:
                return put("_");
            case ReplyType::kNullArray:
                return put("_[]");
            case ReplyType::kBool:
                return put(value != 0 ? "#t" : "#f");
            default:
                return put(":" + std::to_string(value));
        }
    }
    bool real(double value) {
        std::ostringstream text;
        text << "," << value;
        return put(text.str());
    }
    bool bytes(ReplyType type, std::string_view text) {
        const char* mark = type == ReplyType::kStatus     ? "+"
                           : type == ReplyType::kVerbatim ? "="
                                                          : "$";
        return put(mark + std::string(text));
    }
    bool blob(Blob*, std::string_view part) { return put("$" + std::string(part)); }
    bool error(std::string_view text) { return put("-" + std::string(text)); }
    bool begin(ReplyType type, uint64_t) {
        const bool is_map = type == ReplyType::kMap || type == ReplyType::kPairs;
        put(is_map ? "{" : type == ReplyType::kSet ? "~{" : "[");
        first_ = true;
        return true;
    }
    bool end(ReplyType type) {
        text_ += type == ReplyType::kArray || type == ReplyType::kPush ? "]" : "}";
        first_ = false;
        return true;
    }
    const std::string& text() const noexcept { return text_; }

private:
    bool put(const std::string& text) {
        if (!first_) text_ += " ";
        first_ = false;
        text_ += text;
        return true;
    }

    std::string text_;
    bool first_ = true;
};

class KillCounter final : public SessionHost {
public:
    void killed() noexcept override { ++kills; }
    int kills = 0;
};

class Client {
public:
    explicit Client(const std::shared_ptr<Engine>& engine, unsigned protocol = 3,
                    std::string peer = "127.0.0.1:1000")
        : host(std::make_shared<KillCounter>()),
          session(engine, SessionOptions{protocol, std::move(peer), "resp", host}) {}
    Client(const std::shared_ptr<Engine>& engine, const SessionOptions& options)
        : session(engine, options) {}

    // Words at blanks: "SET a 1".
    std::string operator()(const std::string& line) {
        std::istringstream in(line);
        std::vector<std::string> words;
        for (std::string word; in >> word;) words.push_back(word);
        return call(words);
    }
    std::string call(const std::vector<std::string>& words) {
        const std::vector<std::string_view> args(words.begin(), words.end());
        const Call call{args.data(), args.size()};
        session.reply().clear();
        if (announces) session.expect({&call, 1});
        last = session.run({&call, 1});
        if (last.stop == Stop::kPending) return "(pending)";
        if (last.stop == Stop::kHost) return "(host)";
        if (last.stop == Stop::kFailed) return "(failed) " + session.failure().message;
        ReplyText text;
        size_t at = 0;
        session.reply().replay_one(at, text);
        EXPECT_EQ(at, session.reply().size()) << "more than one reply to " << words[0];
        return text.text();
    }
    // All of them as one batch; replies are dropped.
    void pipeline(const std::vector<std::string>& lines) {
        std::vector<std::vector<std::string>> words(lines.size());
        std::vector<std::vector<std::string_view>> args(lines.size());
        std::vector<Call> calls;
        for (size_t i = 0; i < lines.size(); ++i) {
            std::istringstream in(lines[i]);
            for (std::string word; in >> word;) words[i].push_back(word);
            args[i].assign(words[i].begin(), words[i].end());
            calls.push_back({args[i].data(), args[i].size()});
        }
        session.reply().clear();
        last = session.run(calls);
        EXPECT_EQ(last.done, lines.size());
    }
    // The value of a field of INFO, or of another reply of lines "name:value".
    std::string info(const std::string& field) {
        const std::string text = (*this)("INFO everything");
        const size_t at = text.find("\n" + field + ":");
        if (at == std::string::npos) return "(none)";
        const size_t from = at + field.size() + 2;
        return text.substr(from, text.find('\r', from) - from);
    }

    std::shared_ptr<KillCounter> host;
    Session session;
    BatchResult last;
    bool announces = false;  // each call with expect(), as the C interface does
};

class SessionTest : public testing::Test {
protected:
    // Call before the first client.
    void open(std::shared_ptr<Disk> disk = nullptr, const Options& options = Options()) {
        auto opened = Engine::open({std::move(disk), &clock, &entropy, false}, options);
        ASSERT_TRUE(opened) << opened.error().message;
        engine = *opened;
    }
    void TearDown() override {
        if (engine == nullptr) return;
        EXPECT_TRUE(engine->close());
    }

    SimClock clock;
    SimEntropy entropy{7};
    std::shared_ptr<Engine> engine;
};

}  // namespace synap
