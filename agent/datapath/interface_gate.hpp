// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <tollgate/result.hpp>

#include "agent/datapath/attach_xdp.hpp"
#include "agent/datapath/gate.hpp"
#include "agent/datapath/gate_object.hpp"
#include "agent/datapath/pin_folder.hpp"

namespace tollgate::agent {

/// One protected interface: its programs, and how they are attached. Destroying it detaches
/// nothing: the pins hold everything.
class InterfaceGate {
  public:
    /// Attaches egress, then ingress: XDP as high up the ladder as it goes, else TC; a tunnel to TC
    /// only. On failure what was attached before stays; if nothing was, nothing is.
    [[nodiscard]] static Result<InterfaceGate> attach(const Target& target,
                                                      const InterfacePins& pins,
                                                      std::shared_ptr<const GateObject> object,
                                                      const GateOptions& options);

    /// As it is in the kernel now.
    [[nodiscard]] Attachment attachment() const;
    /// Pins again what somebody has removed the pins of: without, the gate would end with the
    /// agent, or, in clsact, go on without its program arrays and drop whatever opens a flow.
    /// @return whether one was missing; else as bpf(BPF_OBJ_PIN)
    [[nodiscard]] Result<bool> restore_pins() const;
    [[nodiscard]] const Target& target() const { return target_; }
    [[nodiscard]] const InterfacePins& pins() const { return pins_; }
    [[nodiscard]] const std::shared_ptr<const GateObject>& object() const { return object_; }

  private:
    InterfaceGate(Target target, InterfacePins pins, std::shared_ptr<const GateObject> object)
        : target_{std::move(target)}, pins_{std::move(pins)}, object_{std::move(object)} {}

    [[nodiscard]] Result<void> attach_egress(const GateOptions& options);
    [[nodiscard]] Result<void> attach_ingress(const GateOptions& options);
    [[nodiscard]] Result<bool> restore_pin(tg_direction direction) const;
    [[nodiscard]] Result<void> pin_program_arrays() const;
    [[nodiscard]] Result<void> settle_program_arrays() const;

    Target target_;
    InterfacePins pins_;
    std::shared_ptr<const GateObject> object_;
    FileDescriptor ingress_link_;
    FileDescriptor egress_link_;
    AttachMode ingress_ = AttachMode::none;
    TcHook ingress_hook_ = TcHook::none;  ///< if ingress_ is tc
    TcHook egress_ = TcHook::none;
    bool ingress_adopted_ = false;
    bool egress_adopted_ = false;
    std::string fallback_reason_;
};

/// True if a program is attached by one of these pins, as it is in the kernel now.
[[nodiscard]] bool is_attached(const InterfacePins& pins);

/// What is attached to an interface by this agent or an earlier one, a line for each.
[[nodiscard]] std::vector<std::string> attached_programs(const InterfacePins& pins);

/// Detaches whatever is pinned for an interface, and removes the pins.
[[nodiscard]] Result<void> remove_interface(const InterfacePins& pins);

}  // namespace tollgate::agent
