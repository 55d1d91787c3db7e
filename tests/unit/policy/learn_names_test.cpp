// SPDX-License-Identifier: MIT
#include "policy/learn_names.hpp"

#include <gmock/gmock.h>

#include "tests/support/flows.hpp"

namespace {

using namespace tollgate;
using namespace std::chrono_literals;
using policy::NameBinding;
using test::kMonday;
using testing::ElementsAre;
using testing::IsEmpty;

const IpAddress kAddress = test::ip("192.0.2.1");

NameBinding at(policy::Timestamp time, std::string name, std::chrono::seconds ttl = 60s) {
    return {kAddress, std::move(name), time, ttl};
}

TEST(NameTable, TheLatestNameBeforeAFlowIsItsName) {
    policy::NameTable names(10);
    names.bind(at(kMonday, "a.example.com"));
    names.bind(at(kMonday + 10s, "b.example.com"));
    EXPECT_EQ(names.latest(kAddress, kMonday - 1us), nullptr);
    EXPECT_EQ(names.latest(kAddress, kMonday + 9s)->name, "a.example.com");
    EXPECT_EQ(names.latest(kAddress, kMonday + 10s)->name, "b.example.com");
    EXPECT_EQ(names.latest(test::ip("192.0.2.2"), kMonday + 10s), nullptr);
}

TEST(NameTable, NamesAreValidForAtLeastAQuarterOfAnHour) {
    policy::NameTable names(10);
    names.bind(at(kMonday, "a.example.com", 60s));
    EXPECT_THAT(names.valid(kAddress, kMonday + 900s - 1us), ElementsAre("a.example.com"));
    EXPECT_THAT(names.valid(kAddress, kMonday + 900s), IsEmpty());
    EXPECT_THAT(names.valid(test::ip("192.0.2.2"), kMonday), IsEmpty());
}

TEST(NameTable, ANameThatIsAnsweredAgainHeldAllTheWhile) {
    policy::NameTable names(10);
    names.bind(at(kMonday, "a.example.com"));
    names.bind(at(kMonday + 899s, "a.example.com"));
    EXPECT_EQ(names.latest(kAddress, kMonday - 1us), nullptr);
    EXPECT_NE(names.latest(kAddress, kMonday), nullptr);
    EXPECT_THAT(names.valid(kAddress, kMonday), ElementsAre("a.example.com"));
    EXPECT_THAT(names.valid(kAddress, kMonday + 1798s), ElementsAre("a.example.com"));
    EXPECT_THAT(names.valid(kAddress, kMonday + 1799s), IsEmpty());
}

TEST(NameTable, ANameThatHadExpiredBeginsAnew) {
    policy::NameTable names(10);
    names.bind(at(kMonday, "a.example.com"));
    names.bind(at(kMonday + 900s, "a.example.com"));
    EXPECT_THAT(names.valid(kAddress, kMonday + 900s - 1us), IsEmpty());
    EXPECT_THAT(names.valid(kAddress, kMonday + 900s), ElementsAre("a.example.com"));
}

TEST(NameTable, AroundAFlowAreTheNamesThatItsAddressGotSoonAfter) {
    policy::NameTable names(10);
    names.bind(at(kMonday, "a.example.com", 1h));
    EXPECT_THAT(names.around(kAddress, kMonday - 1h - 1us), IsEmpty());
    EXPECT_THAT(names.around(kAddress, kMonday - 1h), ElementsAre("a.example.com"));
    EXPECT_THAT(names.around(kAddress, kMonday + 1h - 1us), ElementsAre("a.example.com"));
    EXPECT_THAT(names.around(kAddress, kMonday + 1h), IsEmpty());
}

TEST(NameTable, AnAddressHasAtMostEightNames) {
    policy::NameTable names(10);
    for (int i = 0; i < 9; ++i) {
        names.bind(at(kMonday + std::chrono::seconds(i), std::to_string(i) + ".example.com"));
    }
    EXPECT_THAT(names.valid(kAddress, kMonday + 9s), testing::SizeIs(8));
    EXPECT_EQ(names.latest(kAddress, kMonday), nullptr);
}

TEST(NameTable, TheAddressBoundFirstMakesRoom) {
    policy::NameTable names(2);
    for (const char* address : {"192.0.2.1", "192.0.2.2", "192.0.2.3"}) {
        names.bind({test::ip(address), "a.example.com", kMonday, 60s});
    }
    EXPECT_EQ(names.size(), 2U);
    EXPECT_EQ(names.latest(kAddress, kMonday), nullptr);
}

}  // namespace
