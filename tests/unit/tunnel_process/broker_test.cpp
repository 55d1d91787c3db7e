// SPDX-License-Identifier: MIT
#include "agent/tunnel_process/broker.hpp"

#include <array>
#include <cerrno>
#include <optional>
#include <thread>

#include <linux/if_xdp.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "agent/tunnel/udp_message.hpp"
#include "agent/tunnel/udp_socket.hpp"
#include "agent/tunnel_process/broker_client.hpp"
#include "agent/tunnel_process/descriptor_socket.hpp"

namespace tollgate::agent::tunnel_process {
namespace {

class FakeSeat : public TunnelSeat {
  public:
    explicit FakeSeat(std::uint16_t& marked) : marked_{marked} {}
    [[nodiscard]] std::uint32_t number() const override { return 3; }
    [[nodiscard]] Result<std::uint32_t> take_slots() override {
        return taken_++ == 0 ? Result<std::uint32_t>{512} : failure(ENOSPC, "take");
    }
    [[nodiscard]] Result<void> mark_port(std::uint16_t port, bool guarded) override {
        marked_ = guarded ? port : std::uint16_t{0};
        return {};
    }

  private:
    std::uint16_t& marked_;
    int taken_ = 0;
};

/// A broker that serves in a thread of its own.
class BrokerTest : public ::testing::Test {
  public:
    ~BrokerTest() override { stop(); }
    BrokerTest(const BrokerTest&) = delete;
    BrokerTest& operator=(const BrokerTest&) = delete;

  protected:
    explicit BrokerTest(bool may_xdp = false) {
        std::array<int, 2> ends{};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()), 0);
        BrokerRights rights;
        rights.seat = std::make_unique<FakeSeat>(marked);
        rights.attach = [this] {
            ++attachments;
            return attached;
        };
        rights.store_time = [this](const crypto::Tai64n& time) {
            stored = time;
            ++times_stored;
            return true;
        };
        rights.changed_by_wg = [this](int error) {
            changed = error;
        };
        rights.may_xdp = may_xdp;
        broker.emplace(FileDescriptor{ends[0]}, std::move(rights));
        client = std::make_unique<BrokerClient>(FileDescriptor{ends[1]});
    }

    void SetUp() override {
        serving = std::thread{[this] {
            while (broker->serve()) {
            }
        }};
    }
    void stop() {
        client.reset();
        if (serving.joinable()) {
            serving.join();
        }
    }
    /// @return 0 if it was opened, else errno
    int try_socket(int domain, int type, int protocol) {
        const FileDescriptor opened{client->socket(domain, type, protocol)};
        return opened ? 0 : errno;
    }

    std::uint16_t marked = 0;
    Result<void> attached;
    int attachments = 0;
    std::optional<crypto::Tai64n> stored;
    int times_stored = 0;
    std::optional<int> changed;
    std::optional<Broker> broker;
    std::unique_ptr<BrokerClient> client;
    std::thread serving;
};

TEST_F(BrokerTest, OpensWhatTunnelsUseAndNothingElse) {
    EXPECT_EQ(try_socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), 0);
    EXPECT_EQ(try_socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), 0);
    EXPECT_EQ(try_socket(AF_INET, SOCK_STREAM, 0), EPERM);
    EXPECT_EQ(try_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), EPERM);
    EXPECT_EQ(try_socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP), EPERM);
    EXPECT_EQ(try_socket(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT), EPERM);
    EXPECT_EQ(try_socket(AF_PACKET, SOCK_RAW, 0), EPERM);
    EXPECT_EQ(try_socket(AF_UNIX, SOCK_STREAM, 0), EPERM);
    EXPECT_EQ(try_socket(AF_VSOCK, SOCK_STREAM, 0), EPERM);
}

// AF_XDP itself asks for CAP_NET_RAW, in the broker.
TEST_F(BrokerTest, OpensNoAfXdpForATunnelWithoutIt) {
    EXPECT_EQ(try_socket(AF_XDP, SOCK_RAW, 0), EPERM);
    const FileDescriptor socket{::socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0)};
    if (!socket) {
        GTEST_SKIP() << "no AF_XDP here";
    }
    sockaddr_xdp address{};
    address.sxdp_family = AF_XDP;
    const void* const bytes = &address;
    EXPECT_EQ(client->bind(socket.get(), static_cast<const sockaddr*>(bytes), sizeof address), -1);
    EXPECT_EQ(errno, EPERM);
}

class BrokerOfAfXdp : public BrokerTest {
  protected:
    BrokerOfAfXdp() : BrokerTest{true} {}
};

TEST_F(BrokerOfAfXdp, OpensIt) {
    const FileDescriptor here{::socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0)};
    if (!here) {
        GTEST_SKIP() << "no AF_XDP here";
    }
    EXPECT_EQ(try_socket(AF_XDP, SOCK_RAW, 0), 0);
    EXPECT_EQ(try_socket(AF_XDP, SOCK_DGRAM, 0), EPERM);
}

TEST_F(BrokerTest, SetsWhatTunnelsSetAndNothingElse) {
    const FileDescriptor socket{client->socket(AF_INET, SOCK_DGRAM, 0)};
    EXPECT_EQ(client->set_option(socket.get(), SO_DEBUG, 1), -1);
    EXPECT_EQ(errno, EPERM);
    EXPECT_EQ(client->set_option(STDERR_FILENO, SO_MARK, 1), -1) << "no socket";
    if (::geteuid() == 0) {
        EXPECT_EQ(client->set_option(socket.get(), SO_MARK, 7), 0);
        int mark = 0;
        socklen_t size = sizeof mark;
        ASSERT_EQ(::getsockopt(socket.get(), SOL_SOCKET, SO_MARK, &mark, &size), 0);
        EXPECT_EQ(mark, 7);
    }
}

TEST_F(BrokerTest, MakesBuffersNoLargerThanTunnelsDo) {
    const FileDescriptor socket{client->socket(AF_INET, SOCK_DGRAM, 0)};
    for (const int option : {SO_RCVBUFFORCE, SO_SNDBUFFORCE}) {
        for (const std::uint32_t bytes : {kSocketBufferBytes + 1, 1U << 30U, ~0U}) {
            EXPECT_EQ(client->set_option(socket.get(), option, bytes), -1);
            EXPECT_EQ(errno, EPERM) << bytes;
        }
        if (::geteuid() == 0) {
            EXPECT_EQ(client->set_option(socket.get(), option, kSocketBufferBytes), 0);
        }
    }
}

TEST_F(BrokerTest, BindsUdpOnly) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const void* const generic = &address;
    const auto* const any = static_cast<const sockaddr*>(generic);
    const FileDescriptor udp{client->socket(AF_INET, SOCK_DGRAM, 0)};
    EXPECT_EQ(client->bind(udp.get(), any, sizeof address), 0);
    const FileDescriptor tcp{::socket(AF_INET, SOCK_STREAM, 0)};
    EXPECT_EQ(client->bind(tcp.get(), any, sizeof address), -1);
    EXPECT_EQ(errno, EPERM);
}

class SharedPorts : public BrokerTest {
  protected:
    void SetUp() override {
        BrokerTest::SetUp();
        if (::geteuid() != 0) {
            GTEST_SKIP() << "which network a socket is in, only root is told";
        }
    }
    FileDescriptor open() { return FileDescriptor{client->socket(AF_INET, SOCK_DGRAM, 0)}; }
    int bind(const FileDescriptor& socket, std::uint16_t port) {
        SocketAddress any;
        any.set_any(AF_INET, port);
        return client->bind(socket.get(), any.get(), any.size()) == 0 ? 0 : errno;
    }
    int share(const FileDescriptor& socket) {
        return client->set_option(socket.get(), SO_REUSEPORT, 1) == 0 ? 0 : errno;
    }
};

TEST_F(SharedPorts, AreThoseThatWereBoundAlone) {
    const FileDescriptor first = open();
    ASSERT_EQ(bind(first, 0), 0);
    const std::uint16_t port = bound_port(first);
    const FileDescriptor alone = open();
    EXPECT_EQ(share(alone), EADDRINUSE) << "the first is not shared yet";
    EXPECT_EQ(bound_port(alone), 0);
    ASSERT_EQ(share(first), 0);
    for (int i = 0; i < 3; ++i) {
        const FileDescriptor next = open();
        ASSERT_EQ(share(next), 0);
        EXPECT_EQ(bound_port(next), port) << "there is no moment at which it could go elsewhere";
        EXPECT_EQ(bind(next, port), 0);
        EXPECT_EQ(bind(next, port == 1024 ? 1025 : 1024), EPERM);
    }
}

TEST_F(SharedPorts, AreNobodyElses) {
    const FileDescriptor theirs{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    const int yes = 1;
    ASSERT_EQ(::setsockopt(theirs.get(), SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes), 0);
    SocketAddress any;
    any.set_any(AF_INET, 0);
    ASSERT_EQ(::bind(theirs.get(), any.get(), any.size()), 0);
    const FileDescriptor alone = open();
    EXPECT_EQ(share(alone), EPERM) << "no port is shared";
    EXPECT_EQ(bind(alone, bound_port(theirs)), EADDRINUSE);
    for (const int option : {SO_REUSEPORT, SO_REUSEADDR}) {
        const FileDescriptor sharing = open();
        ASSERT_EQ(::setsockopt(sharing.get(), SOL_SOCKET, option, &yes, sizeof yes), 0);
        EXPECT_EQ(bind(sharing, bound_port(theirs)), EPERM) << option;
        EXPECT_EQ(bind(sharing, 0), EPERM) << option;
    }
}

TEST_F(SharedPorts, AreHeldWhileTheyAreShared) {
    std::uint16_t port = 0;
    {
        const FileDescriptor first = open();
        ASSERT_EQ(bind(first, 0), 0);
        ASSERT_EQ(share(first), 0);
        port = bound_port(first);
    }
    const FileDescriptor theirs{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    SocketAddress any;
    any.set_any(AF_INET, port);
    EXPECT_NE(::bind(theirs.get(), any.get(), any.size()), 0);
    const FileDescriptor other = open();
    ASSERT_EQ(bind(other, 0), 0);
    EXPECT_EQ(::bind(theirs.get(), any.get(), any.size()), 0) << "it listens elsewhere now";
    const FileDescriptor late = open();
    EXPECT_EQ(bind(late, port), EADDRINUSE);
}

TEST_F(BrokerTest, AsksTheSeat) {
    EXPECT_EQ(client->take_slots().value(), 512U);
    EXPECT_EQ(client->take_slots().error().code.value(), ENOSPC);
    EXPECT_TRUE(client->mark_port(51820, true));
    EXPECT_EQ(marked, 51820);
}

TEST_F(BrokerTest, AttachesTheGateOnce) {
    EXPECT_TRUE(client->attach());
    EXPECT_EQ(client->attach().error().code.value(), EPERM);
    EXPECT_EQ(attachments, 1);
}

class BrokerAfterTheStart : public BrokerTest {
  protected:
    BrokerAfterTheStart() { broker->end_start(); }
};

TEST_F(BrokerAfterTheStart, AttachesNothing) {
    EXPECT_EQ(client->attach().error().code.value(), EPERM);
    EXPECT_EQ(attachments, 0);
    EXPECT_TRUE(client->take_slots()) << "what a running tunnel needs";
    stop();
    EXPECT_FALSE(broker->attach_problem());
}

TEST_F(BrokerTest, RemembersWhyTheGateIsNotAttached) {
    attached = failure(EBUSY, "attach to wg0");
    EXPECT_EQ(client->attach().error().code.value(), EBUSY);
    stop();
    EXPECT_EQ(broker->attach_problem()->message(), "attach to wg0: Device or resource busy");
}

TEST_F(BrokerTest, TellsTimesAndChanges) {
    const auto time = crypto::Tai64n::from(
        std::chrono::sys_time<std::chrono::nanoseconds>{std::chrono::seconds{1'700'000'000}});
    EXPECT_TRUE(client->store_time(time));
    client->changed_by_wg(EINVAL);
    stop();
    EXPECT_EQ(stored, time);
    EXPECT_EQ(changed, EINVAL);
}

TEST_F(BrokerTest, WritesNoOftenerThanATunnelHasToTell) {
    int accepted = 0;
    for (int i = 0; i < 1000; ++i) {
        const auto time = std::chrono::sys_time<std::chrono::nanoseconds>{std::chrono::seconds{i}};
        accepted += client->store_time(crypto::Tai64n::from(time)) ? 1 : 0;
    }
    EXPECT_EQ(errno, EAGAIN);
    stop();
    EXPECT_EQ(accepted, kWritesAtOnce);
    EXPECT_EQ(times_stored, kWritesAtOnce);
}

TEST_F(BrokerTest, HangsUpOnWhatIsNoRequest) {
    ASSERT_EQ(::send(client->fd(), "hello", 5, 0), 5);
    serving.join();
    EXPECT_EQ(client->socket(AF_INET, SOCK_DGRAM, 0), -1) << "nobody serves";
}

TEST_F(BrokerTest, HangsUpOnMoreDescriptorsThanOne) {
    const BrokerRequest request;
    const std::array<int, 2> two{STDERR_FILENO, STDERR_FILENO};
    ASSERT_GT(send_with(client->fd(), std::as_bytes(std::span{&request, 1}), two), 0);
    serving.join();
}

}  // namespace
}  // namespace tollgate::agent::tunnel_process
