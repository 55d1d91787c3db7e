// SPDX-License-Identifier: MIT
#include "agent/support/redactor.hpp"

#include <gtest/gtest.h>

#include "agent/support/text_encoding.hpp"

namespace tollgate::agent {
namespace {

// 32 bytes that nobody uses as a key, in the ways in which keys are written.
constexpr std::string_view kKey = "aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789+/abcdE=";
constexpr std::string_view kHexKey =
    "69c0dc79f887888268cd3a8f411b4eb0b55cf9d36df35e3bb7f8fbf00069b71d";

std::string redacted(std::string_view text, const Redactor& redactor = {}) {
    Redactions count;
    return redactor.text(text, count);
}

TEST(Redactor, TakesKeysOutWhereverTheyStand) {
    for (const std::string_view key : {kKey, kHexKey}) {
        for (const std::string& text : {std::string{key},
                                        "# was: " + std::string{key} + " until May",
                                        "x=" + std::string{key} + ";",
                                        "\"" + std::string{key} + "\""}) {
            EXPECT_EQ(redacted(text).find(key.substr(4, 20)), std::string::npos) << text;
        }
    }
    const std::string unpadded{kKey.substr(0, kKey.size() - 1)};
    EXPECT_EQ(redacted("k " + unpadded), "k [redacted]");
}

TEST(Redactor, LeavesWordsPathsNumbersAndNamesAlone) {
    for (const std::string text :
         {"tollgate_tunnel_peer_last_handshake_timestamp_seconds{peer=\"nvr\"} 1.7e+09",
          "/sys/fs/bpf/tollgate/v2/eth0-0/link_ingress /var/lib/tollgate/state.json",
          "2026-11-21T12:00:00Z level=info event=handshake.completed peer=AbCd…wXyZ",
          "2001:db8:85a3::8a2e:370:7334 02:00:00:00:00:10",
          "presharedKey: true, privateKeyFile: /etc/tollgate/wg0.key"}) {
        EXPECT_EQ(redacted(text), text);
    }
}

TEST(Redactor, KeepsAPublicKeyThatIsKnownToBeOne) {
    Redactor redactor;
    redactor.spare(std::string{kKey});
    EXPECT_EQ(redacted(kKey, redactor), kKey);
    EXPECT_EQ(redacted(kHexKey, redactor), "[redacted]");
}

// Case C17
TEST(Redactor, FindsASecretOfTheHostInEveryFormThatItMayHave) {
    Redactor redactor;
    redactor.know("correct horse battery\n");
    redactor.know(kKey);
    const auto bytes = from_base64(kKey);
    ASSERT_TRUE(bytes);
    for (const std::string_view secret :
         {std::string_view{"correct horse battery"}, kKey, bytes->view()}) {
        for (const std::string& form : {std::string{secret},
                                        std::string{to_base64(secret).view()},
                                        std::string{to_hex(secret).view()}}) {
            EXPECT_FALSE(redactor.is_clean("in " + form + " out"));
            EXPECT_TRUE(redactor.is_clean(redacted("in " + form + " out", redactor))) << form;
        }
    }
}

TEST(Redactor, ASecretOfSevenBytesIsTooShortToBeFound) {
    Redactor redactor;
    redactor.know("1234567");
    EXPECT_EQ(redacted("1234567", redactor), "1234567");
    redactor.know("12345678");
    EXPECT_EQ(redacted("12345678", redactor), "[redacted]");
}

TEST(Redactor, TakesAPrivateKeyInPemOutAndLeavesACertificate) {
    const std::string pem = "-----BEGIN EC PRIVATE KEY-----\nabc\n-----END EC PRIVATE KEY-----\n";
    EXPECT_EQ(redacted("a\n" + pem + "b"), "a\n[redacted]\nb");
    EXPECT_EQ(redacted("a\n-----BEGIN PRIVATE KEY-----\nno end"), "a\n[redacted]");
    const std::string certificate = "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n";
    EXPECT_EQ(redacted(certificate), certificate);
}

TEST(Redactor, TakesTheValuesOfSecretNames) {
    EXPECT_EQ(redacted("password: hunter2"), "password: [redacted]");
    EXPECT_EQ(redacted("  api_token = \"abc def\" # x"), "  api_token = \"[redacted]\" # x");
    EXPECT_EQ(redacted("event=x token=abc peer=nvr"), "event=x token=[redacted] peer=nvr");
    EXPECT_EQ(redacted("Authorization: Bearer abc.def"), "Authorization: [redacted]");
    EXPECT_EQ(redacted("--password hunter2"), "--password [redacted]");
    EXPECT_EQ(redacted("https://7:p@ss@h.example/x?token=abc&y=1"),
              "https://7:[redacted]@h.example/x?token=[redacted]&y=1");
    EXPECT_EQ(redacted("secret: |\n  one\n  two\nnext: 1"),
              "secret: |\n  [redacted]\n  [redacted]\nnext: 1");
}

TEST(Redactor, TakesTheFieldsOfSecretNamesOutOfJson) {
    auto document = nlohmann::ordered_json::parse(
        R"({"presharedKey": true, "token": "abc", "pin": {"password": 1234},
            "text": "token=abc x", "tokenFile": "/etc/t"})");
    Redactions count;
    Redactor{}.json(document, count);
    EXPECT_EQ(document.dump(),
              R"({"presharedKey":true,"token":"[redacted]","pin":{"password":"[redacted]"},)"
              R"("text":"token=[redacted] x","tokenFile":"/etc/t"})");
    EXPECT_EQ(count.named, 3U);
}

TEST(Redactor, CountsWhatItTakesOutByWhatItWasKnownBy) {
    Redactor redactor;
    redactor.know("correct horse");
    Redactions count;
    const std::string text = redactor.text(
        "correct horse\npassword: x\n-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n" +
            std::string{kKey},
        count);
    EXPECT_EQ(text, "[redacted]\npassword: [redacted]\n[redacted]\n[redacted]");
    EXPECT_EQ(count.known, 1U);
    EXPECT_EQ(count.named, 1U);
    EXPECT_EQ(count.blocks, 1U);
    EXPECT_EQ(count.keyed, 1U);
}

TEST(TextEncoding, KnowsTheVectorsOfRfc4648) {
    EXPECT_EQ(to_base64("fooba").view(), "Zm9vYmE=");
    EXPECT_EQ(to_base64("foobar").view(), "Zm9vYmFy");
    EXPECT_EQ(to_hex("foobar").view(), "666f6f626172");
    EXPECT_EQ(from_base64("Zm9vYg==")->view(), "foob");
    EXPECT_EQ(from_hex("666F6f")->view(), "foo");
    EXPECT_FALSE(from_base64("Zm9v!"));
    EXPECT_FALSE(from_base64("Z"));
    EXPECT_FALSE(from_hex("666"));
}

}  // namespace
}  // namespace tollgate::agent
