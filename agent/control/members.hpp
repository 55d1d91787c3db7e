// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "agent/core/refusal.hpp"

/// How the body of a request is taken apart.
namespace tollgate::agent {

[[nodiscard]] inline Unexpected<Refusal> invalid(std::string message) {
    return refuse(Refusal::Code::invalid, std::move(message));
}

/// The body as an object; an empty one is {}.
[[nodiscard]] inline Answer<nlohmann::json> parse_body(const std::string& body) {
    nlohmann::json parsed =
        nlohmann::json::parse(body.empty() ? "{}" : body, nullptr, /*allow_exceptions=*/false);
    if (!parsed.is_object()) {
        return invalid("the body is no JSON object");
    }
    return parsed;
}

/// Reads members with a type; remembers the first that does not fit.
class Members {
  public:
    static constexpr std::size_t kShortBytesMax = 256;

    explicit Members(const nlohmann::json& object) : object_{object} {}

    template <typename Value>
    void read(const char* key, Value& target) {
        if (!object_.contains(key)) {
            return;
        }
        try {
            object_.at(key).get_to(target);
        } catch (const nlohmann::json::exception&) {
            wrong_ = wrong_.empty() ? key : wrong_;
        }
    }
    /// Names of callers and places: they are kept, and shown in lines.
    void read_short(const char* key, std::string& target) {
        read(key, target);
        if (target.size() > kShortBytesMax) {
            wrong_ = wrong_.empty() ? key : wrong_;
        }
    }
    template <typename Value>
    void read(const char* key, std::optional<Value>& target) {
        if (object_.contains(key)) {
            read(key, target.emplace());
        }
    }
    /// Signed and floating numbers would be converted without a word.
    template <typename Value>
    void read_unsigned(const char* key, Value& target) {
        if (!object_.contains(key)) {
            return;
        }
        const nlohmann::json& value = object_.at(key);
        if (value.is_number_unsigned() &&
            value.get<std::uint64_t>() <= std::numeric_limits<Value>::max()) {
            target = value.get<Value>();
        } else {
            wrong_ = wrong_.empty() ? key : wrong_;
        }
    }

    [[nodiscard]] const std::string& wrong() const { return wrong_; }

  private:
    const nlohmann::json& object_;
    std::string wrong_;
};

}  // namespace tollgate::agent
