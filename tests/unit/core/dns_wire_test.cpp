// SPDX-License-Identifier: MIT
#include "agent/core/dns_wire.hpp"

#include <algorithm>
#include <cstring>
#include <random>
#include <string>

#include <gmock/gmock.h>

#include <tollgate/abi/limits.h>

#include "tests/support/dns.hpp"

namespace tollgate::agent {
namespace {

using test::address_record;
using test::ip;
using Bytes = std::vector<std::byte>;

constexpr std::uint32_t kNumber = 0x01020304;
// Where the fields of an answer are.
constexpr std::size_t kReadable = 4;
constexpr std::size_t kAddresses = 5;
constexpr std::size_t kNameBytes = 6;
constexpr std::size_t kFirstAddress = 8;
constexpr std::size_t kTtl = kFirstAddress + 16;
constexpr std::size_t kFamily = kTtl + 4;
constexpr std::size_t kSecondAddress = kFirstAddress + 24;
constexpr std::size_t kName = kFirstAddress + TG_DNS_RECORDS_MAX * std::size_t{24};

Bytes question_of(const test::DnsMessage& message) {
    return dns_question(kNumber, message.wire());
}

/// www.Example.com is 192.0.2.1 and 2001:db8::1.
Bytes question() {
    auto message = test::dns_answer(
        "www.Example.com",
        {address_record("", ip("192.0.2.1"), 300), address_record("", ip("2001:db8::1"), 60)});
    return question_of(message);
}

DnsReading reading() {
    return {"www.example.com",
            {{ip("192.0.2.1"), std::chrono::seconds{300}},
             {ip("2001:db8::1"), std::chrono::seconds{60}}}};
}

bool is_refused(const Bytes& answer) {
    const auto taken = take_dns_answer(answer, question());
    return !taken && taken.error().code.value() == EPROTO;
}

Bytes answer_with(std::size_t at, unsigned byte) {
    Bytes answer = dns_answer(kNumber, reading());
    answer.at(at) = static_cast<std::byte>(byte);
    return answer;
}

TEST(DnsWire, BringsTheNameAndItsAddresses) {
    const auto taken = take_dns_answer(answer_dns_question(question()), question());
    ASSERT_TRUE(taken) << taken.error().message();
    EXPECT_EQ(*taken, reading());
}

TEST(DnsWire, BringsAsManyAddressesAsAreRead) {
    std::vector<test::DnsRecord> records(TG_DNS_RECORDS_MAX + 1,
                                         address_record("", ip("192.0.2.1")));
    const auto asked = question_of(test::dns_answer("a", records));
    const auto taken = take_dns_answer(answer_dns_question(asked), asked);
    ASSERT_TRUE(taken && *taken);
    EXPECT_EQ((*taken)->addresses.size(), std::size_t{TG_DNS_RECORDS_MAX});
}

TEST(DnsWire, BringsTheLongestNames) {
    // Every byte is escaped; 255 bytes on the wire.
    std::string label(63, '\x01');
    const auto asked = question_of(
        test::dns_answer(label + "." + label + "." + label + "." + std::string(61, '\x01'), {}));
    const auto taken = take_dns_answer(answer_dns_question(asked), asked);
    ASSERT_TRUE(taken && *taken);
    EXPECT_EQ((*taken)->name.size(), 250U * 4 + 3);
}

TEST(DnsWire, SaysOfWhatIsNoMessageThatItIsUnreadable) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{11}, std::size_t{40}}) {
        const auto asked = dns_question(kNumber, Bytes(size, std::byte{0xff}));
        const auto taken = take_dns_answer(answer_dns_question(asked), asked);
        ASSERT_TRUE(taken);
        EXPECT_EQ(*taken, std::nullopt);
    }
}

// The agent could not compare it; the data path may take one that leads into the header.
TEST(DnsWire, SaysOfACompressedQuestionThatItIsUnreadable) {
    Bytes message(12);
    message[5] = std::byte{1};
    for (const unsigned byte : {0xc0U, 0x04U, 0U, 1U, 0U, 1U}) {
        message.push_back(static_cast<std::byte>(byte));
    }
    ASSERT_TRUE(policy::read_dns_message(message));
    const auto asked = dns_question(kNumber, message);
    const auto taken = take_dns_answer(answer_dns_question(asked), asked);
    ASSERT_TRUE(taken);
    EXPECT_EQ(*taken, std::nullopt);
}

TEST(DnsWire, RefusesEveryOtherLength) {
    const Bytes whole = dns_answer(kNumber, reading());
    ASSERT_EQ(whole.size(), dns_answer_bytes());
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_TRUE(is_refused({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)}));
    }
    Bytes longer = whole;
    longer.push_back(std::byte{0});
    EXPECT_TRUE(is_refused(longer));
}

TEST(DnsWire, RefusesTheAnswerToAnotherQuestion) {
    EXPECT_TRUE(is_refused(dns_answer(kNumber + 1, reading())));
    EXPECT_TRUE(is_refused(dns_answer(kNumber + 1, std::nullopt)));
}

TEST(DnsWire, RefusesCountsThatDoNotFit) {
    for (const unsigned count : {0U, 1U, 3U, TG_DNS_RECORDS_MAX + 1U, 255U}) {
        EXPECT_TRUE(is_refused(answer_with(kAddresses, count))) << count;
    }
    Bytes long_name = answer_with(kNameBytes, 0xff);
    long_name[kNameBytes + 1] = std::byte{0xff};
    EXPECT_TRUE(is_refused(long_name));
    EXPECT_TRUE(is_refused(answer_with(kNameBytes, 14)));
    EXPECT_TRUE(is_refused(answer_with(kReadable, 2)));
    EXPECT_TRUE(is_refused(answer_with(kReadable, 0))) << "with a name";
}

TEST(DnsWire, RefusesNamesThatWereNotAskedFor) {
    for (const auto* const name : {"",
                                   "www.example.co",
                                   "www.example.com.",
                                   "www.example.org",
                                   "example.com",
                                   "www.example.com.evil",
                                   "WWW.example.com",
                                   "www\\.example.com",
                                   "www.example.com\n",
                                   "www..com",
                                   "\\119ww.example.com",
                                   "*.example.com"}) {
        DnsReading other = reading();
        other.name = name;
        EXPECT_TRUE(is_refused(dns_answer(kNumber, other))) << name;
    }
}

TEST(DnsWire, RefusesAddressesThatAreNotInTheMessage) {
    for (const auto* const address : {"192.0.2.2", "198.51.100.1", "2001:db8::2", "::"}) {
        DnsReading other = reading();
        other.addresses[1].address = ip(address);
        EXPECT_TRUE(is_refused(dns_answer(kNumber, other))) << address;
    }
}

// "4.0.2.1" is in the number and the header; only what follows the question counts.
TEST(DnsWire, RefusesAddressesFromBeforeTheRecords) {
    auto message = test::dns_answer("www", {address_record("", ip("192.0.2.1"))});
    const auto asked = question_of(message);
    // Length, "www": 3.119.119.119.
    const DnsReading other{"www", {{ip("3.119.119.119"), std::chrono::seconds{1}}}};
    EXPECT_FALSE(take_dns_answer(dns_answer(kNumber, other), asked));
}

TEST(DnsWire, RefusesFamiliesAndPaddingThatAreNone) {
    for (const unsigned family : {0U, 2U, 5U, 6U, 10U, 255U}) {
        EXPECT_TRUE(is_refused(answer_with(kFamily, family))) << family;
    }
    EXPECT_TRUE(is_refused(answer_with(kFamily + 1, 1))) << "padding";
    EXPECT_TRUE(is_refused(answer_with(kFirstAddress + 4, 1))) << "behind four bytes";
    EXPECT_TRUE(is_refused(answer_with(kSecondAddress + 24, 1))) << "an address beyond the count";
    EXPECT_TRUE(is_refused(answer_with(kName + 15, 'x'))) << "behind the name";
    EXPECT_TRUE(is_refused(answer_with(dns_answer_bytes() - 1, 1))) << "the last byte";
}

TEST(DnsWire, TakesLifetimesOf31Bits) {
    DnsReading long_lived = reading();
    long_lived.addresses[0].ttl = std::chrono::seconds{0x7fffffff};
    EXPECT_FALSE(is_refused(dns_answer(kNumber, long_lived)));
    long_lived.addresses[0].ttl = std::chrono::seconds{0x80000000};
    EXPECT_TRUE(is_refused(dns_answer(kNumber, long_lived)));
}

TEST(DnsWire, RefusesToHaveReadEveryTruncationOfAQuestion) {
    const Bytes message = test::dns_query("www.example.com").wire();
    const DnsReading claimed{"www.example.com", {}};
    const Bytes answer = dns_answer(kNumber, claimed);
    for (std::size_t size = 0; size <= message.size(); ++size) {
        const Bytes asked = dns_question(kNumber, std::span{message}.first(size));
        EXPECT_EQ(take_dns_answer(answer, asked).has_value(), size == message.size()) << size;
        EXPECT_TRUE(take_dns_answer(answer_dns_question(asked), asked)) << size;
    }
}

// A process that was taken over: whatever it writes, what is taken was asked for, and is in the
// message.
TEST(DnsWire, OfAnyBytesBringsOnlyWhatTheMessageBearsOut) {
    std::mt19937 random{42};  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same each time
    const Bytes asked = question();
    int taken_as_they_are = 0;
    for (int run = 0; run < 50000; ++run) {
        Bytes answer = dns_answer(kNumber, reading());
        for (int change = 0; change < 3; ++change) {
            // Half of them where something is.
            const std::size_t end = random() % 2 == 0 ? kSecondAddress + 24 : answer.size();
            answer[random() % end] = static_cast<std::byte>(random());
        }
        const auto taken = take_dns_answer(answer, asked);
        if (!taken || !*taken) {
            continue;
        }
        ++taken_as_they_are;
        EXPECT_EQ((*taken)->name, "www.example.com");
        ASSERT_EQ((*taken)->addresses.size(), 2U);
        EXPECT_EQ((*taken)->addresses[0].address, ip("192.0.2.1"));
        EXPECT_EQ((*taken)->addresses[1].address, ip("2001:db8::1"));
    }
    EXPECT_GT(taken_as_they_are, 0) << "lifetimes may be any";
}

}  // namespace
}  // namespace tollgate::agent
