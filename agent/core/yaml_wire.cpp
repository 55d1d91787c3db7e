// SPDX-License-Identifier: MIT
#include "agent/core/yaml_wire.hpp"

#include <cstring>
#include <type_traits>

#include "policy/yaml_text.hpp"

namespace tollgate::agent {

namespace {

using policy::YamlEvent;

struct Head {
    std::uint8_t kind = 0;
    std::uint8_t anchor = 0;
    std::uint16_t zero = 0;
    std::uint32_t line = 0;
    std::uint32_t column = 0;
    std::uint32_t tag_bytes = 0;
    std::uint32_t value_bytes = 0;
};
static_assert(std::has_unique_object_representations_v<Head>);

constexpr std::uint8_t kDone = 0xfe;
constexpr std::uint8_t kProblem = 0xff;

void append(std::string& bytes, Head head, std::string_view tag, std::string_view value) {
    head.tag_bytes = static_cast<std::uint32_t>(tag.size());
    head.value_bytes = static_cast<std::uint32_t>(value.size());
    const std::size_t at = bytes.size();
    bytes.resize(at + sizeof head);
    std::memcpy(bytes.data() + at, &head, sizeof head);
    bytes += tag;
    bytes += value;
}

bool is_kind(std::uint8_t kind) {
    return kind <= static_cast<std::uint8_t>(YamlEvent::kLastKind);
}

}  // namespace

void append_event(std::string& bytes, const YamlEvent& event) {
    const Head head{static_cast<std::uint8_t>(event.kind),
                    event.anchor ? std::uint8_t{1} : std::uint8_t{0},
                    0,
                    event.mark.line,
                    event.mark.column,
                    0,
                    0};
    append(bytes, head, event.tag, event.value);
}

void append_end(std::string& bytes, const std::optional<policy::Problem>& problem) {
    if (problem) {
        append(bytes,
               {kProblem, 0, 0, problem->mark.line, problem->mark.column, 0, 0},
               "",
               problem->message);
    } else {
        append(bytes, {kDone, 0, 0, 0, 0, 0, 0}, "", "");
    }
}

YamlWireReader::State YamlWireReader::read(std::string_view bytes, const policy::YamlSink& sink) {
    waiting_ += bytes;
    std::string_view left{waiting_};
    while (state_ == State::open) {
        const std::size_t taken = read_one(left, sink);
        if (taken == 0) {
            break;
        }
        left.remove_prefix(taken);
    }
    if (state_ == State::ended && !left.empty()) {
        state_ = State::malformed;
    }
    waiting_.erase(0, waiting_.size() - left.size());
    return state_;
}

std::size_t YamlWireReader::read_one(std::string_view bytes, const policy::YamlSink& sink) {
    Head head;
    if (bytes.size() < sizeof head) {
        return 0;
    }
    std::memcpy(&head, bytes.data(), sizeof head);
    const bool is_end = head.kind == kDone || head.kind == kProblem;
    if ((!is_kind(head.kind) && !is_end) || head.anchor > 1 || head.zero != 0 ||
        head.tag_bytes > bytes_max_ || head.value_bytes > bytes_max_) {
        state_ = State::malformed;
        return 0;
    }
    const std::size_t size = sizeof head + head.tag_bytes + head.value_bytes;
    if (bytes.size() < size) {
        return 0;
    }
    const policy::Mark mark{head.line, head.column};
    const std::string_view value = bytes.substr(sizeof head + head.tag_bytes, head.value_bytes);
    if (head.kind == kProblem) {
        problem_ = policy::Problem{mark, policy::one_visible_line(value), ""};
    }
    if (is_end) {
        state_ = State::ended;
    } else if (!sink({static_cast<YamlEvent::Kind>(head.kind),
                      mark,
                      head.anchor != 0,
                      bytes.substr(sizeof head, head.tag_bytes),
                      value})) {
        state_ = State::enough;
    }
    return size;
}

}  // namespace tollgate::agent
