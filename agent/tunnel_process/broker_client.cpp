// SPDX-License-Identifier: MIT
#include "agent/tunnel_process/broker_client.hpp"

#include <cerrno>
#include <cstring>
#include <span>
#include <vector>

#include "agent/tunnel_process/descriptor_socket.hpp"

namespace tollgate::agent::tunnel_process {

BrokerClient::Answer BrokerClient::ask(const BrokerRequest& request, int with) {
    const std::lock_guard lock{mutex_};
    const ssize_t sent = send_with(
        socket_.get(), std::as_bytes(std::span{&request, 1}), std::span{&with, with < 0 ? 0U : 1U});
    BrokerReply reply;
    std::vector<FileDescriptor> descriptors;
    if (sent != sizeof request ||
        receive_with(socket_.get(), std::as_writable_bytes(std::span{&reply, 1}), descriptors) !=
            sizeof reply) {
        errno = EPIPE;
        return {};
    }
    Answer answer{reply.result,
                  descriptors.empty() ? FileDescriptor{} : std::move(descriptors.front())};
    errno = reply.error;
    return answer;
}

int BrokerClient::socket(int domain, int type, int protocol) {
    return ask({.call = BrokerCall::socket, .numbers = {domain, type, protocol}})
        .descriptor.release();
}

int BrokerClient::set_option(int socket, int name, std::uint32_t value) {
    return ask({.call = BrokerCall::set_option,
                .numbers = {name, static_cast<std::int32_t>(value), 0}},
               socket)
        .result;
}

int BrokerClient::bind(int socket, const sockaddr* address, socklen_t size) {
    BrokerRequest request{.call = BrokerCall::bind, .address_size = size};
    if (size > sizeof request.address) {
        errno = EINVAL;
        return -1;
    }
    std::memcpy(&request.address, address, size);
    return ask(request, socket).result;
}

int BrokerClient::socket_beside(int tun_device) {
    return ask({.call = BrokerCall::socket_beside}, tun_device).descriptor.release();
}

Result<void> BrokerClient::attach() {
    return ask({.call = BrokerCall::attach}).result < 0
               ? failure(errno, "attach the gate to a tunnel's interface")
               : Result<void>{};
}

Result<std::uint32_t> BrokerClient::take_slots() {
    const int first = ask({.call = BrokerCall::take_slots}).result;
    return first < 0 ? failure(errno, "take receiver slots")
                     : Result<std::uint32_t>{static_cast<std::uint32_t>(first)};
}

Result<void> BrokerClient::mark_port(std::uint16_t port, bool guarded) {
    return ask({.call = BrokerCall::mark_port, .numbers = {port, guarded ? 1 : 0, 0}}).result < 0
               ? failure(errno, "mark a guarded port")
               : Result<void>{};
}

bool BrokerClient::store_time(const crypto::Tai64n& time) {
    return ask({.call = BrokerCall::store_time, .time = time.to_time().time_since_epoch().count()})
               .result >= 0;
}

void BrokerClient::changed_by_wg(int error) {
    static_cast<void>(ask({.call = BrokerCall::changed_by_wg, .numbers = {error, 0, 0}}));
}

}  // namespace tollgate::agent::tunnel_process
