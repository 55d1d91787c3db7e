// SPDX-License-Identifier: MIT
#include "crypto/keypair.hpp"

#include <cassert>
#include <utility>

namespace tollgate::crypto {

std::optional<std::uint64_t> Keypair::take_counters(std::uint64_t count, Instant now) {
    if (is_expired(now) || count > kRejectAfterMessages - next_counter) {
        return std::nullopt;
    }
    return std::exchange(next_counter, next_counter + count);
}

void Keypairs::add(std::unique_ptr<Keypair> keypair) {
    give_up(previous_);
    if (!keypair->secrets.is_initiator) {
        give_up(next_);
        next_ = std::move(keypair);
        return;
    }
    if (next_) {
        give_up(current_);
        previous_ = std::move(next_);
    } else {
        previous_ = std::move(current_);
    }
    current_ = std::move(keypair);
}

bool Keypairs::confirm(const Keypair& keypair) {
    if (&keypair != next_.get()) {
        return false;
    }
    assert(!previous_);  // given up when next came
    previous_ = std::move(current_);
    current_ = std::move(next_);
    return true;
}

void Keypairs::clear() {
    give_up(previous_);
    give_up(current_);
    give_up(next_);
}

Keypair* Keypairs::find(std::uint32_t local_index) const {
    for (const auto* keypair : {&previous_, &current_, &next_}) {
        if (*keypair && (*keypair)->secrets.local_index == local_index) {
            return keypair->get();
        }
    }
    return nullptr;
}

void Keypairs::give_up(std::unique_ptr<Keypair>& keypair) {
    if (keypair) {
        forget_(keypair->secrets.local_index);
        keypair.reset();
    }
}

}  // namespace tollgate::crypto
