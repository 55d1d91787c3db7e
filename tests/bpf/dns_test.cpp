// SPDX-License-Identifier: MIT
// Names in rules: docs/packet-path.md, section 8.
#include "tests/support/dns.hpp"

#include <tollgate/abi/name_hash.h>

#include "policy/model.hpp"
#include "tests/bpf/gate_fixture.hpp"

namespace tollgate::test {
namespace {

const IpAddress& address() {
    static const IpAddress kOne = ip("203.0.113.80");
    return kOne;
}

class Dns : public GateTest {
  protected:
    static constexpr std::uint64_t kKey = 0x1b2c3d4e5f607182;
    Talk resolver{.remote = ip("192.0.2.53"), .remote_port = 53, .local_port = 40053};

    void SetUp() override {
        GateTest::SetUp();
        if (IsSkipped() || HasFatalFailure()) {
            return;
        }
        allow_any(kOut, service(IPPROTO_UDP, 53));
        use_key(kKey);
        know("example.com");
    }
    void use_key(std::uint64_t key) {
        programs.put(programs.object().maps.name_key, std::uint32_t{0}, tg_name_key{key, {}});
    }
    void know(std::string name, bool wildcard = false, std::uint32_t slot = 0) {
        const policy::NamePattern pattern{std::move(name), wildcard};
        programs.put_inner(programs.object().maps.names, slot, pattern.hash(kKey), 1);
    }
    static std::uint64_t hash(std::string name, bool wildcard = false) {
        return policy::NamePattern{std::move(name), wildcard}.hash(kKey);
    }
    void ask(const DnsMessage& message) {
        ASSERT_EQ(judge(resolver.udp(kOut, message.wire()), kOut), kPassed);
    }
    void hear(const Bytes& wire) { ASSERT_EQ(judge(resolver.udp(kIn, wire), kIn), kPassed); }
    void ask_and_hear(const std::string& name, std::vector<DnsRecord> answers) {
        ask(dns_query(name));
        hear(dns_answer(name, std::move(answers)).wire());
    }
    [[nodiscard]] std::optional<tg_resolved> resolved(const IpAddress& of = address()) const {
        return programs.find<tg_resolved>(programs.object().maps.resolved, of.bytes);
    }
    [[nodiscard]] bool admitted(std::uint64_t pattern, const IpAddress& of = address()) const {
        const auto known = resolved(of);
        return known && std::any_of(std::begin(known->names), std::end(known->names), [&](auto& n) {
                   return n.pattern == pattern;
               });
    }
};

TEST_F(Dns, AnAnswerAdmitsTheAddressForItsName) {
    ask_and_hear("example.com", {address_record("", address())});
    EXPECT_TRUE(admitted(hash("example.com")));
    EXPECT_EQ(programs.gate_counters().resolved_addresses, 1U);
    const std::uint64_t left_s = (resolved()->names[0].expires_ns - boot_time_ns()) / TG_SECOND;
    EXPECT_NEAR(static_cast<double>(left_s), TG_DNS_TTL_FLOOR_S, 2);
}

TEST_F(Dns, AlsoForIpv6AndInAnyCase) {
    const IpAddress six = ip("2001:db8::80");
    ask(dns_query("EXAMPLE.com"));
    hear(dns_answer("example.COM", {address_record("Example.Com", six, 1U << 31U)}).wire());
    EXPECT_TRUE(admitted(hash("example.com"), six));
    const std::uint64_t left_s = (resolved(six)->names[0].expires_ns - boot_time_ns()) / TG_SECOND;
    EXPECT_NEAR(static_cast<double>(left_s), TG_DNS_TTL_CEILING_S, 2);
}

TEST_F(Dns, WhatTheAddressWasResolvedFromOpensTheFlow) {
    const Talk web{.remote = address(), .remote_port = 443, .local_port = 50000};
    open_port(kOut, service(IPPROTO_TCP, 443), 5, 0, TG_BY_NAME);
    set_verdict(1, 5, 1);
    EXPECT_EQ(judge(web.tcp(kOut, {}), kOut), dropped(DropReason::policy_default));
    ask_and_hear("example.com", {address_record("", address())});
    EXPECT_EQ(judge(web.tcp(kOut, {}), kOut), kPassed);
}

TEST_F(Dns, FollowsAliasesInOrder) {
    ask_and_hear("example.com",
                 {cname_record("", "a.cdn.example"),
                  cname_record("a.cdn.example", "b.cdn.example"),
                  address_record("b.cdn.example", address()),
                  address_record("other.example", ip("203.0.113.81"))});
    EXPECT_TRUE(admitted(hash("example.com")));
    EXPECT_FALSE(resolved(ip("203.0.113.81")));
}

TEST_F(Dns, ANameOfTheChainCountsToo) {
    know("b.cdn.example");
    ask_and_hear("www.example",
                 {cname_record("", "b.cdn.example"), address_record("b.cdn.example", address())});
    EXPECT_TRUE(admitted(hash("b.cdn.example")));
    EXPECT_FALSE(admitted(hash("www.example")));
}

TEST_F(Dns, AWildcardMatchesWhatIsUnderItOnly) {
    know("example.org", true);
    ask_and_hear("example.org", {address_record("", address())});
    EXPECT_FALSE(resolved());
    ask_and_hear("a.b.example.org", {address_record("", address())});
    EXPECT_TRUE(admitted(hash("example.org", true)));
    ask_and_hear("notexample.org", {address_record("", ip("203.0.113.82"))});
    EXPECT_FALSE(resolved(ip("203.0.113.82")));
}

TEST_F(Dns, TheOtherSlotsNamesCountSoThatASwitchFindsThem) {
    know("next.example", false, 1);
    ask_and_hear("next.example", {address_record("", address())});
    EXPECT_TRUE(admitted(hash("next.example")));
}

TEST_F(Dns, NamesThatThePolicyDoesNotKnowLeaveNothing) {
    ask_and_hear("stranger.example", {address_record("", address())});
    EXPECT_FALSE(resolved());
}

TEST_F(Dns, OneAddressKeepsSeveralNames) {
    for (int i = 0; i < 12; ++i) {
        const std::string name = "n" + std::to_string(i) + ".example";
        know(name);
        ask_and_hear(name, {address_record("", address())});
        EXPECT_TRUE(admitted(hash(name))) << name;
    }
}

TEST_F(Dns, TheLongestNamesHashAsInThePolicy) {
    const std::string label(63, 'q');
    const std::string parent = label + '.' + label + '.' + std::string(61, 'p');
    const std::string name = label + '.' + parent;
    ASSERT_EQ(dns_name(name).size(), TG_DNS_NAME_MAX);
    for (const std::uint64_t key :
         {kKey, std::uint64_t{1}, std::uint64_t{TG_NAME_HASH_PRIME - 1}}) {
        use_key(key);
        const IpAddress of = ip("203.0.113." + std::to_string(90 + key % 3));
        for (const policy::NamePattern& pattern :
             {policy::NamePattern{name, false}, policy::NamePattern{parent, true}}) {
            programs.put_inner(programs.object().maps.names, 0, pattern.hash(key), 1);
        }
        ask_and_hear(name, {address_record("", of)});
        EXPECT_TRUE(admitted(policy::NamePattern{name, false}.hash(key), of)) << key;
        EXPECT_TRUE(admitted(policy::NamePattern{parent, true}.hash(key), of)) << key;
    }
}

// Whoever found two names with one hash under a key has found nothing for another gate.
TEST_F(Dns, TheHashIsThatOfTheGatesOwnKey) {
    use_key(kKey + 1);
    ask_and_hear("example.com", {address_record("", address())});  // known by its hash under kKey
    EXPECT_FALSE(resolved());
    use_key(kKey);
    ask_and_hear("example.com", {address_record("", address())});
    EXPECT_TRUE(admitted(hash("example.com")));
}

TEST_F(Dns, WithoutAKeyNoNameIsRead) {
    use_key(0);
    programs.put_inner(
        programs.object().maps.names, 0, policy::NamePattern{"example.com", false}.hash(0), 1);
    ask_and_hear("example.com", {address_record("", address())});
    EXPECT_FALSE(resolved());
}

// Case L06
TEST_F(Dns, AnswersToNoQueryOfOursAdmitNothing) {
    const DnsMessage answer = dns_answer("example.com", {address_record("", address())});
    ask(dns_query("other.example"));
    hear(answer.wire());  // another name
    DnsMessage query = dns_query("example.com");
    query.id = 1;
    ask(query);
    hear(answer.wire());  // another id
    query = dns_query("example.com");
    query.type = kTypeAaaa;
    ask(query);
    hear(answer.wire());  // another type
    EXPECT_FALSE(resolved());
    EXPECT_EQ(programs.gate_counters().dns_unsolicited, 3U);
}

// Case L06
TEST_F(Dns, AQueryIsAnsweredOnce) {
    ask_and_hear("example.com", {});
    hear(dns_answer("example.com", {address_record("", address())}).wire());
    EXPECT_FALSE(resolved());
}

TEST_F(Dns, ErrorsQueriesAndOtherOpcodesAdmitNothing) {
    for (const unsigned flags : {0x8183U, 0x0100U, 0x8980U}) {
        ask(dns_query("example.com"));
        DnsMessage message = dns_answer("example.com", {address_record("", address())});
        message.flags = flags;
        hear(message.wire());
        EXPECT_FALSE(resolved()) << flags;
    }
}

TEST_F(Dns, EveryTruncationPassesAndAdmitsNothing) {
    const Bytes whole = dns_answer("example.com", {address_record("", address())}).wire();
    for (std::size_t size = 0; size < whole.size(); ++size) {
        ask(dns_query("example.com"));
        hear(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
        EXPECT_FALSE(resolved()) << size;
    }
    ask(dns_query("example.com"));
    hear(whole);
    EXPECT_TRUE(resolved());
}

TEST_F(Dns, PointersThatLeadForwardOrInCirclesAdmitNothing) {
    DnsRecord record = address_record("", address());
    const std::size_t at = 12 + dns_name("example.com").size() + 4;
    for (const std::size_t target : {at, at + 2, std::size_t{0x3fff}}) {
        record.owner.clear();
        append16(record.owner, static_cast<unsigned>(0xc000U | target));
        ask_and_hear("example.com", {record});
    }
    record.owner = bytes({1, 'a'});
    append16(record.owner, static_cast<unsigned>(0xc000U | at));  // back to itself
    ask_and_hear("example.com", {record});
    EXPECT_FALSE(resolved());
    EXPECT_EQ(programs.gate_counters().dns_malformed, 4U);
}

TEST_F(Dns, ADotWithinALabelIsNoSeparator) {
    Bytes wire = dns_answer("exampleXcom", {address_record("", address())}).wire();
    Bytes query = dns_query("exampleXcom").wire();
    wire.at(12 + 8) = query.at(12 + 8) = std::byte{'.'};
    ASSERT_EQ(judge(resolver.udp(kOut, query), kOut), kPassed);
    hear(wire);
    EXPECT_FALSE(resolved());
}

TEST_F(Dns, IsReadWhereXdpCannotBeAttached) {
    ask(dns_query("example.com"));
    const Bytes answer = dns_answer("example.com", {address_record("", address())}).wire();
    EXPECT_EQ(judge_at_tc_ingress(resolver.udp(kIn, answer)), kPassed);
    EXPECT_TRUE(admitted(hash("example.com")));
}

}  // namespace
}  // namespace tollgate::test
