// SPDX-License-Identifier: MIT
// The blocklist: on disk, in the kernel, and in force for flows that exist.
#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "agent/core/agent.hpp"

namespace tollgate::agent {

Result<void> Agent::restore_blocklist() {
    auto stored = warden_->store().load_blocklist();
    if (!stored) {
        return Failure{stored.error()};
    }
    blocklist_ = PrefixSet{std::move(*stored)};
    return gate_->adopted() ? Result<void>{} : gate_->blocklist_add(blocklist_.prefixes());
}

Answer<std::size_t> Agent::set_blocklist(PrefixSet next) {
    if (next.prefixes().size() > TG_BLOCKLIST_MAX) {
        return refuse(Refusal::Code::invalid,
                      fmt::format("the block list holds at most {} prefixes", TG_BLOCKLIST_MAX));
    }
    const auto& before = blocklist_.prefixes();
    const auto& after = next.prefixes();
    std::vector<Prefix> added;
    std::vector<Prefix> removed;
    std::set_difference(
        after.begin(), after.end(), before.begin(), before.end(), std::back_inserter(added));
    std::set_difference(
        before.begin(), before.end(), after.begin(), after.end(), std::back_inserter(removed));
    if (added.empty() && removed.empty()) {
        return 0;
    }
    if (auto saved = warden_->store().save_blocklist(after); !saved) {
        return refuse(saved.error());
    }
    auto done = gate_->blocklist_remove(removed);
    if (done) {
        done = gate_->blocklist_add(added);
    }
    if (done) {
        done = warden_->revoke_verdicts();
    }
    if (!done) {
        return refuse(done.error());
    }
    blocklist_ = std::move(next);
    return added.size() + removed.size();
}

Answer<std::size_t> Agent::block(const std::vector<Prefix>& prefixes) {
    PrefixSet next = blocklist_;
    next.add(prefixes);
    return set_blocklist(std::move(next));
}

Answer<std::size_t> Agent::unblock(const std::vector<Prefix>& prefixes) {
    PrefixSet next = blocklist_;
    next.remove(prefixes);
    return set_blocklist(std::move(next));
}

Answer<std::size_t> Agent::replace_blocklist(const std::vector<Prefix>& prefixes) {
    return set_blocklist(PrefixSet{prefixes});
}

}  // namespace tollgate::agent
