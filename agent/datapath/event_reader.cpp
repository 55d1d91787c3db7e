// SPDX-License-Identifier: MIT
#include "agent/datapath/event_reader.hpp"

#include <cerrno>
#include <cstddef>

#include <bpf/libbpf.h>

#include "agent/datapath/libbpf_messages.hpp"

namespace tollgate::agent {

namespace {

int visit_record(void* context, void* record, std::size_t size) {
    const auto* visitor = *static_cast<const Gate::EventVisitor**>(context);
    (*visitor)({static_cast<const std::byte*>(record), size});
    return 0;
}

}  // namespace

void EventReader::Free::operator()(ring_buffer* ring) const {
    ring_buffer__free(ring);
}

Result<EventReader> EventReader::open(int map_fd) {
    const LibbpfMessages messages;
    EventReader reader;
    reader.visitor_ = std::make_unique<const Gate::EventVisitor*>(nullptr);
    reader.ring_.reset(ring_buffer__new(map_fd, visit_record, reader.visitor_.get(), nullptr));
    if (!reader.ring_) {
        return failure(errno, "read the events of the data path: " + messages.last_lines(1));
    }
    return reader;
}

int EventReader::fd() const {
    return ring_buffer__epoll_fd(ring_.get());
}

Result<void> EventReader::poll(const Gate::EventVisitor& visit) {
    *visitor_ = &visit;
    const int records = ring_buffer__consume(ring_.get());
    *visitor_ = nullptr;
    return records < 0 ? failure(-records, "read the events of the data path") : Result<void>{};
}

}  // namespace tollgate::agent
