// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/problem.hpp"
#include "policy/yaml_strict.hpp"

/// Typed reading of a YAML tree that reports what does not fit and goes on.
namespace tollgate::policy {

/// The keys of one map. Ask for every key that may be there, then call refuse_others().
class Fields {
  public:
    /// Reports a node that is no map. @param where its name in messages: "spec", "rule"
    Fields(const YamlNode& node, std::string_view where, std::vector<Problem>& problems);

    [[nodiscard]] bool is_map() const { return node_.kind == YamlNode::Kind::map; }
    [[nodiscard]] Mark mark() const { return node_.mark; }

    /// The key's value, nullptr if it is absent. A key without a value is reported and absent.
    const YamlNode* optional(std::string_view key);
    /// As optional(), but an absent key is reported.
    const YamlNode* required(std::string_view key);
    /// Reports every key that nobody asked for, with the known key that was probably meant.
    void refuse_others();

  private:
    const YamlNode& node_;
    std::string_view where_;
    std::vector<Problem>& problems_;
    std::vector<std::string_view> known_;
};

/// A scalar that is text: plain numbers, truth values and nulls are reported. @param key for
/// messages
std::optional<std::string> read_text(const YamlNode& node,
                                     std::string_view key,
                                     std::vector<Problem>& problems);

/// Text without line breaks.
std::optional<std::string> read_line(const YamlNode& node,
                                     std::string_view key,
                                     std::vector<Problem>& problems);

/// `true` or `false`, without quotes.
std::optional<bool> read_bool(const YamlNode& node,
                              std::string_view key,
                              std::vector<Problem>& problems);

/// A decimal number without sign, quotes or leading zeroes, below 2^63.
std::optional<std::uint64_t> read_integer(const YamlNode& node,
                                          std::string_view key,
                                          std::vector<Problem>& problems);

/// One of `words`. @return its index
std::optional<std::size_t> read_choice(const YamlNode& node,
                                       std::string_view key,
                                       std::span<const std::string_view> words,
                                       std::vector<Problem>& problems);

/// The items of a list; nothing, if it is none, which is reported.
std::span<const YamlNode> read_list(const YamlNode& node,
                                    std::string_view key,
                                    std::vector<Problem>& problems);

/// As read_list(), but an empty list is reported, too. @param hint what to write instead
std::span<const YamlNode> read_some(const YamlNode& node,
                                    std::string_view key,
                                    std::string_view hint,
                                    std::vector<Problem>& problems);

}  // namespace tollgate::policy
