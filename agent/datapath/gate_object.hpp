// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <tollgate/abi/packet.h>
#include <tollgate/result.hpp>

#include "agent/datapath/map_entries.hpp"
#include "agent/datapath/pin_folder.hpp"
#include "agent/system/file_descriptor.hpp"

struct bpf_object;
struct gate;  // the skeleton of bpf/gate.bpf.c

namespace tollgate::agent {

/// How the inner maps of one ARRAY_OF_MAPS must be made.
struct InnerMap {
    std::uint32_t type = 0;  ///< enum bpf_map_type
    std::uint32_t key_size = 0;
    std::uint32_t value_size = 0;
    std::uint32_t flags = 0;
};

/// What is decided before the programs are loaded.
struct LoadOptions {
    std::uint32_t flows = 0;
    std::uint32_t embryos = 0;
    bool check_mac1 = true;
};

/// One instance of the BPF object bpf/gate.bpf.c in the kernel. Programs and maps live at least as
/// long as it does; descriptors that it hands out are its own.
class GateObject {
  public:
    /// Loads the programs for zone 0, no tunnel. Creates the shared maps and pins them, or adopts
    /// those that are pinned. @return EEXIST: a pinned map has another shape, as after a change of
    /// the table sizes
    [[nodiscard]] static Result<GateObject> load(const PinFolder& pins, const LoadOptions& options);

    /// Loads the programs for a zone, on the shared maps of this object.
    /// @param dry_run  the instance leaves no mark on any map but `traces`
    [[nodiscard]] Result<GateObject> load_again(std::uint8_t zone,
                                                tg_link link,
                                                bool dry_run) const;

    ~GateObject();
    GateObject(GateObject&&) noexcept;
    GateObject& operator=(GateObject&&) noexcept;
    GateObject(const GateObject&) = delete;
    GateObject& operator=(const GateObject&) = delete;

    /// @pre the object has a program or map of this name
    [[nodiscard]] int program(const std::string& name) const;
    [[nodiscard]] int map_fd(const std::string& name) const;
    [[nodiscard]] const MapHandle& map(const std::string& name) const;
    /// Null: there is no such map, or not in this kernel.
    [[nodiscard]] const MapHandle* find_map(const std::string& name) const;
    /// @pre load() made this object
    [[nodiscard]] const InnerMap& inner_map(const std::string& name) const;

  private:
    struct Destroy {
        void operator()(gate* object) const;
    };
    using Skeleton = std::unique_ptr<gate, Destroy>;

    using Prepare = std::function<Result<void>(gate&)>;

    GateObject();
    [[nodiscard]] static Result<GateObject> load(const Prepare& prepare);
    [[nodiscard]] Result<void> share_maps(const bpf_object* with) const;
    [[nodiscard]] static Result<Skeleton> load_programs(const Prepare& prepare);

    [[nodiscard]] Result<void> keep_maps(const bpf_object* loaded);
    [[nodiscard]] Result<void> keep_programs(const bpf_object* loaded);

    // Not libbpf's object itself, which keeps the programs' instructions and types in memory.
    std::vector<FileDescriptor> maps_;
    std::map<std::string, FileDescriptor, std::less<>> programs_;
    bool check_mac1_ = true;
    std::map<std::string, MapHandle, std::less<>> handles_;
    std::map<std::string, InnerMap, std::less<>> inner_maps_;
};

}  // namespace tollgate::agent
