// SPDX-License-Identifier: MIT
#include "agent/flowlog/ipfix_message.hpp"

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/unit/flowlog/records.hpp"

namespace tollgate::agent {
namespace {

constexpr IpfixHeader kHeader{0x6a01f3b0, 0x00010203, 7};

std::string hex(std::string_view bytes) {
    std::string text;
    for (const char byte : bytes) {
        text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
    }
    return text;
}

std::string message_of(const std::vector<FlowLogRecord>& records) {
    IpfixMessage message{kIpfixMostBytes};
    for (const FlowLogRecord& record : records) {
        EXPECT_TRUE(message.add(record));
    }
    return hex(message.finish(kHeader));
}

// Of RFC 7011, 3.1: version 10, length, export time, sequence number, observation domain.
std::string header(std::size_t length) {
    return fmt::format("000a{:04x}6a01f3b00001020300000007", length);
}

// Hexadecimal digits as they are written here: without white space and what follows a '#'.
std::string digits(std::string_view text) {
    std::string kept;
    bool comment = false;
    for (const char c : text) {
        comment = c == '#' || (comment && c != '\n');
        if (!comment && c != ' ' && c != '\n') {
            kept += c;
        }
    }
    return kept;
}

TEST(IpfixMessage, AFlowIsADataRecordOfItsTemplate) {
    EXPECT_EQ(message_of({test::ended_flow()}), header(92) + digits(R"(
        0100 004c             # set 256 of 76 bytes
        000001a1e3cc9d00      # 2026-11-16 10:00:00
        000001a1e3ccb088      # five seconds later
        c0a80132 c000020a     # 192.168.1.50 to 192.0.2.10
        9c40 01bb 06          # 40000 to 443, TCP
        0000000000000005 00000000000001f4   # out: that way went the first packet
        0000000000000004 0000000000000190   # in
        01 03                 # by the initiator; end of flow detected
        01 02 40              # egress, deleted, forwarded
        04 65746830           # eth0
        00)"));
}

TEST(IpfixMessage, ADropHasFlagsAndTheReasonButNoBytes) {
    EXPECT_EQ(message_of({test::dropped()}), header(68) + digits(R"(
        0104 0034
        000001a1e3cc9d00 000001a1e3ccb088
        c6336407 c0a80132     # 198.51.100.7 to 192.168.1.50
        9c40 0017 06 02       # 40000 to 23, TCP, SYN
        0000000000000003
        00 03 82              # ingress, denied, dropped by an access list
        04 65746830
        0000)"));
}

TEST(IpfixMessage, ADropWithoutATimeOfItsFirstPacketHasThatOfItsLast) {
    FlowLogRecord late = test::dropped();
    late.flow.first_seen = late.flow.last_seen;
    FlowLogRecord without = late;
    without.flow.first_seen = {};
    EXPECT_EQ(message_of({without}), message_of({late}));
}

TEST(IpfixMessage, AnEchoOverIpv6HasItsTypeInPlaceOfPorts) {
    EXPECT_EQ(message_of({test::echo6()}), header(116) + digits(R"(
        0103 0064
        000001a1e3cc9d00 000001a1e3ccb088
        20010db8000000000000000000000001
        20010db8000000000000000000000050
        8000 3a               # type 128, code 0, protocol 58
        0000000000000001 0000000000000076
        0000000000000001 0000000000000076
        01 01                 # by the initiator; idle timeout
        00 02 40
        04 65746830
        000000)"));
}

TEST(IpfixMessage, RecordsOfOneTemplateInARowShareASet) {
    const std::string flow = message_of({test::ended_flow()}).substr(40, 142);
    const std::string drop = message_of({test::dropped()}).substr(40, 92);
    EXPECT_EQ(
        message_of({test::ended_flow(), test::ended_flow(), test::dropped()}),
        header(16 + 148 + 52) + "01000094" + flow + flow + "0000" + "01040034" + drop + "0000");
}

TEST(IpfixMessage, TemplatesAreOneSetThatDescribesEachRecord) {
    IpfixMessage message{kIpfixLeastBytes};
    message.add_templates();
    EXPECT_EQ(message.records(), 0U);
    const std::string templates = hex(message.finish(kHeader));
    EXPECT_TRUE(templates.starts_with(header(540) + "0002020c"));
    // The number of fields, and of a reverse one the bit, the length and the enterprise number.
    const std::string flow_ipv4 = digits(R"(0100 0011
        00980008 00990008 00080004 000c0004 00070002 000b0002 00040001 00020008 00010008
        8002 0008 00007279  8001 0008 00007279
        00ef0001 00880001 003d0001 00e90001 00590001 0052ffff)");
    const std::string icmp_drop_ipv6 = digits(R"(0107 000b
        00980008 00990008 001b0010 001c0010 008b0002 00040001 00020008
        003d0001 00e90001 00590001 0052ffff)");
    EXPECT_EQ(templates.substr(40, flow_ipv4.size()), flow_ipv4);
    EXPECT_TRUE(templates.ends_with(icmp_drop_ipv6));
}

TEST(IpfixMessage, LossesAreAnOptionsRecordAboutTheExporter) {
    IpfixMessage message{kIpfixLeastBytes};
    message.add_options_template();
    EXPECT_EQ(hex(message.finish(kHeader)), header(44) + digits(R"(
        0003 001c
        0108 0004 0001        # four fields, of which the first is the scope
        00900004 01430008 00a60008 00a70008
        0000)"));
    FlowLogRecord record;
    record.type = FlowLogType::lost;
    record.flow.last_seen = test::kMonday;
    record.losses = {1, 2, 0x300, 4};
    EXPECT_EQ(message_of({record}), header(48) + digits(R"(
        0108 0020
        00000001 000001a1e3cc9d00
        0000000000000007 0000000000000300)"));
}

TEST(IpfixMessage, TakesRecordsUpToItsLimitAndNoByteMore) {
    constexpr std::size_t kEightRecords = 16 + 4 + 8 * 71;  // 588: no padding
    IpfixMessage eight{kEightRecords};
    IpfixMessage not_eight{kEightRecords - 1};
    for (int i = 0; i < 7; ++i) {
        EXPECT_TRUE(eight.add(test::ended_flow()));
        EXPECT_TRUE(not_eight.add(test::ended_flow()));
    }
    EXPECT_TRUE(eight.add(test::ended_flow()));
    EXPECT_FALSE(not_eight.add(test::ended_flow()));
    EXPECT_EQ(not_eight.records(), 7U);
    EXPECT_EQ(eight.finish(kHeader).size(), kEightRecords);
    EXPECT_EQ(not_eight.finish(kHeader).size(), 16U + 4 + 7 * 71 + 3) << "with padding";
}

TEST(IpfixMessage, AnEmptyOneTakesTheLongestRecord) {
    FlowLogRecord record = test::ended_flow();
    record.flow.remote = test::ip("2001:db8::1");
    record.interface = std::string(300, 'x');
    IpfixMessage message{kIpfixLeastBytes};
    EXPECT_TRUE(message.add(record));
    EXPECT_LE(message.finish(kHeader).size(), kIpfixLeastBytes);
}

// The byte that begins `after` the beginning of the first record.
std::string byte_of(const FlowLogRecord& record, std::size_t at) {
    return message_of({record}).substr((20 + at) * 2, 2);
}

TEST(IpfixMessage, EveryWayToEndHasItsReason) {
    const std::size_t at = 62;
    FlowLogRecord record = test::ended_flow();
    const std::vector<std::pair<FlowEnd, std::string>> reasons{{FlowEnd::idle, "01"},
                                                               {FlowEnd::none, "02"},
                                                               {FlowEnd::closed, "03"},
                                                               {FlowEnd::revoked, "04"},
                                                               {FlowEnd::stopped, "04"},
                                                               {FlowEnd::evicted, "05"}};
    for (const auto& [end, reason] : reasons) {
        record.end = end;
        EXPECT_EQ(byte_of(record, at), reason) << label(end);
    }
}

TEST(IpfixMessage, EveryTypeHasItsFirewallEvent) {
    FlowLogRecord record = test::ended_flow();
    EXPECT_EQ(byte_of(record, 64), "02");
    record.type = FlowLogType::interval;
    EXPECT_EQ(byte_of(record, 64), "05");
    record.type = FlowLogType::would_drop;
    EXPECT_EQ(byte_of(record, 39), "04");
    EXPECT_EQ(byte_of(record, 40), "40") << "it was forwarded";
    record.type = FlowLogType::drop;
    EXPECT_EQ(byte_of(record, 39), "03");
}

TEST(IpfixMessage, EveryReasonToDropHasAStatus) {
    FlowLogRecord record = test::dropped();
    const std::vector<std::pair<tg_drop_reason, std::string>> statuses{
        {TG_DROP_POLICY_DENY, "81"},
        {TG_DROP_BLOCKLIST, "81"},
        {TG_DROP_POLICY_DEFAULT, "82"},
        {TG_DROP_RULE_EXPIRED, "82"},
        {TG_DROP_IPV4_CHECKSUM, "86"},
        {TG_DROP_IPV4_HEADER, "88"},
        {TG_DROP_RATE_LIMIT, "8a"},
        {TG_DROP_TUNNEL_MAC1, "80"}};
    for (const auto& [reason, status] : statuses) {
        record.reason = reason;
        EXPECT_EQ(byte_of(record, 40), status) << reason;
    }
}

}  // namespace
}  // namespace tollgate::agent
