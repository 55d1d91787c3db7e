// SPDX-License-Identifier: MIT
#include "agent/core/prefix_set.hpp"

#include <algorithm>
#include <array>

namespace tollgate::agent {

namespace {

IpAddress masked(IpAddress address, std::uint8_t length) {
    for (std::size_t i = 0; i < address.bytes.size(); ++i) {
        const int bits = std::clamp(static_cast<int>(length) - static_cast<int>(8 * i), 0, 8);
        address.bytes[i] &= static_cast<std::uint8_t>(0xff00U >> static_cast<unsigned>(bits));
    }
    return address;
}

}  // namespace

PrefixSet::PrefixSet(std::vector<Prefix> prefixes) : prefixes_{std::move(prefixes)} {
    sort();
}

void PrefixSet::sort() {
    std::sort(prefixes_.begin(), prefixes_.end());
    prefixes_.erase(std::unique(prefixes_.begin(), prefixes_.end()), prefixes_.end());
    std::array<bool, 129> used{};
    for (const Prefix& prefix : prefixes_) {
        used.at(prefix.length) = true;
    }
    lengths_.clear();
    for (std::size_t length = 0; length < used.size(); ++length) {
        if (used.at(length)) {
            lengths_.push_back(static_cast<std::uint8_t>(length));
        }
    }
}

bool PrefixSet::holds(const IpAddress& address) const {
    return std::any_of(lengths_.begin(), lengths_.end(), [&](std::uint8_t length) {
        const Prefix candidate{masked(address, length), length};
        return candidate.contains(address) &&
               std::binary_search(prefixes_.begin(), prefixes_.end(), candidate);
    });
}

void PrefixSet::add(const std::vector<Prefix>& prefixes) {
    prefixes_.insert(prefixes_.end(), prefixes.begin(), prefixes.end());
    sort();
}

void PrefixSet::remove(const std::vector<Prefix>& prefixes) {
    const PrefixSet gone{prefixes};
    const auto kept = std::remove_if(prefixes_.begin(), prefixes_.end(), [&](const Prefix& prefix) {
        return std::binary_search(gone.prefixes_.begin(), gone.prefixes_.end(), prefix);
    });
    prefixes_.erase(kept, prefixes_.end());
    sort();
}

}  // namespace tollgate::agent
