// SPDX-License-Identifier: MIT
#include "agent/datapath/tc_filters.hpp"

#include <array>
#include <cerrno>
#include <optional>

#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/system/file_descriptor.hpp"

namespace tollgate::agent {

namespace {

struct Request {
    nlmsghdr header;
    tcmsg body;
};

// What follows a message's header, which is a multiple of the alignment long.
template <typename Body>
const Body* body_of(const nlmsghdr* message) {
    const void* body = message + 1;
    return static_cast<const Body*>(body);
}

// The errno value of a message that ends a dump; none: the dump goes on.
std::optional<int> end_of_dump(const nlmsghdr* message) {
    if (message->nlmsg_type == NLMSG_DONE) {
        return 0;
    }
    if (message->nlmsg_type == NLMSG_ERROR) {
        return -body_of<nlmsgerr>(message)->error;
    }
    return std::nullopt;
}

// A filter has a handle; the kernel also lists each chain's head, which has none.
bool is_filter(const nlmsghdr* message) {
    return message->nlmsg_type == RTM_NEWTFILTER && body_of<tcmsg>(message)->tcm_handle != 0;
}

Result<std::size_t> count_filters(int socket, unsigned ifindex, std::uint32_t parent) {
    Request request{};
    request.header.nlmsg_len = sizeof request;
    request.header.nlmsg_type = RTM_GETTFILTER;
    request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    request.body.tcm_ifindex = static_cast<int>(ifindex);
    request.body.tcm_parent = parent;
    if (::send(socket, &request, sizeof request, 0) != static_cast<ssize_t>(sizeof request)) {
        return failure(errno, "list the TC filters");
    }
    std::size_t filters = 0;
    alignas(nlmsghdr) std::array<char, 32768> buffer{};
    for (;;) {
        const ssize_t received = ::recv(socket, buffer.data(), buffer.size(), 0);
        if (received <= 0) {
            return failure(received == 0 ? EPROTO : errno, "list the TC filters");
        }
        auto rest = static_cast<std::size_t>(received);
        const void* start = buffer.data();
        for (const auto* message = static_cast<const nlmsghdr*>(start); NLMSG_OK(message, rest);
             message = NLMSG_NEXT(message, rest)) {
            if (const auto error = end_of_dump(message)) {
                return *error == 0 || *error == EINVAL || *error == ENOENT
                           ? Result<std::size_t>{filters}
                           : failure(*error, "list the TC filters");
            }
            filters += is_filter(message) ? 1U : 0U;
        }
    }
}

}  // namespace

Result<std::size_t> count_clsact_filters(unsigned ifindex) {
    const FileDescriptor socket{::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)};
    if (!socket) {
        return failure(errno, "list the TC filters");
    }
    auto ingress = count_filters(socket.get(), ifindex, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS));
    if (!ingress) {
        return ingress;
    }
    const auto egress =
        count_filters(socket.get(), ifindex, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS));
    return egress.map([&](std::size_t filters) { return *ingress + filters; });
}

}  // namespace tollgate::agent
