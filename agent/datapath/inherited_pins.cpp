// SPDX-License-Identifier: MIT
#include "agent/datapath/inherited_pins.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <iterator>
#include <system_error>
#include <vector>

#include <linux/bpf.h>
#include <unistd.h>

#include <fmt/format.h>

#include <tollgate/abi/policy.h>

#include "agent/datapath/interface_gate.hpp"
#include "agent/datapath/map_entries.hpp"
#include "agent/system/file.hpp"

namespace tollgate::agent {

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> other_versions(const PinFolder& ours) {
    auto folders = entries_of(ours.root()).value_or(std::vector<fs::path>{});
    std::erase_if(folders, [&](const fs::path& folder) {
        return folder == ours.version() || !is_version_folder(folder);
    });
    return folders;
}

bool holds_a_gate(const fs::path& version) {
    return std::ranges::any_of(interface_pins_in(version), is_attached);
}

Result<void> remove_folder(const fs::path& folder) {
    std::error_code error;
    fs::remove_all(folder, error);
    return error ? failure(error.value(), fmt::format("remove {}", folder.string()))
                 : Result<void>{};
}

// Shut, unless it can be read that it is not.
bool is_open(const fs::path& version) {
    tg_control control{};
    const auto pin = open_pin(version / "control");
    if (!pin || !*pin) {
        return false;
    }
    const auto map = MapHandle::of((*pin)->get());
    return map && map->type == BPF_MAP_TYPE_ARRAY && map->value_size == sizeof control &&
           read_range(*map, 0, 1, &control) && control.open != 0;
}

// The program arrays go along: without them the programs that are attached drop what opens a flow.
Result<void> move_pins(const InterfacePins& from, const InterfacePins& to) {
    if (auto emptied = remove_folder(to.folder); !emptied) {
        return emptied;
    }
    return std::rename(from.folder.c_str(), to.folder.c_str()) == 0
               ? Result<void>{}
               : failure(errno,
                         fmt::format("move {} to {}", from.folder.string(), to.folder.string()));
}

// An interface that changed its zone, or a zone that changed its interface.
Result<void> remove_other_pins(const PinFolder& ours, const InterfacePins& current) {
    for (const auto& pins : ours.interfaces()) {
        const bool same = pins.folder == current.folder;
        if (same || (pins.interface != current.interface && pins.zone != current.zone)) {
            continue;
        }
        if (auto removed = remove_interface(pins); !removed) {
            return removed;
        }
    }
    return {};
}

// Of the same interface, in folders of other versions.
std::vector<InterfacePins> pins_elsewhere(const PinFolder& ours, const InterfacePins& current) {
    std::vector<InterfacePins> found;
    for (const fs::path& version : other_versions(ours)) {
        std::ranges::copy_if(interface_pins_in(version),
                             std::back_inserter(found),
                             [&](const auto& pins) { return pins.interface == current.interface; });
    }
    return found;
}

}  // namespace

bool is_left_open(const PinFolder& ours) {
    auto gates = other_versions(ours);
    std::erase_if(gates, [](const fs::path& version) { return !holds_a_gate(version); });
    return !gates.empty() && std::ranges::all_of(gates, is_open);
}

Result<void> inherit_pins(const PinFolder& ours, const InterfacePins& current) {
    if (auto removed = remove_other_pins(ours, current); !removed) {
        return removed;
    }
    const auto theirs = pins_elsewhere(ours, current);
    const auto live = std::ranges::find_if(theirs, is_attached);
    return live == theirs.end() || is_attached(current) ? Result<void>{}
                                                        : move_pins(*live, current);
}

Result<void> drop_other_versions(const PinFolder& ours, const InterfacePins& current) {
    for (const InterfacePins& theirs : pins_elsewhere(ours, current)) {
        if (auto removed = remove_interface(theirs); !removed) {
            return removed;
        }
    }
    for (const fs::path& version : other_versions(ours)) {
        if (holds_a_gate(version)) {
            continue;
        }
        if (auto removed = remove_folder(version); !removed) {
            return removed;
        }
    }
    return {};
}

Result<void> undo_start(const fs::path& pin_dir) {
    const auto ours = PinFolder::open(pin_dir);
    if (!ours) {
        return Failure{ours.error()};
    }
    auto undone = holds_a_gate(ours->version()) ? Result<void>{} : remove_folder(ours->version());
    ::rmdir(pin_dir.c_str());  // stays if something else is in it, or if it is the mount point
    return undone;
}

}  // namespace tollgate::agent
