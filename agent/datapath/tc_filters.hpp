// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include <tollgate/result.hpp>

namespace tollgate::agent {

/// How many filters the clsact qdisc of an interface has, in both directions (rtnetlink,
/// RTM_GETTFILTER). Zero if it has no such qdisc.
[[nodiscard]] Result<std::size_t> count_clsact_filters(unsigned ifindex);

}  // namespace tollgate::agent
