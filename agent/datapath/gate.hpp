// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tollgate/abi/counters.h>
#include <tollgate/abi/event.h>
#include <tollgate/abi/policy.h>
#include <tollgate/abi/report.h>
#include <tollgate/abi/service.h>
#include <tollgate/ip.hpp>
#include <tollgate/result.hpp>

#include "agent/datapath/tunnel_place.hpp"
#include "agent/tunnel/tunnel_gate.hpp"
#include "policy/compiled.hpp"
#include "policy/model.hpp"

/// The loaded data path: programs, links and maps, and nothing else. The only part of the agent
/// that calls libbpf. Not thread-safe: one thread owns a Gate (the warden's), others get snapshots.
namespace tollgate::agent {

enum class AttachMode : std::uint8_t { none, native, generic, tc };
enum class TcHook : std::uint8_t { none, tcx, clsact };

/// How one interface is attached.
struct Attachment {
    std::string interface;
    unsigned ifindex = 0;
    std::uint8_t zone = 0;
    tg_link link = TG_LINK_CLEAR;
    AttachMode ingress = AttachMode::none;
    TcHook egress = TcHook::none;
    bool adopted = false;         ///< the links of an earlier agent were taken over without a gap
    std::string fallback_reason;  ///< why not native; empty if native, or a tunnel
    bool pins_restored = false;   ///< somebody had removed them; they are there again
};

struct GateOptions {
    std::filesystem::path pin_dir = "/sys/fs/bpf/tollgate";
    std::uint32_t flows = TG_FLOWS_MAX;
    std::uint32_t embryos = TG_EMBRYOS_MAX;
    /// The lowest rung of native → generic → tc that is acceptable.
    AttachMode lowest = AttachMode::tc;
    bool force_generic = false;
    bool force_tc = false;      ///< leaves the XDP hook to others
    bool force_clsact = false;  ///< TC by a clsact filter, even if the kernel has tcx
    /// mac1 is checked in the kernel; a board may be quicker without (the tunnel checks it, too).
    bool check_mac1 = true;
};

/// What one synthetic packet met (tollgate trace).
struct Trace {
    bool passed = false;
    std::uint8_t stage = 0;   ///< enum tg_stage
    std::uint8_t reason = 0;  ///< enum tg_drop_reason; also of a would-drop
    bool would_drop = false;
    bool flow_hit = false;
    std::uint32_t rule = 0;
    std::uint32_t generation = 0;
    std::uint16_t port_class = 0;
    std::uint32_t remote_class = 0;
};

/// Whose inner addresses are, as a tunnel has told the data path.
struct PeerAddress {
    std::uint8_t zone = 0;  ///< of the tunnel's interface
    Prefix prefix;
    std::string peer;  ///< its name; empty: nobody with a name
};

struct NewGeneration {
    const policy::CompiledPolicy* policy = nullptr;  ///< nullptr: keep the active slot's tables
    std::array<std::uint8_t, TG_ZONES_MAX> stage{};  ///< enum tg_stage
    std::uint64_t deadline_ns = 0;                   ///< CLOCK_BOOTTIME; 0: confirmed at once
    std::uint64_t grace_until_ns = 0;
    std::uint32_t number = 0;
    std::int64_t boot_minus_wall_ns = 0;  ///< added to wall-clock expiries to get CLOCK_BOOTTIME
};

class Gate {
  public:
    /// Loads the programs, adopting the maps pinned under `pin_dir` if an earlier agent left them.
    /// Attaches nothing. Errors name the cause and what to do: not root or no CAP_BPF (EPERM),
    /// kernel without BPF or too old (ENOSYS, EINVAL), bpffs not mounted (ENOENT), memory (ENOMEM,
    /// EPERM with a low RLIMIT_MEMLOCK), another agent on the same pin folder (EBUSY), tables of
    /// other sizes pinned there (EEXIST).
    static Result<std::unique_ptr<Gate>> open(const GateOptions& options);
    virtual ~Gate() = default;

    /// True if the maps held a generation already: the last confirmed policy is in force.
    [[nodiscard]] virtual bool adopted() const = 0;

    /// Attaches to an interface as `zone`, or takes over the pinned links (bpf_link_update).
    /// A foreign XDP program is never replaced: EBUSY, naming it. ENODEV: no such interface.
    /// ENODATA: no generation was ever loaded, so that attaching would drop everything.
    virtual Result<Attachment> attach(const std::string& interface, std::uint8_t zone) = 0;
    /// The same for the interface of a tunnel of ours, which has TC only: before it is up, so that
    /// nothing passes it unseen.
    virtual Result<Attachment> attach_tunnel(const std::string& interface, std::uint8_t zone) = 0;
    /// Loads the programs of a zone before its interface is there: attach() is quick when it comes.
    virtual Result<void> prepare(std::uint8_t zone) = 0;
    /// Removes links and pins of one interface.
    virtual Result<void> detach(const std::string& interface) = 0;
    /// The attachments as they are in the kernel now: detects links detached by force.
    virtual std::vector<Attachment> attachments() = 0;

    /// Fills the inactive slot and switches to it with one write. On failure what was in force
    /// stays so; if that was not confirmed yet, the one before it returns (there are two slots: the
    /// third generation takes the place of the unconfirmed one). EINVAL: `number` is zero or in
    /// use, or the first generation has a deadline. ENOSPC: the policy is too large.
    virtual Result<void> switch_to(const NewGeneration& next) = 0;
    /// Clears the deadline of the active generation. ETIMEDOUT: it has passed.
    virtual Result<void> confirm() = 0;
    /// Makes the previous slot the active one, now, under a fresh `number`. ENODATA: there is none.
    virtual Result<void> revert(std::uint32_t number) = 0;
    /// The generation in force, the deadline considered. ENODATA: none was ever loaded.
    virtual Result<tg_generation> generation() = 0;
    virtual Result<tg_control> control() = 0;
    virtual Result<void> set_open(bool open) = 0;
    /// Sets the stage (enum tg_stage) of one zone, in the generation in force and in the other one,
    /// which may come back.
    virtual Result<void> set_stage(std::uint8_t zone,
                                   std::uint8_t in_force,
                                   std::uint8_t other) = 0;
    /// Revokes cached verdicts without changing tables (blocklist changed). Uses up two numbers,
    /// `number` for the active slot and `number` + 1 for the other: a deadline may bring that back.
    virtual Result<void> bump(std::uint32_t number) = 0;

    virtual Result<void> blocklist_add(std::span<const Prefix> prefixes) = 0;
    virtual Result<void> blocklist_remove(std::span<const Prefix> prefixes) = 0;
    virtual Result<std::vector<Prefix>> blocklist() = 0;

    using FlowVisitor = std::function<void(const tg_flow_key&, const tg_flow&, bool embryo)>;
    /// Embryos first: one that becomes a flow meanwhile is visited, once or twice.
    virtual Result<void> for_each_flow(const FlowVisitor& visit) = 0;
    virtual Result<void> seed_flow(const tg_flow_key& key, const tg_flow& flow) = 0;
    using ServiceVisitor = std::function<void(const tg_service_key&, const tg_service&)>;
    virtual Result<void> for_each_service(const ServiceVisitor& visit) = 0;
    virtual Result<void> remove_service(const tg_service_key& key) = 0;
    /// Admits an address for a name, by hash_of(), as if a resolver had answered; `expires_ns`
    /// CLOCK_BOOTTIME.
    virtual Result<void> resolve(const IpAddress& address,
                                 std::uint64_t pattern,
                                 std::uint64_t expires_ns) = 0;
    /// What resolve() takes for a pattern: its hash under this gate's key, which leaves it never.
    [[nodiscard]] virtual std::uint64_t hash_of(const policy::NamePattern& pattern) const = 0;
    /// True if the names of the generation in force match nothing until its policy is loaded again:
    /// an earlier agent had hashed them otherwise.
    [[nodiscard]] virtual bool names_are_lost() = 0;
    using ResolvedVisitor = std::function<void(const IpAddress&, const tg_resolved&)>;
    virtual Result<void> for_each_resolved(const ResolvedVisitor& visit) = 0;

    virtual Result<tg_interface_counters> interface_counters(std::uint8_t zone,
                                                             tg_direction direction) = 0;
    /// Of the generation in force; index: rule.
    virtual Result<std::vector<tg_rule_counters>> rule_counters(std::uint32_t rules) = 0;
    virtual Result<tg_gate_counters> gate_counters() = 0;
    /// The drops that each CPU gathers for its next events: all entries of the map, of all CPUs. An
    /// entry has the same index each time. It may be half-written if it is changing.
    virtual Result<std::vector<tg_report>> reports() = 0;
    /// What the kernel has thrown out of a table that was full: between these two numbers, which
    /// are the same unless entries come and go meanwhile. An agent that has restored flows, or has
    /// taken over an older gate, counts from another number than 0.
    struct EvictionBounds {
        std::int64_t at_least = 0;
        std::int64_t at_most = 0;
    };
    /// Entries in use and room, of "flows", "embryos", "fragments", "services", "resolved",
    /// "blocklist".
    struct TableUse {
        std::string_view table;
        std::uint64_t used = 0;
        std::uint64_t limit = 0;
        std::optional<EvictionBounds> evictions{};  ///< of "flows" and "embryos"
    };
    virtual std::vector<TableUse> tables() = 0;

    /// A tunnel's side of the gate: for one more tunnel, which may outlive the Gate and use it from
    /// a thread of its own. ENOSPC: there are TG_TUNNELS_MAX.
    /// @param zone  of its interface
    virtual Result<std::unique_ptr<TunnelGate>> tunnel_gate(std::uint8_t zone) = 0;
    /// The same for a tunnel in another process, which makes the side of the gate there.
    virtual Result<TunnelPlace> tunnel_place(std::uint8_t zone) = 0;
    /// For a tunnel with several threads. @return EPERM without CAP_BPF and CAP_NET_ADMIN; else as
    /// BPF_MAP_CREATE, BPF_PROG_LOAD
    virtual Result<std::unique_ptr<QueueSteering>> queue_steering() = 0;
    /// Of all tunnels, in no order.
    virtual Result<std::vector<PeerAddress>> peer_addresses() = 0;
    /// The name of the peer with the longest prefix that holds all of `inner`. One look, no copy.
    /// @return empty: nobody with a name, or the table cannot be read
    virtual std::string peer_of(std::uint8_t zone, const Prefix& inner) = 0;

    /// A file descriptor that polls readable when events wait; owned by the Gate.
    [[nodiscard]] virtual int events_fd() const = 0;
    using EventVisitor = std::function<void(std::span<const std::byte>)>;
    /// Reads all waiting events (records of abi/event.h).
    virtual Result<void> poll_events(const EventVisitor& visit) = 0;

    /// Runs a frame, or a packet if the zone is a tunnel's, through the program of an attached
    /// zone, without any lasting effect.
    virtual Result<Trace> trace(std::uint8_t zone,
                                tg_direction direction,
                                std::span<const std::byte> frame) = 0;
};

/// Removes everything under `pin_dir`: links, maps, folders, and clsact filters that are ours.
/// @return what was (or with `dry_run` would be) removed, one line each
Result<std::vector<std::string>> cleanup(const std::filesystem::path& pin_dir, bool dry_run);

}  // namespace tollgate::agent
