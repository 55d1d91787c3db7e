// SPDX-License-Identifier: MIT
#include "agent/tunnel_process/broker.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

#include <linux/netlink.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "agent/system/privileged.hpp"
#include "agent/tunnel/udp_socket.hpp"
#include "agent/tunnel_process/descriptor_socket.hpp"

namespace tollgate::agent::tunnel_process {

namespace {

constexpr int kTypeFlags = SOCK_CLOEXEC | SOCK_NONBLOCK;

// UDP; questions to the kernel's routing; AF_XDP, which sends any frame past the gate.
bool may_open(int domain, int type, int protocol, bool may_xdp) {
    const int kind = type & ~kTypeFlags;
    if (domain == AF_INET || domain == AF_INET6) {
        return kind == SOCK_DGRAM && protocol == 0;
    }
    if (domain == AF_NETLINK) {
        return kind == SOCK_RAW && protocol == NETLINK_ROUTE;
    }
    return may_xdp && domain == AF_XDP && kind == SOCK_RAW && protocol == 0;
}

bool may_set(int option, std::uint32_t value) {
    const bool is_buffer = option == SO_RCVBUFFORCE || option == SO_SNDBUFFORCE;
    return option == SO_MARK || (is_buffer && value <= kSocketBufferBytes);
}

int option_of(const FileDescriptor& socket, int name) {
    int value = -1;
    socklen_t size = sizeof value;
    return ::getsockopt(socket.get(), SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

bool is_udp(const FileDescriptor& socket) {
    const int domain = option_of(socket, SO_DOMAIN);
    return (domain == AF_INET || domain == AF_INET6) &&
           option_of(socket, SO_PROTOCOL) == IPPROTO_UDP;
}

std::size_t family_index(const FileDescriptor& socket) {
    return option_of(socket, SO_DOMAIN) == AF_INET6 ? 1 : 0;
}

const sockaddr* generic(const sockaddr_in6& address) {
    const void* const bytes = &address;
    return static_cast<const sockaddr*>(bytes);
}

/// Of all addresses, as tunnels listen. The others are bound to look whether an address is ours.
bool is_any(const sockaddr_in6& address, bool is_ipv6) {
    sockaddr_in ipv4{};
    std::memcpy(&ipv4, &address, sizeof ipv4);
    return is_ipv6 ? IN6_IS_ADDR_UNSPECIFIED(&address.sin6_addr) != 0
                   : ipv4.sin_addr.s_addr == htonl(INADDR_ANY);
}

bool is_same(const FileDescriptor& one, const FileDescriptor& other) {
    struct stat first {};
    struct stat second {};
    return ::fstat(one.get(), &first) == 0 && ::fstat(other.get(), &second) == 0 &&
           first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

bool is_in_same_network(const FileDescriptor& one, const FileDescriptor& other) {
    return is_same(FileDescriptor{::ioctl(one.get(), SIOCGSKNS)},
                   FileDescriptor{::ioctl(other.get(), SIOCGSKNS)});
}

BrokerReply refuse(int error) {
    return {-1, error};
}

BrokerReply outcome(int result) {
    return {result, result < 0 ? errno : 0};
}

BrokerReply outcome(const Result<void>& done) {
    return done ? BrokerReply{} : refuse(done.error().code.value());
}

}  // namespace

Broker::Broker(FileDescriptor socket, BrokerRights rights)
    : socket_{std::move(socket)}, rights_{std::move(rights)} {}

bool Broker::serve() {
    const bool served = serve_once();
    if (!served) {
        ::shutdown(socket_.get(), SHUT_RDWR);  // nobody waits for an answer that will not come
        listening_ = {};
    }
    return served;
}

bool Broker::serve_once() {
    BrokerRequest request;
    std::vector<FileDescriptor> with;
    const ssize_t size =
        receive_with(socket_.get(), std::as_writable_bytes(std::span{&request, 1}), with);
    if (size != sizeof request || with.size() > 1) {
        return false;
    }
    const Answer answered = answer(request, with.empty() ? FileDescriptor{} : std::move(with[0]));
    const int descriptor = answered.descriptor.get();
    const ssize_t sent = send_with(socket_.get(),
                                   std::as_bytes(std::span{&answered.reply, 1}),
                                   std::span{&descriptor, descriptor < 0 ? 0U : 1U});
    return sent == sizeof answered.reply;
}

Broker::Answer Broker::answer(const BrokerRequest& request, FileDescriptor with) {
    switch (request.call) {
        case BrokerCall::attach:
            return attach();
        case BrokerCall::take_slots:
        case BrokerCall::mark_port:
            return ask_seat(request);
        case BrokerCall::store_time:
            return store_time(std::chrono::nanoseconds{request.time});
        case BrokerCall::changed_by_wg:
            if (rights_.changed_by_wg) {
                rights_.changed_by_wg(request.numbers[0]);
            }
            return {};
        default:
            return ask_system(request, std::move(with));
    }
}

Broker::Answer Broker::ask_system(const BrokerRequest& request, FileDescriptor with) {
    const auto& [first, second, third] = request.numbers;
    Answer answered;
    switch (request.call) {
        case BrokerCall::socket:
            if (!may_open(first, second, third, rights_.may_xdp)) {
                return {refuse(EPERM), {}};
            }
            answered.descriptor.reset(privileged::socket(first, second | SOCK_CLOEXEC, third));
            break;
        case BrokerCall::socket_beside:
            answered.descriptor.reset(privileged::socket_beside(with.get()));
            break;
        case BrokerCall::set_option:
            return {set_option(request, with), {}};
        case BrokerCall::bind:
            return {bind(request, std::move(with)), {}};
        default:
            return {refuse(ENOSYS), {}};
    }
    answered.reply = answered.descriptor ? BrokerReply{} : refuse(errno);
    return answered;
}

BrokerReply Broker::set_option(const BrokerRequest& request, const FileDescriptor& socket) {
    const int name = request.numbers[0];
    const auto value = static_cast<std::uint32_t>(request.numbers[1]);
    if (name == SO_REUSEPORT && value == 1) {
        return share_port(socket);
    }
    return may_set(name, value) ? outcome(privileged::set_option(socket.get(), name, value))
                                : refuse(EPERM);
}

// Our sockets are root's, so that the kernel would let them into any group of root's. One that has
// the option and no port yet must not be the process's to bind: it gets both at once.
BrokerReply Broker::share_port(const FileDescriptor& socket) {
    const FileDescriptor& first = listening_.at(family_index(socket));
    if (!first || !is_udp(socket) || option_of(socket, SO_REUSEADDR) != 0) {
        return refuse(EPERM);
    }
    if (is_same(socket, first)) {
        return outcome(privileged::set_option(socket.get(), SO_REUSEPORT, 1));
    }
    sockaddr_in6 address{};
    socklen_t size = sizeof address;
    void* const bytes = &address;
    if (bound_port(socket) != 0 || !is_in_same_network(socket, first) ||
        ::getsockname(first.get(), static_cast<sockaddr*>(bytes), &size) != 0 ||
        privileged::set_option(socket.get(), SO_REUSEPORT, 1) != 0) {
        return refuse(EPERM);
    }
    const BrokerReply bound = outcome(privileged::bind(socket.get(), generic(address), size));
    if (bound.result < 0) {  // the process has sent from it, or its port is gone
        static_cast<void>(privileged::set_option(socket.get(), SO_REUSEPORT, 0));
        const sockaddr nowhere{.sa_family = AF_UNSPEC, .sa_data = {}};
        static_cast<void>(::connect(socket.get(), &nowhere, sizeof nowhere));
    }
    return bound;
}

BrokerReply Broker::bind(const BrokerRequest& request, FileDescriptor socket) {
    if (request.address_size > sizeof request.address) {
        return refuse(EPERM);
    }
    if (is_udp(socket)) {
        return bind_udp(request, std::move(socket));
    }
    return rights_.may_xdp && option_of(socket, SO_DOMAIN) == AF_XDP
               ? outcome(
                     privileged::bind(socket.get(), generic(request.address), request.address_size))
               : refuse(EPERM);
}

BrokerReply Broker::bind_udp(const BrokerRequest& request, FileDescriptor socket) {
    const std::uint16_t wanted = ntohs(request.address.sin6_port);  // IPv4 has it there, too
    if (option_of(socket, SO_REUSEPORT) != 0 && wanted != 0 && bound_port(socket) == wanted) {
        return {};  // by share_port()
    }
    if (option_of(socket, SO_REUSEPORT) != 0 || option_of(socket, SO_REUSEADDR) != 0) {
        return refuse(EPERM);
    }
    const std::size_t family = family_index(socket);
    const bool listens = is_any(request.address, family == 1);
    if (listens) {
        listening_.at(family).reset();
    }
    const BrokerReply bound =
        outcome(privileged::bind(socket.get(), generic(request.address), request.address_size));
    if (listens && bound.result == 0) {
        listening_.at(family) = std::move(socket);
    }
    return bound;
}

Broker::Answer Broker::ask_seat(const BrokerRequest& request) {
    if (!rights_.seat) {
        return {refuse(ENODEV), {}};
    }
    if (request.call == BrokerCall::mark_port) {
        const auto port = static_cast<std::uint16_t>(request.numbers[0]);
        return {outcome(rights_.seat->mark_port(port, request.numbers[1] != 0)), {}};
    }
    const auto first = rights_.seat->take_slots();
    return {first ? BrokerReply{static_cast<std::int32_t>(*first), 0}
                  : refuse(first.error().code.value()),
            {}};
}

// To attach anew is to detach first, and changes what belongs to the agent's loop.
Broker::Answer Broker::attach() {
    if (!std::exchange(may_attach_, false)) {
        return {refuse(EPERM), {}};
    }
    const auto attached = rights_.attach ? rights_.attach() : Result<void>{};
    if (!attached) {
        attach_problem_ = attached.error();
    }
    return {outcome(attached), {}};
}

Broker::Answer Broker::store_time(std::chrono::nanoseconds since_1970) {
    const std::chrono::sys_time<std::chrono::nanoseconds> time{since_1970};
    if (since_1970.count() < 0) {
        return {refuse(EINVAL), {}};
    }
    if (!take_write()) {
        return {refuse(EAGAIN), {}};
    }
    return {rights_.store_time(crypto::Tai64n::from(time)) ? BrokerReply{} : refuse(EIO), {}};
}

// Every one waits for the disk, and wears the flash of a board.
bool Broker::take_write() {
    const auto now = std::chrono::steady_clock::now();
    const auto paid_until = std::max(writes_paid_until_, now) + kWriteEvery;
    const bool may = paid_until <= now + kWritesAtOnce * kWriteEvery;
    if (may) {
        writes_paid_until_ = paid_until;
    }
    return may;
}

}  // namespace tollgate::agent::tunnel_process
