// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "agent/cli/client.hpp"
#include "agent/cli/text.hpp"
#include "agent/cli/watch_model.hpp"

namespace tollgate::cli::watch {

/// Answers of the control API that make a sample.
struct Answers {  // NOLINT(bugprone-exception-escape): moving a Json is noexcept in fact
    Json status;
    Json flows;  ///< /v1/flows/live
    Json tunnels;
    std::vector<Json> events;  ///< the last drops
};

/// @param now  for ages and the deadline of a pending change
[[nodiscard]] Sample sample_of(const Answers& answers, WallTime now);

/// Asks the agent. @return a sample, or why there is none
[[nodiscard]] std::variant<Sample, std::string> take_sample(const Client& client);

}  // namespace tollgate::cli::watch
