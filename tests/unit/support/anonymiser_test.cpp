// SPDX-License-Identifier: MIT
#include "agent/support/anonymiser.hpp"

#include <gmock/gmock.h>

namespace tollgate::agent {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct AnonymiserTest : ::testing::Test {
    Anonymiser anonymiser{Pseudonyms::Key{std::byte{7}}};

    /// What stands in the place of a text that is replaced as a whole.
    std::string in_place_of(std::string_view value) { return anonymiser.text(value); }
};

TEST_F(AnonymiserTest, FindsAddressesWhereverTheyStand) {
    for (const std::string value :
         {"192.0.2.10", "10.9.0.1", "2001:db8::50", "fe80::7:8", "02:11:22:33:44:55"}) {
        const std::string made = in_place_of(value);
        ASSERT_NE(made, value);
        for (const auto& [before, behind] : {std::pair{"", ""},
                                             {"x=", " y"},
                                             {"\"", "\","},
                                             {"[", "]:443"},
                                             {"to ", "."},
                                             {"from ", ": refused"},
                                             {"eth0:", " tcp/80"},
                                             {"(", ")"},
                                             {"//", "/path"},
                                             {"-", ","}}) {
            EXPECT_EQ(anonymiser.text(before + value + behind), before + made + behind);
        }
    }
    EXPECT_EQ(anonymiser.text("192.0.2.10:51820"), in_place_of("192.0.2.10") + ":51820");
    EXPECT_EQ(anonymiser.text("192.0.2.10-192.0.2.11"),
              in_place_of("192.0.2.10") + "-" + in_place_of("192.0.2.11"));
    EXPECT_EQ(anonymiser.text("::ffff:192.0.2.10"), "::ffff:" + in_place_of("192.0.2.10"));
    EXPECT_EQ(anonymiser.text("2001:DB8:0::50"), in_place_of("2001:db8::50"));
    EXPECT_EQ(anonymiser.text("fe80::7:8%eth0"), in_place_of("fe80::7:8") + "%eth0");
}

TEST_F(AnonymiserTest, ABlockStaysABlockAndHoldsWhatItHeld) {
    for (const auto& [block, inside] : {std::pair{"192.0.2.0/24", "192.0.2.10"},
                                        std::pair{"10.0.0.0/8", "10.1.2.3"},
                                        std::pair{"2001:db8::/32", "2001:db8::50"}}) {
        const auto made = Prefix::parse(anonymiser.text(block));
        ASSERT_TRUE(made) << anonymiser.text(block);
        EXPECT_TRUE(made->contains(IpAddress::parse(in_place_of(inside)).value()));
    }
    EXPECT_EQ(anonymiser.text("0.0.0.0/0 ::/0 10.0.0.0/8"), "0.0.0.0/0 ::/0 10.0.0.0/8");
    EXPECT_EQ(anonymiser.text("192.0.2.10/24"), in_place_of("192.0.2.10") + "/24");
    EXPECT_EQ(anonymiser.text("192.0.2.10/32"), in_place_of("192.0.2.10") + "/32");
}

TEST_F(AnonymiserTest, LeavesNumbersTimesVersionsAndFilesAlone) {
    for (const std::string text : {"2026-11-21T12:00:00.123Z level=info event=handshake.completed",
                                   "tollgate 0.1.0, libbpf 1.1.2, Linux 6.1.0-13-amd64",
                                   "1.2.3.4.5 256.0.2.1 1.7e+09 12:00:01 std::string",
                                   "/etc/tollgate/tollgate.yaml config/policy.yaml wg0.key",
                                   "tollgate_build_info{version=\"0.1.0\"} 1",
                                   "event=flow_log.failed sink=http",
                                   "127.0.0.1:9586 localhost ::1 ff02::1 224.0.0.251"}) {
        EXPECT_EQ(anonymiser.text(text), text);
    }
    for (const Anonymiser::Kind kind : Anonymiser::kKinds) {
        EXPECT_EQ(anonymiser.count(kind).places, 0U);
    }
}

TEST_F(AnonymiserTest, FindsNamesByTheirFormOrBecauseTheyAreTold) {
    anonymiser.know_host("board");
    anonymiser.know_peer("nvr");
    anonymiser.know_peer("Zo\u00eb's \"phone\"");
    EXPECT_EQ(anonymiser.text("Nov 21 board tollgated[42]: peer=nvr up"),
              "Nov 21 host-1 tollgated[42]: peer=peer-1 up");
    EXPECT_EQ(anonymiser.text("nvr:51820 nvr.psk nvrs anvr nvr-2"),
              "peer-1:51820 peer-1.psk nvrs anvr nvr-2");
    EXPECT_EQ(anonymiser.text("name: Zo\u00eb's \"phone\""), "name: peer-2");
    EXPECT_EQ(anonymiser.text(R"({"name":"Zo\u00eb's \"phone\""})"),
              R"({"name":"Zo\u00eb's \"phone\""})")
        << "escaped in a way that our JSON is not";
    EXPECT_EQ(anonymiser.text("{\"name\":\"Zo\u00eb's \\\"phone\\\"\"}"), R"({"name":"peer-2"})");
    const std::string domain = in_place_of("example.com");
    EXPECT_EQ(anonymiser.text("*.example.com"), "*." + domain);
    EXPECT_EQ(anonymiser.text("see https://example.com/x."), "see https://" + domain + "/x.");
    EXPECT_THAT(anonymiser.text("nvr.example.com"), Not(HasSubstr("example")));
    EXPECT_THAT(anonymiser.text("nvr.example.com"), Not(HasSubstr("nvr")));
}

TEST_F(AnonymiserTest, FindsAPublicKeyAndItsShortForm) {
    constexpr std::string_view kKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    EXPECT_EQ(anonymiser.text(kKey), kKey) << "nobody said that it is one";
    anonymiser.know_key(kKey);
    const auto made = crypto::PublicKey::parse_base64(in_place_of(kKey));
    ASSERT_TRUE(made);
    EXPECT_NE(made->to_base64(), kKey);
    EXPECT_EQ(anonymiser.text("peer=AAEC…Hh8 x"), "peer=AAEC…Hh8 x");
    EXPECT_EQ(anonymiser.text("peer=AAEC…dHh8 x"), "peer=" + made->to_short() + " x");
    EXPECT_THAT(anonymiser.text("peer=gone…PeEr x"), Not(HasSubstr("gone")));
    anonymiser.know_key("no key");
    EXPECT_EQ(anonymiser.text("no key"), "no key");
}

TEST_F(AnonymiserTest, CountsValuesAndPlaces) {
    const std::string unused = anonymiser.text(
        "192.0.2.1 192.0.2.1 192.0.2.2 2001:db8::1 02:00:00:00:00:01 a.example.org");
    const auto count = [&](Anonymiser::Kind kind) {
        return std::pair{anonymiser.count(kind).values, anonymiser.count(kind).places};
    };
    using Pair = std::pair<std::uint64_t, std::uint64_t>;
    EXPECT_EQ(count(Anonymiser::Kind::ipv4), (Pair{2, 3}));
    EXPECT_EQ(count(Anonymiser::Kind::ipv6), (Pair{1, 1}));
    EXPECT_EQ(count(Anonymiser::Kind::mac), (Pair{1, 1}));
    EXPECT_EQ(count(Anonymiser::Kind::host), (Pair{1, 1}));
    EXPECT_EQ(count(Anonymiser::Kind::peer), (Pair{0, 0}));
}

}  // namespace
}  // namespace tollgate::agent
