// SPDX-License-Identifier: MIT
#include "agent/datapath/map_entries.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <numeric>
#include <optional>
#include <vector>

#include <linux/bpf.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <fmt/format.h>

namespace tollgate::agent {

namespace {

constexpr std::uint32_t kBatch = 4096;  // entries read at a time
constexpr std::size_t kWriteBatch = 1U << 17U;
constexpr int kNotSupported = 524;  // ENOTSUPP, which only the kernel's own headers name

using Bytes = std::vector<std::byte>;

Failure failed(const char* action, const MapHandle& map, int error) {
    return failure(error, fmt::format("{} the map {}", action, map.name));
}

// A map without batches: an older kernel, or a map type that never had them.
bool has_no_batches(int error) {
    return error == EINVAL || error == EOPNOTSUPP || error == kNotSupported;
}

const std::byte* at(const void* base, std::size_t index, std::size_t size) {
    return static_cast<const std::byte*>(base) + index * size;
}

Result<void> put_one_by_one(const MapHandle& map,
                            const void* keys,
                            const void* values,
                            std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        const std::byte* key = at(keys, i, map.key_size);
        if (bpf_map_update_elem(map.fd, key, at(values, i, map.stride()), BPF_ANY) != 0) {
            return failed("write to", map, errno);
        }
    }
    return {};
}

Result<void> visit_one_by_one(const MapHandle& map, const EntryVisitor& visit) {
    Bytes key(map.key_size);
    Bytes next(map.key_size);
    Bytes value(map.stride());
    const void* previous = nullptr;
    while (bpf_map_get_next_key(map.fd, previous, next.data()) == 0) {
        key.swap(next);
        previous = key.data();
        if (bpf_map_lookup_elem(map.fd, key.data(), value.data()) == 0) {
            visit(key.data(), value.data());
        }
    }
    return errno == ENOENT ? Result<void>{} : failed("list", map, errno);
}

// One pass of BPF_MAP_LOOKUP_BATCH over a map.
class BatchReader {
  public:
    explicit BatchReader(const MapHandle& map) : map_{map} { resize(kBatch); }

    /// Reads the next entries. @return 0, ENOENT after the last ones, or what went wrong
    int next() {
        for (;;) {
            count_ = capacity_;
            bpf_map_batch_opts options{};
            options.sz = sizeof options;
            const int error = bpf_map_lookup_batch(map_.fd,
                                                   started_ ? token_.data() : nullptr,
                                                   next_token_.data(),
                                                   keys_.get(),
                                                   values_.get(),
                                                   &count_,
                                                   &options);
            if (error == -ENOSPC && capacity_ < kLargest) {
                resize(capacity_ * 2);  // one bucket holds more than a batch
                continue;
            }
            started_ = true;
            token_ = next_token_;
            return -error;
        }
    }

    void visit(const EntryVisitor& visitor) const {
        for (std::uint32_t i = 0; i < count_; ++i) {
            visitor(at(keys_.get(), i, map_.key_size), at(values_.get(), i, map_.stride()));
        }
    }

  private:
    static constexpr std::uint32_t kLargest = 1U << 20U;

    void resize(std::uint32_t capacity) {
        capacity_ = capacity;
        keys_ = std::make_unique_for_overwrite<std::byte[]>(std::size_t{capacity} * map_.key_size);
        values_ = std::make_unique_for_overwrite<std::byte[]>(capacity * map_.stride());
    }

    const MapHandle& map_;
    std::uint32_t capacity_ = 0;
    std::uint32_t count_ = 0;
    // No zeros: of maps with few entries most of it is never touched, and takes no memory.
    std::unique_ptr<std::byte[]> keys_;
    std::unique_ptr<std::byte[]> values_;
    std::array<std::byte, 64> token_{};  // a bucket, or a key
    std::array<std::byte, 64> next_token_{};
    bool started_ = false;
};

}  // namespace

Result<MapHandle> MapHandle::of(int fd) {
    bpf_map_info kernel{};
    __u32 size = sizeof kernel;
    if (bpf_obj_get_info_by_fd(fd, &kernel, &size) != 0) {
        return failure(errno, "ask the kernel about a map");
    }
    MapHandle map{.fd = fd,
                  .name = kernel.name,
                  .type = kernel.type,
                  .key_size = kernel.key_size,
                  .value_size = kernel.value_size,
                  .max_entries = kernel.max_entries};
    if (map.type == BPF_MAP_TYPE_PERCPU_ARRAY || map.type == BPF_MAP_TYPE_PERCPU_HASH) {
        map.value_size = (map.value_size + 7U) & ~7U;  // the kernel's rounding of one CPU's value
        map.values_per_key = static_cast<std::uint32_t>(libbpf_num_possible_cpus());
    }
    return map;
}

Result<void> put_entries(const MapHandle& map,
                         const void* keys,
                         const void* values,
                         std::size_t count) {
    bpf_map_batch_opts options{};
    options.sz = sizeof options;
    std::size_t done = 0;
    while (done < count) {
        auto batch = static_cast<__u32>(std::min<std::size_t>(count - done, kWriteBatch));
        const std::byte* first_key = at(keys, done, map.key_size);
        const std::byte* first_value = at(values, done, map.stride());
        const int error = -bpf_map_update_batch(map.fd, first_key, first_value, &batch, &options);
        if (error != 0 && done == 0 && has_no_batches(error)) {
            return put_one_by_one(map, keys, values, count);
        }
        if (error != 0) {
            return failed("write to", map, error);
        }
        done += batch;
    }
    return {};
}

Result<void> remove_entries(const MapHandle& map, const void* keys, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        if (bpf_map_delete_elem(map.fd, at(keys, i, map.key_size)) != 0 && errno != ENOENT) {
            return failed("remove from", map, errno);
        }
    }
    return {};
}

Result<void> visit_entries(const MapHandle& map, const EntryVisitor& visit) {
    BatchReader reader{map};
    for (bool first = true;; first = false) {
        const int error = reader.next();
        if (first && has_no_batches(error)) {
            return visit_one_by_one(map, visit);
        }
        if (error != 0 && error != ENOENT) {
            return failed("list", map, error);
        }
        reader.visit(visit);
        if (error == ENOENT) {
            return {};
        }
    }
}

Result<void> read_range(const MapHandle& array,
                        std::uint32_t first,
                        std::uint32_t count,
                        void* values) {
    Bytes keys(std::size_t{count} * sizeof(std::uint32_t));
    std::uint32_t token = first - 1;  // the kernel begins behind it
    std::uint32_t next = 0;
    std::uint32_t batch = count;
    bpf_map_batch_opts options{};
    options.sz = sizeof options;
    const int error = bpf_map_lookup_batch(
        array.fd, first == 0 ? nullptr : &token, &next, keys.data(), values, &batch, &options);
    if ((error == 0 || error == -ENOENT) && batch == count) {
        return {};
    }
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::uint32_t index = first + i;
        auto* value = static_cast<std::byte*>(values) + i * array.stride();
        if (bpf_map_lookup_elem(array.fd, &index, value) != 0) {
            return failed("read", array, errno);
        }
    }
    return {};
}

Result<void> write_range(const MapHandle& array,
                         std::uint32_t first,
                         std::uint32_t count,
                         const void* values) {
    std::vector<std::uint32_t> keys(count);
    std::iota(keys.begin(), keys.end(), first);
    return put_entries(array, keys.data(), values, count);
}

}  // namespace tollgate::agent
