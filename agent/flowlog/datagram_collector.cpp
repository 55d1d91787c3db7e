// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <fmt/format.h>

#include "agent/flowlog/collector_socket.hpp"
#include "agent/system/file_descriptor.hpp"
#include "agent/tunnel/udp_message.hpp"

namespace tollgate::agent {

namespace {

constexpr std::size_t kUdpHeaderBytes = 8;
constexpr std::size_t kIpv4HeaderBytes = 20;
constexpr std::size_t kIpv6HeaderBytes = 40;
constexpr std::size_t kUnknownPathBytes = 548;  // of the least IPv4 packet that everybody takes
constexpr std::size_t kLargestLocalMessage = 65536;  // fits the default of net.core.wmem_default

bool wait_for_room(int socket, std::chrono::milliseconds patience) {
    pollfd entry{socket, POLLOUT, 0};
    return patience.count() > 0 && ::poll(&entry, 1, static_cast<int>(patience.count())) > 0;
}

// One error of those that the kernel keeps for every datagram that was refused: they would fill
// the receive buffer.
bool take_error(int socket) {
    std::array<char, 512> control{};
    char byte = 0;  // with no room for data at all, an emulator of the kernel answers for it
    iovec data{&byte, sizeof byte};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    return ::recvmsg(socket, &message, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0;
}

class DatagramCollector : public CollectorSocket {
  public:
    DatagramCollector(FileDescriptor socket, std::string name, std::size_t header_bytes)
        : socket_{std::move(socket)}, name_{std::move(name)}, header_bytes_{header_bytes} {}

    Result<bool> is_connected() override { return true; }

    Result<bool> send(std::string_view message,
                      std::uint64_t records,
                      std::chrono::milliseconds patience) override {
        do {
            if (::send(socket_.get(), message.data(), message.size(), MSG_NOSIGNAL) >= 0) {
                pending_ += records;
                return true;
            }
            if (errno != EAGAIN && errno != EINTR) {
                return failed(errno);
            }
        } while (wait_for_room(socket_.get(), patience));
        return false;
    }

    Result<std::uint64_t> settle() override {
        int error = 0;
        socklen_t size = sizeof error;
        ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
        while (take_error(socket_.get())) {
        }
        if (error != 0 && error != EMSGSIZE) {
            return failed(error);
        }
        return refused_ ? 0 : std::exchange(pending_, 0);
    }

    [[nodiscard]] std::size_t message_limit() const override {
        if (header_bytes_ == 0) {
            return kLargestLocalMessage;
        }
        const bool ipv6 = header_bytes_ > kIpv6HeaderBytes;
        int mtu = 0;
        socklen_t size = sizeof mtu;
        const bool known = ::getsockopt(socket_.get(),
                                        ipv6 ? IPPROTO_IPV6 : IPPROTO_IP,
                                        ipv6 ? IPV6_MTU : IP_MTU,
                                        &mtu,
                                        &size) == 0;
        return known ? static_cast<std::size_t>(mtu) - header_bytes_ : kUnknownPathBytes;
    }

    [[nodiscard]] std::uint64_t pending() const override { return pending_; }

  private:
    // A refusal over the network is of something that was sent before.
    Failure failed(int error) {
        refused_ = header_bytes_ > 0 && error != EMSGSIZE && error != ENOBUFS;
        return failure(error, fmt::format("send to {}", name_));
    }

    FileDescriptor socket_;
    std::string name_;
    bool refused_ = false;
    std::size_t header_bytes_;  ///< of IP and UDP; 0: there are none
    std::uint64_t pending_ = 0;
};

void set_on(const FileDescriptor& socket, int level, int option, int value) {
    ::setsockopt(socket.get(), level, option, &value, sizeof value);
}

}  // namespace

Result<std::unique_ptr<CollectorSocket>> open_udp_collector(const Endpoint& to) {
    const bool ipv4 = to.address.is_ipv4();
    SocketAddress address;
    address.set(to);
    FileDescriptor socket{
        ::socket(ipv4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    if (!socket || ::connect(socket.get(), address.get(), address.size()) != 0) {
        return failure(errno, fmt::format("send to {}", to.to_string()));
    }
    // Never a fragment (RFC 7011, 10.3.3), and without this the kernel says nothing of datagrams
    // that it drops itself.
    if (ipv4) {
        set_on(socket, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
        set_on(socket, IPPROTO_IP, IP_RECVERR, 1);
    } else {
        set_on(socket, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DO);
        set_on(socket, IPPROTO_IPV6, IPV6_RECVERR, 1);
    }
    return std::make_unique<DatagramCollector>(
        std::move(socket),
        to.to_string(),
        kUdpHeaderBytes + (ipv4 ? kIpv4HeaderBytes : kIpv6HeaderBytes));
}

Result<std::unique_ptr<CollectorSocket>> open_local_collector(const std::filesystem::path& path) {
    const std::string name = path.string();
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (name.size() >= sizeof address.sun_path) {
        return failure(ENAMETOOLONG, fmt::format("connect to {}", name));
    }
    std::memcpy(address.sun_path, name.data(), name.size());
    FileDescriptor socket{::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    const void* const bytes = &address;
    if (!socket ||
        ::connect(socket.get(), static_cast<const sockaddr*>(bytes), sizeof address) != 0) {
        return failure(errno, fmt::format("connect to {}", name));
    }
    return std::make_unique<DatagramCollector>(std::move(socket), name, 0);
}

}  // namespace tollgate::agent
