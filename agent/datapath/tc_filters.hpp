// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>

#include <tollgate/result.hpp>

namespace tollgate::agent {

/// How many filters the clsact qdisc of an interface has, in both directions (rtnetlink,
/// RTM_GETTFILTER). Zero if it has no such qdisc.
[[nodiscard]] Result<std::size_t> count_clsact_filters(unsigned ifindex);

/// The kind of the qdisc that an interface has where clsact stands: "clsact", "ingress", which
/// shares its handle and has no way out, or empty, if there is none (rtnetlink, RTM_GETQDISC).
[[nodiscard]] Result<std::string> ingress_qdisc(unsigned ifindex);

}  // namespace tollgate::agent
