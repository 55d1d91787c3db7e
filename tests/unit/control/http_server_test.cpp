// SPDX-License-Identifier: MIT
#include "agent/control/http_server.hpp"

#include <array>
#include <filesystem>
#include <string>
#include <utility>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include "agent/system/file_descriptor.hpp"

namespace tollgate::agent {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;

// A server on a Unix socket of a folder of its own, and a client that reads whole answers.
class HttpServers : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = (fs::temp_directory_path() / "tollgate-http-XXXXXX").string();
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder = pattern;
    }
    void TearDown() override { fs::remove_all(folder); }

    // The head and the body of the answer to GET /.
    [[nodiscard]] std::string answer_of(HttpHandler handler) const {
        const fs::path path = folder / "socket";
        const auto server = HttpServer::listen_unix(path, "", {}, std::move(handler));
        EXPECT_TRUE(server) << server.error().message();
        sockaddr_un address{AF_UNIX, {}};
        path.native().copy(address.sun_path, sizeof address.sun_path - 1);
        const FileDescriptor client{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        const void* where = &address;
        EXPECT_EQ(::connect(client.get(), static_cast<const sockaddr*>(where), sizeof address), 0);
        const std::string request = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
        EXPECT_EQ(::send(client.get(), request.data(), request.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(request.size()));
        std::string answer;
        std::array<char, 4096> part{};
        for (ssize_t size = 1; size > 0;) {
            size = ::recv(client.get(), part.data(), part.size(), 0);
            answer.append(part.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
        }
        return answer;
    }

    fs::path folder;
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

}  // namespace
}  // namespace tollgate::agent
