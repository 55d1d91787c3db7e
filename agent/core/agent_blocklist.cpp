// SPDX-License-Identifier: MIT
// The blocklist: on disk, in the kernel, and in force for flows that exist.
#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "agent/core/agent.hpp"
#include "agent/report/log.hpp"

namespace tollgate::agent {

namespace {

struct Difference {
    std::vector<Prefix> added;
    std::vector<Prefix> removed;

    [[nodiscard]] std::size_t size() const { return added.size() + removed.size(); }
};

Difference difference(const PrefixSet& from, const PrefixSet& to) {
    const auto& before = from.prefixes();
    const auto& after = to.prefixes();
    Difference found;
    std::set_difference(
        after.begin(), after.end(), before.begin(), before.end(), std::back_inserter(found.added));
    std::set_difference(before.begin(),
                        before.end(),
                        after.begin(),
                        after.end(),
                        std::back_inserter(found.removed));
    return found;
}

Result<void> put(Gate& gate, const Difference& difference) {
    auto removed = gate.blocklist_remove(difference.removed);
    return removed ? gate.blocklist_add(difference.added) : removed;
}

}  // namespace

// An agent that ended between the disk and the kernel leaves them apart.
Result<void> Agent::restore_blocklist() {
    auto stored = warden_->store().load_blocklist();
    auto loaded = gate_->blocklist();
    if (!stored || !loaded) {
        return Failure{stored ? loaded.error() : stored.error()};
    }
    const PrefixSet in_kernel{std::move(*loaded)};
    std::error_code error;
    if (!std::filesystem::exists(warden_->store().folder() / "blocklist", error)) {
        blocklist_ = in_kernel;  // the state folder was lost, which unblocks nobody
        return {};
    }
    blocklist_ = PrefixSet{std::move(*stored)};
    const Difference apart = difference(in_kernel, blocklist_);
    auto done = put(*gate_, apart);
    if (!done || !gate_->adopted() || apart.size() == 0) {
        return done;
    }
    log(LogLevel::warn, "blocklist.restored", {{"prefixes", apart.size()}});
    if (auto revoked = warden_->revoke_verdicts(); !revoked) {
        log(LogLevel::error, "blocklist.unrevoked", {{"error", revoked.error().message()}});
    }
    return {};
}

Answer<std::size_t> Agent::set_blocklist(PrefixSet next) {
    if (next.prefixes().size() > TG_BLOCKLIST_MAX) {
        return refuse(Refusal::Code::invalid,
                      fmt::format("the block list holds at most {} prefixes", TG_BLOCKLIST_MAX));
    }
    const Difference wanted = difference(blocklist_, next);
    if (wanted.size() == 0) {
        return 0;
    }
    if (auto saved = warden_->store().save_blocklist(next.prefixes()); !saved) {
        return refuse(saved.error());
    }
    auto done = put(*gate_, wanted);
    if (done) {
        done = warden_->revoke_verdicts();
    }
    if (!done) {
        take_back_blocklist();
        return refuse(done.error());
    }
    blocklist_ = std::move(next);
    return wanted.size();
}

// The list that is shown is the one that is in force.
void Agent::take_back_blocklist() {
    auto saved = warden_->store().save_blocklist(blocklist_.prefixes());
    auto back = gate_->blocklist().and_then([&](std::vector<Prefix> loaded) {
        return put(*gate_, difference(PrefixSet{std::move(loaded)}, blocklist_));
    });
    for (const auto& done : {saved, back}) {
        if (!done) {
            log(LogLevel::error, "blocklist.failed", {{"error", done.error().message()}});
        }
    }
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
