// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>

#include <tollgate/result.hpp>

#include "agent/datapath/gate.hpp"
#include "agent/system/file_descriptor.hpp"

namespace tollgate::agent {

/// An interface to attach to.
struct Target {
    std::string name;
    unsigned ifindex = 0;
    tg_link link = TG_LINK_CLEAR;
};

/// The outcome of attaching to XDP. `mode` none: neither native nor generic XDP can be had here.
struct XdpAttachment {
    AttachMode mode = AttachMode::none;
    FileDescriptor link;
    bool adopted = false;
    std::string fallback_reason;  ///< why not native
};

/// Attaches by a pinned bpf_link, native if the driver can, else generic; a link that is pinned
/// there already is updated in place. @param options  only the rungs are read
/// @return EBUSY: a foreign program has the hook, and is named
[[nodiscard]] Result<XdpAttachment> attach_xdp(const Target& target,
                                               int program,
                                               const std::filesystem::path& pin,
                                               const GateOptions& options);

/// Whether generic XDP or TC may work where bpf(BPF_LINK_CREATE) failed. ENOMEM is no shortage of
/// memory: older virtio_net says it when it has too few queues for native XDP.
[[nodiscard]] bool another_rung_may_do(int error);

/// How a program of ours is attached to XDP of an interface just now.
[[nodiscard]] AttachMode xdp_mode(unsigned ifindex);

}  // namespace tollgate::agent
