// SPDX-License-Identifier: MIT
#include "agent/control/http_server.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "agent/system/file_descriptor.hpp"

namespace tollgate::agent {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// A server on a Unix socket of a folder of its own, and a client that reads whole answers.
class HttpServers : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = (fs::temp_directory_path() / "tollgate-http-XXXXXX").string();
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder = pattern;
    }
    void TearDown() override {
        server.reset();
        fs::remove_all(folder);
    }

    void serve(HttpHandler handler, const HttpLimits& limits = {}) {
        auto listening = HttpServer::listen_unix(folder / "socket", "", limits, std::move(handler));
        ASSERT_TRUE(listening) << listening.error().message();
        server = std::move(*listening);
    }

    // None if the kernel has no room for one more.
    [[nodiscard]] FileDescriptor client(int flags = 0) const {
        sockaddr_un address{AF_UNIX, {}};
        (folder / "socket").native().copy(address.sun_path, sizeof address.sun_path - 1);
        FileDescriptor socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0)};
        const void* where = &address;
        const bool connected =
            ::connect(socket.get(), static_cast<const sockaddr*>(where), sizeof address) == 0;
        return connected ? std::move(socket) : FileDescriptor{};
    }

    static bool say(const FileDescriptor& socket, std::string_view text) {
        return ::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL) ==
               static_cast<ssize_t>(text.size());
    }

    // All until the server closes.
    static std::string rest(const FileDescriptor& socket) {
        std::string answer;
        std::array<char, 4096> part{};
        for (ssize_t size = 1; size > 0;) {
            size = ::recv(socket.get(), part.data(), part.size(), 0);
            answer.append(part.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
        }
        return answer;
    }

    [[nodiscard]] std::string answer_to(std::string_view request) const {
        const FileDescriptor socket = client();
        say(socket, request);
        return rest(socket);
    }

    // The head and the body of the answer to GET /.
    [[nodiscard]] std::string answer_of(HttpHandler handler) {
        serve(std::move(handler));
        return answer_to(kGet);
    }

    // As the listener of the metrics.
    void serve_like_metrics(const std::string& body = "fine\n") {
        serve(
            [this, body](const HttpRequest&) {
                ++served;
                return HttpResponse{200, "text/plain", body, {}};
            },
            {1024, 2, std::chrono::milliseconds{500}, std::chrono::milliseconds{500}});
    }

    static constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

    fs::path folder;
    std::unique_ptr<HttpServer> server;
    std::atomic<int> served = 0;
};

TEST_F(HttpServers, AnAnswerTellsItsContentType) {
    const auto answer = answer_of([](const HttpRequest&) {
        return HttpResponse{200, "application/json", "{}\n", {}};
    });
    EXPECT_THAT(answer, AllOf(HasSubstr("Content-Type: application/json\r\n"), EndsWith("{}\n")));
}

TEST_F(HttpServers, AnAnswerThatGoesOnTellsItsContentTypeToo) {
    const auto answer = answer_of([](const HttpRequest&) {
        return HttpResponse{200, "application/jsonl", "{}\n", [] {
                                return std::nullopt;
                            }};
    });
    EXPECT_THAT(answer, AllOf(HasSubstr("Content-Type: application/jsonl\r\n"), HasSubstr("{}\n")));
}

std::size_t open_descriptors() {
    const fs::directory_iterator entries{"/proc/self/fd"};
    return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

// With two threads and half a second for each, one after the other would be 50 s.
// Case F21
TEST_F(HttpServers, ManyWhoSayNothingKeepNobodyOut) {
    serve_like_metrics();
    const std::size_t before = open_descriptors();
    std::vector<FileDescriptor> silent;
    for (int i = 0; i < 200; ++i) {
        if (FileDescriptor socket = client(SOCK_NONBLOCK)) {
            EXPECT_TRUE(say(socket, "GET / HT"));
            silent.push_back(std::move(socket));
        }
    }
    EXPECT_GT(silent.size(), 64U);
    EXPECT_LE(open_descriptors() - before - silent.size(), 64U + 2U + 2U);
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_THAT(answer_to(kGet), EndsWith("fine\n"));
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds{10});
}

// Case F21
TEST_F(HttpServers, WhoTakesNoAnswerKeepsNobodyOut) {
    serve_like_metrics(std::string(8U << 20U, 'x'));
    std::vector<FileDescriptor> deaf;
    for (int i = 0; i < 8; ++i) {
        deaf.push_back(client());
        ASSERT_TRUE(say(deaf.back(), kGet));
    }
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_GT(answer_to(kGet).size(), 8U << 20U);
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds{10});
}

// Case F21
TEST_F(HttpServers, AHeadWithoutEndIsCutOff) {
    serve_like_metrics();
    const FileDescriptor endless = client();
    std::string line = "GET / HTTP/1.1\r\n";
    std::size_t sent = 0;
    for (; say(endless, line) && sent < 8U << 20U; line = "a: b\r\n") {
        sent += line.size();
    }
    EXPECT_LT(sent, 1U << 20U);  // the kernel's buffers
    EXPECT_EQ(served, 0);
    EXPECT_THAT(answer_to(kGet), EndsWith("fine\n"));
}

// Cases F21, S02
TEST_F(HttpServers, ABodyThatIsTooLargeIsNotRead) {
    serve_like_metrics();
    EXPECT_THAT(answer_to("POST / HTTP/1.1\r\nContent-Length: 1025\r\n\r\n"), HasSubstr(" 413 "));
    EXPECT_EQ(served, 0);
}

// A few hundred bytes unpack to gigabytes.
TEST_F(HttpServers, APackedBodyIsNotUnpacked) {
    serve_like_metrics();
    for (const std::string_view coding : {"gzip", "br", "deflate", "GZIP", "identity, br"}) {
        const std::string head = fmt::format(
            "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Encoding: {}\r\nContent-Length: "
            "2\r\n\r\n",
            coding);
        EXPECT_THAT(answer_to(head + "{}"), StartsWith("HTTP/1.1 415 ")) << coding;
    }
    EXPECT_EQ(served, 0);
}

// Each would be the whole answer once more.
TEST_F(HttpServers, ThousandsOfRangesAreOneAnswer) {
    serve_like_metrics();
    std::string ranges = "Range: bytes=0-";
    for (int i = 1; i < 2000; ++i) {
        ranges += ",0-";
    }
    const std::string answer =
        answer_to(fmt::format("GET / HTTP/1.1\r\nHost: localhost\r\n{}\r\n\r\n", ranges));
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
    EXPECT_THAT(answer, EndsWith("\r\n\r\nfine\n"));
}

// It takes seconds of the processor for an answer; gzip(1) takes milliseconds.
TEST_F(HttpServers, AnswersArePackedByGzipOnly) {
    serve_like_metrics(std::string(100000, 'a'));
    const auto accepting = [&](std::string_view codings) {
        return answer_to(fmt::format(
            "GET / HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: {}\r\n\r\n", codings));
    };
    EXPECT_THAT(accepting("br"), Not(HasSubstr("Content-Encoding")));
    EXPECT_THAT(accepting("gzip, deflate, br"), HasSubstr("Content-Encoding: gzip\r\n"));
}

TEST_F(HttpServers, AConnectionIsForOneRequest) {
    serve_like_metrics();
    const std::string twice = std::string{kGet} + std::string{kGet};
    const std::string answer = answer_to(twice);
    EXPECT_EQ(answer.find("HTTP/1.1"), answer.rfind("HTTP/1.1"));
    EXPECT_EQ(served, 1);
}

TEST_F(HttpServers, TheHandlerIsToldWhoAsks) {
    HttpRequest asked;
    serve([&asked](const HttpRequest& request) {
        asked = request;
        return HttpResponse{};
    });
    static_cast<void>(answer_to(kGet));
    server.reset();
    EXPECT_EQ(asked.uid, ::getuid());
    EXPECT_EQ(asked.pid, ::getpid());
    std::vector<gid_t> groups(static_cast<std::size_t>(std::max(::getgroups(0, nullptr), 0)));
    ::getgroups(static_cast<int>(groups.size()), groups.data());
    groups.insert(groups.begin(), ::getgid());
    EXPECT_THAT(asked.groups, ::testing::ContainerEq(groups));
}

// Case S04
TEST_F(HttpServers, OtherMethodsAndWhatIsNoHttpReachNobody) {
    serve_like_metrics();
    for (const std::string_view request : {"PUT / HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
                                           "DELETE / HTTP/1.1\r\n\r\n",
                                           "TRACE / HTTP/1.1\r\n\r\n",
                                           "CONNECT a:1 HTTP/1.1\r\n\r\n",
                                           "\x16\x03\x01 hello\r\n\r\n",
                                           "\r\n\r\n"}) {
        EXPECT_THAT(answer_to(request), Not(HasSubstr(" 200 "))) << request;
    }
    EXPECT_EQ(served, 0);
}

}  // namespace
}  // namespace tollgate::agent
