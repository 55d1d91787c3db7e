// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include <tollgate/ip.hpp>

namespace tollgate::agent {

/// Answers whether any of many prefixes holds an address: a binary search for each length in use.
class PrefixSet {
  public:
    PrefixSet() = default;
    explicit PrefixSet(std::vector<Prefix> prefixes);

    [[nodiscard]] bool holds(const IpAddress& address) const;
    [[nodiscard]] const std::vector<Prefix>& prefixes() const { return prefixes_; }

    void add(const std::vector<Prefix>& prefixes);
    void remove(const std::vector<Prefix>& prefixes);

  private:
    void sort();

    std::vector<Prefix> prefixes_;  ///< by address, then length; distinct
    std::vector<std::uint8_t> lengths_;
};

}  // namespace tollgate::agent
