// SPDX-License-Identifier: MIT
#include "policy/dns_message.hpp"

#include <gmock/gmock.h>

#include "tests/support/dns.hpp"

namespace {

using namespace tollgate;
using namespace std::chrono_literals;
using policy::addresses_of;
using policy::DnsAddress;
using policy::read_dns_message;
using testing::ElementsAre;
using testing::IsEmpty;

test::Bytes answer_of(std::vector<test::DnsRecord> records) {
    return test::dns_answer("example.com", std::move(records)).wire();
}

TEST(DnsMessage, ReadsIdFlagsAndQuestion) {
    const auto message = read_dns_message(test::dns_query("ota.example.com").wire());
    ASSERT_TRUE(message);
    EXPECT_EQ(message->id, 0x1234);
    EXPECT_EQ(message->flags, 0x0100);
    EXPECT_FALSE(message->is_response());
    ASSERT_EQ(message->questions.size(), 1U);
    EXPECT_EQ(message->questions[0], (policy::DnsQuestion{"ota.example.com", 1, 1}));
}

TEST(DnsMessage, NamesAreInLowerCase) {
    const auto message = read_dns_message(test::dns_query("OTA.Example.COM").wire());
    ASSERT_TRUE(message);
    EXPECT_EQ(message->questions[0].name, "ota.example.com");
}

TEST(DnsMessage, DotsAndBinaryInsideALabelAreEscaped) {
    test::Bytes wire = test::dns_query("abcd").wire();
    test::put8(wire, 13, '.');
    test::put8(wire, 14, '\\');
    test::put8(wire, 15, 7);
    const auto message = read_dns_message(wire);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->questions[0].name, "\\.\\\\\\007d");
}

TEST(DnsMessage, ReadsAddressesOfBothFamilies) {
    const auto message =
        read_dns_message(answer_of({test::address_record("", test::ip("192.0.2.1"), 300),
                                    test::address_record("", test::ip("2001:db8::1"), 60)}));
    ASSERT_TRUE(message);
    EXPECT_THAT(addresses_of(*message),
                ElementsAre(DnsAddress{test::ip("192.0.2.1"), 300s},
                            DnsAddress{test::ip("2001:db8::1"), 60s}));
}

TEST(DnsMessage, AliasesLeadToTheAddress) {
    const auto message = read_dns_message(
        answer_of({test::cname_record("", "cdn.example.net"),
                   test::address_record("cdn.example.net", test::ip("192.0.2.1"))}));
    ASSERT_TRUE(message);
    EXPECT_EQ(message->answers[0].target, "cdn.example.net");
    EXPECT_THAT(addresses_of(*message), ElementsAre(DnsAddress{test::ip("192.0.2.1"), 60s}));
}

TEST(DnsMessage, AddressesOfOtherNamesAreNotAnswers) {
    const auto message = read_dns_message(
        answer_of({test::address_record("evil.example.net", test::ip("192.0.2.66"))}));
    ASSERT_TRUE(message);
    EXPECT_THAT(addresses_of(*message), IsEmpty());
}

TEST(DnsMessage, QueriesAndErrorsHaveNoAddresses) {
    test::DnsMessage message =
        test::dns_answer("example.com", {test::address_record("", test::ip("192.0.2.1"))});
    message.flags = 0x0100;
    EXPECT_THAT(addresses_of(read_dns_message(message.wire()).value()), IsEmpty());
    message.flags = 0x8183;
    EXPECT_THAT(addresses_of(read_dns_message(message.wire()).value()), IsEmpty());
}

TEST(DnsMessage, OtherRecordTypesAreSkipped) {
    const auto message =
        read_dns_message(answer_of({{{}, 16, test::text("some text"), 60, 1},
                                    test::address_record("", test::ip("192.0.2.1"))}));
    ASSERT_TRUE(message);
    EXPECT_THAT(addresses_of(*message), ElementsAre(DnsAddress{test::ip("192.0.2.1"), 60s}));
}

TEST(DnsMessage, ATimeToLiveWithTheTopBitIsZero) {
    const auto message =
        read_dns_message(answer_of({test::address_record("", test::ip("192.0.2.1"), 0x80000001)}));
    ASSERT_TRUE(message);
    EXPECT_EQ(message->answers[0].ttl, 0s);
}

TEST(DnsMessage, RefusesEveryTruncation) {
    const test::Bytes whole =
        answer_of({test::cname_record("", "cdn.example.net"),
                   test::address_record("cdn.example.net", test::ip("192.0.2.1"))});
    ASSERT_TRUE(read_dns_message(whole));
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_FALSE(read_dns_message(std::span(whole).first(size))) << size;
    }
}

TEST(DnsMessage, RefusesPointersThatDoNotLeadBackwards) {
    test::Bytes wire = test::dns_query("example.com").wire();
    test::put16(wire, 12, 0xc00c);  // to itself
    EXPECT_FALSE(read_dns_message(wire));
    test::put16(wire, 12, 0xc010);  // ahead
    EXPECT_FALSE(read_dns_message(wire));
}

TEST(DnsMessage, RefusesAPointerBackIntoTheNameItself) {
    test::Bytes wire = test::dns_query("ab.example").wire();
    test::put16(wire, 15, 0xc00c);  // behind "ab": to "ab"
    EXPECT_FALSE(read_dns_message(wire));
}

TEST(DnsMessage, RefusesReservedLabelTypes) {
    test::Bytes wire = test::dns_query("example.com").wire();
    test::put8(wire, 12, 0x80 | 7U);
    EXPECT_FALSE(read_dns_message(wire));
}

TEST(DnsMessage, NamesHaveAtMost255Bytes) {
    const std::string label(61, 'a');  // 62 bytes on the wire
    const std::string four = label + "." + label + "." + label + "." + label;
    EXPECT_TRUE(read_dns_message(test::dns_query(four + ".aaaaa").wire()));  // 4 * 62 + 6 + 1
    EXPECT_FALSE(read_dns_message(test::dns_query(four + ".aaaaaa").wire()));
}

TEST(DnsMessage, RefusesAnAddressOfTheWrongLength) {
    EXPECT_FALSE(read_dns_message(answer_of({{{}, test::kTypeA, test::Bytes(5), 60, 1}})));
    EXPECT_FALSE(read_dns_message(answer_of({{{}, test::kTypeAaaa, test::Bytes(4), 60, 1}})));
}

TEST(DnsMessage, RefusesAnAliasThatEndsElsewhereThanItsRecord) {
    test::DnsRecord alias = test::cname_record("", "cdn.example.net");
    alias.data.push_back(std::byte{0});
    EXPECT_FALSE(read_dns_message(answer_of({alias})));
}

TEST(DnsMessage, ReadsAtMost32Answers) {
    const std::vector<test::DnsRecord> many(40, test::address_record("", test::ip("192.0.2.1")));
    const auto message = read_dns_message(answer_of(many));
    ASSERT_TRUE(message);
    EXPECT_EQ(message->answers.size(), 32U);
}

TEST(DnsMessage, RefusesMoreThan32Questions) {
    test::DnsMessage message = test::dns_query("example.com");
    message.questions = 33;
    EXPECT_FALSE(read_dns_message(message.wire()));
}

}  // namespace
