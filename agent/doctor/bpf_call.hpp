// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <linux/bpf.h>

#include <tollgate/result.hpp>

#include "agent/system/file_descriptor.hpp"

namespace tollgate::agent {

/// bpf(2). @return -1 with errno
long bpf_call(bpf_cmd command, bpf_attr& attributes);

[[nodiscard]] inline std::uint64_t bpf_address(const void* pointer) {
    return reinterpret_cast<std::uintptr_t>(pointer);
}

/// Loads a program of two instructions that lets every packet pass: XDP, or SCHED_CLS.
[[nodiscard]] Result<FileDescriptor> load_passing_program(bpf_prog_type type);

}  // namespace tollgate::agent
