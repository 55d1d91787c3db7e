// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <tollgate/result.hpp>

#include "agent/core/exit_code.hpp"
#include "agent/datapath/gate.hpp"

namespace tollgate::agent {

/// One interface that the agent protects, whether it is there or not.
struct ProtectedInterface {
    std::string name;
    std::uint8_t zone = 0;
    std::optional<Attachment> attachment;  ///< none: pending, the interface is not there
    std::string reason;                    ///< why it is not attached
    tg_link link = TG_LINK_CLEAR;
    bool is_there = true;  ///< false: a tunnel that does not run; there is nothing to protect

    /// Packets may pass unseen, or will when the interface comes.
    [[nodiscard]] bool is_unprotected() const { return is_there && !attachment; }
    /// Protected, but not where drops are cheapest. Tunnels have no such place.
    [[nodiscard]] bool fell_back() const {
        return attachment && link == TG_LINK_CLEAR && attachment->ingress != AttachMode::native;
    }
};

/// Attaches the gate to its interfaces and sees to it that it stays there: links removed by force
/// are put back, and an interface that comes back is attached again.
class InterfaceWatch {
  public:
    explicit InterfaceWatch(Gate& gate) : gate_{gate} {}

    /// @return no_interface, hook_taken, …: then what was attached stays so, it does no harm
    [[nodiscard]] StartResult<void> attach(const std::string& name, std::uint8_t zone);

    /// Waits for an interface that is not there yet: its programs are loaded, so that it is
    /// attached as soon as the kernel tells of it.
    void expect(const std::string& name, std::uint8_t zone);

    /// Attaches to the interface of a tunnel, which has just been made and is not up.
    [[nodiscard]] Result<void> attach_tunnel(const std::string& name, std::uint8_t zone);
    /// The tunnel is no more.
    void forget_tunnel(const std::string& name);

    /// To be called when interfaces came, went or changed: what has come is attached at once.
    void attach_newcomers();
    /// To be called once a second. @return how many interfaces were attached again
    std::size_t tick();

    [[nodiscard]] const std::vector<ProtectedInterface>& interfaces() const { return interfaces_; }
    [[nodiscard]] bool all_attached() const;
    /// How often links had to be put back.
    [[nodiscard]] std::uint64_t reattachments() const { return reattachments_; }

  private:
    bool repair(ProtectedInterface& interface);
    void clear_away(ProtectedInterface& interface);
    void detach(const ProtectedInterface& interface);
    void prepare(const ProtectedInterface& interface);

    Gate& gate_;
    std::vector<ProtectedInterface> interfaces_;
    std::uint64_t reattachments_ = 0;
};

}  // namespace tollgate::agent
