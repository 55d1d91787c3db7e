// SPDX-License-Identifier: MIT
#include "agent/confine/syscall_filter.hpp"

#include <cerrno>
#include <memory>
#include <string_view>
#include <vector>

#include <seccomp.h>
#include <unistd.h>

#include <fmt/format.h>

namespace tollgate::agent {

namespace {

struct Release {
    void operator()(void* filter) const { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, Release>;

// libseccomp returns negative errno values.
Result<void> done(int result, std::string_view action, SyscallProfile profile) {
    if (result < 0) {
        return failure(-result,
                       fmt::format("{} the system call filter '{}'", action, name_of(profile)));
    }
    return {};
}

// A binary tree instead of a list: what is asked most comes as late as the rest.
constexpr std::uint32_t kBinaryTree = 2;

int set_up(void* filter) {
    int result = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    result = result < 0 ? result : seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    return result < 0 ? result : seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, kBinaryTree);
}

int add(void* filter, const SyscallRule& rule) {
    std::vector<scmp_arg_cmp> tests;
    for (const ArgumentTest& test : rule.tests) {
        tests.push_back({test.index, SCMP_CMP_MASKED_EQ, test.mask, test.value});
    }
    const std::uint32_t action = rule.error == 0 ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(rule.error);
    return seccomp_rule_add_array(
        filter, action, rule.number, static_cast<unsigned>(tests.size()), tests.data());
}

}  // namespace

Result<void> filter_syscalls(SyscallProfile profile) {
    const Filter filter{seccomp_init(SCMP_ACT_KILL_PROCESS)};
    if (!filter) {
        return failure(ENOMEM, "make a system call filter");
    }
    if (auto ready = done(set_up(filter.get()), "set up", profile); !ready) {
        return ready;
    }
    for (const SyscallRule& rule : rules_of(profile, ::getpid())) {
        if (auto added = done(add(filter.get(), rule), "make", profile); !added) {
            return added;
        }
    }
    return done(seccomp_load(filter.get()), "load", profile);
}

}  // namespace tollgate::agent
