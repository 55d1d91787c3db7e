// SPDX-License-Identifier: MIT
// What the agent is told: events, services, traces.
#include <tollgate/abi/event.h>
#include <tollgate/abi/service.h>
#include <tollgate/abi/trace.h>

#include "tests/bpf/gate_fixture.hpp"

namespace tollgate::test {
namespace {

class Report : public GateTest {
  protected:
    Talk talk{.remote_port = 5000, .local_port = 9};

    // The events that wait, of one type.
    std::vector<tg_event> events(tg_event_type type) {
        std::vector<tg_event> found;
        const auto take = [](void* to, void* bytes, std::size_t size) {
            tg_event event{};
            EXPECT_GE(size, sizeof event);
            std::memcpy(&event, bytes, sizeof event);
            static_cast<std::vector<tg_event>*>(to)->push_back(event);
            return 0;
        };
        ring_buffer* ring =
            ring_buffer__new(bpf_map__fd(programs.object().maps.events), take, &found, nullptr);
        EXPECT_NE(ring, nullptr);
        EXPECT_GE(ring_buffer__consume(ring), 0);
        ring_buffer__free(ring);
        std::erase_if(found, [&](const tg_event& event) { return event.type != type; });
        return found;
    }
    // The sum of `pending` over CPUs and entries.
    std::uint64_t pending() {
        std::uint64_t total = 0;
        std::vector<tg_report> per_cpu(static_cast<std::size_t>(libbpf_num_possible_cpus()));
        for (std::uint32_t i = 0; i < TG_REPORTS_MAX; ++i) {
            bpf_map* map = programs.object().maps.reports;
            EXPECT_EQ(bpf_map_lookup_elem(bpf_map__fd(map), &i, per_cpu.data()), 0);
            for (const tg_report& report : per_cpu) {
                total += report.event.would_drop != 0 ? 0 : report.pending;
            }
        }
        return total;
    }
    std::uint64_t drops() {
        const tg_interface_counters counters = programs.counters(kIn);
        return std::accumulate(
            std::begin(counters.drops), std::end(counters.drops), std::uint64_t{0});
    }
};

TEST_F(Report, ADropIsToldWithItsFlowAndReason) {
    judge(talk.udp(kIn), kIn);
    const auto told = events(TG_EVENT_DROP);
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].reason, TG_DROP_POLICY_DEFAULT);
    EXPECT_EQ(told[0].packets, 1U);
    EXPECT_EQ(told[0].would_drop, 0);
    EXPECT_EQ(told[0].generation, 1U);
    EXPECT_EQ(told[0].direction, TG_INGRESS);
    const tg_flow_key key = key_of(talk.udp(kIn), kIn);
    EXPECT_EQ(std::memcmp(&told[0].key, &key, sizeof key), 0);
    EXPECT_EQ(std::memcmp(told[0].remote_mac, talk.remote_mac.bytes.data(), 6), 0);
}

TEST_F(Report, DropsOfOneKindAreToldTogetherAndCountedExactly) {
    static_cast<void>(programs.run(programs.object().progs.xdp_gate, talk.udp(kIn), 500));
    EXPECT_EQ(drops(), 500U);
    EXPECT_EQ(events(TG_EVENT_DROP).size(), 1U);
    EXPECT_EQ(programs.gate_counters().drops_reported, 1U);
    EXPECT_EQ(programs.gate_counters().drops_unreported, 0U);
    EXPECT_EQ(pending(), 499U);
}

// Cases F02, L09
TEST_F(Report, AFloodIsCountedExactlyThoughFewDropsAreTold) {
    constexpr unsigned kFlood = 3000;
    for (unsigned i = 0; i < kFlood; ++i) {
        talk.remote.bytes[14] = static_cast<std::uint8_t>(i >> 8U);
        talk.remote.bytes[15] = static_cast<std::uint8_t>(i);
        static_cast<void>(programs.run(programs.object().progs.xdp_gate, talk.udp(kIn)));
    }
    const tg_gate_counters counters = programs.gate_counters();
    EXPECT_EQ(drops(), kFlood);
    EXPECT_EQ(counters.drops_reported + counters.drops_unreported + pending(), kFlood);
    EXPECT_GT(counters.drops_unreported, kFlood / 2);
    std::uint64_t told = 0;
    for (const tg_event& event : events(TG_EVENT_DROP)) {
        told += event.packets;
    }
    EXPECT_EQ(told, counters.drops_reported);
    EXPECT_EQ(counters.events_lost, 0U);
}

TEST_F(Report, AWouldDropIsToldAsOne) {
    set_stage(TG_STAGE_LEARN);
    judge(talk.udp(kIn), kIn);
    const auto told = events(TG_EVENT_DROP);
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].would_drop, 1);
    EXPECT_EQ(programs.gate_counters().drops_reported, 0U);
}

TEST_F(Report, ALoggedRuleTellsOfNewFlows) {
    set_rule(1, TG_ACTION_PASS, {.flags = TG_RULE_LOG});
    open_port(kIn, service(IPPROTO_UDP, 9), 1, 1);
    judge(talk.udp(kIn), kIn);
    judge(talk.udp(kIn), kIn);
    const auto told = events(TG_EVENT_NEW_FLOW);
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].rule, 1U);
}

TEST_F(Report, AServiceThatWeUseIsRecordedWhenOpened) {
    set_stage(TG_STAGE_LEARN);
    judge(talk.udp(kOut), kOut);
    tg_service_key key{};
    std::copy(talk.remote.bytes.begin(), talk.remote.bytes.end(), key.remote);
    key.port = htons(talk.remote_port);
    key.protocol = IPPROTO_UDP;
    key.direction = TG_EGRESS;
    key.zone = LoadedPrograms::kZone;
    auto found = programs.find<tg_service>(programs.object().maps.services, key);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->answered, 0);
    EXPECT_EQ(events(TG_EVENT_NEW_SERVICE).size(), 1U);
    judge(talk.udp(kIn), kIn);
    talk.local_port += 1;
    judge(talk.udp(kOut), kOut);
    found = programs.find<tg_service>(programs.object().maps.services, key);
    EXPECT_EQ(found->answered, 1);
    EXPECT_EQ(found->flows, 2U);
    EXPECT_TRUE(events(TG_EVENT_NEW_SERVICE).empty());
}

TEST_F(Report, AServiceThatWeOfferIsRecordedWhenWeAnswer) {
    set_stage(TG_STAGE_LEARN);
    tg_service_key key{};
    judge(talk.tcp(kIn, {}), kIn);
    bpf_map* map = programs.object().maps.services;
    EXPECT_NE(bpf_map_get_next_key(bpf_map__fd(map), nullptr, &key), 0);
    judge(talk.tcp(kOut, {.flags = kRst | kAck}), kOut);
    EXPECT_NE(bpf_map_get_next_key(bpf_map__fd(map), nullptr, &key), 0) << "a refusal is none";
    judge(talk.tcp(kOut, {.flags = kSyn | kAck}), kOut);
    ASSERT_EQ(bpf_map_get_next_key(bpf_map__fd(map), nullptr, &key), 0);
    EXPECT_EQ(key.direction, TG_INGRESS);
    EXPECT_EQ(ntohs(key.port), talk.local_port);
    EXPECT_EQ(programs.find<tg_service>(map, key)->answered, 1);
    const auto told = events(TG_EVENT_NEW_SERVICE);
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].direction, TG_INGRESS) << "of the service, not of the answer that shows it";
}

// The service of an echo, as the learner is told of it.
tg_service_key echo_service(const Talk& talk, std::uint8_t protocol, std::uint8_t type) {
    tg_service_key key{};
    std::copy(talk.remote.bytes.begin(), talk.remote.bytes.end(), key.remote);
    key.port = htons(type);
    key.protocol = protocol;
    key.direction = TG_EGRESS;
    key.zone = LoadedPrograms::kZone;
    return key;
}

TEST_F(Report, APingIsRecordedAsAnEchoRequestInNetworkByteOrder) {
    set_stage(TG_STAGE_LEARN);
    judge(talk.icmp(kOut, echo(TG_ICMP_ECHO, 7)), kOut);
    judge(talk6().icmp(kOut, echo(TG_ICMPV6_ECHO, 7)), kOut);
    bpf_map* map = programs.object().maps.services;
    for (const tg_service_key& key : {echo_service(talk, IPPROTO_ICMP, TG_ICMP_ECHO),
                                      echo_service(talk6(), IPPROTO_ICMPV6, TG_ICMPV6_ECHO)}) {
        const auto found = programs.find<tg_service>(map, key);
        ASSERT_TRUE(found) << unsigned{key.protocol};
        EXPECT_EQ(found->flows, 1U);
    }
}

TEST_F(Report, APingThatWeAnswerIsRecordedAsAnEchoRequest) {
    set_stage(TG_STAGE_LEARN);
    judge(talk.icmp(kIn, echo(TG_ICMP_ECHO, 7)), kIn);
    judge(talk.icmp(kOut, echo(TG_ICMP_ECHO_REPLY, 7)), kOut);
    tg_service_key key = echo_service(talk, IPPROTO_ICMP, TG_ICMP_ECHO);
    key.direction = TG_INGRESS;
    const auto found = programs.find<tg_service>(programs.object().maps.services, key);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->answered, 1);
    const auto told = events(TG_EVENT_NEW_SERVICE);
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].direction, TG_INGRESS);
    EXPECT_EQ(told[0].icmp_type, TG_ICMP_ECHO);
}

TEST_F(Report, ADryRunTellsTheVerdictAndWritesNothingElse) {
    LoadedPrograms dry;
    ASSERT_EQ(dry.load({.dry_run = true}), 0);
    const auto trace = [&] {
        return dry.find<tg_trace>(dry.object().maps.traces, std::uint32_t{0}).value();
    };
    EXPECT_EQ(dry.run(dry.object().progs.xdp_gate, talk.udp(kIn)), XDP_DROP);
    EXPECT_EQ(trace().reason, TG_DROP_POLICY_DEFAULT);
    EXPECT_EQ(trace().passed, 0);
    dry.put(dry.object().maps.rules, 1U, [] {
        tg_rule rule{};
        rule.action = TG_ACTION_PASS;
        return rule;
    }());
    dry.put(dry.object().maps.port_rules, 4U, tg_port_rule{1, 0});
    dry.set_class(0, kIn, service(IPPROTO_UDP, 9), 4);
    EXPECT_EQ(dry.run(dry.object().progs.xdp_gate, talk.udp(kIn)), XDP_PASS);
    EXPECT_EQ(trace().rule, 1U);
    EXPECT_EQ(trace().port_class, 4);
    EXPECT_EQ(trace().passed, 1);
    EXPECT_EQ(trace().generation, 1U);
    tg_flow_key key{};
    EXPECT_NE(bpf_map_get_next_key(bpf_map__fd(dry.object().maps.embryos), nullptr, &key), 0);
    EXPECT_EQ(dry.counters(kIn).passed_packets + dry.counters(kIn).dropped_bytes, 0U);
}

}  // namespace
}  // namespace tollgate::test
