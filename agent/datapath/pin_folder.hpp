// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <tollgate/result.hpp>

#include "agent/system/file_descriptor.hpp"

namespace tollgate::agent {

/// The pins of one protected interface: PIN_DIR/v2/INTERFACE-ZONE (dots in the name as '%').
///
///     link_ingress, link_egress       bpf_links (XDP, tcx)
///     filter_ingress, filter_egress   instead of a link: the program in our clsact filter
///     owns_clsact                     a folder: the clsact qdisc was made by us
///     xdp_calls, tc_calls             program arrays: the kernel empties one that nobody pins
struct InterfacePins {
    std::filesystem::path folder;
    std::string interface;
    std::uint8_t zone = 0;
};

/// The folder in the BPF file system that keeps the data path alive when no agent runs. Mode 0700,
/// and locked (flock) while an agent owns it.
///
///     PIN_DIR/v2/MAP                  the shared maps
///     PIN_DIR/v2/slot_N/TABLE         the inner maps of policy slot N
///     PIN_DIR/v2/INTERFACE-ZONE/      see InterfacePins
class PinFolder {
  public:
    /// Makes the folders and takes the lock. @return EBUSY: another agent has it; else as mkdir(2)
    [[nodiscard]] static Result<PinFolder> open(const std::filesystem::path& root);

    [[nodiscard]] const std::filesystem::path& root() const { return root_; }
    /// PIN_DIR/v2
    [[nodiscard]] std::filesystem::path version() const;
    [[nodiscard]] std::filesystem::path map(const std::string& name) const;
    [[nodiscard]] std::filesystem::path table(std::uint32_t slot, const std::string& name) const;
    [[nodiscard]] Result<InterfacePins> make_interface(const std::string& interface,
                                                       std::uint8_t zone) const;
    /// Those that there are, in the order of their names.
    [[nodiscard]] std::vector<InterfacePins> interfaces() const;

  private:
    PinFolder(std::filesystem::path root, FileDescriptor lock)
        : root_{std::move(root)}, lock_{std::move(lock)} {}

    std::filesystem::path root_;
    FileDescriptor lock_;
};

/// True for PIN_DIR/vN: of this agent or of one with another TG_ABI_VERSION.
[[nodiscard]] bool is_version_folder(const std::filesystem::path& folder);

/// What `folder`, a PIN_DIR/vN, holds of interfaces.
[[nodiscard]] std::vector<InterfacePins> interface_pins_in(const std::filesystem::path& folder);

/// Pins under a temporary name and renames, so that an older pin of that name is replaced without a
/// moment in which there is none. Takes no ownership of `fd`.
[[nodiscard]] Result<void> replace_pin(int fd, const std::filesystem::path& path);

/// Opens a pinned object; none if there is no pin. @return what bpf(BPF_OBJ_GET) says
[[nodiscard]] Result<std::optional<FileDescriptor>> open_pin(const std::filesystem::path& path);

/// Removes a pin, if it is there.
[[nodiscard]] Result<void> remove_pin(const std::filesystem::path& path);

}  // namespace tollgate::agent
