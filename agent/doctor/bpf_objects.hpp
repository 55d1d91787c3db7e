// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <tollgate/result.hpp>

/// The BPF objects of the kernel, ours and others', through bpf(2). Lists need CAP_SYS_ADMIN.
namespace tollgate::agent {

struct BpfProgram {
    std::uint32_t id = 0;
    std::uint32_t type = 0;  ///< enum bpf_prog_type
    std::string name;        ///< its first 15 characters
    std::vector<std::uint32_t> map_ids;
};

struct BpfMap {
    std::uint32_t id = 0;
    std::uint32_t type = 0;  ///< enum bpf_map_type
    std::string name;
    std::uint32_t key_bytes = 0;
    std::uint32_t value_bytes = 0;
    std::uint32_t entries = 0;  ///< at most
};

/// An attachment by bpf_link.
struct BpfLink {
    std::uint32_t id = 0;
    std::uint32_t program_id = 0;
};

/// @return EPERM: not for this process
[[nodiscard]] Result<std::vector<BpfProgram>> bpf_programs();
[[nodiscard]] Result<std::vector<BpfMap>> bpf_maps();
[[nodiscard]] Result<std::vector<BpfLink>> bpf_links();
[[nodiscard]] Result<BpfProgram> bpf_program(std::uint32_t id);

/// The number of a pinned map. @return nothing: there is none, or it is not for this process
[[nodiscard]] std::optional<std::uint32_t> pinned_map_id(const std::filesystem::path& pin);

/// Map and program types that the gate needs and this kernel does not have, in words.
/// @return EPERM: not for this process
[[nodiscard]] Result<std::vector<std::string>> missing_features();

}  // namespace tollgate::agent
