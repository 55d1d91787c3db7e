// SPDX-License-Identifier: MIT
#include "agent/core/boot_id.hpp"

#include "agent/system/file.hpp"

namespace tollgate::agent {

std::string boot_id() {
    constexpr std::size_t kLimit = 64;
    auto text = read_file("/proc/sys/kernel/random/boot_id", kLimit);
    return text ? text->substr(0, text->find('\n')) : std::string{};
}

}  // namespace tollgate::agent
