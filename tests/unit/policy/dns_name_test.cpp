// SPDX-License-Identifier: MIT
#include "policy/dns_name.hpp"

#include <string>

#include <gmock/gmock.h>

#include "policy/dns_message.hpp"
#include "tests/support/dns.hpp"

namespace tollgate::policy {
namespace {

std::string labels(std::string_view name) {
    const auto found = dns_labels_of(name);
    std::string text;
    for (const std::byte byte : found.value_or(std::vector<std::byte>{})) {
        text += std::to_integer<char>(byte);
    }
    return found ? text : "none";
}

TEST(DnsName, IsWrittenAsLabels) {
    using namespace std::string_literals;
    EXPECT_EQ(labels("www.example.com"), "\3www\7example\3com\0"s);
    EXPECT_EQ(labels(""), "\0"s);
    EXPECT_EQ(labels("a\\.b.c\\\\d"), "\3a.b\3c\\d\0"s);
    EXPECT_EQ(labels("\\000\\032\\127\\255"), "\4\0 \x7f\xff\0"s);
}

TEST(DnsName, OfAnyByteIsReadAndWrittenBack) {
    for (unsigned byte = 0; byte < 256; ++byte) {
        test::DnsMessage message;
        message.name = "?";
        auto wire = message.wire();
        wire[13] = static_cast<std::byte>(byte);
        const auto read = read_dns_message(wire);
        ASSERT_TRUE(read);
        const auto written = dns_labels_of(read->questions.front().name);
        ASSERT_TRUE(written) << byte;
        const bool upper = byte >= 'A' && byte <= 'Z';
        EXPECT_EQ(std::to_integer<unsigned>(written->at(1)), upper ? byte + 'a' - 'A' : byte);
        EXPECT_EQ(written->size(), 3U);
    }
}

TEST(DnsName, ThatNoMessageIsReadAsIsNone) {
    for (const auto* const name : {".",
                                   "a.",
                                   ".a",
                                   "a..b",
                                   "A",
                                   "a\\",
                                   "a\\1",
                                   "a\\12",
                                   "a\\097",
                                   "a\\256",
                                   "a\\999",
                                   "a\\x",
                                   "a b",
                                   "a\x7f",
                                   "\xff",
                                   "a\\.",
                                   "a\\\\."}) {
        const bool whole = std::string_view{name} == "a\\.";
        EXPECT_EQ(labels(name) != "none", whole) << name;
    }
}

TEST(DnsName, HasLabelsOf63BytesAnd255InAll) {
    const std::string label(63, 'a');
    EXPECT_NE(labels(label), "none");
    EXPECT_EQ(labels(label + "a"), "none");
    const std::string three = label + "." + label + "." + label + ".";
    EXPECT_EQ(labels(three + std::string(61, 'a')).size(), 255U);
    EXPECT_EQ(labels(three + std::string(62, 'a')), "none");
}

}  // namespace
}  // namespace tollgate::policy
