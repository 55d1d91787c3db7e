// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include <tollgate/result.hpp>

#include "agent/system/file_descriptor.hpp"

namespace tollgate::agent {

/// Attachments by tcx, which are younger (6.6) than the headers and the libbpf of Debian 12.
inline constexpr std::uint32_t kTcxIngress = 46;      // BPF_TCX_INGRESS
inline constexpr std::uint32_t kTcxEgress = 47;       // BPF_TCX_EGRESS
inline constexpr std::uint32_t kTcxLink = 11;         // BPF_LINK_TYPE_TCX
inline constexpr std::uint32_t kTcxFirst = 1U << 3U;  // BPF_F_BEFORE: ahead of all others

/// A bpf_link on an interface, as the kernel describes it.
struct LinkState {
    std::uint32_t type = 0;  ///< enum bpf_link_type
    std::uint32_t program_id = 0;
    unsigned ifindex = 0;  ///< 0: the device is gone, or the link was detached by force
};

/// @return EBADF, EINVAL: not a link
[[nodiscard]] Result<LinkState> link_state(int fd);

/// Opens a pinned link if it still is on `ifindex` and of `type`. Another one is left alone:
/// whoever pins a new link in its place ends it.
[[nodiscard]] Result<std::optional<FileDescriptor>> open_live_link(const std::filesystem::path& pin,
                                                                   std::uint32_t type,
                                                                   unsigned ifindex);

/// Pins a link in the place of another, which ends, if it is there: without a moment in between.
[[nodiscard]] Result<void> replace_link(int fd, const std::filesystem::path& pin);

/// Detaches a pinned link and removes the pin, if it is there. Not only the pin: the kernel would
/// detach some time later, when the program's arrays may be gone already.
[[nodiscard]] Result<void> end_link(const std::filesystem::path& pin);

/// The name of a loaded program; empty if it is gone or this process may not ask (CAP_SYS_ADMIN).
[[nodiscard]] std::string program_name(std::uint32_t program_id);

/// The number of a program of ours.
[[nodiscard]] Result<std::uint32_t> program_id(int fd);

/// The number of the bpf_link that attaches a program; none if it is attached without one, or if
/// this process may not ask.
[[nodiscard]] std::optional<std::uint32_t> link_of_program(std::uint32_t program_id);

}  // namespace tollgate::agent
