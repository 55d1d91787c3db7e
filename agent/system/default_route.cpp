// SPDX-License-Identifier: MIT
#include "agent/system/default_route.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include "agent/system/netlink.hpp"

namespace tollgate::agent {

namespace {

// Of a message without its header.
std::optional<std::string> interface_of(std::span<const std::byte> message) {
    rtmsg body{};
    if (message.size() < sizeof body) {
        return std::nullopt;
    }
    std::memcpy(&body, message.data(), sizeof body);
    const auto attributes = message.subspan(NLMSG_ALIGN(sizeof body));
    const auto index = netlink::find_number(attributes, RTA_OIF);
    std::array<char, IF_NAMESIZE> name{};
    if (body.rtm_dst_len != 0 || body.rtm_table != RT_TABLE_MAIN || body.rtm_type != RTN_UNICAST ||
        !index || ::if_indextoname(*index, name.data()) == nullptr) {
        return std::nullopt;
    }
    return std::string{name.data()};
}

}  // namespace

Result<std::vector<std::string>> default_route_interfaces() {
    std::vector<std::string> names;
    for (const int family : {AF_INET, AF_INET6}) {
        rtmsg body{};
        body.rtm_family = static_cast<std::uint8_t>(family);
        const auto read = netlink::list(
            netlink::Request{RTM_GETROUTE, NLM_F_DUMP, body}, [&](const auto& message) {
                auto name = interface_of(message);
                if (name && std::find(names.begin(), names.end(), *name) == names.end()) {
                    names.push_back(std::move(*name));
                }
            });
        if (!read) {
            return Failure{read.error()};
        }
    }
    return names;
}

}  // namespace tollgate::agent
