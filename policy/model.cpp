// SPDX-License-Identifier: MIT
#include "policy/model.hpp"

#include <tollgate/abi/name_hash.h>

namespace tollgate::policy {

bool NamePattern::matches(std::string_view lower_case_name) const {
    if (!wildcard) {
        return lower_case_name == name;
    }
    return lower_case_name.size() > name.size() + 1 && lower_case_name.ends_with(name) &&
           lower_case_name[lower_case_name.size() - name.size() - 1] == '.';
}

std::uint64_t NamePattern::hash(std::uint64_t key) const {
    std::uint64_t hash = TG_NAME_HASH_START;
    for (const char c : name) {
        hash = tg_name_hash_add(hash, key, static_cast<std::uint8_t>(c));
    }
    return tg_name_hash_finish(hash) | (wildcard ? TG_NAME_WILDCARD : 0);
}

void Selector::append(const Selector& other) {
    const auto add = [](auto& to, const auto& from) {
        to.insert(to.end(), from.begin(), from.end());
    };
    add(prefixes, other.prefixes);
    add(macs, other.macs);
    add(names, other.names);
    add(peers, other.peers);
}

}  // namespace tollgate::policy
