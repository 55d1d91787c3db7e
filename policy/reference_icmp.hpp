// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include <tollgate/abi/flow.h>

#include "policy/reference_packet.hpp"

namespace tollgate::policy {

/// An ICMP error that must quote the packet it complains about: IPv4 types 3, 11, 12; IPv6 1–4.
[[nodiscard]] bool is_icmp_error(const PacketView& view);

/// The flow whose packet an ICMP error quotes (docs/packet-path.md, section 5).
/// @return nullopt: the quote is too short, cannot be read, or was not sent by who gets the error
[[nodiscard]] std::optional<tg_flow_key> quoted_flow(const PacketView& view);

/// True for the types that answer a request (echo too).
[[nodiscard]] bool is_icmp_reply(const PacketView& view);

}  // namespace tollgate::policy
