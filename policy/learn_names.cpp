// SPDX-License-Identifier: MIT
#include "policy/learn_names.hpp"

#include <algorithm>

#include <tollgate/abi/limits.h>

namespace tollgate::policy {

void NameTable::bind(const NameBinding& binding) {
    const auto [entry, created] = bindings_.try_emplace(binding.address);
    if (created) {
        order_.push_back(binding.address);
    }
    std::vector<NameBinding>& names = entry->second;
    std::erase_if(names, [&](const NameBinding& known) { return known.name == binding.name; });
    const auto later = std::find_if(names.begin(), names.end(), [&](const NameBinding& known) {
        return known.at > binding.at;
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
            return binding.at <= at;
        });
    return newest_first == entry->second.rend() ? nullptr : &*newest_first;
}

std::vector<std::string> NameTable::valid(const IpAddress& address, Timestamp at) const {
    std::vector<std::string> names;
    const auto entry = bindings_.find(address);
    if (entry == bindings_.end()) {
        return names;
    }
    for (const NameBinding& binding : entry->second) {
        const auto ttl = std::clamp(binding.ttl,
                                    std::chrono::seconds(TG_DNS_TTL_FLOOR_S),
                                    std::chrono::seconds(TG_DNS_TTL_CEILING_S));
        if (binding.at <= at && at < binding.at + ttl) {
            names.push_back(binding.name);
        }
    }
    return names;
}

}  // namespace tollgate::policy
