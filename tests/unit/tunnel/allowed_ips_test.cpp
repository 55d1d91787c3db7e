// SPDX-License-Identifier: MIT
#include "agent/tunnel/allowed_ips.hpp"

#include <algorithm>
#include <random>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/naive_allowed_ips.hpp"

namespace tollgate::agent {
namespace {

using test::NaiveAllowedIps;
using test::prefixes_of;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

Prefix prefix(std::string_view text) {
    return Prefix::parse(text).value();
}

std::optional<AllowedIps::Owner> find(const AllowedIps& table, std::string_view address) {
    return table.find(IpAddress::parse(address).value());
}

void give(AllowedIps& table, std::string_view text, AllowedIps::Owner owner) {
    ASSERT_TRUE(table.insert(prefix(text), owner));
}

TEST(AllowedIps, AnEmptyTableKnowsNobody) {
    const AllowedIps table;
    EXPECT_EQ(find(table, "192.0.2.1"), std::nullopt);
    EXPECT_EQ(find(table, "2001:db8::1"), std::nullopt);
    EXPECT_EQ(table.size(), 0U);
}

TEST(AllowedIps, TheLongestPrefixWinsInWhateverOrderTheyCome) {
    std::array<std::string_view, 4> order{"0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.2.3"};
    std::sort(order.begin(), order.end());
    do {
        AllowedIps table;
        for (const std::string_view text : order) {
            give(table, text, prefix(text).length);
        }
        EXPECT_EQ(find(table, "192.0.2.1"), 96U);
        EXPECT_EQ(find(table, "10.2.0.1"), 104U);
        EXPECT_EQ(find(table, "10.1.2.2"), 112U);
        EXPECT_EQ(find(table, "10.1.2.3"), 128U);
    } while (std::next_permutation(order.begin(), order.end()));
}

TEST(AllowedIps, TheLongestIpv6PrefixWinsInWhateverOrderTheyCome) {
    std::array<std::string_view, 4> order{
        "::/0", "2001:db8::/32", "2001:db8:0:1::/64", "2001:db8:0:1::1"};
    std::sort(order.begin(), order.end());
    do {
        AllowedIps table;
        for (const std::string_view text : order) {
            give(table, text, prefix(text).length);
        }
        EXPECT_EQ(find(table, "2002::1"), 0U);
        EXPECT_EQ(find(table, "2001:db8:1::1"), 32U);
        EXPECT_EQ(find(table, "2001:db8:0:1::2"), 64U);
        EXPECT_EQ(find(table, "2001:db8:0:1::1"), 128U);
    } while (std::next_permutation(order.begin(), order.end()));
}

TEST(AllowedIps, TheFamiliesDoNotMeet) {
    AllowedIps table;
    give(table, "::/0", 6);
    EXPECT_EQ(find(table, "192.0.2.1"), std::nullopt);
    give(table, "0.0.0.0/0", 4);
    EXPECT_EQ(find(table, "192.0.2.1"), 4U);
    EXPECT_EQ(find(table, "2001:db8::1"), 6U);
}

TEST(AllowedIps, AddressesBesideAPrefixAreNotInIt) {
    AllowedIps table;
    give(table, "192.0.2.128/25", 1);
    EXPECT_EQ(find(table, "192.0.2.127"), std::nullopt);
    EXPECT_EQ(find(table, "192.0.2.128"), 1U);
    EXPECT_EQ(find(table, "192.0.2.255"), 1U);
    EXPECT_EQ(find(table, "192.0.3.0"), std::nullopt);
}

TEST(AllowedIps, APrefixMovesToWhoeverGetsItLast) {
    AllowedIps table;
    give(table, "192.0.2.0/24", 1);
    give(table, "192.0.2.0/24", 2);
    EXPECT_EQ(find(table, "192.0.2.1"), 2U);
    EXPECT_EQ(table.size(), 1U);
    EXPECT_EQ(table.count(1), 0U);
    EXPECT_THAT(prefixes_of(table, 1), IsEmpty());
    EXPECT_THAT(prefixes_of(table, 2), ElementsAre(prefix("192.0.2.0/24")));
}

TEST(AllowedIps, AMoreSpecificPrefixOfAnotherPeerWins) {
    AllowedIps table;
    give(table, "192.0.2.0/24", 1);
    give(table, "192.0.2.7", 2);
    EXPECT_EQ(find(table, "192.0.2.6"), 1U);
    EXPECT_EQ(find(table, "192.0.2.7"), 2U);
    EXPECT_TRUE(table.remove(prefix("192.0.2.7"), 2));
    EXPECT_EQ(find(table, "192.0.2.7"), 1U);
}

TEST(AllowedIps, OnlyTheOwnersExactPrefixIsRemoved) {
    AllowedIps table;
    give(table, "192.0.2.0/24", 1);
    give(table, "198.51.100.0/24", 1);
    EXPECT_FALSE(table.remove(prefix("192.0.2.0/24"), 2));
    EXPECT_FALSE(table.remove(prefix("192.0.2.0/25"), 1));
    EXPECT_FALSE(table.remove(prefix("192.0.0.0/16"), 1));
    EXPECT_FALSE(table.remove(prefix("192.0.0.0/5"), AllowedIps::kNobody));
    EXPECT_EQ(table.size(), 2U);
    EXPECT_TRUE(table.remove(prefix("192.0.2.0/24"), 1));
    EXPECT_FALSE(table.remove(prefix("192.0.2.0/24"), 1));
    EXPECT_EQ(find(table, "192.0.2.1"), std::nullopt);
}

TEST(AllowedIps, APeersPrefixesAreListedInTheOrderOfTheirComing) {
    AllowedIps table;
    for (const auto* text : {"203.0.113.0/24", "10.0.0.0/8", "2001:db8::/32", "0.0.0.0/0"}) {
        give(table, text, 1);
        give(table, "10.0.0.0/8", 1);  // no move: it is already theirs
    }
    EXPECT_THAT(prefixes_of(table, 1),
                ElementsAre(prefix("203.0.113.0/24"),
                            prefix("10.0.0.0/8"),
                            prefix("2001:db8::/32"),
                            prefix("0.0.0.0/0")));
}

TEST(AllowedIps, RemovingAPeerLeavesTheOthers) {
    AllowedIps table;
    give(table, "10.0.0.0/8", 1);
    give(table, "10.1.0.0/16", 2);
    give(table, "2001:db8::/32", 1);
    table.remove_all(1);
    table.remove_all(3);
    EXPECT_EQ(table.size(), 1U);
    EXPECT_EQ(find(table, "10.2.0.1"), std::nullopt);
    EXPECT_EQ(find(table, "10.1.0.1"), 2U);
}

// Case F25
TEST(AllowedIps, RemovedPrefixesGiveTheirMemoryBack) {
    AllowedIps table;
    std::size_t first = 0;
    for (int round = 0; round < 20; ++round) {
        for (std::uint8_t i = 0; i < 250; ++i) {
            ASSERT_TRUE(table.insert({*IpAddress::parse("10.0.0." + std::to_string(i))}, i % 7U));
        }
        first = first == 0 ? table.memory_bytes() : first;
        for (std::uint32_t owner = 0; owner < 7; ++owner) {
            table.remove_all(owner);
        }
        ASSERT_EQ(table.size(), 0U);
    }
    EXPECT_EQ(table.memory_bytes(), first);
}

IpAddress numbered(bool ipv4, std::uint32_t number) {
    IpAddress address = *IpAddress::parse(ipv4 ? "10.0.0.0" : "2001:db8::");
    for (std::size_t i = 0; i < 3; ++i) {
        address.bytes[15 - i] = static_cast<std::uint8_t>(number >> (8 * i));
    }
    return address;
}

TEST(AllowedIps, OnePeerMayHave130560Prefixes) {
    AllowedIps table;
    for (std::uint32_t i = 0; i < 65280; ++i) {
        ASSERT_TRUE(table.insert({numbered(true, i)}, 1));
        ASSERT_TRUE(table.insert({numbered(false, i)}, 1));
    }
    EXPECT_EQ(table.count(1), 130560U);
    EXPECT_LT(table.memory_bytes(), 130560U * 160);
    EXPECT_EQ(table.find(numbered(false, 65279)), 1U);
    EXPECT_EQ(table.find(numbered(false, 65280)), std::nullopt);
}

TEST(AllowedIps, TakesNoMoreThanItsLimit) {
    AllowedIps table{3};
    give(table, "192.0.2.1", 1);
    give(table, "192.0.2.2", 1);
    give(table, "192.0.2.3", 1);
    EXPECT_FALSE(table.insert(prefix("192.0.2.0/30"), 1));  // is a fork already
    EXPECT_FALSE(table.insert(prefix("2001:db8::1"), 1));
    EXPECT_EQ(table.size(), 3U);
    give(table, "192.0.2.2", 2);  // a move needs no room
    EXPECT_TRUE(table.remove(prefix("192.0.2.2"), 2));
    give(table, "2001:db8::1", 1);
}

/// Random routes that often hold each other, as the kernel's self-test makes them.
class RandomRoutes {
  public:
    explicit RandomRoutes(std::uint32_t seed) : random_{seed} {}

    std::uint32_t below(std::uint32_t limit) {
        return static_cast<std::uint32_t>(random_()) % limit;
    }
    IpAddress address() {
        IpAddress made = *IpAddress::parse(below(2) == 0 ? "10.0.0.0" : "2001:db8::");
        for (std::size_t i = made.is_ipv4() ? 12 : 4; i < made.bytes.size(); ++i) {
            made.bytes[i] = static_cast<std::uint8_t>(below(256));
        }
        return made;
    }
    Prefix route() {
        const IpAddress made = address();
        const std::uint32_t bits = made.is_ipv4() ? 32 : 128;
        return Prefix::covering(made, static_cast<std::uint8_t>(128 - bits + below(bits) + 1));
    }
    /// A route of the same length that differs in one random bit at most.
    Prefix mutation(const Prefix& of) {
        IpAddress made = of.address;
        const std::uint32_t position = (made.is_ipv4() ? 96 : 32) + below(made.is_ipv4() ? 32 : 96);
        made.bytes[position / 8] ^= static_cast<std::uint8_t>(1U << (7 - position % 8));
        return Prefix::covering(made, of.length);
    }

  private:
    std::mt19937 random_;
};

struct Both {
    AllowedIps table;
    NaiveAllowedIps naive;
    std::vector<Prefix> routes;

    void give(const Prefix& route, std::uint32_t owner) {
        ASSERT_TRUE(table.insert(route, owner));
        naive.insert(route, owner);
        routes.push_back(route);
    }
    /// Compares addresses anywhere, and addresses just inside or just outside a route.
    void expect_agreement(RandomRoutes& random) const {
        ASSERT_EQ(table.size(), naive.size());
        for (std::uint32_t i = 0; i < 600; ++i) {
            const Prefix& route = routes[random.below(static_cast<std::uint32_t>(routes.size()))];
            const IpAddress address =
                i % 2 == 0 ? random.address()
                           : random.mutation(Prefix::covering(route.address, 128)).address;
            ASSERT_EQ(table.find(address), naive.find(address)) << address.to_string();
        }
    }
};

TEST(AllowedIps, AgreesWithAListAboutRandomRoutesOf2000Peers) {
    const std::uint32_t seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomRoutes random{seed};
    Both both;
    for (int i = 0; i < 400; ++i) {
        const Prefix route = random.route();
        both.give(route, random.below(2000));
        for (int mutation = 0; mutation < 10; ++mutation) {
            both.give(random.mutation(route), random.below(2000));
        }
    }
    both.expect_agreement(random);
    for (std::uint32_t owner = 0; owner < 2000; owner += 2) {
        both.table.remove_all(owner);
        both.naive.remove_all(owner);
        ASSERT_EQ(prefixes_of(both.table, owner + 1), both.naive.of(owner + 1));
    }
    both.expect_agreement(random);
}

}  // namespace
}  // namespace tollgate::agent
