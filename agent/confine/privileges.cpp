// SPDX-License-Identifier: MIT
#include "agent/confine/privileges.hpp"

#include <array>
#include <cerrno>

#include <grp.h>
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

bool has_any(const Capabilities& held) {
    for (const auto& part : held) {
        if ((part.effective | part.permitted | part.inheritable) != 0) {
            return true;
        }
    }
    return false;
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
    if (::setgroups(0, nullptr) != 0 || ::setresgid(group, group, group) != 0 ||
        ::setresuid(user, user, user) != 0) {
        return failure(errno, fmt::format("become user {}, group {}", user, group));
    }
    return true;
}

Result<void> drop_capabilities() {
    auto header = header_of_self();
    const Capabilities none{};
    if (::syscall(SYS_capset, &header, none.data()) != 0) {
        return failure(errno, "drop the capabilities");
    }
    const auto left = capabilities();
    if (!left) {
        return Failure{left.error()};
    }
    return has_any(*left) ? failure("capabilities are left after they were dropped")
                          : Result<void>{};
}

}  // namespace tollgate::agent
