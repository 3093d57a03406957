#include <boost/asio/ip/tcp.hpp>

#include <charconv>
#include <limits>

#include "server/admin/target.h"

namespace synap::server::admin {

namespace {

constexpr std::chrono::seconds kTimeout{60};
constexpr size_t kBulkBytesMax = size_t{1} << 30;
constexpr size_t kItemsMax = size_t{1} << 24;
constexpr int kDepthMax = 8;

// RESP2, one command batch at a time.
class ServerTarget final : public Target {
public:
    explicit ServerTarget(const client::Endpoint& endpoint) : name_(endpoint.text()) {
        stream_.expires_after(kTimeout);
        stream_.connect(endpoint.host, std::to_string(endpoint.port));
        if (!stream_) {
            throw Failure("no answer from " + name_ + ": " + client::reason_of(stream_.error()));
        }
    }

    std::vector<Answer> run(std::span<const Command> commands) override {
        stream_.expires_after(kTimeout);
        std::string request;
        for (const Command& command : commands) {
            append(request, command);
        }
        stream_.write(request.data(), static_cast<std::streamsize>(request.size()));
        stream_.flush();
        std::vector<Answer> answers;
        answers.reserve(commands.size());
        for (size_t i = 0; i < commands.size(); ++i) {
            answers.push_back(read_answer(0));
        }
        return answers;
    }

    void finish() override {
        // One local copy on disk, no replica, at most ten seconds. A server that keeps nothing on
        // disk answers with an error: there is nothing to wait for.
        const Command wait = {"WAITAOF", "1", "0", "10000"};
        const Answer answer = run(std::span(&wait, 1)).front();
        if (answer.type == Answer::Type::kArray && !answer.items.empty() &&
            answer.items.front().number < 1) {
            throw Failure(name_ + ": the data is not on disk yet");
        }
    }

private:
    static void append(std::string& request, const Command& command) {
        request += "*" + std::to_string(command.size()) + "\r\n";
        for (const std::string& argument : command) {
            request += "$" + std::to_string(argument.size()) + "\r\n";
            request += argument;
            request += "\r\n";
        }
    }

    [[noreturn]] void lost() const {
        const auto error = stream_.error();
        throw Failure("no answer from " + name_ + ": " +
                      (error && error != boost::asio::error::eof
                           ? client::reason_of(error)
                           : std::string("the connection was closed")));
    }
    [[noreturn]] void not_resp() const { throw Failure(name_ + ": does not answer as RESP"); }

    std::string read_line() {
        std::string line;
        if (!std::getline(stream_, line)) lost();
        if (line.empty() || line.back() != '\r') not_resp();
        line.pop_back();
        return line;
    }

    int64_t parse_number(std::string_view text) const {
        int64_t number = 0;
        const auto [rest, code] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (code != std::errc{} || rest != text.data() + text.size()) not_resp();
        return number;
    }

    std::string read_bulk(size_t size) {
        std::string text(size + 2, '\0');
        if (!stream_.read(text.data(), static_cast<std::streamsize>(text.size()))) lost();
        text.resize(size);
        return text;
    }

    Answer read_answer(int depth) {
        const std::string line = read_line();
        if (line.empty() || depth > kDepthMax) not_resp();
        const std::string_view rest = std::string_view(line).substr(1);
        switch (line.front()) {
            case '+':
                return {.type = Answer::Type::kText, .text = std::string(rest)};
            case '-':
                return {.type = Answer::Type::kError, .text = std::string(rest)};
            case ':':
                return {.type = Answer::Type::kInt, .number = parse_number(rest)};
            case '$': {
                const int64_t size = parse_number(rest);
                if (size < 0) return {};
                if (static_cast<size_t>(size) > kBulkBytesMax) not_resp();
                return {.type = Answer::Type::kText, .text = read_bulk(static_cast<size_t>(size))};
            }
            case '*':
                return read_array(parse_number(rest), depth);
            default:
                not_resp();
        }
    }

    Answer read_array(int64_t size, int depth) {
        if (size < 0) return {};
        if (static_cast<size_t>(size) > kItemsMax) not_resp();
        Answer answer{.type = Answer::Type::kArray};
        for (int64_t i = 0; i < size; ++i) {
            answer.items.push_back(read_answer(depth + 1));
        }
        return answer;
    }

    const std::string name_;
    boost::asio::ip::tcp::iostream stream_;
};

}  // namespace

std::unique_ptr<Target> connect_server(const client::Endpoint& endpoint) {
    return std::make_unique<ServerTarget>(endpoint);
}

}  // namespace synap::server::admin
