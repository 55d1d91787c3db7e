// SPDX-License-Identifier: MIT
#include "policy/notation.hpp"

#include <netinet/in.h>

#include <gmock/gmock.h>

#include "policy/problem.hpp"

namespace tollgate::policy {
namespace {

using testing::HasSubstr;

TEST(Notation, EveryServiceReadsBackFromItsText) {
    for (const char* const text : {"tcp/1",
                                   "tcp/65535",
                                   "udp/6970-6999",
                                   "icmp",
                                   "icmp/echo-request",
                                   "icmp/13-14",
                                   "icmp/200",
                                   "icmpv6",
                                   "icmpv6/packet-too-big",
                                   "igmp",
                                   "esp",
                                   "ah",
                                   "gre",
                                   "sctp",
                                   "udplite",
                                   "ipip",
                                   "6in4"}) {
        const auto service = parse_service(text);
        ASSERT_TRUE(service) << text;
        EXPECT_EQ(to_text(*service), text);
    }
    EXPECT_EQ(to_text(*parse_service("icmp/8")), "icmp/echo-request");
    EXPECT_EQ(to_text(Service{89, 0, 0}), "protocol 89");
    EXPECT_EQ(to_text(std::vector<Service>{}), "any");
    EXPECT_EQ(to_text(std::vector<Service>{{6, 80, 80}, {17, 53, 53}}), "tcp/80, udp/53");
}

TEST(Notation, TimesReadBackFromTheirText) {
    for (const char* const text :
         {"1970-01-01T00:00:00Z", "2024-02-29T23:59:59Z", "9999-12-31T23:59:59Z"}) {
        const auto time = parse_time(text);
        ASSERT_TRUE(time) << text;
        EXPECT_EQ(to_text(*time), text);
    }
    EXPECT_EQ(parse_time("2026-12-31T00:00:00Z")->time_since_epoch().count(), 1798675200);
    for (const char* const text : {"2023-02-29T00:00:00Z",
                                   "2026-12-31T00:00:60Z",
                                   "2026-12-31T00:60:00Z",
                                   "2026-12-31 00:00:00Z",
                                   "2026-12-31T00:00:00z",
                                   "+026-12-31T00:00:00Z"}) {
        EXPECT_FALSE(parse_time(text)) << text;
    }
}

TEST(Notation, RatesHaveACountAndAUnit) {
    EXPECT_EQ(to_text(*parse_rate("1000/s")), "1000/s");
    EXPECT_EQ(to_text(*parse_rate("10/m")), "10/m");
    EXPECT_TRUE(parse_rate("100000000/s"));
    for (const char* const text :
         {"0/s", "100000001/s", "10", "10/", "/s", "10/h", "1.5/s", "-1/s", "010/s"}) {
        EXPECT_FALSE(parse_rate(text)) << text;
    }
}

TEST(Notation, NamesAreFoldedToLowerCase) {
    EXPECT_EQ(parse_name("OTA.Example.COM")->name, "ota.example.com");
    EXPECT_TRUE(parse_name("*.Example.com")->wildcard);
    EXPECT_EQ(parse_name("*.Example.com")->to_string(), "*.example.com");
}

TEST(Notation, NamesHaveLabelsOf63BytesAnd253InAll) {
    const std::string label(63, 'a');
    EXPECT_TRUE(parse_name(label + ".example"));
    EXPECT_FALSE(parse_name(label + "a.example"));
    const std::string name = label + "." + label + "." + label + "." + std::string(61, 'a');
    EXPECT_TRUE(parse_name(name));
    EXPECT_FALSE(parse_name(name + "a"));
    EXPECT_FALSE(parse_name(""));
}

TEST(Notation, AWildcardMatchesLabelsBeforeTheNameOnly) {
    const NamePattern pattern{"example.com", true};
    EXPECT_TRUE(pattern.matches("a.example.com"));
    EXPECT_TRUE(pattern.matches("b.a.example.com"));
    EXPECT_FALSE(pattern.matches("example.com"));
    EXPECT_FALSE(pattern.matches(".example.com"));
    EXPECT_FALSE(pattern.matches("badexample.com"));
    EXPECT_FALSE(pattern.matches("a.example.com.net"));
    EXPECT_TRUE((NamePattern{"example.com", false}.matches("example.com")));
    EXPECT_FALSE((NamePattern{"example.com", false}.matches("a.example.com")));
}

TEST(Notation, AWildcardHashesAsItsNameWithTheTopBit) {
    const NamePattern name{"example.com", false};
    const NamePattern wildcard{"example.com", true};
    for (const std::uint64_t key : {std::uint64_t{1}, std::uint64_t{0x123456789abcdef}}) {
        EXPECT_EQ(wildcard.hash(key), name.hash(key) | TG_NAME_WILDCARD);
        EXPECT_EQ(name.hash(key) & TG_NAME_WILDCARD, 0U);
    }
}

TEST(Notation, KnowsWhatYamlTakesForNumbersAndTruthValues) {
    for (const char* const text : {"80",
                                   "-1",
                                   "+1",
                                   "0x1f",
                                   "0o17",
                                   "1e5",
                                   "1.5",
                                   ".5",
                                   "true",
                                   "False",
                                   "null",
                                   "~",
                                   "",
                                   ".inf",
                                   "-.INF",
                                   ".nan"}) {
        EXPECT_TRUE(is_typed_scalar(text)) << text;
    }
    for (const char* const text :
         {"tcp/80",
          "1.2.3",
          "yes",
          "1:30",
          "0x",
          "1e",
          "-",
          "nan",
          "inf",
          "1a",
          "0o18",
          "0xY96XFW/6yf6E7LyGXlO63Qtiol5T/1/vqWX9fK9zg="}) {  // one public key in 4,096
        EXPECT_FALSE(is_typed_scalar(text)) << text;
    }
}

TEST(Notation, SuggestsTheWordThatWasProbablyMeant) {
    const std::vector<std::string_view> words{"failsafe", "allow", "deny"};
    EXPECT_EQ(did_you_mean("failsave", words), "did you mean 'failsafe'?");
    EXPECT_EQ(did_you_mean("Allow", words), "did you mean 'allow'?");
    EXPECT_EQ(did_you_mean("alolw", words), "did you mean 'allow'?");
    EXPECT_EQ(did_you_mean("zebra", words), "");
    EXPECT_EQ(did_you_mean(std::string(100, 'a'), words), "");
}

TEST(Notation, QuotedTextIsHarmlessAndShort) {
    EXPECT_EQ(policy::in_quotes("a\x1b[31m\xff"), "'a\\x1b[31m\\xff'");
    EXPECT_EQ(policy::in_quotes(std::string(100, 'a')), "'" + std::string(64, 'a') + "…'");
}

TEST(Notation, NamesTheRightPrefixForHostBits) {
    EXPECT_THAT(parse_prefix("192.0.2.77/26").error().message(),
                HasSubstr("did you mean '192.0.2.64/26'?"));
    EXPECT_THAT(parse_prefix("10.0.0.1/0").error().message(),
                HasSubstr("did you mean '0.0.0.0/0'?"));
}

}  // namespace
}  // namespace tollgate::policy
