// SPDX-License-Identifier: MIT
#include "agent/doctor/bpf_objects.hpp"

#include <array>
#include <cerrno>
#include <cstring>

#include "agent/doctor/bpf_call.hpp"

namespace tollgate::agent {
namespace {

constexpr std::size_t kMapsOfProgram = 128;
constexpr std::size_t kObjectsMax = 10'000;

/// A kind of object: how it is walked, opened and described.
struct Kind {
    bpf_cmd next;
    bpf_cmd open;
    const char* name;
};
constexpr Kind kPrograms{BPF_PROG_GET_NEXT_ID, BPF_PROG_GET_FD_BY_ID, "BPF programs"};
constexpr Kind kMaps{BPF_MAP_GET_NEXT_ID, BPF_MAP_GET_FD_BY_ID, "BPF maps"};
constexpr Kind kLinks{BPF_LINK_GET_NEXT_ID, BPF_LINK_GET_FD_BY_ID, "BPF links"};

template <typename Description>
bool describe(int fd, Description& description) {
    bpf_attr attributes{};
    attributes.info.bpf_fd = static_cast<__u32>(fd);
    attributes.info.info_len = sizeof description;
    attributes.info.info = bpf_address(&description);
    return bpf_call(BPF_OBJ_GET_INFO_BY_FD, attributes) == 0;
}

Result<FileDescriptor> open_object(const Kind& kind, std::uint32_t id) {
    bpf_attr attributes{};
    attributes.prog_id = id;  // one union for all kinds
    FileDescriptor fd{static_cast<int>(bpf_call(kind.open, attributes))};
    if (!fd) {
        return failure(errno, std::string{"open one of the "} + kind.name);
    }
    return fd;
}

/// Visits each object; one that goes away meanwhile is left out.
template <typename Visit>
Result<void> for_each(const Kind& kind, Visit visit) {
    std::uint32_t id = 0;
    for (std::size_t i = 0; i < kObjectsMax; ++i) {
        bpf_attr attributes{};
        attributes.start_id = id;
        if (bpf_call(kind.next, attributes) != 0) {
            return errno == ENOENT
                       ? Result<void>{}
                       : Result<void>{failure(errno, std::string{"list the "} + kind.name)};
        }
        id = attributes.next_id;
        auto fd = open_object(kind, id);
        if (fd) {
            visit(fd->get(), id);
        } else if (fd.error().code.value() != ENOENT) {
            return Failure{fd.error()};
        }
    }
    return {};
}

template <std::size_t N>
std::string name_of(const char (&name)[N]) {
    return {name, ::strnlen(name, N)};
}

BpfProgram read_program(int fd, std::uint32_t id) {
    std::array<std::uint32_t, kMapsOfProgram> maps{};
    bpf_prog_info description{};
    description.nr_map_ids = static_cast<__u32>(maps.size());
    description.map_ids = bpf_address(maps.data());
    BpfProgram program{.id = id, .type = 0, .name = {}, .map_ids = {}};
    if (describe(fd, description)) {
        program.type = description.type;
        program.name = name_of(description.name);
        program.map_ids.assign(
            maps.begin(),
            maps.begin() + std::min<std::size_t>(description.nr_map_ids, maps.size()));
    }
    return program;
}

/// @return 0: there is such a type
int error_of_map(bpf_map_type type, std::uint32_t key, std::uint32_t value, std::uint32_t entries) {
    bpf_attr attributes{};
    attributes.map_type = type;
    attributes.key_size = key;
    attributes.value_size = value;
    attributes.max_entries = entries;
    attributes.map_flags = type == BPF_MAP_TYPE_LPM_TRIE ? BPF_F_NO_PREALLOC : 0;
    const FileDescriptor map{static_cast<int>(bpf_call(BPF_MAP_CREATE, attributes))};
    return map ? 0 : errno;
}

}  // namespace

Result<std::vector<BpfProgram>> bpf_programs() {
    std::vector<BpfProgram> programs;
    const auto done = for_each(
        kPrograms, [&](int fd, std::uint32_t id) { programs.push_back(read_program(fd, id)); });
    return done ? Result<std::vector<BpfProgram>>{std::move(programs)} : Failure{done.error()};
}

Result<std::vector<BpfMap>> bpf_maps() {
    std::vector<BpfMap> maps;
    const auto done = for_each(kMaps, [&](int fd, std::uint32_t id) {
        bpf_map_info description{};
        if (describe(fd, description)) {
            maps.push_back({id,
                            description.type,
                            name_of(description.name),
                            description.key_size,
                            description.value_size,
                            description.max_entries});
        }
    });
    return done ? Result<std::vector<BpfMap>>{std::move(maps)} : Failure{done.error()};
}

Result<std::vector<BpfLink>> bpf_links() {
    std::vector<BpfLink> links;
    const auto done = for_each(kLinks, [&](int fd, std::uint32_t id) {
        bpf_link_info description{};
        if (describe(fd, description)) {
            links.push_back({id, description.prog_id});
        }
    });
    return done ? Result<std::vector<BpfLink>>{std::move(links)} : Failure{done.error()};
}

Result<BpfProgram> bpf_program(std::uint32_t id) {
    const auto fd = open_object(kPrograms, id);
    return fd ? Result<BpfProgram>{read_program(fd->get(), id)} : Failure{fd.error()};
}

std::optional<std::uint32_t> pinned_map_id(const std::filesystem::path& pin) {
    bpf_attr attributes{};
    attributes.pathname = bpf_address(pin.c_str());
    attributes.file_flags = BPF_F_RDONLY;
    const FileDescriptor fd{static_cast<int>(bpf_call(BPF_OBJ_GET, attributes))};
    bpf_map_info description{};
    return fd && describe(fd.get(), description) ? std::optional{description.id} : std::nullopt;
}

Result<std::vector<std::string>> missing_features() {
    struct Needed {
        bpf_map_type type;
        const char* name;
        std::uint32_t key;
        std::uint32_t value;
        std::uint32_t entries;
    };
    static constexpr std::uint32_t kPage = 4096;
    static constexpr std::array kMapTypes{
        Needed{BPF_MAP_TYPE_ARRAY, "array maps", 4, 4, 1},
        Needed{BPF_MAP_TYPE_PERCPU_ARRAY, "per-CPU arrays", 4, 8, 1},
        Needed{BPF_MAP_TYPE_LRU_HASH, "LRU hash maps", 4, 4, 64},
        Needed{BPF_MAP_TYPE_LPM_TRIE, "longest-prefix maps", 8, 4, 1},
        Needed{BPF_MAP_TYPE_RINGBUF, "ring buffers (CONFIG_BPF_EVENTS)", 0, 0, kPage * 16},
    };
    std::vector<std::string> missing;
    for (const Needed& needed : kMapTypes) {
        const int error = error_of_map(needed.type, needed.key, needed.value, needed.entries);
        if (error == EPERM || error == ENOSYS) {
            return failure(error, "make a BPF map");
        }
        if (error != 0) {
            missing.emplace_back(needed.name);
        }
    }
    for (const auto& [type, name] :
         {std::pair{BPF_PROG_TYPE_XDP, "XDP programs"},
          std::pair{BPF_PROG_TYPE_SCHED_CLS, "TC programs (CONFIG_NET_CLS_BPF)"}}) {
        const auto program = load_passing_program(type);
        if (!program && program.error().code.value() == EPERM) {
            return Failure{program.error()};
        }
        if (!program) {
            missing.emplace_back(name);
        }
    }
    return missing;
}

}  // namespace tollgate::agent
