#include <filesystem>

#include <synap/synap.hpp>

#include "server/admin/target.h"

namespace synap::server::admin {

namespace {

Answer to_answer(const Node& node) {
    switch (node.type()) {
        case Type::kNull:
        case Type::kNullArray:
            return {};
        case Type::kBool:
        case Type::kInt:
            return {.type = Answer::Type::kInt, .number = node.integer()};
        case Type::kDouble:
            return {.type = Answer::Type::kText, .text = std::to_string(node.number())};
        case Type::kError:
            return {.type = Answer::Type::kError, .text = std::string(node.bytes())};
        case Type::kArray:
        case Type::kMap:
        case Type::kSet:
        case Type::kPush:
        case Type::kPairs: {
            Answer answer{.type = Answer::Type::kArray};
            for (const Node child : node) {
                answer.items.push_back(to_answer(child));
            }
            return answer;
        }
        default:
            return {.type = Answer::Type::kText, .text = std::string(node.bytes())};
    }
}

class DirectoryTarget final : public Target {
public:
    DirectoryTarget(const std::string& path, const Config& config)
        : store_(Store::open(path, config)), session_(Session::open(store_)) {}

    std::vector<Answer> run(std::span<const Command> commands) override {
        std::vector<Answer> answers;
        answers.reserve(commands.size());
        for (const Command& command : commands) {
            const std::vector<Arg> argv(command.begin(), command.end());
            auto reply = session_.try_exec(argv);
            if (!reply) throw Failure(reply.error().message());
            answers.push_back(to_answer(reply->root()));
        }
        return answers;
    }

    void finish() override {
        if (const auto closed = store_.try_close(); !closed) {
            throw Failure(closed.error().message());
        }
    }

private:
    Store store_;
    Session session_;
};

}  // namespace

Answer Target::run_one(Command command) {
    Answer answer = std::move(run(std::span(&command, 1)).front());
    if (answer.is_error()) throw Failure(command.front() + ": " + answer.text);
    return answer;
}

std::unique_ptr<Target> open_directory(const std::string& path, Access access) {
    std::error_code code;
    if (!std::filesystem::is_directory(path, code)) {
        throw Failure(path + ": no such data directory");  // synap_open would make one
    }
    try {
        Config config;
        config.set("open.read_only", access == Access::kRead ? "true" : "false");
        return std::make_unique<DirectoryTarget>(path, config);
    } catch (const Error& e) {
        throw Failure(e.message());
    }
}

}  // namespace synap::server::admin
