// SPDX-License-Identifier: MIT
#include "agent/tunnel/uapi_socket.hpp"

#include <cerrno>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/memory_device.hpp"
#include "tests/support/temporary_folder.hpp"

namespace tollgate::agent {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const std::string kDone = "errno=0\n\n";
const std::string kPeer = "public_key=" + std::string(63, '0') + "1\n";

class UapiSocketTest : public ::testing::Test {
  protected:
    Result<std::unique_ptr<UapiSocket>> open(UapiLimits limits = {},
                                             const std::string& name = "wg0") {
        return UapiSocket::open(
            loop,
            folder.path() / "wireguard",
            name,
            {.set = [this](const DeviceChange& change) { return device.apply(change); },
             .get =
                 [this] {
                     return device.state();
                 }},
            limits);
    }

    FileDescriptor connect() {
        FileDescriptor fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.native().copy(address.sun_path, sizeof address.sun_path - 1);
        if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
            fd.reset();
        }
        turn();
        return fd;
    }

    void turn(int times = 4) {
        for (int i = 0; i < times; ++i) {
            EXPECT_TRUE(loop.run_once(std::chrono::milliseconds{0}));
        }
    }

    static void send(const FileDescriptor& fd, std::string_view text) {
        EXPECT_EQ(::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(text.size()));
    }

    /// What has arrived; "(end)" stands for the end of the stream.
    static std::string received(const FileDescriptor& fd) {
        std::string text(1 << 16, '\0');
        const ssize_t size = ::recv(fd.get(), text.data(), text.size(), MSG_DONTWAIT);
        text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
        return size == 0 || (size < 0 && errno == ECONNRESET) ? "(end)" : text;
    }

    std::string ask(const FileDescriptor& fd, std::string_view text) {
        send(fd, text);
        turn();
        return received(fd);
    }

    void run_until(const std::function<bool()>& holds) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{20};
        while (!holds()) {
            ASSERT_LT(std::chrono::steady_clock::now(), end);
            ASSERT_TRUE(loop.run_once(std::chrono::milliseconds{10}));
        }
    }

    test::TemporaryFolder folder;
    fs::path path = folder.path() / "wireguard" / "wg0.sock";
    EventLoop loop = EventLoop::create().value();
    test::MemoryDevice device;
};

TEST_F(UapiSocketTest, IsForItsOwnerOnlyAndRemovedAtTheEnd) {
    {
        const auto socket = open();
        ASSERT_TRUE(socket) << socket.error().message();
        EXPECT_EQ((*socket)->path(), path);
        EXPECT_EQ(fs::status(path.parent_path()).permissions(), fs::perms{0700});
        EXPECT_EQ(fs::status(path).permissions(), fs::perms{0600});
        EXPECT_EQ(fs::status(path).type(), fs::file_type::socket);
    }
    EXPECT_FALSE(fs::exists(path));
}

TEST_F(UapiSocketTest, DoesSeveralOperationsOnOneConnection) {
    const auto socket = open();
    const FileDescriptor client = connect();
    EXPECT_EQ(ask(client, "get=1\n\n"), kDone);
    EXPECT_EQ(ask(client, "set=1\nlisten_port=51820\n" + kPeer + "\n"), kDone);
    EXPECT_THAT(ask(client, "get=1\n\n"), StartsWith("listen_port=51820\n" + kPeer));
}

TEST_F(UapiSocketTest, DoesOperationsThatCameAtOnceOneByOne) {
    const auto socket = open();
    const FileDescriptor client = connect();
    send(client, "set=1\nfwmark=1\n\nget=1\n\nset=1\nfwmark=0\n\nget=1\n\n");
    turn(1);
    EXPECT_EQ(received(client), kDone);
    turn(3);
    EXPECT_EQ(received(client), "fwmark=1\n" + kDone + kDone + kDone);
}

TEST_F(UapiSocketTest, ABadValueIsAnsweredAndChangesNothing) {
    const auto socket = open();
    const FileDescriptor client = connect();
    EXPECT_EQ(ask(client, "set=1\nfwmark=1\nlisten_port=x\n\n"), "errno=-22\n\n");
    EXPECT_EQ(ask(client, "get=1\n\n"), kDone);
}

TEST_F(UapiSocketTest, WhatTheDeviceRefusesIsAnswered) {
    const auto socket =
        UapiSocket::open(loop,
                         path.parent_path(),
                         "wg0",
                         {.set = [](const auto&) { return EADDRINUSE; }, .get = {}});
    const FileDescriptor client = connect();
    EXPECT_EQ(ask(client, "set=1\nlisten_port=53\n\n"), "errno=-98\n\n");
}

TEST_F(UapiSocketTest, HangsUpOnWhoeverSpeaksSomethingElse) {
    const auto socket = open();
    const FileDescriptor client = connect();
    EXPECT_EQ(ask(client, "GET / HTTP/1.1\n"), "errno=-22\n\n");
    EXPECT_EQ(received(client), "(end)");
    EXPECT_EQ((*socket)->connections(), 0U);
}

TEST_F(UapiSocketTest, AnswersAClientThatHasClosedItsSide) {
    const auto socket = open();
    const FileDescriptor client = connect();
    send(client, "get=1\n\n");
    ASSERT_EQ(::shutdown(client.get(), SHUT_WR), 0);
    turn();
    EXPECT_EQ(received(client), kDone);
    EXPECT_EQ((*socket)->connections(), 0U);
}

TEST_F(UapiSocketTest, ReplacesTheSocketOfADeadProcess) {
    fs::create_directory(path.parent_path());
    {
        const FileDescriptor dead{::socket(AF_UNIX, SOCK_STREAM, 0)};
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.native().copy(address.sun_path, sizeof address.sun_path - 1);
        ASSERT_EQ(::bind(dead.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    }
    ASSERT_TRUE(fs::exists(path));
    const auto socket = open();
    ASSERT_TRUE(socket) << socket.error().message();
    const FileDescriptor client = connect();
    EXPECT_EQ(ask(client, "get=1\n\n"), kDone);
}

TEST_F(UapiSocketTest, RefusesToReplaceALiveOne) {
    const auto socket = open();
    const auto second = open();
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code.value(), EADDRINUSE);
    EXPECT_THAT(second.error().message(), HasSubstr(path.native()));
    const FileDescriptor client = connect();
    EXPECT_EQ(ask(client, "get=1\n\n"), kDone);
}

TEST_F(UapiSocketTest, RefusesToReplaceWhatIsNoSocket) {
    fs::create_directory(path.parent_path());
    std::ofstream{path} << "precious";
    EXPECT_EQ(open().error().code.value(), EEXIST);
    EXPECT_EQ(fs::file_size(path), 8U);
}

TEST_F(UapiSocketTest, RefusesNamesThatAreNoInterfaces) {
    for (const auto* name : {"", ".", "..", "../wg0", "sixteen-letters-", "w g"}) {
        EXPECT_EQ(open({}, name).error().code.value(), EINVAL) << name;
    }
}

TEST_F(UapiSocketTest, LeavesASocketThatAnotherHasPutInItsPlace) {
    auto socket = open();
    fs::rename(path, path.native() + ".moved");
    const auto second = open();
    ASSERT_TRUE(second);
    socket->reset();
    EXPECT_TRUE(fs::exists(path));
}

TEST_F(UapiSocketTest, SilentClientsAreHungUpOnAndTheOthersComeInThen) {
    const auto socket = open({.connections = 2, .operation_time = std::chrono::milliseconds{500}});
    const FileDescriptor silent = connect();
    const FileDescriptor slow = connect();
    const FileDescriptor waiting = connect();
    send(waiting, "get=1\n\n");
    turn();
    EXPECT_EQ((*socket)->connections(), 2U);
    EXPECT_EQ(received(waiting), "");
    std::string answer;
    run_until([&] {
        static_cast<void>(::send(slow.get(), "\n", 1, MSG_NOSIGNAL));
        answer += received(waiting);
        return !answer.empty();
    });
    EXPECT_EQ(answer, kDone);
    EXPECT_EQ(received(silent), "(end)");
    run_until([&] { return received(slow) == "(end)"; });
}

TEST_F(UapiSocketTest, AClientThatTalksKeepsItsConnection) {
    const auto socket = open({.connections = 2, .operation_time = std::chrono::milliseconds{600}});
    const FileDescriptor client = connect();
    for (int i = 0; i < 4; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds{200});
        EXPECT_EQ(ask(client, "get=1\n\n"), kDone);
    }
}

TEST_F(UapiSocketTest, AClientThatDoesNotReadHoldsUpNobody) {
    DeviceChange many;
    many.peers.emplace_back().public_key.bytes[0] = std::byte{1};
    for (std::uint32_t i = 0; i < 30000; ++i) {
        const std::string address =
            "10.0." + std::to_string(i / 256) + "." + std::to_string(i % 256);
        many.peers.front().allowed_ips.push_back({*Prefix::parse(address)});
    }
    ASSERT_EQ(device.apply(many), 0);
    const auto socket = open({.connections = 2, .operation_time = std::chrono::milliseconds{300}});
    const FileDescriptor lazy = connect();
    send(lazy, "get=1\n\nset=1\nfwmark=9\n\n");
    turn();
    const FileDescriptor other = connect();
    EXPECT_EQ(ask(other, "set=1\nfwmark=7\n\n"), kDone);
    run_until([&] { return (*socket)->connections() == 0; });
    EXPECT_EQ(device.state().fwmark, 7U);  // nothing is done before the answer is read
}

}  // namespace
}  // namespace tollgate::agent
