// SPDX-License-Identifier: MIT
#include "agent/cli/emergency_open.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <tollgate/abi/policy.h>

#include "agent/system/file_descriptor.hpp"

namespace tollgate::cli {
namespace {

static_assert(offsetof(tg_control, open) == 4 && sizeof(tg_control) == 8,
              "the gates of other versions are opened, too: this struct stays as it is");

long bpf(bpf_cmd command, bpf_attr& attributes) {
    return ::syscall(__NR_bpf, command, &attributes, sizeof attributes);
}

std::uint64_t address_of(const void* pointer) {
    return reinterpret_cast<std::uintptr_t>(pointer);
}

Failure system_failure(const char* action, const std::filesystem::path& path) {
    return failure(errno, std::string{action} + " " + path.string());
}

bool is_version_name(std::string_view name) {
    return name.size() > 1 && name.front() == 'v' &&
           name.find_first_not_of("0123456789", 1) == std::string_view::npos;
}

/// PIN_DIR/vN/control of every version: after an upgrade that did not start, the gate in force is
/// that of the version before.
Result<std::vector<std::filesystem::path>> control_pins(const std::filesystem::path& pin_dir) {
    std::vector<std::filesystem::path> found;
    std::error_code error;
    std::filesystem::directory_iterator versions{pin_dir, error};
    while (!error && versions != std::filesystem::directory_iterator{}) {
        const auto path = versions->path() / "control";
        const bool is_version = is_version_name(versions->path().filename().string());
        if (is_version && std::filesystem::exists(path, error)) {
            found.push_back(path);
        }
        if (!error) {
            versions.increment(error);
        }
    }
    if (error) {
        return failure(error.value(), "read " + pin_dir.string());
    }
    if (found.empty()) {
        return failure(ENOENT, "find a gate in " + pin_dir.string());
    }
    std::ranges::sort(found);
    return found;
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

Result<void> open_one(const std::filesystem::path& path) {
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

Result<bool> one_is_open(const std::filesystem::path& path) {
    return control_map(path)
        .and_then([&](const agent::FileDescriptor& map) { return read_control(map, path); })
        .map([](const tg_control& control) { return control.open != 0; });
}

}  // namespace

Result<bool> gate_is_open(const std::filesystem::path& pin_dir) {
    const auto paths = control_pins(pin_dir);
    if (!paths) {
        return Failure{paths.error()};
    }
    for (const auto& path : *paths) {
        auto open = one_is_open(path);
        if (!open || !*open) {
            return open;
        }
    }
    return true;
}

Result<void> open_gate(const std::filesystem::path& pin_dir) {
    const auto paths = control_pins(pin_dir);
    if (!paths) {
        return Failure{paths.error()};
    }
    Result<void> all{};
    for (const auto& path : *paths) {
        auto opened = open_one(path);
        if (!opened && all) {
            all = std::move(opened);
        }
    }
    return all;
}

}  // namespace tollgate::cli
