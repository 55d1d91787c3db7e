// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cerrno>
#include <compare>
#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <linux/bpf.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <gate.skel.h>

#include <gtest/gtest.h>

#include <tollgate/abi/limits.h>
#include <tollgate/abi/packet.h>

#include "agent/datapath/map_entries.hpp"

namespace tollgate::test {

/// What the programs are told when they are loaded.
struct GateChoices {
    bool dry_run = false;  ///< as the agent loads them for `tollgate trace`
    bool check_mac1 = true;
    tg_link link = TG_LINK_CLEAR;  ///< of the zone
    std::uint8_t zone = 0;
    // NOLINTNEXTLINE(readability-implicit-bool-conversion): the compiler's own
    auto operator<=>(const GateChoices&) const = default;
};

/// Loaded programs for the tests of one process. The verifier takes a second for them, and on an
/// emulated processor ten: what one test has done with, the next one gets, with every table as if
/// it was new.
class GatePool {
  public:
    struct Destroy {
        void operator()(gate* object) const { gate__destroy(object); }
    };
    using Gate = std::unique_ptr<gate, Destroy>;

    /// @return 0 or a negative errno
    static int take(const GateChoices& choices, Gate& gate) {
        gate = std::move(idle()[choices]);
        if (!gate) {
            return load(choices, gate);
        }
        clear(*gate);
        insert_inner_maps(*gate, make_inner_maps(inner_shapes()));
        return 0;
    }
    static void put(const GateChoices& choices, Gate gate) {
        if (gate) {
            idle()[choices] = std::move(gate);
        }
    }

  private:
    struct Shape {
        bpf_map_type type;
        std::uint32_t key_size, value_size, flags;
    };
    static constexpr std::size_t kOuterMaps = 6;
    using Shapes = std::array<Shape, kOuterMaps>;
    using InnerMaps = std::vector<int>;  // their file descriptors

    static std::map<GateChoices, Gate>& idle() {
        static std::map<GateChoices, Gate> gates;
        return gates;
    }
    static Shapes& inner_shapes() {
        static Shapes shapes{};
        return shapes;
    }
    static std::array<bpf_map*, kOuterMaps> outer_maps(const gate& object) {
        const auto& maps = object.maps;
        return {maps.hosts, maps.prefixes, maps.macs, maps.peers, maps.names, maps.verdicts};
    }

    /// The programs of this build, or those in the file that TOLLGATE_GATE_OBJECT names:
    /// tools/mutate asks what the tests say of those, without compiling the tests again.
    static Gate open() {
        const char* const file = std::getenv("TOLLGATE_GATE_OBJECT");
        if (file == nullptr) {
            return Gate{gate__open()};
        }
        static const std::string kObject = [file] {
            std::ifstream stream{file, std::ios::binary};
            return std::string{std::istreambuf_iterator<char>{stream}, {}};
        }();
        // NOLINTNEXTLINE(cppcoreguidelines-no-malloc): gate__destroy() frees it
        Gate made{static_cast<gate*>(std::calloc(1, sizeof(gate)))};
        if (!made || gate__create_skeleton(made.get()) != 0) {
            return {};
        }
        made->skeleton->data = kObject.data();
        made->skeleton->data_sz = kObject.size();
        return bpf_object__open_skeleton(made->skeleton, nullptr) == 0 ? std::move(made) : Gate{};
    }

    static int load(const GateChoices& choices, Gate& loaded) {
        loaded = open();
        if (!loaded) {
            return -errno;
        }
        loaded->rodata->zone = choices.zone;
        loaded->rodata->link = static_cast<std::uint8_t>(choices.link);
        loaded->rodata->dry_run = choices.dry_run ? 1 : 0;
        loaded->rodata->check_mac1 = choices.check_mac1 ? 1 : 0;
        // libbpf forgets the template of an inner map when it has loaded the outer one.
        for (std::size_t i = 0; i < kOuterMaps; ++i) {
            const bpf_map* inner = bpf_map__inner_map(outer_maps(*loaded).at(i));
            inner_shapes().at(i) = {bpf_map__type(inner),
                                    bpf_map__key_size(inner),
                                    bpf_map__value_size(inner),
                                    bpf_map__map_flags(inner)};
        }
        const InnerMaps inner_maps = make_inner_maps(inner_shapes());
        const int error = gate__load(loaded.get());
        if (error != 0) {
            return error;
        }
        insert_inner_maps(*loaded, inner_maps);
        return 0;
    }

    static InnerMaps make_inner_maps(const Shapes& shapes) {
        InnerMaps made;
        for (const Shape& shape : shapes) {
            bpf_map_create_opts options{};
            options.sz = sizeof options;
            options.map_flags = shape.flags;
            for (std::uint32_t slot = 0; slot < TG_SLOTS; ++slot) {
                made.push_back(bpf_map_create(
                    shape.type, nullptr, shape.key_size, shape.value_size, 64, &options));
            }
        }
        return made;
    }

    static void insert_inner_maps(const gate& object, const InnerMaps& made) {
        auto inner = made.begin();
        for (const bpf_map* outer : outer_maps(object)) {
            for (std::uint32_t slot = 0; slot < TG_SLOTS; ++slot, ++inner) {
                EXPECT_EQ(bpf_map_update_elem(bpf_map__fd(outer), &slot, &*inner, BPF_ANY), 0);
                close(*inner);
            }
        }
    }

    static void clear(const gate& object) {
        const bpf_map* map = nullptr;
        bpf_object__for_each_map(map, object.obj) {
            switch (bpf_map__type(map)) {
                case BPF_MAP_TYPE_HASH:
                case BPF_MAP_TYPE_LRU_HASH:
                case BPF_MAP_TYPE_LPM_TRIE:
                    remove_all(bpf_map__fd(map));
                    break;
                case BPF_MAP_TYPE_ARRAY:
                case BPF_MAP_TYPE_PERCPU_ARRAY:
                    if (!bpf_map__is_internal(map)) {
                        zero_all(bpf_map__fd(map));
                    }
                    break;
                case BPF_MAP_TYPE_RINGBUF:
                    forget_events(bpf_map__fd(map));
                    break;
                default:  // program arrays stay, sockets leave by themselves, inner maps are
                          // replaced
                    break;
            }
        }
    }

    static void remove_all(int fd) {
        std::vector<std::byte> key(agent::MapHandle::of(fd).value().key_size);
        while (bpf_map_get_next_key(fd, nullptr, key.data()) == 0) {
            ASSERT_EQ(bpf_map_delete_elem(fd, key.data()), 0);
        }
    }

    static void zero_all(int fd) {
        const agent::MapHandle map = agent::MapHandle::of(fd).value();
        const std::vector<std::byte> zero(map.stride());
        std::vector<std::uint32_t> used;
        const auto listed =
            agent::visit_entries(map, [&](const std::byte* key, const std::byte* value) {
                if (std::memcmp(value, zero.data(), zero.size()) != 0) {
                    std::memcpy(&used.emplace_back(), key, sizeof(std::uint32_t));
                }
            });
        ASSERT_TRUE(listed) << listed.error().message();
        for (const std::uint32_t index : used) {
            ASSERT_EQ(bpf_map_update_elem(fd, &index, zero.data(), BPF_ANY), 0) << map.name;
        }
    }

    static void forget_events(int fd) {
        const auto ignore = [](void*, void*, std::size_t) {
            return 0;
        };
        ring_buffer* ring = ring_buffer__new(fd, ignore, nullptr, nullptr);
        ASSERT_NE(ring, nullptr);
        EXPECT_GE(ring_buffer__consume(ring), 0);
        ring_buffer__free(ring);
    }
};

}  // namespace tollgate::test
