// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tollgate/result.hpp>

#include "policy/problem.hpp"

/// JSON of strangers, as a tree that knows where everything stands in the file.
namespace tollgate::exchange {

inline constexpr std::size_t kJsonBytesMax = std::size_t{1} << 20;
inline constexpr std::size_t kJsonDepthMax = 32;
inline constexpr std::size_t kJsonNodesMax = 200'000;
inline constexpr std::size_t kJsonMembersMax = 1000;  ///< of one object

struct JsonMember;

/// One value of the document, with the place where it begins.
struct JsonNode {
    enum class Kind : std::uint8_t { null, truth, integer, real, text, array, object };

    Kind kind = Kind::null;
    policy::Mark mark;
    bool truth = false;
    std::int64_t integer = 0;
    std::string text;
    std::vector<JsonNode> items;      ///< of an array
    std::vector<JsonMember> members;  ///< of an object, in the order of the file; keys differ

    /// The value of a key; null if this is no object, or has no such key.
    [[nodiscard]] const JsonNode* find(std::string_view key) const;
};

struct JsonMember {
    std::string key;
    JsonNode value;
};

/// Parses a JSON document (RFC 8259). Never throws.
/// @return the first thing that is wrong: syntax, bytes that are not UTF-8, a key that is in an
///         object twice, more of anything than the limits above
[[nodiscard]] Expected<JsonNode, policy::Problem> parse_json(std::string_view text);

}  // namespace tollgate::exchange
