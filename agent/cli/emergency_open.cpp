// SPDX-License-Identifier: MIT
#include "agent/cli/emergency_open.hpp"

#include <cerrno>
#include <cstdint>
#include <string>

#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <tollgate/abi/limits.h>
#include <tollgate/abi/policy.h>

#include "agent/system/file_descriptor.hpp"

namespace tollgate::cli {
namespace {

long bpf(bpf_cmd command, bpf_attr& attributes) {
    return ::syscall(__NR_bpf, command, &attributes, sizeof attributes);
}

std::uint64_t address_of(const void* pointer) {
    return reinterpret_cast<std::uintptr_t>(pointer);
}

std::filesystem::path control_path(const std::filesystem::path& pin_dir) {
    return pin_dir / ("v" + std::to_string(TG_ABI_VERSION)) / "control";
}

Failure system_failure(const char* action, const std::filesystem::path& path) {
    return failure(errno, std::string{action} + " " + path.string());
}

/// The map must be ours: update would read past our struct if its values were larger.
bool is_control_map(int map) {
    bpf_map_info description{};
    bpf_attr attributes{};
    attributes.info.bpf_fd = static_cast<__u32>(map);
    attributes.info.info_len = sizeof description;
    attributes.info.info = address_of(&description);
    return bpf(BPF_OBJ_GET_INFO_BY_FD, attributes) == 0 && description.type == BPF_MAP_TYPE_ARRAY &&
           description.key_size == sizeof(__u32) && description.value_size == sizeof(tg_control);
}

Result<agent::FileDescriptor> control_map(const std::filesystem::path& path) {
    bpf_attr attributes{};
    attributes.pathname = address_of(path.c_str());
    agent::FileDescriptor map{static_cast<int>(bpf(BPF_OBJ_GET, attributes))};
    if (!map) {
        return system_failure("open", path);
    }
    if (!is_control_map(map.get())) {
        return failure(EINVAL, "not the gate's control map: " + path.string());
    }
    return map;
}

bpf_attr entry(const agent::FileDescriptor& map, const __u32& key, const tg_control& control) {
    bpf_attr attributes{};
    attributes.map_fd = static_cast<__u32>(map.get());
    attributes.key = address_of(&key);
    attributes.value = address_of(&control);
    return attributes;
}

Result<tg_control> read_control(const agent::FileDescriptor& map,
                                const std::filesystem::path& path) {
    const __u32 key = 0;
    tg_control control{};
    bpf_attr attributes = entry(map, key, control);
    if (bpf(BPF_MAP_LOOKUP_ELEM, attributes) != 0) {
        return system_failure("read", path);
    }
    return control;
}

}  // namespace

Result<bool> gate_is_open(const std::filesystem::path& pin_dir) {
    const auto path = control_path(pin_dir);
    const auto map = control_map(path);
    if (!map) {
        return Failure{map.error()};
    }
    const auto control = read_control(*map, path);
    if (!control) {
        return Failure{control.error()};
    }
    return control->open != 0;
}

Result<void> open_gate(const std::filesystem::path& pin_dir) {
    const auto path = control_path(pin_dir);
    const auto map = control_map(path);
    if (!map) {
        return Failure{map.error()};
    }
    auto control = read_control(*map, path);
    if (!control) {
        return Failure{control.error()};
    }
    control->open = 1;
    const __u32 key = 0;
    bpf_attr attributes = entry(*map, key, *control);
    if (bpf(BPF_MAP_UPDATE_ELEM, attributes) != 0) {
        return system_failure("write", path);
    }
    return {};
}

}  // namespace tollgate::cli
