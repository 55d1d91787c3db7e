// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <tollgate/result.hpp>

#include "policy/model.hpp"
#include "policy/problem.hpp"
#include "policy/yaml_strict.hpp"

namespace tollgate::policy {

/// Members of groups and rules together, at most: what a policy of 1 MiB may unfold to by naming a
/// large group in many rules.
inline constexpr std::size_t kSelectorMembersMax = 262144;

/// Adds what `text` stands for to `selector`: an address, a prefix, a MAC or a DNS name.
/// @return what is wrong with it
Result<void> add_literal(std::string_view text, Selector& selector);

/// Adds the peers of `peer: nvr` or `peer: [nvr, nvr-2]` to `selector`. What is wrong is reported.
void read_peers(const YamlNode& node, Selector& selector, std::vector<Problem>& problems);

/// Reads the rules of one policy.
class RuleReader {
  public:
    /// @param groups must outlive the reader and not change
    RuleReader(const std::vector<Group>& groups, std::vector<Problem>& problems);

    /// Reads one rule; what is wrong with it is reported.
    /// @return the rule, as far as it could be read
    Rule read(const YamlNode& node, Rank rank);

  private:
    void read_remote(const YamlNode& node, Rule& rule);
    void read_via(const YamlNode* node, Rule& rule);
    void read_member(const YamlNode& node, const std::string& text, Rule& rule);
    void append(const YamlNode& node, const Selector& from, Selector& to);
    [[nodiscard]] std::string missing_group_hint(std::string_view word) const;

    std::map<std::string_view, const Group*> groups_;
    std::vector<Problem>& problems_;
    std::size_t members_ = 0;  ///< of all selectors so far
};

}  // namespace tollgate::policy
