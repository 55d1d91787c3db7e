// SPDX-License-Identifier: MIT
#include "agent/core/remembered_interfaces.hpp"

#include <algorithm>
#include <sstream>

#include <tollgate/abi/policy.h>

#include "agent/system/file.hpp"
#include "agent/system/interface.hpp"

namespace tollgate::agent {

namespace {

constexpr std::size_t kFileBytesMax = 4096;

std::filesystem::path file_in(const std::filesystem::path& state_dir) {
    return state_dir / "auto-interfaces";
}

}  // namespace

std::vector<std::string> remembered_interfaces(const std::filesystem::path& state_dir) {
    const auto text = read_file(file_in(state_dir), kFileBytesMax);
    std::istringstream lines{text.value_or("")};
    std::vector<std::string> names;
    for (std::string name; std::getline(lines, name);) {
        names.push_back(name);
    }
    const bool makes_sense =
        names.size() <= TG_ZONES_MAX && std::ranges::all_of(names, is_interface_name);
    return makes_sense ? names : std::vector<std::string>{};
}

Result<void> remember_interfaces(const std::filesystem::path& state_dir,
                                 const std::vector<std::string>& names) {
    if (names.empty() || names == remembered_interfaces(state_dir)) {
        return {};
    }
    std::string text;
    for (const std::string& name : names) {
        text += name + "\n";
    }
    return write_file(file_in(state_dir), text);
}

}  // namespace tollgate::agent
