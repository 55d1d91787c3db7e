// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include <tollgate/abi/limits.h>
#include <tollgate/abi/policy.h>

#include "agent/datapath/gate.hpp"
#include "policy/compiled.hpp"
#include "tests/support/netns.hpp"

namespace tollgate::test {

inline constexpr std::uint16_t kOpenPort = 9000;    ///< udp-in allows it
inline constexpr std::uint16_t kClosedPort = 9001;  ///< no rule allows it

/// Compiles {ingress UDP `port` from anywhere} over default deny, egress allowed.
/// @param mode enum tg_stage
policy::CompiledPolicy policy_for_port(std::uint16_t port);

/// A pin folder of its own, cleaned up with the object.
class PinDir {
  public:
    PinDir();
    ~PinDir();
    PinDir(const PinDir&) = delete;
    PinDir& operator=(const PinDir&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    /// Where agents with our tables have their pins.
    [[nodiscard]] std::filesystem::path version() const {
        return path_ / ("v" + std::to_string(TG_ABI_VERSION));
    }

  private:
    std::filesystem::path path_;
};

/// A protected host and its only neighbour:
///
///     peer 192.0.2.1 [eth0] ───── [eth0] 192.0.2.2 host: Gate, zone 0
class GateLab : public RootTest {
  protected:
    void SetUp() override;
    void TearDown() override;

    /// Opens the gate, as a starting agent does.
    void open(agent::GateOptions options = {});
    /// Destroys it without detaching, as `kill -9` would.
    void kill() { gate.reset(); }
    /// Loads a policy under the next number, in the stage for all zones.
    Result<void> load(const policy::CompiledPolicy& policy,
                      tg_stage stage = TG_STAGE_ENFORCE,
                      std::uint64_t deadline_ns = 0);
    /// Attaches eth0 of the host as zone 0.
    Result<agent::Attachment> attach();
    /// open(), load() and attach(), expecting no error.
    agent::Attachment protect(agent::GateOptions options = {});

    /// Whether a datagram from the peer reaches a socket of the host.
    [[nodiscard]] bool reaches(std::uint16_t port) const;

    PinDir pins;
    std::unique_ptr<NetworkNamespace> peer;
    std::unique_ptr<NetworkNamespace> host;
    std::unique_ptr<Inside> inside;  ///< this thread is in the host
    std::unique_ptr<agent::Gate> gate;
    std::uint32_t number = 0;
};

}  // namespace tollgate::test
