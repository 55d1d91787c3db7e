// SPDX-License-Identifier: MIT
#include "policy/learn_names.hpp"

#include <algorithm>

#include <tollgate/abi/limits.h>

namespace tollgate::policy {
namespace {

std::chrono::seconds lifetime(const NameBinding& binding) {
    return std::clamp(binding.ttl,
                      std::chrono::seconds(TG_DNS_TTL_FLOOR_S),
                      std::chrono::seconds(TG_DNS_TTL_CEILING_S));
}

}  // namespace

void NameTable::bind(const NameBinding& answer) {
    NameBinding binding = answer;
    binding.since = std::min(answer.since, answer.at);
    const auto [entry, created] = bindings_.try_emplace(binding.address);
    if (created) {
        order_.push_back(binding.address);
    }
    std::vector<NameBinding>& names = entry->second;
    const auto known = std::find_if(names.begin(), names.end(), [&](const NameBinding& other) {
        return other.name == binding.name;
    });
    if (known != names.end()) {
        if (binding.since < known->at + lifetime(*known)) {
            binding.since = std::min(binding.since, known->since);
        }
        names.erase(known);
    }
    const auto later = std::find_if(names.begin(), names.end(), [&](const NameBinding& other) {
        return other.at > binding.at;
    });
    names.insert(later, binding);
    if (names.size() > TG_NAMES_PER_ADDRESS) {
        names.erase(names.begin());
    }
    if (bindings_.size() > addresses_max_) {
        bindings_.erase(order_.front());
        order_.pop_front();
    }
}

const NameBinding* NameTable::latest(const IpAddress& address, Timestamp at) const {
    const auto entry = bindings_.find(address);
    if (entry == bindings_.end()) {
        return nullptr;
    }
    const auto newest_first =
        std::find_if(entry->second.rbegin(), entry->second.rend(), [&](const NameBinding& binding) {
            return binding.since <= at;
        });
    return newest_first == entry->second.rend() ? nullptr : &*newest_first;
}

std::vector<std::string> NameTable::valid(const IpAddress& address, Timestamp at) const {
    return names_at(address, at, 0);
}

std::vector<std::string> NameTable::around(const IpAddress& address, Timestamp at) const {
    return names_at(address, at, 1);
}

std::vector<std::string> NameTable::names_at(const IpAddress& address,
                                             Timestamp at,
                                             int before) const {
    std::vector<std::string> names;
    const auto entry = bindings_.find(address);
    if (entry == bindings_.end()) {
        return names;
    }
    for (const NameBinding& binding : entry->second) {
        const std::chrono::seconds lasts = lifetime(binding);
        if (binding.since - before * lasts <= at && at < binding.at + lasts) {
            names.push_back(binding.name);
        }
    }
    return names;
}

}  // namespace tollgate::policy
