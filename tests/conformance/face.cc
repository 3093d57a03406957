// Runs the commands that stdin holds, as RESP arrays, on a directory; prints the transcript in the
// notation of faces.py.
//
// usage: conformance_face DIRECTORY
#include <bit>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <synap/synap.hpp>

namespace {

constexpr char kDigits[] = "0123456789abcdef";

class Input {
public:
    explicit Input(std::string text) : text_(std::move(text)) {}

    bool at_end() const { return at_ == text_.size(); }
    // "*3\r\n" or "$5\r\n"
    size_t number() {
        const size_t end = text_.find("\r\n", at_);
        const size_t value = std::stoul(text_.substr(at_ + 1, end - at_ - 1));
        at_ = end + 2;
        return value;
    }
    std::string_view word() {
        const size_t size = number();
        const std::string_view found = std::string_view(text_).substr(at_, size);
        at_ += size + 2;
        return found;
    }

private:
    std::string text_;
    size_t at_ = 0;
};

std::string hex(std::string_view bytes) {
    std::string text;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        text += {kDigits[byte >> 4], kDigits[byte & 15]};
    }
    return text;
}

std::string hex(double number) {
    const auto bits = std::bit_cast<uint64_t>(number);
    std::string text;
    for (int shift = 60; shift >= 0; shift -= 4) text += kDigits[(bits >> shift) & 15];
    return text;
}

std::string quoted(std::string_view text) {
    std::string result = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            result += {'\\', c};
        } else if (byte < 32) {
            result += {'\\', 'u', '0', '0', kDigits[byte >> 4], kDigits[byte & 15]};
        } else {
            result += c;
        }
    }
    return result + '"';
}

std::string show(synap::Node node);

// Elements; by two where they are pairs.
std::string elements(synap::Node node, bool by_two) {
    std::string text;
    for (size_t i = 0; i < node.size(); ++i) {
        if (i != 0) text += ',';
        if (by_two && i % 2 == 0) text += '[';
        text += show(node[i]);
        if (by_two && i % 2 == 1) text += ']';
    }
    return '[' + text + ']';
}

std::string show(synap::Node node) {
    using synap::Type;
    switch (node.type()) {
        case Type::kBool:
            return node.integer() != 0 ? "true" : "false";
        case Type::kInt:
            return std::to_string(node.integer());
        case Type::kDouble:
            return "{\"d\":\"" + hex(node.number()) + "\"}";
        case Type::kText:
        case Type::kBytes:
        case Type::kStatus:
        case Type::kVerbatim:
            return "{\"s\":\"" + hex(node.bytes()) + "\"}";
        case Type::kError:
            return "{\"e\":" + quoted(node.bytes()) + "}";
        case Type::kMap:
            return "{\"m\":" + elements(node, true) + "}";
        case Type::kPairs:
            return elements(node, true);
        case Type::kArray:
        case Type::kSet:
        case Type::kPush:
            return elements(node, false);
        case Type::kBigNumber:
            return std::string(node.bytes());
        case Type::kNull:
        case Type::kNullArray:
            return "null";
    }
    return "null";
}

void run(const char* directory) {
    Input input(std::string(std::istreambuf_iterator<char>(std::cin), {}));
    synap::Store store = synap::Store::open(directory);
    synap::Session session = synap::Session::open(store);
    while (!input.at_end()) {
        std::vector<synap::Arg> words;
        for (size_t left = input.number(); left > 0; --left) words.emplace_back(input.word());
        const synap::Reply reply = session.exec(std::span<const synap::Arg>(words));
        std::cout << show(reply.root()) << '\n';
    }
    store.close();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: conformance_face DIRECTORY\n");
        return 2;
    }
    try {
        run(argv[1]);
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "conformance_face: %s\n", error.what());
        return 1;
    }
}
