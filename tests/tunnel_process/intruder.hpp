// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>

/// What somebody would try who runs code in a data process. The test program is its own child: with
/// the role of a data process, and a tunnel named after an attempt, it makes that attempt as soon
/// as it is confined.
namespace tollgate::test {

struct Attempt {
    const char* name;  ///< of the tunnel
    /// @return 0 or more: it succeeded; -1 and errno: it was refused
    long (*make)();
};

[[nodiscard]] std::span<const Attempt> attempts();

/// The exit status of a process whose attempt succeeded; one that was refused exits with errno.
inline constexpr int kSucceeded = 250;

/// Makes the attempt of that name and ends the process; returns if there is none.
void intrude(const std::string& tunnel);

}  // namespace tollgate::test
