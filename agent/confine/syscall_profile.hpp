// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace tollgate::agent {

/// The system calls that a process may make once it is confined. None can open files or sockets,
/// run programs, signal, trace or read other processes, load BPF programs, or make memory
/// executable.
enum class SyscallProfile : std::uint8_t {
    yaml,      ///< from one descriptor to another
    dns,       ///< the same
    exporter,  ///< a server on a socket that it was given, with threads
    data,      ///< tunnels: sockets, TUN devices and BPF maps that it was given, with threads
};
inline constexpr SyscallProfile kSyscallProfiles[] = {SyscallProfile::yaml,
                                                      SyscallProfile::dns,
                                                      SyscallProfile::exporter,
                                                      SyscallProfile::data};

[[nodiscard]] std::string_view name_of(SyscallProfile profile);

/// (argument & mask) == value
struct ArgumentTest {
    unsigned index = 0;
    std::uint64_t mask = 0;
    std::uint64_t value = 0;
};

/// A system call that is allowed if all tests of its arguments hold, or that fails with an error
/// instead of ending the process.
struct SyscallRule {
    int number = 0;  ///< as of libseccomp, negative where this machine has none of that name
    std::vector<ArgumentTest> tests;
    std::uint16_t error = 0;  ///< errno value; 0: it is allowed
};

/// The rules of a profile: what matches none ends the process. @param self its process id
[[nodiscard]] std::vector<SyscallRule> rules_of(SyscallProfile profile, pid_t self);

}  // namespace tollgate::agent
