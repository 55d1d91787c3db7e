// SPDX-License-Identifier: MIT
#pragma once

#include "tests/differential/agreement.hpp"
#include "tests/differential/frame_source.hpp"

namespace tollgate::test {

/// A policy about the hosts and services of a FrameSource: rules of every rank and kind, some
/// expired, some limited; any stage but open, grace times and deadlines.
[[nodiscard]] NextPolicy random_policy(FrameSource& random);

}  // namespace tollgate::test
