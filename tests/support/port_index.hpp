// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <netinet/in.h>

#include <tollgate/abi/policy.h>

#include "policy/model.hpp"

namespace tollgate::test {

/// The place of the first port or type of a service among those of one direction and link.
[[nodiscard]] inline std::uint32_t port_index(const policy::Service& service) {
    switch (service.protocol) {
        case IPPROTO_TCP:
            return TG_PORTS_TCP + service.first;
        case IPPROTO_UDP:
            return TG_PORTS_UDP + service.first;
        case IPPROTO_ICMP:
            return TG_PORTS_ICMP + service.first;
        case IPPROTO_ICMPV6:
            return TG_PORTS_ICMPV6 + service.first;
        default:
            return TG_PORTS_PROTOCOL + service.protocol;
    }
}

}  // namespace tollgate::test
