// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "policy/problem.hpp"

namespace tollgate::exchange {

/// A policy in another format.
struct Exported {
    std::string text;
    /// Warnings: what the format cannot say, rule by rule, and what became of it. An error: there
    /// is no text.
    std::vector<policy::Problem> problems;
};

}  // namespace tollgate::exchange
