// SPDX-License-Identifier: MIT
#pragma once

#include <cerrno>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tollgate/abi/tunnel.h>
#include <tollgate/abi/wireguard.h>
#include <tollgate/ip.hpp>
#include <tollgate/result.hpp>

#include "agent/tunnel/endpoint.hpp"
#include "agent/tunnel/queue_steering.hpp"
#include "crypto/bytes.hpp"
#include "crypto/cookie.hpp"
#include "crypto/keys.hpp"
#include "crypto/stealth.hpp"

namespace tollgate::agent {

/// What the gate lets through to one receiver index. Written without a system call, so that it
/// costs a tunnel nothing to keep it up to date. The empty one stands for a gate that is not loaded
/// or has no room: writing to it does nothing.
class GateReceiver {
  public:
    GateReceiver() = default;
    /// @param slot  the gate's; must be valid as long as the index is the gate's
    explicit GateReceiver(tg_receiver* slot) : slot_{slot} {}

    /// Bits of accept().
    static constexpr std::uint8_t kResponse = 1U << TG_WG_RESPONSE;
    static constexpr std::uint8_t kCookieReply = 1U << TG_WG_COOKIE_REPLY;
    static constexpr std::uint8_t kData = 1U << TG_WG_DATA;
    /// Lets messages of these types through until `expires`.
    void accept(std::uint8_t types, crypto::Instant expires) const;
    /// What comes from elsewhere passes at a bounded rate only.
    void set_endpoint(const Endpoint& endpoint) const;
    /// Older messages than the replay window has room for do not pass.
    void set_greatest_counter(std::uint64_t counter) const;

    /// Null: the empty one.
    [[nodiscard]] tg_receiver* slot() const { return slot_; }

  private:
    tg_receiver* slot_ = nullptr;
};

/// What the gate asks of initiations, besides a good mac1.
struct InitiationDemands {
    bool cookie = false;  ///< under load: a cookie, or to wait for a turn to be given one
    /// Whose cookies count; nothing: none does. There if `cookie`.
    std::optional<crypto::CookieChecker::Secrets> cookies = std::nullopt;
    /// A stealth MAC of these keys, or a cookie that counts; null: none.
    const crypto::StealthSlots* stealth = nullptr;
};

/// An interface that the gate protects.
struct GateInterface {
    std::string name;
    unsigned index = 0;
    std::uint8_t zone = 0;
    bool has_xdp = false;  ///< else its frames cannot be taken before the network stack

    bool operator==(const GateInterface&) const = default;
};

/// A tunnel's side of the gate in the kernel, which drops what cannot be for us before it costs
/// anything (docs/packet-path.md, section 9). What the gate was told last stays in force if the
/// agent dies: receiver indices until they expire, initiations that meet its demands for ever (the
/// keys of the stealth MAC are of six minutes).
///
/// One thread uses it, the tunnel's first; but indices and sources are for any thread at any time.
class TunnelGate {
  public:
    TunnelGate() = default;
    virtual ~TunnelGate() = default;
    TunnelGate(const TunnelGate&) = delete;
    TunnelGate& operator=(const TunnelGate&) = delete;

    /// Guards this port, instead of the one before, for the owner of this key.
    /// @param port  host order
    /// @return ENOSPC: TG_TUNNELS_MAX tunnels are guarded; else as BPF_MAP_UPDATE_ELEM
    [[nodiscard]] virtual Result<void> listen(std::uint16_t port, const crypto::PublicKey& key) = 0;
    /// Guards no port: datagrams are nothing special any more.
    virtual void close() = 0;

    /// An index that nothing is accepted for yet. Empty: there is no room, and messages to it
    /// will not pass.
    [[nodiscard]] virtual GateReceiver add(std::uint32_t index) = 0;
    virtual void remove(std::uint32_t index, GateReceiver receiver) = 0;

    /// From now on, and also of a port that is not guarded yet.
    virtual void demand(const InitiationDemands& demands) = 0;

    /// A peer is there, in this initiator_network(): a few initiations from there need no cookie.
    /// If there is no room they need one.
    virtual void know_source(const IpAddress& network) = 0;
    virtual void forget_source(const IpAddress& network) = 0;

    /// How many indices there was no room for.
    [[nodiscard]] virtual std::uint64_t refused_indices() const = 0;

    /// Has the policy's rules for this peer match these inner addresses, and no others. Flows are
    /// judged again, at once. @param peer  empty: nobody's rules do
    /// @return ENOSPC: TG_PEER_ADDRESSES_MAX prefixes are owned; else as BPF_MAP_UPDATE_ELEM
    [[nodiscard]] virtual Result<void> own(const Prefix& prefix, std::string_view peer) = 0;
    /// Forgets the prefix: its addresses belong to that of the next shorter one.
    virtual void disown(const Prefix& prefix) = 0;

    [[nodiscard]] virtual std::vector<GateInterface> interfaces() const { return {}; }
    /// Another one: interfaces() may have changed. Costs next to nothing.
    [[nodiscard]] virtual std::uint64_t interfaces_version() const { return 0; }
    /// Messages that pass go from this receive queue to an AF_XDP socket, as long as it is open.
    /// @pre the interface has XDP, and the queue is below TG_QUEUES_MAX
    [[nodiscard]] virtual Result<void> hand_over(const GateInterface& interface,
                                                 std::uint32_t queue,
                                                 int socket) {
        static_cast<void>(interface);
        static_cast<void>(queue);
        static_cast<void>(socket);
        return failure(ENODEV, "find an interface with XDP");
    }
};

class RunningTunnel;
struct TunnelOptions;

/// The gate, for tunnels that are to start. Empty functions: none is loaded.
struct GateForTunnels {
    /// Starts a tunnel somewhere else; empty: in this process, by the functions below.
    std::function<Result<std::unique_ptr<RunningTunnel>>(const TunnelOptions& options)> start{};
    /// Makes the side of the gate of one more tunnel. @param name  of its interface
    std::function<Result<std::unique_ptr<TunnelGate>>(const std::string& name)> open{};
    /// Attaches the gate to a tunnel's interface, before that is up.
    std::function<Result<void>(const std::string& name)> attach{};
    /// The tunnel is no more, and is not to come back.
    std::function<void(const std::string& name)> detach{};
    /// For tunnels with several threads.
    MakeQueueSteering make_steering{};
    /// Told in another thread what became of a change by wg(8): 0, or an errno value.
    std::function<void(const std::string& name, int error)> changed_by_wg{};
};

/// Without a gate all datagrams reach the tunnel.
class NoTunnelGate : public TunnelGate {
  public:
    [[nodiscard]] Result<void> listen(std::uint16_t /*port*/,
                                      const crypto::PublicKey& /*key*/) override {
        return {};
    }
    void close() override {}
    [[nodiscard]] GateReceiver add(std::uint32_t /*index*/) override { return {}; }
    void remove(std::uint32_t /*index*/, GateReceiver /*receiver*/) override {}
    void demand(const InitiationDemands& /*demands*/) override {}
    void know_source(const IpAddress& /*network*/) override {}
    void forget_source(const IpAddress& /*network*/) override {}
    [[nodiscard]] std::uint64_t refused_indices() const override { return 0; }
    [[nodiscard]] Result<void> own(const Prefix& /*prefix*/, std::string_view /*peer*/) override {
        return {};
    }
    void disown(const Prefix& /*prefix*/) override {}
};

}  // namespace tollgate::agent
