// SPDX-License-Identifier: MIT
#include "agent/tunnel_process/broker.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

#include <linux/netlink.h>
#include <sys/socket.h>

#include "agent/system/privileged.hpp"
#include "agent/tunnel/udp_socket.hpp"
#include "agent/tunnel_process/descriptor_socket.hpp"

namespace tollgate::agent::tunnel_process {

namespace {

constexpr int kTypeFlags = SOCK_CLOEXEC | SOCK_NONBLOCK;

// UDP; questions to the kernel's routing; AF_XDP.
bool may_open(int domain, int type, int protocol) {
    const int kind = type & ~kTypeFlags;
    if (domain == AF_INET || domain == AF_INET6) {
        return kind == SOCK_DGRAM && protocol == 0;
    }
    if (domain == AF_NETLINK) {
        return kind == SOCK_RAW && protocol == NETLINK_ROUTE;
    }
    return domain == AF_XDP && kind == SOCK_RAW && protocol == 0;
}

bool may_set(int option, std::uint32_t value) {
    const bool is_buffer = option == SO_RCVBUFFORCE || option == SO_SNDBUFFORCE;
    return option == SO_MARK || (is_buffer && value <= kSocketBufferBytes);
}

// Of the process's own sockets all others are bound by itself.
bool is_udp(int socket) {
    int domain = 0;
    int protocol = 0;
    socklen_t size = sizeof domain;
    return ::getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 &&
           (domain == AF_INET || domain == AF_INET6) &&
           ::getsockopt(socket, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) == 0 &&
           protocol == IPPROTO_UDP;
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

Broker::Answer Broker::answer(const BrokerRequest& request, const FileDescriptor& with) {
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
            return ask_system(request, with);
    }
}

Broker::Answer Broker::ask_system(const BrokerRequest& request, const FileDescriptor& with) {
    const auto& [first, second, third] = request.numbers;
    Answer answered;
    switch (request.call) {
        case BrokerCall::socket:
            if (!may_open(first, second, third)) {
                return {refuse(EPERM), {}};
            }
            answered.descriptor.reset(privileged::socket(first, second | SOCK_CLOEXEC, third));
            break;
        case BrokerCall::socket_beside:
            answered.descriptor.reset(privileged::socket_beside(with.get()));
            break;
        case BrokerCall::set_option: {
            const auto value = static_cast<std::uint32_t>(second);
            return {may_set(first, value)
                        ? outcome(privileged::set_option(with.get(), first, value))
                        : refuse(EPERM),
                    {}};
        }
        case BrokerCall::bind: {
            const void* const address = &request.address;
            const bool sound = request.address_size <= sizeof request.address;
            return {
                sound && is_udp(with.get())
                    ? outcome(privileged::bind(
                          with.get(), static_cast<const sockaddr*>(address), request.address_size))
                    : refuse(EPERM),
                {}};
        }
        default:
            return {refuse(ENOSYS), {}};
    }
    answered.reply = answered.descriptor ? BrokerReply{} : refuse(errno);
    return answered;
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
