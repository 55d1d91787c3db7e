// SPDX-License-Identifier: MIT
#include "agent/flowlog/record_json.hpp"

#include <fstream>
#include <vector>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "tests/support/flow_log.hpp"

namespace tollgate::agent {
namespace {

std::string line_of(const FlowLogRecord& record) {
    std::string line;
    append_json(line, record);
    return line;
}

FlowLogRecord echo_in_tunnel() {
    FlowLogRecord record = test::connection();
    record.type = FlowLogType::end;
    record.end = FlowEnd::idle;
    record.flow.protocol = IPPROTO_ICMP;
    record.flow.icmp_type = 8;
    record.flow.remote_port = record.flow.local_port = 77;
    record.flow.link = policy::Link::tunnel;
    record.flow.peer = "nvr";
    record.interface = "wg0";
    record.rule.clear();
    record.remote_name.clear();
    record.reason = TG_DROP_POLICY_DEFAULT;  // it passes: the stage is learn or audit
    return record;
}

FlowLogRecord dropped_frame() {
    FlowLogRecord record;
    record.type = FlowLogType::drop;
    record.flow.direction = policy::Direction::ingress;
    record.flow.remote_mac = {{0x02, 0, 0, 0, 0, 1}};
    record.flow.last_seen = test::wall_time(1'795'262'401'000);
    record.flow.packets = {1, 0};
    record.reason = TG_DROP_ETHERTYPE;
    record.interface = "eth0";
    return record;
}

FlowLogRecord would_be_dropped() {
    FlowLogRecord record = test::dropped_connection();
    record.type = FlowLogType::would_drop;
    record.flow.protocol = IPPROTO_UDP;
    record.flow.remote = test::ip("2001:db8::7");
    record.reason = TG_DROP_POLICY_DEFAULT;
    record.rule.clear();
    return record;
}

FlowLogRecord losses() {
    FlowLogRecord record;
    record.type = FlowLogType::lost;
    record.flow.last_seen = test::wall_time(1'795'262'460'000);
    record.losses = {.flows = 12, .ends = 0, .drops = 340, .records = 7};
    return record;
}

TEST(FlowLogJson, LinesAreThoseOfTheGoldenFile) {
    std::ifstream file{"tests/golden/flow_log.jsonl"};
    std::vector<std::string> golden;
    for (std::string line; std::getline(file, line);) {
        golden.push_back(line);
    }
    const std::vector<FlowLogRecord> records{test::connection(),
                                             echo_in_tunnel(),
                                             test::dropped_connection(),
                                             dropped_frame(),
                                             would_be_dropped(),
                                             losses()};
    std::vector<std::string> lines;
    for (const FlowLogRecord& record : records) {
        lines.push_back(line_of(record));
    }
    EXPECT_THAT(lines, testing::ElementsAreArray(golden));
}

TEST(FlowLogJson, ANameCannotForgeALine) {
    FlowLogRecord record = test::connection();
    record.interface = "a\"},\n\\";
    const std::string line = line_of(record);
    EXPECT_EQ(line.find('\n'), std::string::npos);
    EXPECT_EQ(nlohmann::json::parse(line).at("interface"), record.interface);
}

TEST(FlowLogJson, NoControlCharacterStandsInALineAsItIs) {
    FlowLogRecord record = test::connection();
    record.interface = "\x7f\u0080\u009f\u00a0\u00fc\x1b";
    const std::string line = line_of(record);
    EXPECT_THAT(line, testing::HasSubstr("\"\\u007f\\u0080\\u009f\u00a0\u00fc\\u001b\""));
    EXPECT_EQ(nlohmann::json::parse(line).at("interface"), record.interface);
}

TEST(FlowLogJson, WhatIsNotUtf8IsReplaced) {
    FlowLogRecord record = test::connection();
    record.interface = "eth\xff";
    EXPECT_EQ(nlohmann::json::parse(line_of(record)).at("interface"), "eth\xef\xbf\xbd");
}

TEST(FlowLogJson, TheLongestNamesFitIntoTheBound) {
    FlowLogRecord record = test::connection();
    record.type = FlowLogType::end;
    record.end = FlowEnd::stopped;
    record.flow.remote = record.flow.local = test::ip("2001:db8:1111:2222:3333:4444:5555:6666");
    record.flow.peer = std::string(TG_PEER_NAME_MAX, '\x01');
    record.flow.packets = record.flow.bytes = {UINT64_MAX / 2, UINT64_MAX / 2};
    record.total_packets = record.total_bytes = {UINT64_MAX, UINT64_MAX};
    record.generation = UINT32_MAX;
    record.interface = std::string(15, '\x01');
    record.rule = std::string(63, '\x01');
    record.remote_name = std::string(TG_DNS_NAME_MAX, '\x01');
    EXPECT_LE(line_of(record).size(), kFlowLogJsonMax);
    EXPECT_GE(line_of(record).size(), kFlowLogJsonMax * 3 / 4);
}

}  // namespace
}  // namespace tollgate::agent
