// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

#include <tollgate/result.hpp>

#include "agent/datapath/pin_folder.hpp"

/// What earlier agents have left in the pin folder. The maps of one with another TG_ABI_VERSION,
/// older or newer, are of no use to this one, but its links keep the gate shut until ours take
/// their place.
namespace tollgate::agent {

/// True if `tollgate open` has opened what other versions have attached: then the gate that takes
/// its place has to be open, too.
[[nodiscard]] bool is_left_open(const PinFolder& ours);

/// Makes `current`, whose folder is there, hold the gate that its interface has. Pins of an
/// interface that changed its zone, or of a zone that changed its interface, are removed. If
/// another version has the interface, its pins are moved, in one step: what is attached goes on as
/// it is, and can be taken over like that of an agent of this version.
[[nodiscard]] Result<void> inherit_pins(const PinFolder& ours, const InterfacePins& current);

/// To be called when `current` is attached. Removes what other versions still have of its
/// interface, and those that hold no gate any more.
[[nodiscard]] Result<void> drop_other_versions(const PinFolder& ours, const InterfacePins& current);

/// Removes the maps that a start has made which failed before anything was attached. Whatever is
/// attached stays, and so do the folders of other versions.
/// @pre nobody holds the lock of the pin folder
[[nodiscard]] Result<void> undo_start(const std::filesystem::path& pin_dir);

}  // namespace tollgate::agent
