// SPDX-License-Identifier: MIT
#include "agent/flowlog/http_post.hpp"

#include <gtest/gtest.h>

namespace tollgate::agent {
namespace {

using std::chrono::seconds;

std::string shown(std::string_view text) {
    const auto url = HttpUrl::parse(text);
    return url ? (url->tls ? "tls " : "plain ") + url->authority() + " " +
                     std::to_string(url->port) + " " + url->target
               : "";
}

TEST(HttpUrl, TakesWhatReceiversHave) {
    EXPECT_EQ(shown("https://logs.example.org/ingest?from=tollgate"),
              "tls logs.example.org 443 /ingest?from=tollgate");
    EXPECT_EQ(shown("http://192.0.2.1:8088"), "plain 192.0.2.1:8088 8088 /");
    EXPECT_EQ(shown("https:"
                    "//[2001:db8::1]:8443/x"),
              "tls [2001:db8::1]:8443 8443 /x");
    EXPECT_EQ(shown("https:"
                    "//[2001:db8::1]?a"),
              "tls [2001:db8::1] 443 /?a");
}

TEST(HttpUrl, RefusesTheRest) {
    for (const auto* text : {"",
                             "logs.example.org",
                             "ftp://logs.example.org/",
                             "https://",
                             "https:///x",
                             "https://logs.example.org:0/",
                             "https://logs.example.org:65536/",
                             "https://logs.example.org/a b",
                             "https://logs.example.org/#part",
                             "https://logs.example.org/\r\nX: y"}) {
        EXPECT_EQ(shown(text), "") << text;
    }
    EXPECT_EQ(shown("https:"
                    "//user:secret@logs.example.org/"),
              "");
}

TEST(HttpUrl, IsPrivateWithTlsAndOnThisHost) {
    EXPECT_TRUE(HttpUrl::parse("https://logs.example.org")->is_private());
    EXPECT_TRUE(HttpUrl::parse("http://127.0.0.1:80")->is_private());
    EXPECT_TRUE(HttpUrl::parse("http:"
                               "//[::1]")
                    ->is_private());
    EXPECT_FALSE(HttpUrl::parse("http://logs.example.org")->is_private());
    EXPECT_FALSE(HttpUrl::parse("http://192.0.2.1")->is_private());
    EXPECT_FALSE(HttpUrl::parse("http://127.example.org")->is_private());
}

TEST(RetryAfter, IsSecondsOrADate) {
    const std::chrono::system_clock::time_point now{seconds{1'795'000'000}};  // 11:06:40
    EXPECT_EQ(parse_retry_after("120", now), seconds{120});
    EXPECT_EQ(parse_retry_after("Wed, 18 Nov 2026 11:07:10 GMT", now), seconds{30});
    EXPECT_EQ(parse_retry_after("Wed, 18 Nov 2026 11:06:00 GMT", now), seconds{0});
    for (const auto* text : {"", "-1", "soon", "12 s", "99999999999", "Wed, 18 Nov 2026"}) {
        EXPECT_EQ(parse_retry_after(text, now), seconds{0}) << text;
    }
}

}  // namespace
}  // namespace tollgate::agent
