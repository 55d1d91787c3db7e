// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>

#include <tollgate/result.hpp>

namespace tollgate::agent {

/// What came of trying things that a look cannot tell. Errno values; 0: it works.
struct ScratchTrial {
    std::int32_t native_xdp = 0;  ///< attach a program in the driver
    std::int32_t xdp_socket = 0;  ///< make an AF_XDP socket
    std::int32_t memory = 0;      ///< register its frames: locked memory
    std::int32_t bind = 0;        ///< receive through it
};
/// Of the frames: more than the 64 KiB that a limit of locked memory allows when nobody set one.
inline constexpr std::size_t kScratchFrameBytes = std::size_t{1} << 20U;

/// Tries on a veth pair in a network namespace of a child process: no interface of this host is
/// touched, and with the child everything is gone.
/// @return EPERM: not for this process; EOPNOTSUPP: no veth; ETIMEDOUT
[[nodiscard]] Result<ScratchTrial> try_on_scratch_interface();

}  // namespace tollgate::agent
