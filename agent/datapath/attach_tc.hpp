// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include <tollgate/abi/flow.h>
#include <tollgate/result.hpp>

#include "agent/datapath/attach_xdp.hpp"
#include "agent/datapath/gate.hpp"
#include "agent/datapath/pin_folder.hpp"
#include "agent/system/file_descriptor.hpp"

namespace tollgate::agent {

struct TcAttachment {
    TcHook hook = TcHook::none;
    FileDescriptor link;  ///< tcx only
    bool adopted = false;
};

/// Attaches to TC ahead of everybody else: by a pinned tcx link (kernel 6.6), else by a clsact
/// filter whose program is pinned instead. What is there already is replaced in one step.
/// @param force_clsact  not tcx, even if the kernel has it
/// @return EBUSY: a foreign filter has our place in clsact, or an ingress qdisc has that of clsact
[[nodiscard]] Result<TcAttachment> attach_tc(const Target& target,
                                             tg_direction direction,
                                             int program,
                                             const InterfacePins& pins,
                                             bool force_clsact);

/// The pin of the link (tcx or XDP), and of the program in the clsact filter, of one direction.
[[nodiscard]] std::filesystem::path link_pin(const InterfacePins& pins, tg_direction direction);
[[nodiscard]] std::filesystem::path filter_pin(const InterfacePins& pins, tg_direction direction);

/// True if our clsact filter runs the program pinned for this direction.
[[nodiscard]] bool has_filter(unsigned ifindex, tg_direction direction, const InterfacePins& pins);

/// True if our clsact filter runs `program`, and somebody has removed its pin.
[[nodiscard]] bool has_lost_filter_pin(unsigned ifindex,
                                       tg_direction direction,
                                       int program,
                                       const InterfacePins& pins);

/// Removes our clsact filter and its pin, if there are any. The qdisc stays.
[[nodiscard]] Result<void> remove_filter(unsigned ifindex,
                                         tg_direction direction,
                                         const InterfacePins& pins);

/// Removes the clsact qdisc if we made it and nobody else has a filter in it.
[[nodiscard]] Result<void> remove_clsact(unsigned ifindex, const InterfacePins& pins);

}  // namespace tollgate::agent
