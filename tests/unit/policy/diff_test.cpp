// SPDX-License-Identifier: MIT
#include "policy/diff.hpp"

#include <gmock/gmock.h>

#include "policy/yaml_writer.hpp"
#include "tests/support/policy_text.hpp"
#include "tests/support/random_policy.hpp"

namespace tollgate::policy {
namespace {

using testing::IsEmpty;

constexpr const char* kBefore =
    "  groups: {lan: {cidr: [10.0.0.0/8]}}\n"
    "  allow:\n"
    "    - {name: web, direction: ingress, remote: [lan], ports: [tcp/80]}\n"
    "    - {name: ntp, direction: egress, ports: [udp/123]}\n";

TEST(Diff, NamesWhatIsAddedRemovedAndChanged) {
    const Policy before = tests::policy_of(kBefore);
    Policy after = tests::policy_of(
        "  baseline: {lldp: true}\n"
        "  groups: {lan: {cidr: [10.0.0.0/24]}}\n"
        "  allow:\n"
        "    - {name: web, direction: ingress, remote: [lan], ports: [tcp/443], log: true}\n"
        "    - name: ota\n"
        "      direction: egress\n"
        "      remote: [192.0.2.1]\n"
        "      ports: [tcp/443]\n"
        "      limit: {packets: 9/s, newFlows: 10/m}\n"
        "      expires: \"2030-01-01T00:00:00Z\"\n"
        "      learned: {packets: 812, approvedBy: root}\n");
    after.mode = Stage::enforce;
    EXPECT_EQ(to_text(diff(before, after)),
              "- allow ntp  egress any udp/123\n"
              "~ mode  audit → enforce\n"
              "~ baseline lldp  off → on\n"
              "~ group lan  10.0.0.0/8 → 10.0.0.0/24\n"
              "~ allow web  ingress lan tcp/80 → ingress lan tcp/443, log\n"
              "+ allow ota  egress 192.0.2.1 tcp/443, 9/s packets, 10/m new flows, until "
              "2030-01-01T00:00:00Z, learned from 812 packets, by root\n");
}

TEST(Diff, EvidenceCommentsAndOrderAreNoDifference) {
    const Policy before = tests::policy_of(kBefore);
    Policy after = before;
    std::swap(after.rules.front(), after.rules.back());
    after.rules.front().comment = "seen often";
    after.rules.front().learned = Provenance{};
    after.description = "words";
    EXPECT_THAT(diff(before, after), IsEmpty());
    EXPECT_EQ(to_text(diff(before, after)), "");
}

TEST(Diff, ARuleThatChangesItsRankIsRemovedAndAdded) {
    const Policy before = tests::policy_of(kBefore);
    Policy after = before;
    after.rules.front().rank = Rank::deny;
    EXPECT_EQ(to_text(diff(before, after)),
              "- allow web  ingress lan tcp/80\n+ deny web  ingress lan tcp/80\n");
}

TEST(Diff, DescribesARuleThatOnlyHasASelector) {
    Rule rule;
    rule.selector.prefixes = {*Prefix::parse("192.0.2.0/24")};
    rule.selector.macs = {*MacAddress::parse("02:00:00:00:00:01")};
    EXPECT_EQ(describe(rule), "ingress 02:00:00:00:00:01, 192.0.2.0/24 any");
}

TEST(Diff, IsEmptyExactlyIfThePoliciesSayTheSame) {
    for (std::uint32_t seed = 0; seed < 200; ++seed) {
        const Policy a = tests::RandomPolicy(seed).policy();
        EXPECT_THAT(diff(a, *read_policy(write_policy(a)).policy), IsEmpty());
        Policy b = a;
        b.default_action[TG_EGRESS] =
            a.default_action[TG_EGRESS] == Action::drop ? Action::pass : Action::drop;
        EXPECT_EQ(diff(a, b).size(), 1U);
    }
}

}  // namespace
}  // namespace tollgate::policy
