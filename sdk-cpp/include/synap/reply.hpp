// Arguments in, replies out.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include <synap/error.hpp>

namespace synap {

// One argument of a command: text, bytes or a number. Views what it is made from: use it in the
// expression that makes it.
class Arg {
public:
    Arg(std::string_view text) noexcept { set(text); }    // NOLINT
    Arg(const std::string& text) noexcept { set(text); }  // NOLINT
    Arg(const char* text) noexcept { set(text); }         // NOLINT
    template <std::integral T>
    requires(!std::same_as<T, bool> && !std::same_as<T, char>) Arg(T number)
    noexcept {  // NOLINT
        raw_.type = SYNAP_TYPE_INT;
        raw_.as.i = static_cast<int64_t>(number);
    }
    template <std::floating_point T>
    Arg(T number) noexcept {  // NOLINT
        raw_.type = SYNAP_TYPE_DOUBLE;
        raw_.as.d = static_cast<double>(number);
    }

    const synap_arg_t& raw() const noexcept { return raw_; }

private:
    void set(std::string_view text) noexcept {
        raw_.type = SYNAP_TYPE_BYTES;
        raw_.as.b = to_bytes(text);
    }

    synap_arg_t raw_{};
};
static_assert(sizeof(Arg) == sizeof(synap_arg_t), "a span of Arg is passed as synap_arg_t[]");
static_assert(std::is_standard_layout_v<Arg>);

enum class Type : uint32_t {
    kNull = SYNAP_TYPE_NULL,
    kBool = SYNAP_TYPE_BOOL,
    kInt = SYNAP_TYPE_INT,
    kDouble = SYNAP_TYPE_DOUBLE,
    kText = SYNAP_TYPE_TEXT,
    kBytes = SYNAP_TYPE_BYTES,
    kArray = SYNAP_TYPE_ARRAY,
    kMap = SYNAP_TYPE_MAP,
    kSet = SYNAP_TYPE_SET,
    kError = SYNAP_TYPE_ERROR,
    kStatus = SYNAP_TYPE_STATUS,
    kNullArray = SYNAP_TYPE_NULL_ARRAY,
    kPush = SYNAP_TYPE_PUSH,
    kVerbatim = SYNAP_TYPE_VERBATIM,
    kBigNumber = SYNAP_TYPE_BIG_NUMBER,
    kPairs = SYNAP_TYPE_PAIRS
};

// One value inside a Reply; valid as long as that Reply or a copy of it. Reading a value as
// another type than it has gives zero or nothing: look at type() first.
class Node {
public:
    explicit Node(const synap_node_t* raw) noexcept : raw_(raw) {}

    Type type() const noexcept { return static_cast<Type>(synap_node_type(raw_)); }
    bool is_null() const noexcept { return type() == Type::kNull || type() == Type::kNullArray; }
    bool is_error() const noexcept { return type() == Type::kError; }

    int64_t integer() const noexcept { return synap_node_int(raw_); }
    double number() const noexcept { return synap_node_double(raw_); }
    std::string_view bytes() const noexcept { return to_view(synap_node_bytes(raw_)); }

    // Children: elements, or twice the entries of a map.
    size_t size() const noexcept { return synap_node_count(raw_); }
    Node operator[](size_t index) const noexcept { return Node(synap_node_child(raw_, index)); }

    class Iterator {
    public:
        Iterator(const synap_node_t* parent, size_t index) noexcept
            : parent_(parent), index_(index) {}
        Node operator*() const noexcept { return Node(synap_node_child(parent_, index_)); }
        Iterator& operator++() noexcept {
            ++index_;
            return *this;
        }
        bool operator==(const Iterator& other) const noexcept { return index_ == other.index_; }

    private:
        const synap_node_t* parent_;
        size_t index_;
    };
    Iterator begin() const noexcept { return {raw_, 0}; }
    Iterator end() const noexcept { return {raw_, size()}; }

    // The value as text, or nothing for null.
    std::optional<std::string> text() const {
        if (is_null()) return std::nullopt;
        if (type() == Type::kInt) return std::to_string(integer());
        return std::string(bytes());
    }

private:
    const synap_node_t* raw_;
};

// An immutable reply. Copies share it; any thread may read it; it outlives session and store.
class Reply {
public:
    Reply() = default;
    // Takes over one reference.
    explicit Reply(synap_reply_t* raw) noexcept : handle_(raw) {}
    Reply(Reply&&) noexcept = default;
    Reply& operator=(Reply&&) noexcept = default;
    Reply(const Reply& other) noexcept
        : handle_(other.raw() != nullptr ? synap_reply_retain(other.raw()) : nullptr) {}
    Reply& operator=(const Reply& other) noexcept { return *this = Reply(other); }
    ~Reply() = default;

    explicit operator bool() const noexcept { return raw() != nullptr; }
    Node root() const noexcept { return Node(synap_reply_root(raw())); }
    synap_token_t token() const noexcept { return synap_reply_token(raw()); }
    synap_reply_t* raw() const noexcept { return handle_.get(); }

    // Throws CommandError when the command answered with an error; else the reply itself.
    const Reply& or_throw() const& {
        throw_error();
        return *this;
    }
    Reply&& or_throw() && {
        throw_error();
        return std::move(*this);
    }

private:
    void throw_error() const {
        if (root().is_error()) throw CommandError(root().integer(), std::string(root().bytes()));
    }

    detail::Handle<synap_reply_t, synap_reply_release> handle_;
};

}  // namespace synap
