// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

/// Files of the source tree that the program carries (CMakeLists.txt).
namespace tollgate::cli::embedded {

extern const std::string_view kBashCompletion;
extern const std::string_view kZshCompletion;
extern const std::string_view kFishCompletion;

}  // namespace tollgate::cli::embedded
