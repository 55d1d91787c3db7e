// SPDX-License-Identifier: MIT
#include "agent/tunnel/kept_interfaces.hpp"

#include <fmt/format.h>

#include "agent/system/interface.hpp"
#include "agent/system/routes.hpp"

namespace tollgate::agent {

namespace {

constexpr std::size_t kAliasMax = 255;  // IFALIASZ, less one

std::string mark_of(const std::filesystem::path& state_dir) {
    return fmt::format("tollgate tunnel, {}", state_dir.string()).substr(0, kAliasMax);
}

}  // namespace

Result<void> mark_as_kept(const std::string& interface, const std::filesystem::path& state_dir) {
    const auto index = interface_index(interface);
    return index ? set_alias(*index, mark_of(state_dir)) : Failure{index.error()};
}

bool is_marked(const std::string& interface, const std::filesystem::path& state_dir) {
    const auto index = interface_index(interface);
    return index && alias_of(*index) == mark_of(state_dir);
}

std::vector<std::string> kept_interfaces(const std::filesystem::path& state_dir) {
    std::vector<std::string> kept;
    for (const std::string& name : interfaces()) {
        if (is_marked(name, state_dir)) {
            kept.push_back(name);
        }
    }
    return kept;
}

}  // namespace tollgate::agent
