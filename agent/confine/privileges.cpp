// SPDX-License-Identifier: MIT
#include "agent/confine/privileges.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>

#include <grp.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fmt/format.h>

namespace tollgate::agent {

namespace {

using Capabilities = std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3>;

__user_cap_header_struct header_of_self() {
    return {_LINUX_CAPABILITY_VERSION_3, 0};
}

Result<Capabilities> capabilities() {
    auto header = header_of_self();
    Capabilities held{};
    if (::syscall(SYS_capget, &header, held.data()) != 0) {
        return failure(errno, "read the capabilities");
    }
    return held;
}

bool has(const Capabilities& held, unsigned capability) {
    return (held.at(CAP_TO_INDEX(capability)).effective & CAP_TO_MASK(capability)) != 0;
}

Result<void> set_capabilities(const Capabilities& wanted) {
    auto header = header_of_self();
    if (::syscall(SYS_capset, &header, wanted.data()) != 0) {
        return failure(errno, "set the capabilities");
    }
    return {};
}

bool is_same(const __user_cap_data_struct& one, const __user_cap_data_struct& other) {
    return one.effective == other.effective && one.permitted == other.permitted &&
           one.inheritable == other.inheritable;
}

}  // namespace

Result<void> renounce_new_privileges() {
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return failure(errno, "set no_new_privs");
    }
    return {};
}

Result<bool> empty_bounding_set() {
    if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) {
        return failure(errno, "clear the ambient capabilities");
    }
    const auto held = capabilities();
    if (!held) {
        return Failure{held.error()};
    }
    if (!has(*held, CAP_SETPCAP)) {
        return false;
    }
    // The kernel may know more capabilities than the headers: it says where its end is.
    for (unsigned capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0;
         ++capability) {
        if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) {
            return failure(errno, fmt::format("drop capability {} for good", capability));
        }
    }
    return true;
}

Result<bool> become(uid_t user, gid_t group) {
    const auto held = capabilities();
    if (!held) {
        return Failure{held.error()};
    }
    if (!has(*held, CAP_SETUID) || !has(*held, CAP_SETGID)) {
        return false;
    }
    if (::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0 || ::setgroups(0, nullptr) != 0 ||
        ::setresgid(group, group, group) != 0 || ::setresuid(user, user, user) != 0 ||
        ::prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) != 0) {
        return failure(errno, fmt::format("become user {}, group {}", user, group));
    }
    return true;
}

Result<void> drop_capabilities(Kept kept) {
    Capabilities wanted{};
    if (kept == Kept::bpf) {
        auto& part = wanted.at(CAP_TO_INDEX(CAP_BPF));
        part.permitted = part.effective = CAP_TO_MASK(CAP_BPF);
    }
    if (auto set = set_capabilities(wanted); !set) {
        return set;
    }
    const auto left = capabilities();
    if (!left) {
        return Failure{left.error()};
    }
    return std::ranges::equal(*left, wanted, is_same)
               ? Result<void>{}
               : failure("capabilities are left after they were dropped");
}

Result<bool> are_map_entries_privileged() {
    const auto held = capabilities();
    if (!held) {
        return Failure{held.error()};
    }
    if (!has(*held, CAP_BPF)) {
        return false;
    }
    Capabilities ineffective = *held;
    for (auto& part : ineffective) {
        part.effective = 0;
    }
    if (auto set = set_capabilities(ineffective); !set) {
        return Failure{set.error()};
    }
    bpf_attr nothing{};
    nothing.map_fd = std::numeric_limits<std::uint32_t>::max();
    const bool refused =
        ::syscall(SYS_bpf, BPF_MAP_LOOKUP_ELEM, &nothing, sizeof nothing) != 0 && errno == EPERM;
    if (auto set = set_capabilities(*held); !set) {
        return Failure{set.error()};
    }
    return refused;
}

}  // namespace tollgate::agent
