// SPDX-License-Identifier: MIT
#include "agent/confine/landlock.hpp"

#include <cerrno>
#include <cstddef>

#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/system/file_descriptor.hpp"

namespace tollgate::agent {

namespace {

// linux/landlock.h of Linux 6.12; that of Debian 12 ends with ABI 2.
struct RulesetAttributes {
    std::uint64_t handled_files = 0;
    std::uint64_t handled_ports = 0;  // ABI 4
    std::uint64_t scoped = 0;         // ABI 6
};
constexpr std::uint64_t kBindAndConnectTcp = 0b11;
constexpr std::uint64_t kAbstractSocketsAndSignals = 0b11;

// The rights over files by ABI: each adds bits above those before.
constexpr std::uint64_t files_of(std::uint32_t abi) {
    constexpr unsigned kBitsOfAbi1 = 13;
    const unsigned refer = abi >= 2 ? 1 : 0;
    const unsigned truncate = abi >= 3 ? 1 : 0;
    const unsigned ioctl_of_devices = abi >= 5 ? 1 : 0;
    return (std::uint64_t{1} << (kBitsOfAbi1 + refer + truncate + ioctl_of_devices)) - 1;
}
static_assert(files_of(1) == (LANDLOCK_ACCESS_FS_MAKE_SYM << 1U) - 1);

std::size_t size_of(std::uint32_t abi) {
    return abi >= 6   ? sizeof(RulesetAttributes)
           : abi >= 4 ? offsetof(RulesetAttributes, scoped)
                      : offsetof(RulesetAttributes, handled_ports);
}

Result<FileDescriptor> make_ruleset(std::uint32_t abi) {
    const RulesetAttributes attributes{files_of(abi),
                                       abi >= 4 ? kBindAndConnectTcp : 0,
                                       abi >= 6 ? kAbstractSocketsAndSignals : 0};
    FileDescriptor ruleset{
        static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, size_of(abi), 0))};
    if (!ruleset) {
        return failure(errno, "make a Landlock ruleset");
    }
    return ruleset;
}

}  // namespace

std::uint32_t landlock_abi() {
    const long abi = ::syscall(
        SYS_landlock_create_ruleset, nullptr, std::size_t{0}, LANDLOCK_CREATE_RULESET_VERSION);
    return abi > 0 ? static_cast<std::uint32_t>(abi) : 0;
}

Result<std::uint32_t> take_file_system() {
    const std::uint32_t abi = landlock_abi();
    if (abi == 0) {
        return abi;
    }
    const auto ruleset = make_ruleset(abi);
    if (!ruleset) {
        return Failure{ruleset.error()};
    }
    if (::syscall(SYS_landlock_restrict_self, ruleset->get(), 0) != 0) {
        return failure(errno, "restrict by Landlock");
    }
    return abi;
}

}  // namespace tollgate::agent
