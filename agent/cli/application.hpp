// SPDX-License-Identifier: MIT
#pragma once

#include <ostream>
#include <span>
#include <string>

#include "agent/cli/exit.hpp"

namespace tollgate::cli {

/// Runs one command line. @param arguments  without the program's name
Exit run(std::span<const std::string> arguments, std::ostream& out, std::ostream& err);

}  // namespace tollgate::cli
