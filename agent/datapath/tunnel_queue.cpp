// SPDX-License-Identifier: MIT
#include "agent/datapath/tunnel_queue.hpp"

#include <cerrno>
#include <utility>

#include <bpf/libbpf.h>

#include <fmt/format.h>

#include "agent/datapath/libbpf_messages.hpp"
#include "agent/datapath/map_entries.hpp"
#include "agent/datapath/map_keys.hpp"
#include "tunnel_queue.skel.h"

namespace tollgate::agent {

namespace {

constexpr std::size_t kLogLines = 3;

struct Destroy {
    void operator()(tunnel_queue* object) const { tunnel_queue__destroy(object); }
};
using Skeleton = std::unique_ptr<tunnel_queue, Destroy>;

class LoadedQueueSteering final : public QueueSteering {
  public:
    LoadedQueueSteering(Skeleton skeleton, MapHandle queues)
        : skeleton_{std::move(skeleton)}, queues_{std::move(queues)} {}

    [[nodiscard]] int program() const override {
        return bpf_program__fd(skeleton_->progs.tunnel_queue);
    }
    [[nodiscard]] Result<void> put(const Prefix& prefix, std::uint32_t queue) override {
        const tg_prefix_key key = map_key(prefix);
        return put_entries(queues_, &key, &queue, 1);
    }
    void remove(const Prefix& prefix) override {
        const tg_prefix_key key = map_key(prefix);
        static_cast<void>(remove_entries(queues_, &key, 1));
    }

  private:
    Skeleton skeleton_;
    MapHandle queues_;
};

Failure refused(int error, const LibbpfMessages& messages) {
    return failure(
        error, fmt::format("load the program tunnel_queue ({})", messages.last_lines(kLogLines)));
}

}  // namespace

Result<std::unique_ptr<QueueSteering>> open_queue_steering() {
    const LibbpfMessages messages;
    Skeleton skeleton{tunnel_queue__open()};
    if (!skeleton) {
        return refused(errno, messages);
    }
    if (const int error = tunnel_queue__load(skeleton.get()); error != 0) {
        return refused(-error, messages);
    }
    auto queues = MapHandle::of(bpf_map__fd(skeleton->maps.queues));
    if (!queues) {
        return Failure{queues.error()};
    }
    return std::make_unique<LoadedQueueSteering>(std::move(skeleton), *std::move(queues));
}

}  // namespace tollgate::agent
