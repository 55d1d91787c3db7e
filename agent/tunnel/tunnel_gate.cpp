// SPDX-License-Identifier: MIT
#include "agent/tunnel/tunnel_gate.hpp"

#include <atomic>
#include <cstring>

#include <endian.h>

#include "crypto/keypair.hpp"

namespace tollgate::agent {

static_assert(TG_WG_WINDOW == crypto::ReplayWindow::kSize);
static_assert(TG_WG_REJECT_AFTER_MESSAGES == crypto::kRejectAfterMessages);

namespace {

// The kernel reads while we write.
template <typename Number>
void store(Number& to, Number value) {
    std::atomic_ref{to}.store(value, std::memory_order_relaxed);
}

}  // namespace

void GateReceiver::accept(std::uint8_t types, crypto::Instant expires) const {
    if (slot_ == nullptr) {
        return;
    }
    store(slot_->expires_ns, static_cast<__u64>(expires.count()));
    store(slot_->accepts, types);
}

void GateReceiver::set_endpoint(const Endpoint& endpoint) const {
    if (slot_ == nullptr) {
        return;
    }
    std::memcpy(slot_->address, endpoint.address.bytes.data(), sizeof slot_->address);
    store(slot_->port, static_cast<__be16>(htobe16(endpoint.port)));
}

void GateReceiver::set_greatest_counter(std::uint64_t counter) const {
    if (slot_ != nullptr) {
        store(slot_->greatest_counter, static_cast<__u64>(counter));
    }
}

}  // namespace tollgate::agent
