// SPDX-License-Identifier: MIT
#include "agent/datapath/tc_filters.hpp"

#include <array>
#include <cerrno>
#include <cstring>
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

Error unlisted(int error) {
    return failure(error, "list qdiscs and filters of TC").value();
}

// Shows each message of an answer. @return the errno value that ended it, if it has ended
template <typename Visitor>
std::optional<int> visit_messages(const void* start, std::size_t rest, const Visitor& visit) {
    for (const auto* message = static_cast<const nlmsghdr*>(start); NLMSG_OK(message, rest);
         message = NLMSG_NEXT(message, rest)) {
        if (const auto error = end_of_dump(message)) {
            return error;
        }
        visit(message);
    }
    return std::nullopt;
}

// The kernel lists the filters of one parent, but the qdiscs of all interfaces.
template <typename Visitor>
Result<void> dump(std::uint16_t type, unsigned ifindex, std::uint32_t parent, Visitor visit) {
    const FileDescriptor socket{::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)};
    Request request{};
    request.header.nlmsg_len = sizeof request;
    request.header.nlmsg_type = type;
    request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    request.body.tcm_ifindex = static_cast<int>(ifindex);
    request.body.tcm_parent = parent;
    if (!socket || ::send(socket.get(), &request, sizeof request, 0) < 0) {
        return Failure{unlisted(errno)};
    }
    alignas(nlmsghdr) std::array<char, 32768> buffer{};
    for (;;) {
        const ssize_t received = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
        if (received <= 0) {
            return Failure{unlisted(received == 0 ? EPROTO : errno)};
        }
        const auto size = static_cast<std::size_t>(received);
        if (const auto error = visit_messages(buffer.data(), size, visit)) {
            return *error == 0 || *error == EINVAL || *error == ENOENT ? Result<void>{}
                                                                       : Failure{unlisted(*error)};
        }
    }
}

Result<std::size_t> count_filters(unsigned ifindex, std::uint32_t parent) {
    std::size_t filters = 0;
    return dump(RTM_GETTFILTER,
                ifindex,
                parent,
                [&](const nlmsghdr* message) { filters += is_filter(message) ? 1U : 0U; })
        .map([&] { return filters; });
}

// The attribute TCA_KIND of a message about a qdisc.
std::string kind_of(const nlmsghdr* message) {
    auto rest = static_cast<int>(message->nlmsg_len - NLMSG_LENGTH(sizeof(tcmsg)));
    const void* first = body_of<tcmsg>(message) + 1;
    for (const auto* attribute = static_cast<const rtattr*>(first); RTA_OK(attribute, rest);
         attribute = RTA_NEXT(attribute, rest)) {
        if (attribute->rta_type == TCA_KIND) {
            const void* text = attribute + 1;
            const std::size_t size = RTA_PAYLOAD(attribute);
            return {static_cast<const char*>(text),
                    ::strnlen(static_cast<const char*>(text), size)};
        }
    }
    return {};
}

}  // namespace

Result<std::string> ingress_qdisc(unsigned ifindex) {
    std::string kind;
    return dump(RTM_GETQDISC,
                ifindex,
                TC_H_INGRESS,
                [&](const nlmsghdr* message) {
                    const auto* qdisc = body_of<tcmsg>(message);
                    if (message->nlmsg_type == RTM_NEWQDISC && qdisc->tcm_parent == TC_H_INGRESS &&
                        qdisc->tcm_ifindex == static_cast<int>(ifindex)) {
                        kind = kind_of(message);
                    }
                })
        .map([&] { return kind; });
}

Result<std::size_t> count_clsact_filters(unsigned ifindex) {
    auto ingress = count_filters(ifindex, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS));
    if (!ingress) {
        return ingress;
    }
    const auto egress = count_filters(ifindex, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS));
    return egress.map([&](std::size_t filters) { return *ingress + filters; });
}

}  // namespace tollgate::agent
