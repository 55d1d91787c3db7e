// SPDX-License-Identifier: MIT
#include "policy/reference_dns.hpp"

#include "tests/support/dns.hpp"
#include "tests/support/reference_gate.hpp"

namespace tollgate::test {
namespace {

// Section 8: HTTPS is allowed to some names only, DNS to one resolver.
class ReferenceDnsTest : public ReferenceGate {
  protected:
    void SetUp() override {
        policy::Rule web = allow("web", kOut, {service(IPPROTO_TCP, 443)});
        web = named(std::move(web), "example.com");
        web = named(std::move(web), "example.net", true);
        use(policy_of({towards(allow("dns", kOut, {service(IPPROTO_UDP, 53)}), "192.0.2.53"),
                       std::move(web)}));
        resolver.remote = ip("192.0.2.53");
        resolver.remote_port = 53;
    }

    void ask(const std::string& name) {
        EXPECT_TRUE(passed(out(resolver.udp(kOut, dns_query(name).wire()))));
    }
    Judgement hear(const DnsMessage& answer) { return in(resolver.udp(kIn, answer.wire())); }
    // Asks for a name and hears that it has this address.
    void look_up(const std::string& name, const IpAddress& address, std::uint32_t ttl = 60) {
        ask(name);
        EXPECT_TRUE(passed(hear(dns_answer(name, {address_record("", address, ttl)}))));
    }
    bool reaches(const IpAddress& address) {
        talk.remote = address;
        talk.local = address.is_ipv4() ? ip("198.51.100.7") : ip("2001:db8:7::7");
        ++talk.local_port;
        return out(talk.tcp(kOut, {})).passed;
    }

    Talk resolver;
    IpAddress host = ip("203.0.113.5");
};

TEST_F(ReferenceDnsTest, AnAnswerAdmitsTheAddressOfAName) {
    EXPECT_FALSE(reaches(host));
    look_up("example.com", host);
    EXPECT_TRUE(reaches(host));
    EXPECT_FALSE(reaches(ip("203.0.113.6")));
}

TEST_F(ReferenceDnsTest, NamesHaveNoCase) {
    ask("eXample.COM");
    EXPECT_TRUE(passed(hear(dns_answer("ExamplE.com", {address_record("EXAMPLE.com", host)}))));
    EXPECT_TRUE(reaches(host));
}

TEST_F(ReferenceDnsTest, AWildcardMatchesAnyNameUnderItButNotItself) {
    look_up("example.net", host);
    EXPECT_FALSE(reaches(host));
    look_up("a.b.example.net", host);
    EXPECT_TRUE(reaches(host));
    look_up("notexample.net", ip("203.0.113.6"));
    EXPECT_FALSE(reaches(ip("203.0.113.6")));
}

TEST_F(ReferenceDnsTest, FollowsAChainOfAliases) {
    ask("example.com");
    hear(dns_answer("example.com",
                    {cname_record("", "cdn.test"),
                     cname_record("cdn.test", "x.test"),
                     address_record("x.test", host)}));
    EXPECT_TRUE(reaches(host));
}

TEST_F(ReferenceDnsTest, ANameInTheMiddleOfTheChainCounts) {
    ask("www.test");
    hear(dns_answer("www.test",
                    {cname_record("", "example.com"),
                     cname_record("example.com", "x.test"),
                     address_record("x.test", host)}));
    EXPECT_TRUE(reaches(host));
}

TEST_F(ReferenceDnsTest, RecordsOfOtherOwnersAndClassesAdmitNothing) {
    ask("example.com");
    DnsRecord chaos = address_record("", host);
    chaos.dns_class = 3;
    hear(dns_answer("example.com", {address_record("other.test", host), chaos}));
    EXPECT_FALSE(reaches(host));
}

TEST_F(ReferenceDnsTest, AnswersThatWereNotAskedForAdmitNothing) {
    ask("other.test");
    hear(dns_answer("example.com", {address_record("", host)}));
    DnsMessage wrong_id = dns_answer(
        "other.test", {cname_record("", "example.com"), address_record("example.com", host)});
    wrong_id.id = 1;
    hear(wrong_id);
    EXPECT_FALSE(reaches(host));
}

TEST_F(ReferenceDnsTest, AnAnswerIsReadOnce) {
    look_up("example.com", host);
    hear(dns_answer("example.com", {address_record("", ip("203.0.113.6"))}));
    EXPECT_FALSE(reaches(ip("203.0.113.6")));
}

TEST_F(ReferenceDnsTest, ErrorsQueriesAndLateAnswersAdmitNothing) {
    ask("example.com");
    DnsMessage answer = dns_answer("example.com", {address_record("", host)});
    for (const unsigned flags : {0x8183U, 0x0100U, 0xa980U}) {
        answer.flags = flags;
        hear(answer);
    }
    answer.flags = 0x8180;
    answer.questions = 2;
    hear(answer);
    answer.questions = 1;
    now += 30s + 1ns;
    hear(answer);
    EXPECT_FALSE(reaches(host));
}

// Case L06
TEST_F(ReferenceDnsTest, AnAddressIsKeptAtLeastAQuarterAndAtMostAWeek) {
    look_up("example.com", host, 60);
    now += 900s - 1ns;
    EXPECT_TRUE(reaches(host));
    now += 1ns;
    EXPECT_FALSE(reaches(host));
    look_up("example.com", host, 2'000'000);
    now += 168h - 1s;
    EXPECT_TRUE(reaches(host));
    now += 1s;
    EXPECT_FALSE(reaches(host));
}

TEST_F(ReferenceDnsTest, AConnectionSurvivesASwitchAlthoughItsNameHasExpired) {
    look_up("example.com", host);
    ASSERT_TRUE(reaches(host));
    ASSERT_TRUE(passed(in(talk.tcp(kIn, {kSyn | kAck}))));
    ASSERT_TRUE(passed(out(talk.tcp(kOut, {kAck}))));
    now += 2h;
    policy::ReferenceGeneration next = model.generation(now);
    next.number = 2;
    model.switch_to(next, now);
    EXPECT_TRUE(passed(in(talk.tcp(kIn, {kAck}))));
    EXPECT_FALSE(reaches(host));
}

TEST_F(ReferenceDnsTest, ReadsIpv6Addresses) {
    const IpAddress host6 = ip("2001:db8::5");
    look_up("example.com", host6);
    EXPECT_TRUE(reaches(host6));
}

TEST_F(ReferenceDnsTest, WhatIsReadBeforeAnErrorCounts) {
    ask("example.com");
    Bytes message =
        dns_answer("example.com", {address_record("", host), address_record("", ip("203.0.113.6"))})
            .wire();
    message.pop_back();
    EXPECT_TRUE(passed(in(resolver.udp(kIn, message))));
    EXPECT_TRUE(reaches(host));
    EXPECT_FALSE(reaches(ip("203.0.113.6")));
}

TEST_F(ReferenceDnsTest, NamesWithoutEndAreRefused) {
    DnsRecord looping = address_record("", host);
    for (const unsigned pointer : {0xc01dU, 0xc0ffU, 0xffffU}) {  // itself, ahead, behind the end
        ask("example.com");
        looping.owner = bytes({pointer >> 8U, pointer & 0xffU});
        hear(dns_answer("example.com", {looping}));
    }
    ask("example.com");
    looping.owner = bytes({0x80, 1});
    hear(dns_answer("example.com", {looping}));
    ask("example.com");
    DnsMessage alias = dns_answer("example.com", {cname_record("", "x"), looping});
    alias.answers[0].data = bytes({0xc0});
    hear(alias);
    EXPECT_FALSE(reaches(host));
}

TEST_F(ReferenceDnsTest, EveryTruncationIsHarmless) {
    const Bytes whole = dns_answer("example.com", {address_record("", host)}).wire();
    const Bytes query = dns_query("example.com").wire();
    for (std::size_t size = 0; size < whole.size(); ++size) {
        ask("example.com");
        const auto end = static_cast<std::ptrdiff_t>(size);
        in(resolver.udp(kIn, Bytes(whole.begin(), whole.begin() + end)));
        if (size < query.size()) {
            out(resolver.udp(kOut, Bytes(query.begin(), query.begin() + end)));
        }
        EXPECT_FALSE(reaches(host)) << size;
    }
}

TEST_F(ReferenceDnsTest, AResolvedAddressCanBeGiven) {
    model.resolve(host, policy::NamePattern{"example.net", true}, now + 10s);
    EXPECT_TRUE(reaches(host));
    EXPECT_EQ(model.resolved().size(), 1U);
}

}  // namespace
}  // namespace tollgate::test
