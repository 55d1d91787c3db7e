// SPDX-License-Identifier: MIT
#include "policy/dns_queries.hpp"

#include <gmock/gmock.h>

#include "tests/support/dns.hpp"

namespace {

using namespace tollgate;
using namespace std::chrono_literals;
using policy::NameBinding;
using policy::Timestamp;
using testing::ElementsAre;
using testing::IsEmpty;

const policy::DnsQueries::FlowId kFlow{1};
const policy::DnsQueries::FlowId kOtherFlow{2};
constexpr Timestamp kNow{1000s};

class DnsQueries : public testing::Test {
  protected:
    static test::Bytes answer() {
        return test::dns_answer("example.com", {test::address_record("", test::ip("192.0.2.1"))})
            .wire();
    }
    void ask() { queries_.query(kFlow, test::dns_query("example.com").wire(), kNow); }

    policy::DnsQueries queries_;
};

TEST_F(DnsQueries, AnAnswerToAQueryNamesItsAddresses) {
    ask();
    EXPECT_THAT(queries_.answer(kFlow, answer(), kNow + 1s),
                ElementsAre(NameBinding{test::ip("192.0.2.1"), "example.com", kNow + 1s, 60s}));
}

TEST_F(DnsQueries, AnAnswerToNoQueryNamesNothing) {
    EXPECT_THAT(queries_.answer(kFlow, answer(), kNow), IsEmpty());
}

TEST_F(DnsQueries, AnAnswerOnAnotherFlowNamesNothing) {
    ask();
    EXPECT_THAT(queries_.answer(kOtherFlow, answer(), kNow), IsEmpty());
}

TEST_F(DnsQueries, AnAnswerToAnotherQuestionNamesNothing) {
    queries_.query(kFlow, test::dns_query("example.net").wire(), kNow);
    EXPECT_THAT(queries_.answer(kFlow, answer(), kNow), IsEmpty());
}

TEST_F(DnsQueries, AQueryIsAnsweredOnce) {
    ask();
    EXPECT_THAT(queries_.answer(kFlow, answer(), kNow), testing::SizeIs(1));
    EXPECT_THAT(queries_.answer(kFlow, answer(), kNow), IsEmpty());
}

TEST_F(DnsQueries, AnAnswerAfterThirtySecondsNamesNothing) {
    ask();
    EXPECT_THAT(queries_.answer(kFlow, answer(), kNow + 30s + 1us), IsEmpty());
    ask();
    EXPECT_THAT(queries_.answer(kFlow, answer(), kNow + 30s), testing::SizeIs(1));
}

TEST_F(DnsQueries, MalformedMessagesAreIgnored) {
    queries_.query(kFlow, test::Bytes(5), kNow);
    EXPECT_THAT(queries_.answer(kFlow, test::Bytes(5), kNow), IsEmpty());
}

TEST_F(DnsQueries, TheOldestQueriesMakeRoom) {
    ask();
    for (unsigned i = 0; i < TG_DNS_QUERIES_MAX; ++i) {
        const policy::DnsQueries::FlowId flow{
            9, static_cast<std::uint8_t>(i >> 8U), static_cast<std::uint8_t>(i & 0xffU)};
        queries_.query(flow, test::dns_query("example.com").wire(), kNow);
    }
    EXPECT_THAT(queries_.answer(kFlow, answer(), kNow), IsEmpty());
}

}  // namespace
