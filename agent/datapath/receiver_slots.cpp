// SPDX-License-Identifier: MIT
#include "agent/datapath/receiver_slots.hpp"

#include <cerrno>
#include <cstddef>
#include <utility>

#include <sys/mman.h>
#include <unistd.h>

namespace tollgate::agent {

namespace {

constexpr std::size_t kBytes = std::size_t{TG_RECEIVERS_MAX} * sizeof(tg_receiver);

}  // namespace

// Whoever maps a part of a map has all its pages in memory, used or not.
Result<ReceiverSlots> ReceiverSlots::open(const MapHandle& map, TunnelSeat& seat) {
    void* const slots =
        ::mmap(nullptr, kBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (slots == MAP_FAILED) {  // NOLINT(*-cast*,*-int-to-ptr): the C library's macro
        return failure(errno, "reserve addresses for the receiver slots of the gate");
    }
    return ReceiverSlots{static_cast<tg_receiver*>(slots), map.fd, seat};
}

ReceiverSlots::~ReceiverSlots() {
    if (slots_ != nullptr) {
        ::munmap(slots_, kBytes);
    }
}

ReceiverSlots::ReceiverSlots(ReceiverSlots&& other) noexcept
    : slots_{std::exchange(other.slots_, nullptr)},
      map_{other.map_},
      seat_{other.seat_},
      free_{std::move(other.free_)} {}

GateReceiver ReceiverSlots::take() {
    const std::lock_guard lock{mutex_};
    if (free_.empty()) {
        const auto first = seat_->take_slots();
        if (!first || *first > TG_RECEIVERS_MAX - TunnelSeat::kSlots || !map_slots(*first)) {
            return {};
        }
        for (std::uint32_t i = TunnelSeat::kSlots; i > 0; --i) {
            free_.push_back(*first + i - 1);
        }
    }
    tg_receiver* const slot = slots_ + free_.back();
    free_.pop_back();
    *slot = {};
    return GateReceiver{slot};
}

// In whole pages, which have slots of others in them where pages are large. What is mapped already
// is there all the time: a thread that uses it waits for the other mapping of the same memory.
bool ReceiverSlots::map_slots(std::uint32_t first) {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    const std::size_t begin = first * sizeof(tg_receiver) / page * page;
    const std::size_t end = (first + TunnelSeat::kSlots) * sizeof(tg_receiver);
    const std::size_t size = (end - begin + page - 1) / page * page;
    void* const place = reinterpret_cast<std::byte*>(slots_) + begin;  // NOLINT(*-reinterpret-cast)
    return ::mmap(place,
                  size,
                  PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_FIXED,
                  map_,
                  static_cast<off_t>(begin)) == place;
}

void ReceiverSlots::give_back(GateReceiver receiver) {
    const std::lock_guard lock{mutex_};
    free_.push_back(number_of(receiver));
}

}  // namespace tollgate::agent
