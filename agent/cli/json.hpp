// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include <nlohmann/json.hpp>

namespace tollgate::cli {

/// Keeps the order of keys, so that an answer is printed as it was received.
using Json = nlohmann::ordered_json;

// Fields of an answer. A field that is absent or of another type reads as the fallback: an older or
// newer agent must not make the CLI fail.

[[nodiscard]] std::string text(const Json& object, const char* key, const char* fallback = "");
[[nodiscard]] std::uint64_t number(const Json& object, const char* key);
[[nodiscard]] double real(const Json& object, const char* key);
[[nodiscard]] bool flag(const Json& object, const char* key);
/// An empty object if there is none.
[[nodiscard]] const Json& object(const Json& parent, const char* key);
/// An empty array if there is none.
[[nodiscard]] const Json& list(const Json& parent, const char* key);
[[nodiscard]] bool has(const Json& object, const char* key);
/// The texts of an array, with `separator` between them.
[[nodiscard]] std::string joined(const Json& array, const char* separator = ", ");

/// The envelope of an answer that is made here and not by the agent.
[[nodiscard]] Json envelope(const char* kind);

}  // namespace tollgate::cli
