// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cerrno>
#include <cstring>

#include <gtest/gtest.h>

#include <tollgate/abi/name_hash.h>

#include "agent/system/boot_clock.hpp"
#include "tests/support/frame.hpp"
#include "tests/support/gate_lab.hpp"

namespace tollgate::test {
namespace {

/// What the tables of the data path hold, as the agent reads it.
class State : public GateLab {
  protected:
    [[nodiscard]] std::uint64_t used(std::string_view table) const {
        const auto uses = gate->tables();
        const auto found = std::find_if(
            uses.begin(), uses.end(), [&](const auto& use) { return use.table == table; });
        EXPECT_NE(found, uses.end()) << table;
        return found == uses.end() ? 0 : found->used;
    }

    /// The peer asks, the host answers, the peer thanks: an established flow.
    void talk() const {
        const UdpSocket server{*host, kOpenPort};
        const UdpSocket client{*peer, 40000};
        ASSERT_TRUE(client.send("192.0.2.2", kOpenPort, "a"));
        ASSERT_EQ(server.receive(), "a");
        ASSERT_TRUE(server.send("192.0.2.1", 40000, "b"));
        ASSERT_EQ(client.receive(), "b");
        ASSERT_TRUE(client.send("192.0.2.2", kOpenPort, "c"));
        ASSERT_EQ(server.receive(), "c");
    }

    /// A datagram of the peer, as it would stand on the wire.
    [[nodiscard]] static Bytes datagram_to(std::uint16_t port) {
        return ip_frame(
            {.source = ip("192.0.2.1"), .destination = ip("192.0.2.2"), .protocol = IPPROTO_UDP},
            udp({.source = 40000, .destination = port}));
    }
};

TEST_F(State, AFlowIsReadWithItsCounters) {
    protect();
    talk();
    int flows = 0;
    ASSERT_TRUE(gate->for_each_flow([&](const tg_flow_key& key, const tg_flow& flow, bool embryo) {
        ++flows;
        EXPECT_FALSE(embryo);
        EXPECT_EQ(key.local_port, htons(kOpenPort));
        EXPECT_EQ(flow.packets[TG_INGRESS], 2U);
        EXPECT_EQ(flow.packets[TG_EGRESS], 1U);
        EXPECT_EQ(flow.generation, number);
    }));
    EXPECT_EQ(flows, 1);
    EXPECT_EQ(used("flows"), 1U);
    EXPECT_EQ(used("embryos"), 0U);
}

TEST_F(State, AFlowSavedBeforeIsRestoredButNeverOverALiveOne) {
    protect();
    tg_flow_key key{};
    key.local_port = htons(1);
    key.protocol = IPPROTO_UDP;
    tg_flow saved{};
    saved.rule = 7;
    ASSERT_TRUE(gate->seed_flow(key, saved));
    saved.rule = 8;
    ASSERT_TRUE(gate->seed_flow(key, saved));
    std::uint32_t rule = 0;
    ASSERT_TRUE(gate->for_each_flow(
        [&](const tg_flow_key&, const tg_flow& flow, bool) { rule = flow.rule; }));
    EXPECT_EQ(rule, 7U);
}

TEST_F(State, CountersAddUp) {
    protect();
    talk();
    EXPECT_FALSE(reaches(kClosedPort));
    const auto counters = gate->interface_counters(0, TG_INGRESS).value();
    EXPECT_GE(counters.passed_packets, 2U);
    EXPECT_EQ(counters.drops[TG_DROP_POLICY_DEFAULT], 1U);
    EXPECT_EQ(gate->rule_counters(2).value().at(1).packets, 3U);
    EXPECT_EQ(gate->gate_counters().value().flows_promoted, 1U);
    EXPECT_EQ(gate->interface_counters(TG_ZONES_MAX, TG_INGRESS).error().code.value(), EINVAL);
}

TEST_F(State, ADropBecomesAnEvent) {
    protect();
    EXPECT_FALSE(reaches(kClosedPort));
    int drops = 0;
    ASSERT_TRUE(gate->poll_events([&](std::span<const std::byte> record) {
        tg_event event{};
        ASSERT_GE(record.size(), sizeof event);
        std::memcpy(&event, record.data(), sizeof event);
        drops += event.type == TG_EVENT_DROP && event.key.local_port == htons(kClosedPort) ? 1 : 0;
    }));
    EXPECT_EQ(drops, 1);
    EXPECT_GE(gate->events_fd(), 0);
}

TEST_F(State, ServicesAreSeenWhileLearningAndCanBeRemoved) {
    open();
    ASSERT_TRUE(load(policy_for_port(kOpenPort), TG_STAGE_LEARN));
    ASSERT_TRUE(attach());
    talk();
    tg_service_key seen{};
    ASSERT_TRUE(gate->for_each_service([&](const tg_service_key& key, const tg_service& service) {
        if (key.port == htons(kOpenPort)) {
            seen = key;
            EXPECT_NE(service.answered, 0);
        }
    }));
    ASSERT_EQ(seen.protocol, IPPROTO_UDP);
    const auto before = used("services");
    ASSERT_TRUE(gate->remove_service(seen));
    EXPECT_EQ(used("services"), before - 1);
}

TEST_F(State, NamesOfAnAddressAreKeptApart) {
    protect();
    const IpAddress address = ip("198.51.100.7");
    const auto later = agent::boot_time_ns() + TG_SECOND;
    ASSERT_TRUE(gate->resolve(address, 1, later));
    ASSERT_TRUE(gate->resolve(address, 2, later + 1));
    ASSERT_TRUE(gate->resolve(address, 1, later - 5));  // a name never expires earlier
    int addresses = 0;
    ASSERT_TRUE(gate->for_each_resolved([&](const IpAddress& of, const tg_resolved& resolved) {
        ++addresses;
        EXPECT_EQ(of, address);
        EXPECT_EQ(resolved.names[0].pattern, 1U);
        EXPECT_EQ(resolved.names[0].expires_ns, later);
        EXPECT_EQ(resolved.names[1].pattern, 2U);
        EXPECT_EQ(resolved.names[2].pattern, 0U);
    }));
    EXPECT_EQ(addresses, 1);
}

TEST_F(State, TheBlocklistHoldsAHundredThousandPrefixes) {
    open();
    std::vector<Prefix> prefixes;
    for (std::uint32_t i = 0; i < 100'000; ++i) {
        Prefix prefix{.address = ip("10.0.0.0"), .length = 120};
        prefix.address.bytes[13] = static_cast<std::uint8_t>(i >> 8U);
        prefix.address.bytes[14] = static_cast<std::uint8_t>(i);
        prefix.address.bytes[12] = static_cast<std::uint8_t>(11 + (i >> 16U));
        prefixes.push_back(prefix);
    }
    ASSERT_TRUE(gate->blocklist_add(prefixes));
    ASSERT_TRUE(gate->blocklist_add({prefixes.data(), 10}));  // again: no more entries
    EXPECT_EQ(used("blocklist"), 100'000U);
    std::sort(prefixes.begin(), prefixes.end());
    EXPECT_EQ(gate->blocklist().value(), prefixes);
    ASSERT_TRUE(gate->blocklist_remove(prefixes));
    EXPECT_EQ(used("blocklist"), 0U);
}

TEST_F(State, ABlocklistThatDoesNotFitIsRefusedWhole) {
    open();
    std::vector<Prefix> prefixes(TG_BLOCKLIST_MAX + 1);
    for (std::size_t i = 0; i < prefixes.size(); ++i) {
        std::memcpy(prefixes[i].address.bytes.data(), &i, sizeof i);
    }
    EXPECT_EQ(gate->blocklist_add(prefixes).error().code.value(), ENOSPC);
    EXPECT_EQ(used("blocklist"), 0U);
}

TEST_F(State, ATraceTellsTheVerdictAndLeavesNothingBehind) {
    protect();
    const auto before = gate->interface_counters(0, TG_INGRESS).value();
    const auto open_port = gate->trace(0, TG_INGRESS, datagram_to(kOpenPort)).value();
    EXPECT_TRUE(open_port.passed);
    EXPECT_EQ(open_port.rule, 1U);
    EXPECT_EQ(open_port.generation, number);
    const auto closed = gate->trace(0, TG_INGRESS, datagram_to(kClosedPort)).value();
    EXPECT_FALSE(closed.passed);
    EXPECT_EQ(closed.reason, TG_DROP_POLICY_DEFAULT);
    EXPECT_EQ(closed.rule, 0U);
    for (const char* table : {"flows", "embryos", "fragments", "services", "resolved"}) {
        EXPECT_EQ(used(table), 0U) << table;
    }
    const auto after = gate->interface_counters(0, TG_INGRESS).value();
    EXPECT_EQ(after.passed_packets, before.passed_packets);
    EXPECT_EQ(after.drops[TG_DROP_POLICY_DEFAULT], before.drops[TG_DROP_POLICY_DEFAULT]);
    EXPECT_EQ(gate->rule_counters(2).value().at(1).packets, 0U);
    ASSERT_TRUE(gate->poll_events([](std::span<const std::byte>) { ADD_FAILURE() << "an event"; }));
}

TEST_F(State, ATraceSeesTheFlowsThatLive) {
    protect();
    talk();
    const auto met = gate->trace(0, TG_INGRESS, datagram_to(kOpenPort)).value();
    EXPECT_TRUE(met.flow_hit);
    const Bytes nothing(5);
    EXPECT_EQ(gate->trace(0, TG_INGRESS, nothing).error().code.value(), EINVAL);
}

/// Every key that was added is in the table, was removed by us, or was thrown out.
TEST_F(State, WhatAFullTableThrowsOutIsCountedExactly) {
    agent::GateOptions options;
    options.embryos = 1024;
    protect(options);
    talk();  // one embryo that was promoted, which is removed
    constexpr std::uint16_t kSent = 3000;
    for (std::uint16_t i = 0; i < kSent; ++i) {
        const UdpSocket client{*peer, static_cast<std::uint16_t>(20000 + i)};
        ASSERT_TRUE(client.send("192.0.2.2", kOpenPort, "x"));
    }
    ASSERT_EQ(gate->gate_counters().value().embryos_created, kSent + 1U);
    const auto uses = gate->tables();
    EXPECT_GT(uses[1].used, 0U);
    EXPECT_LE(uses[1].used, options.embryos);
    EXPECT_EQ(uses[1].evictions->at_least, static_cast<std::int64_t>(kSent - uses[1].used));
    EXPECT_EQ(uses[1].evictions->at_most, uses[1].evictions->at_least);
    EXPECT_EQ(uses[0].evictions->at_most, 0);
}

TEST_F(State, DropsThatNoEventTellsOfYetAreReadWithTheirKind) {
    protect();
    const UdpSocket client{*peer, 40000};
    for (int i = 0; i < 20; ++i) {
        ASSERT_TRUE(client.send("192.0.2.2", kClosedPort, "x"));
    }
    const auto counters = gate->gate_counters();
    const auto reports = gate->reports();
    ASSERT_TRUE(counters && reports);
    std::uint64_t pending = 0;
    for (const tg_report& report : *reports) {
        if (report.event.key.local_port == htons(kClosedPort)) {
            EXPECT_EQ(report.event.reason, TG_DROP_POLICY_DEFAULT);
            pending += report.pending;
        }
    }
    EXPECT_GT(pending, 0U);
    EXPECT_EQ(pending + counters->drops_reported + counters->drops_unreported,
              gate->interface_counters(0, TG_INGRESS)->drops[TG_DROP_POLICY_DEFAULT]);
}

}  // namespace
}  // namespace tollgate::test
