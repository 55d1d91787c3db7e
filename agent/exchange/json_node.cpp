// SPDX-License-Identifier: MIT
#include "agent/exchange/json_node.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace tollgate::exchange {
namespace {

using policy::Mark;
using policy::Problem;

/// Goes through the text and tells how far the parser has come.
class CountingIterator {
  public:
    using iterator_category = std::input_iterator_tag;
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using pointer = const char*;
    using reference = const char&;

    CountingIterator(const char* at, std::size_t* consumed) : at_{at}, consumed_{consumed} {}

    reference operator*() const { return *at_; }
    CountingIterator& operator++() {
        ++at_;
        ++*consumed_;
        return *this;
    }
    bool operator==(const CountingIterator& other) const { return at_ == other.at_; }
    bool operator!=(const CountingIterator& other) const { return at_ != other.at_; }

  private:
    const char* at_;
    std::size_t* consumed_;
};

JsonNode of(JsonNode::Kind kind) {
    JsonNode node;
    node.kind = kind;
    return node;
}

/// Builds the tree from the parser's events (the interface of nlohmann::json_sax).
class TreeBuilder {
  public:
    explicit TreeBuilder(std::string_view text) : text_{text} {}

    [[nodiscard]] std::size_t* consumed() { return &consumed_; }
    [[nodiscard]] JsonNode& root() { return root_; }
    [[nodiscard]] const std::optional<Problem>& problem() const { return problem_; }

    // NOLINTBEGIN(readability-identifier-naming): the library's names
    bool null() { return add(of(JsonNode::Kind::null)) != nullptr; }
    bool boolean(bool value) {
        JsonNode node = of(JsonNode::Kind::truth);
        node.truth = value;
        return add(std::move(node)) != nullptr;
    }
    bool number_integer(std::int64_t value) {
        JsonNode node = of(JsonNode::Kind::integer);
        node.integer = value;
        return add(std::move(node)) != nullptr;
    }
    bool number_unsigned(std::uint64_t value) {
        constexpr auto kLargest = std::numeric_limits<std::int64_t>::max();
        if (value > static_cast<std::uint64_t>(kLargest)) {
            return add(of(JsonNode::Kind::real)) != nullptr;
        }
        return number_integer(static_cast<std::int64_t>(value));
    }
    bool number_float(double /*value*/, const std::string& /*text*/) {
        return add(of(JsonNode::Kind::real)) != nullptr;
    }
    bool string(std::string& value) {
        JsonNode node = of(JsonNode::Kind::text);
        node.text = std::move(value);
        return add(std::move(node)) != nullptr;
    }
    static bool binary(std::vector<std::uint8_t>& /*value*/) { return false; }  // never in text
    bool start_object(std::size_t /*size*/) { return open(JsonNode::Kind::object); }
    bool start_array(std::size_t /*size*/) { return open(JsonNode::Kind::array); }
    bool end_object() { return close(); }
    bool end_array() { return close(); }
    bool key(std::string& name) {
        const Mark mark = token_mark();
        JsonNode& object = *open_.back();
        if (object.find(name) != nullptr) {
            return refuse(
                mark, "the key " + policy::in_quotes(name) + " is here twice", "keep one of them");
        }
        if (object.members.size() >= kJsonMembersMax) {
            return refuse(
                mark, fmt::format("more than {} keys in one object", kJsonMembersMax), "");
        }
        object.members.push_back({std::move(name), {}});
        return true;
    }
    bool parse_error(std::size_t position,
                     const std::string& /*token*/,
                     const nlohmann::detail::exception& /*error*/) {
        const std::size_t at = std::min(position == 0 ? 0 : position - 1, text_.size());
        return refuse(mark_of(at),
                      at >= text_.size()
                          ? "the JSON ends too early"
                          : "this is not JSON: " + policy::in_quotes(text_.substr(at, 16)),
                      "");
    }
    // NOLINTEND(readability-identifier-naming)

  private:
    bool refuse(const Mark& mark, std::string message, std::string hint) {
        if (!problem_) {
            problem_ = Problem{mark, std::move(message), std::move(hint)};
        }
        return false;
    }

    // Where a byte stands. Bytes are asked for in their order.
    Mark mark_of(std::size_t offset) {
        for (; place_ < offset; ++place_) {
            const bool line_ends = text_[place_] == '\n';
            mark_.line += line_ends ? 1 : 0;
            mark_.column = line_ends ? 1 : mark_.column + 1;
        }
        return mark_;
    }

    // Where the token begins that the parser has just read: behind the one before and separators.
    Mark token_mark() {
        constexpr std::string_view kBetween = " \t\r\n,:";
        while (token_end_ < text_.size() &&
               kBetween.find(text_[token_end_]) != std::string_view::npos) {
            ++token_end_;
        }
        const Mark mark = mark_of(token_end_);
        token_end_ = consumed_;
        return mark;
    }

    JsonNode* add(JsonNode node) {
        node.mark = token_mark();
        if (++nodes_ > kJsonNodesMax) {
            refuse(node.mark, fmt::format("more than {} values", kJsonNodesMax), "");
            return nullptr;
        }
        if (open_.empty()) {
            root_ = std::move(node);
            return &root_;
        }
        JsonNode& parent = *open_.back();
        if (parent.kind == JsonNode::Kind::object) {
            parent.members.back().value = std::move(node);
            return &parent.members.back().value;
        }
        parent.items.push_back(std::move(node));
        return &parent.items.back();
    }

    bool open(JsonNode::Kind kind) {
        JsonNode* const node = add(of(kind));
        if (node != nullptr && open_.size() >= kJsonDepthMax) {
            return refuse(node->mark, fmt::format("more than {} levels", kJsonDepthMax), "");
        }
        open_.push_back(node);
        return node != nullptr;
    }

    bool close() {
        token_end_ = consumed_;
        open_.pop_back();
        return true;
    }

    std::string_view text_;
    std::size_t consumed_ = 0;
    std::size_t token_end_ = 0;
    std::size_t place_ = 0;
    Mark mark_{1, 1};
    std::size_t nodes_ = 0;
    JsonNode root_;
    /// The objects and arrays that are being read, outermost first. Only the last one grows, so
    /// that none of them moves.
    std::vector<JsonNode*> open_;
    std::optional<Problem> problem_;
};

}  // namespace

const JsonNode* JsonNode::find(std::string_view key) const {
    const auto found = std::find_if(members.begin(), members.end(), [&](const JsonMember& member) {
        return member.key == key;
    });
    return found == members.end() ? nullptr : &found->value;
}

Expected<JsonNode, policy::Problem> parse_json(std::string_view text) {
    if (text.size() > kJsonBytesMax) {
        return Unexpected<Problem>{
            Problem{{}, fmt::format("more than {} bytes", kJsonBytesMax), ""}};
    }
    TreeBuilder builder{text};
    const bool parsed =
        nlohmann::json::sax_parse(CountingIterator{text.data(), builder.consumed()},
                                  CountingIterator{text.data() + text.size(), builder.consumed()},
                                  &builder);
    if (!parsed) {
        return Unexpected<Problem>{builder.problem().value_or(Problem{{}, "this is no JSON", ""})};
    }
    return std::move(builder.root());
}

}  // namespace tollgate::exchange
