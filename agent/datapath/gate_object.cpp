// SPDX-License-Identifier: MIT
#include "agent/datapath/gate_object.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <linux/bpf.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <gate.skel.h>

#include <fmt/format.h>

#include "agent/datapath/libbpf_messages.hpp"
#include "agent/datapath/requirements.hpp"

namespace tollgate::agent {

namespace {

constexpr std::size_t kLogLines = 3;

// Of bpf/maps.h and bpf/calls.h: what every instance has for itself. All other maps are shared and
// pinned.
constexpr std::array kPrivateMaps{"xdp_calls",
                                  "tc_calls",
                                  "xdp_passage",
                                  "tc_passage",
                                  "dns_scratch",
                                  "mac_scratch"};

bool is_shared(const bpf_map* map) {
    const std::string_view name = bpf_map__name(map);
    return !bpf_map__is_internal(map) &&
           std::find(kPrivateMaps.begin(), kPrivateMaps.end(), name) == kPrivateMaps.end();
}

std::vector<bpf_map*> shared_maps(const bpf_object* object) {
    std::vector<bpf_map*> maps;
    bpf_map* map = nullptr;
    bpf_object__for_each_map(map, object) {
        if (is_shared(map) && bpf_map__autocreate(map)) {
            maps.push_back(map);
        }
    }
    return maps;
}

using InnerMaps = std::map<std::string, InnerMap, std::less<>>;

// libbpf forgets them when it loads.
InnerMaps inner_maps_of(const bpf_object* object) {
    InnerMaps inner_maps;
    bpf_map* map = nullptr;
    bpf_object__for_each_map(map, object) {
        if (const bpf_map* inner = bpf_map__inner_map(map); inner != nullptr) {
            inner_maps[bpf_map__name(map)] = {.type = bpf_map__type(inner),
                                              .key_size = bpf_map__key_size(inner),
                                              .value_size = bpf_map__value_size(inner),
                                              .flags = bpf_map__map_flags(inner)};
        }
    }
    return inner_maps;
}

// A change of the table sizes, or another build with the same TG_ABI_VERSION.
Result<void> check_shape(const bpf_map* map, const std::filesystem::path& path) {
    const auto pinned = open_pin(path);
    if (!pinned) {
        return Failure{pinned.error()};
    }
    if (!pinned->has_value()) {
        return {};
    }
    bpf_map_info kernel{};
    __u32 size = sizeof kernel;
    if (bpf_obj_get_info_by_fd((*pinned)->get(), &kernel, &size) != 0) {
        return failure(errno, fmt::format("{} is not a map", path.string()));
    }
    const auto differs = [&](const char* what, std::uint32_t is, std::uint32_t should) {
        return failure(EEXIST,
                       fmt::format("{} was left by an earlier agent with {} {} instead of {}: keep "
                                   "that setting, or remove it with \"tollgate cleanup\"",
                                   path.string(),
                                   what,
                                   is,
                                   should));
    };
    if (kernel.type != bpf_map__type(map)) {
        return differs("map type", kernel.type, bpf_map__type(map));
    }
    if (kernel.key_size != bpf_map__key_size(map)) {
        return differs("key size", kernel.key_size, bpf_map__key_size(map));
    }
    if (kernel.value_size != bpf_map__value_size(map)) {
        return differs("value size", kernel.value_size, bpf_map__value_size(map));
    }
    if (kernel.max_entries != bpf_map__max_entries(map)) {
        return differs("a table of size", kernel.max_entries, bpf_map__max_entries(map));
    }
    if (kernel.map_flags != bpf_map__map_flags(map)) {
        return differs("map flags", kernel.map_flags, bpf_map__map_flags(map));
    }
    return {};
}

// Will be created and pinned, or adopted, when the object is loaded.
Result<void> pin_shared_maps(const bpf_object* object, const PinFolder& pins) {
    for (bpf_map* map : shared_maps(object)) {
        const auto path = pins.map(bpf_map__name(map));
        if (auto same = check_shape(map, path); !same) {
            return same;
        }
        bpf_map__set_pin_path(map, path.c_str());
    }
    return {};
}

Result<FileDescriptor> copy_of(int descriptor, const char* name) {
    FileDescriptor copy{::fcntl(descriptor, F_DUPFD_CLOEXEC, 0)};
    if (!copy) {
        return failure(errno, fmt::format("keep the descriptor of {}", name));
    }
    return copy;
}

}  // namespace

void GateObject::Destroy::operator()(gate* object) const {
    gate__destroy(object);
}

GateObject::GateObject() = default;
GateObject::~GateObject() = default;
GateObject::GateObject(GateObject&&) noexcept = default;
GateObject& GateObject::operator=(GateObject&&) noexcept = default;

Result<GateObject> GateObject::load(const PinFolder& pins, const LoadOptions& options) {
    InnerMaps inner_maps;
    const auto prepare = [&](gate& object) {
        bpf_map__set_max_entries(object.maps.flows, options.flows);
        bpf_map__set_max_entries(object.maps.embryos, options.embryos);
        object.rodata->check_mac1 = options.check_mac1 ? 1 : 0;
        inner_maps = inner_maps_of(object.obj);
        return pin_shared_maps(object.obj, pins);
    };
    return load(prepare).map([&](GateObject object) {
        object.inner_maps_ = std::move(inner_maps);
        object.check_mac1_ = options.check_mac1;
        return object;
    });
}

Result<GateObject> GateObject::load_again(std::uint8_t zone, tg_link link, bool dry_run) const {
    return load([&](gate& object) {
        object.rodata->zone = zone;
        object.rodata->link = static_cast<std::uint8_t>(link);
        object.rodata->dry_run = dry_run ? 1 : 0;
        object.rodata->check_mac1 = check_mac1_ ? 1 : 0;
        return share_maps(object.obj);
    });
}

Result<void> GateObject::share_maps(const bpf_object* with) const {
    for (bpf_map* map : shared_maps(with)) {
        const char* name = bpf_map__name(map);
        if (const int error = bpf_map__reuse_fd(map, map_fd(name)); error != 0) {
            return failure(-error, fmt::format("share the map {}", name));
        }
    }
    return {};
}

Result<GateObject> GateObject::load(const Prepare& prepare) {
    auto skeleton = load_programs(prepare);
    if (!skeleton) {
        return Failure{skeleton.error()};
    }
    GateObject object;
    auto kept = object.keep_maps((*skeleton)->obj);
    if (kept) {
        kept = object.keep_programs((*skeleton)->obj);
    }
    return std::move(kept).map([&] { return std::move(object); });
}

Result<void> GateObject::keep_maps(const bpf_object* loaded) {
    bpf_map* map = nullptr;
    bpf_object__for_each_map(map, loaded) {
        if (!bpf_map__autocreate(map)) {
            continue;
        }
        auto descriptor = copy_of(bpf_map__fd(map), bpf_map__name(map));
        if (!descriptor) {
            return Failure{descriptor.error()};
        }
        auto handle = MapHandle::of(descriptor->get());
        if (!handle) {
            return Failure{handle.error()};
        }
        maps_.push_back(*std::move(descriptor));
        handles_.emplace(bpf_map__name(map), *std::move(handle));
    }
    return {};
}

Result<void> GateObject::keep_programs(const bpf_object* loaded) {
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, loaded) {
        auto descriptor = copy_of(bpf_program__fd(program), bpf_program__name(program));
        if (!descriptor) {
            return Failure{descriptor.error()};
        }
        programs_.emplace(bpf_program__name(program), *std::move(descriptor));
    }
    return {};
}

// Without BPF_F_XDP_HAS_FRAGS: the programs judge a frame by the length of its first buffer, so the
// kernel has to give them frames in one, or refuse to attach.
Result<GateObject::Skeleton> GateObject::load_programs(const Prepare& prepare) {
    const LibbpfMessages messages;
    Skeleton skeleton{gate__open()};
    if (!skeleton) {
        return explain_load_failure(errno, messages.last_lines(kLogLines));
    }
    if (libbpf_probe_bpf_map_type(BPF_MAP_TYPE_XSKMAP, nullptr) == 0) {  // no CONFIG_XDP_SOCKETS
        bpf_map__set_autocreate(skeleton->maps.tunnel_sockets, false);
        skeleton->rodata->has_sockets = 0;
    }
    if (auto prepared = prepare(*skeleton); !prepared) {
        return Failure{prepared.error()};
    }
    if (const int error = gate__load(skeleton.get()); error != 0) {
        return explain_load_failure(-error, messages.last_lines(kLogLines));
    }
    return skeleton;
}

int GateObject::program(const std::string& name) const {
    const auto found = programs_.find(name);
    assert(found != programs_.end());
    return found->second.get();
}

const MapHandle& GateObject::map(const std::string& name) const {
    const MapHandle* const found = find_map(name);
    assert(found != nullptr);
    return *found;
}

const MapHandle* GateObject::find_map(const std::string& name) const {
    const auto found = handles_.find(name);
    return found == handles_.end() ? nullptr : &found->second;
}

int GateObject::map_fd(const std::string& name) const {
    return map(name).fd;
}

const InnerMap& GateObject::inner_map(const std::string& name) const {
    const auto found = inner_maps_.find(name);
    assert(found != inner_maps_.end());
    return found->second;
}

}  // namespace tollgate::agent
