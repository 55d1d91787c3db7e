// SPDX-License-Identifier: MIT
#include "agent/datapath/receiver_slots.hpp"

#include <cerrno>
#include <cstddef>
#include <utility>

#include <sys/mman.h>

namespace tollgate::agent {

namespace {

constexpr std::size_t kBytes = std::size_t{TG_RECEIVERS_MAX} * sizeof(tg_receiver);

}  // namespace

Result<ReceiverSlots> ReceiverSlots::open(const MapHandle& map, TunnelSeat& seat) {
    void* const slots = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, map.fd, 0);
    if (slots == MAP_FAILED) {  // NOLINT(*-cast*,*-int-to-ptr): the C library's macro
        return failure(errno, "map the receiver slots of the gate");
    }
    return ReceiverSlots{static_cast<tg_receiver*>(slots), seat};
}

ReceiverSlots::~ReceiverSlots() {
    if (slots_ != nullptr) {
        ::munmap(slots_, kBytes);
    }
}

ReceiverSlots::ReceiverSlots(ReceiverSlots&& other) noexcept
    : slots_{std::exchange(other.slots_, nullptr)},
      seat_{other.seat_},
      free_{std::move(other.free_)} {}

GateReceiver ReceiverSlots::take() {
    const std::lock_guard lock{mutex_};
    if (free_.empty()) {
        const auto first = seat_->take_slots();
        if (!first || *first > TG_RECEIVERS_MAX - TunnelSeat::kSlots) {
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

void ReceiverSlots::give_back(GateReceiver receiver) {
    const std::lock_guard lock{mutex_};
    free_.push_back(number_of(receiver));
}

}  // namespace tollgate::agent
