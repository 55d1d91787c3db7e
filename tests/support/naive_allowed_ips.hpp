// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "agent/tunnel/allowed_ips.hpp"

namespace tollgate::test {

/// AllowedIps as a list that is walked from end to end: obviously right, and slow.
class NaiveAllowedIps {
  public:
    using Owner = agent::AllowedIps::Owner;

    void insert(const Prefix& prefix, Owner owner) {
        const auto at = position(prefix);
        if (at != list_.end() && at->second == owner) {
            return;
        }
        if (at != list_.end()) {
            list_.erase(at);
        }
        list_.emplace_back(prefix, owner);
    }
    bool remove(const Prefix& prefix, Owner owner) {
        const auto at = position(prefix);
        const bool is_theirs = at != list_.end() && at->second == owner;
        if (is_theirs) {
            list_.erase(at);
        }
        return is_theirs;
    }
    void remove_all(Owner owner) {
        std::erase_if(list_, [&](const auto& entry) { return entry.second == owner; });
    }
    [[nodiscard]] std::optional<Owner> find(const IpAddress& address) const {
        const std::pair<Prefix, Owner>* best = nullptr;
        for (const auto& entry : list_) {
            const bool longer = best == nullptr || entry.first.length > best->first.length;
            if (longer && entry.first.contains(address)) {
                best = &entry;
            }
        }
        return best == nullptr ? std::nullopt : std::optional{best->second};
    }
    [[nodiscard]] std::vector<Prefix> of(Owner owner) const {
        std::vector<Prefix> prefixes;
        for (const auto& entry : list_) {
            if (entry.second == owner) {
                prefixes.push_back(entry.first);
            }
        }
        return prefixes;
    }
    [[nodiscard]] std::size_t size() const { return list_.size(); }

  private:
    [[nodiscard]] std::vector<std::pair<Prefix, Owner>>::iterator position(const Prefix& prefix) {
        return std::find_if(
            list_.begin(), list_.end(), [&](const auto& entry) { return entry.first == prefix; });
    }

    std::vector<std::pair<Prefix, Owner>> list_;
};

/// The owner's prefixes as AllowedIps lists them.
[[nodiscard]] inline std::vector<Prefix> prefixes_of(const agent::AllowedIps& table,
                                                     agent::AllowedIps::Owner owner) {
    std::vector<Prefix> prefixes;
    table.for_each(owner, [&](const Prefix& prefix) { prefixes.push_back(prefix); });
    return prefixes;
}

}  // namespace tollgate::test
