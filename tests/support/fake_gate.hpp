// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <sys/eventfd.h>

#include "agent/datapath/gate.hpp"
#include "agent/system/clock.hpp"
#include "agent/system/file_descriptor.hpp"
#include "policy/model.hpp"

namespace tollgate::test {

/// Clocks that stand still until a test moves them.
class FakeClock : public agent::Clock {
  public:
    [[nodiscard]] std::uint64_t boot_ns() const override { return boot; }
    [[nodiscard]] std::int64_t wall_ns() const override { return wall; }

    void advance(std::uint64_t seconds) {
        boot += seconds * TG_SECOND;
        wall += static_cast<std::int64_t>(seconds * TG_SECOND);
    }

    std::uint64_t boot = 1000 * TG_SECOND;
    std::int64_t wall = 1'790'000'000LL * 1'000'000'000LL;
};

/// What survives the agent in the kernel: two slots and a switch, as bpf/generation.h judges them.
/// A second FakeGate over the same kernel is the next agent, one over a new kernel a reboot.
struct FakeKernel {
    std::array<tg_generation, TG_SLOTS> generations{};
    std::array<std::string, TG_SLOTS> policies;  ///< names of the rules, joined: what is loaded
    std::array<bool, TG_SLOTS> has_names{};      ///< false: see Gate::names_are_lost()
    tg_control control{};
    std::vector<Prefix> blocklist;
    std::map<std::string, agent::Attachment> attachments;
    std::vector<std::pair<tg_flow_key, tg_flow>> flows;
    std::vector<std::pair<tg_service_key, tg_service>> services;
    std::map<IpAddress, tg_resolved> resolved;
    std::vector<agent::PeerAddress> peer_addresses;
    std::vector<std::vector<std::byte>> events;
    std::vector<tg_report> reports;
};

/// The data path as the agent sees it, without a kernel. Public members are for tests.
class FakeGate : public agent::Gate {
  public:
    FakeGate(FakeKernel& the_kernel, const agent::Clock& the_clock)
        : kernel{the_kernel},
          clock{the_clock},
          was_loaded{the_kernel.generations[0].number != 0},
          events_{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)} {}

    [[nodiscard]] bool adopted() const override { return was_loaded; }

    Result<agent::Attachment> attach(const std::string& interface, std::uint8_t zone) override {
        return attach_as(TG_LINK_CLEAR, interface, zone);
    }
    Result<agent::Attachment> attach_tunnel(const std::string& interface,
                                            std::uint8_t zone) override {
        return attach_as(TG_LINK_TUNNEL, interface, zone);
    }
    Result<void> prepare(std::uint8_t zone) override {
        prepared.insert(zone);
        return {};
    }
    Result<void> detach(const std::string& interface) override {
        kernel.attachments.erase(interface);
        return {};
    }
    std::vector<agent::Attachment> attachments() override {
        std::vector<agent::Attachment> all;
        for (const auto& entry : kernel.attachments) {
            all.push_back(entry.second);
        }
        return all;
    }

    Result<void> switch_to(const agent::NewGeneration& next) override {
        if (auto failed = failing("switch_to")) {
            return Failure{*failed};
        }
        const bool first = kernel.generations[0].number == 0;
        const std::uint32_t stable = slot_in_force();
        const std::uint32_t slot = first ? 0 : 1 - stable;
        tg_generation generation{};
        generation.number = next.number;
        generation.deadline_ns = next.deadline_ns;
        generation.grace_until_ns = next.grace_until_ns;
        generation.previous_slot = stable;
        std::copy(next.stage.begin(), next.stage.end(), generation.stage);
        kernel.policies.at(slot) =
            next.policy == nullptr ? kernel.policies.at(stable) : rules_of(*next.policy);
        kernel.has_names.at(slot) = next.policy != nullptr || kernel.has_names.at(stable);
        kernel.generations.at(slot) = generation;
        kernel.control.active_slot = slot;
        return {};
    }
    Result<void> confirm() override {
        if (auto failed = failing("confirm")) {
            return Failure{*failed};
        }
        kernel.generations.at(kernel.control.active_slot).deadline_ns = 0;
        return {};
    }
    Result<void> revert(std::uint32_t number) override {
        if (auto failed = failing("revert")) {
            return Failure{*failed};
        }
        const std::uint32_t slot = 1 - kernel.control.active_slot;
        kernel.generations.at(slot).number = number;
        kernel.generations.at(slot).deadline_ns = 0;
        kernel.generations.at(slot).previous_slot = kernel.control.active_slot;
        kernel.control.active_slot = slot;
        return {};
    }
    Result<tg_generation> generation() override { return kernel.generations.at(slot_in_force()); }
    Result<tg_control> control() override { return kernel.control; }
    Result<void> set_stage(std::uint8_t zone, std::uint8_t in_force, std::uint8_t other) override {
        if (auto failed = failing("set_stage")) {
            return Failure{*failed};
        }
        const std::uint32_t applies = slot_in_force();
        kernel.generations.at(applies).stage[zone] = in_force;
        kernel.generations.at(1 - applies).stage[zone] = other;
        return {};
    }
    Result<void> set_open(bool open) override {
        kernel.control.open = open ? 1 : 0;
        return {};
    }
    Result<void> bump(std::uint32_t number) override {
        if (auto failed = failing("bump")) {
            return Failure{*failed};
        }
        kernel.generations.at(kernel.control.active_slot).number = number;
        auto& other = kernel.generations.at(1 - kernel.control.active_slot);
        other.number = other.number == 0 ? 0 : number + 1;
        return {};
    }

    Result<void> blocklist_add(std::span<const Prefix> prefixes) override {
        kernel.blocklist.insert(kernel.blocklist.end(), prefixes.begin(), prefixes.end());
        return {};
    }
    Result<void> blocklist_remove(std::span<const Prefix> prefixes) override {
        std::erase_if(kernel.blocklist, [&](const Prefix& prefix) {
            return std::find(prefixes.begin(), prefixes.end(), prefix) != prefixes.end();
        });
        return {};
    }
    Result<std::vector<Prefix>> blocklist() override { return kernel.blocklist; }

    Result<void> for_each_flow(const FlowVisitor& visit) override {
        for (const auto& [key, flow] : kernel.flows) {
            visit(key, flow, false);
        }
        return {};
    }
    /// The connections of the machine that the tests run on are no part of them.
    Result<void> seed_flow(const tg_flow_key& /*key*/, const tg_flow& /*flow*/) override {
        return {};
    }
    Result<void> for_each_service(const ServiceVisitor& visit) override {
        for (const auto& [key, service] : kernel.services) {
            visit(key, service);
        }
        return {};
    }
    Result<void> remove_service(const tg_service_key& /*key*/) override { return {}; }
    Result<void> resolve(const IpAddress& address,
                         std::uint64_t pattern,
                         std::uint64_t expires_ns) override {
        kernel.resolved[address].names[0] = {pattern, expires_ns};
        return {};
    }
    [[nodiscard]] std::uint64_t hash_of(const policy::NamePattern& pattern) const override {
        return pattern.hash(1234567);
    }
    bool names_are_lost() override { return !kernel.has_names.at(slot_in_force()); }
    Result<void> for_each_resolved(const ResolvedVisitor& visit) override {
        for (const auto& [address, names] : std::map{kernel.resolved}) {
            visit(address, names);
        }
        return {};
    }

    Result<tg_interface_counters> interface_counters(std::uint8_t /*zone*/,
                                                     tg_direction direction) override {
        tg_interface_counters sums{};
        sums.passed_packets = direction == TG_INGRESS ? 7 : 3;
        sums.drops[TG_DROP_POLICY_DEFAULT] = 5;
        return sums;
    }
    Result<std::vector<tg_rule_counters>> rule_counters(std::uint32_t rules) override {
        std::vector<tg_rule_counters> sums(rules);
        for (std::uint32_t rule = 0; rule < rules; ++rule) {
            sums[rule] = {rule, 100ULL * rule};
        }
        return sums;
    }
    Result<tg_gate_counters> gate_counters() override { return counters; }
    Result<std::vector<tg_report>> reports() override { return kernel.reports; }
    std::vector<TableUse> tables() override { return {{"flows", kernel.flows.size(), 65536}}; }

    Result<std::vector<agent::PeerAddress>> peer_addresses() override {
        return kernel.peer_addresses;
    }
    std::string peer_of(std::uint8_t zone, const Prefix& inner) override {
        const agent::PeerAddress* longest = nullptr;
        for (const agent::PeerAddress& address : kernel.peer_addresses) {
            if (address.zone == zone && address.prefix.contains(inner) &&
                (longest == nullptr || longest->prefix.length < address.prefix.length)) {
                longest = &address;
            }
        }
        return longest == nullptr ? std::string{} : longest->peer;
    }

    [[nodiscard]] int events_fd() const override { return events_.get(); }
    Result<void> poll_events(const EventVisitor& visit) override {
        for (const auto& event : kernel.events) {
            visit(event);
        }
        kernel.events.clear();
        return {};
    }

    Result<agent::Trace> trace(std::uint8_t /*zone*/,
                               tg_direction /*direction*/,
                               std::span<const std::byte> frame) override {
        traced.assign(frame.begin(), frame.end());
        agent::Trace trace;
        trace.stage = TG_STAGE_ENFORCE;
        trace.reason = TG_DROP_POLICY_DEFAULT;
        return trace;
    }

    Result<std::unique_ptr<agent::TunnelGate>> tunnel_gate(std::uint8_t /*zone*/) override {
        return std::make_unique<agent::NoTunnelGate>();
    }
    Result<agent::TunnelPlace> tunnel_place(std::uint8_t /*zone*/) override {
        return failure(ENOSYS, "there is no kernel");
    }
    Result<std::unique_ptr<agent::QueueSteering>> queue_steering() override {
        return failure(ENOSYS, "there is no kernel");
    }

    /// The slot that the kernel judges by, the deadline considered.
    [[nodiscard]] std::uint32_t slot_in_force() const {
        const tg_generation& active = kernel.generations.at(kernel.control.active_slot);
        const bool over = active.deadline_ns != 0 && clock.boot_ns() >= active.deadline_ns;
        return over ? active.previous_slot : kernel.control.active_slot;
    }
    /// What is in force, as a test reads it.
    [[nodiscard]] policy::Stage stage(std::uint8_t zone = 0) const {
        return kernel.control.open != 0
                   ? policy::Stage::open
                   : static_cast<policy::Stage>(kernel.generations.at(slot_in_force()).stage[zone]);
    }
    [[nodiscard]] std::string rules() const { return kernel.policies.at(slot_in_force()); }

    FakeKernel& kernel;
    const agent::Clock& clock;
    bool was_loaded;
    tg_gate_counters counters{};
    std::vector<std::byte> traced;
    std::string fails;                ///< the call that fails with EIO
    std::set<std::string> absent;     ///< interfaces that are not there
    std::set<std::uint8_t> prepared;  ///< zones

  private:
    Result<agent::Attachment> attach_as(tg_link link,
                                        const std::string& interface,
                                        std::uint8_t zone) {
        if (auto failed = failing("attach")) {
            return Failure{*failed};
        }
        if (absent.contains(interface)) {
            return failure(ENODEV, interface);
        }
        const bool is_tunnel = link == TG_LINK_TUNNEL;
        agent::Attachment attachment{interface,
                                     1U + zone,
                                     zone,
                                     link,
                                     is_tunnel ? agent::AttachMode::tc : agent::AttachMode::native,
                                     agent::TcHook::tcx,
                                     was_loaded,
                                     {}};
        kernel.attachments[interface] = attachment;
        return attachment;
    }
    [[nodiscard]] std::optional<Error> failing(const std::string& call) const {
        return fails == call ? std::optional{Error{{EIO, std::generic_category()}, call}}
                             : std::nullopt;
    }
    static std::string rules_of(const policy::CompiledPolicy& policy) {
        std::string names;
        for (const std::string& name : policy.rule_names) {
            names += name.empty() ? "" : (names.empty() ? "" : " ") + name;
        }
        return names;
    }

    agent::FileDescriptor events_;
};

}  // namespace tollgate::test
