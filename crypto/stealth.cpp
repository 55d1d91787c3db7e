// SPDX-License-Identifier: MIT
#include "crypto/stealth.hpp"

#include <algorithm>
#include <ratio>
#include <span>
#include <string_view>

#include <endian.h>

namespace tollgate::crypto {

namespace {

using namespace std::string_view_literals;
using Slots = std::chrono::duration<std::int64_t, std::ratio<kStealthSlot.count()>>;

void derive(const SymmetricKey& site, std::int64_t slot, SymmetricKey& key) {
    const std::uint64_t number = htole64(static_cast<std::uint64_t>(slot));
    Blake2s blake2s{kHashSize, site.bytes()};
    blake2s.update(std::as_bytes(std::span{"stealth-"sv}));
    blake2s.update(std::as_bytes(std::span{&number, 1}));
    blake2s.finish(key.bytes());
}

}  // namespace

std::int64_t StealthKey::slot_of(WallTime moment) {
    return std::chrono::floor<Slots>(moment.time_since_epoch()).count();
}

WallTime StealthKey::slot_ends(WallTime moment) {
    return WallTime{Slots{slot_of(moment) + 1}};
}

const StealthSlots& StealthKey::slots(WallTime now) {
    const std::int64_t slot = slot_of(now);
    if (slot_ != slot) {
        slot_ = slot;
        derive(site_, slot, slots_[0]);  // first, because nearly all messages are of this one
        derive(site_, slot - 1, slots_[1]);
        derive(site_, slot + 1, slots_[2]);
    }
    return slots_;
}

void StealthKey::seal(MutableBytes initiation, WallTime now) {
    const Mac mac2 = mac(slots(now).front().bytes(), mac1_of(initiation));
    std::ranges::copy(mac2, initiation.last(kMacSize).begin());
}

bool StealthKey::verify(HandshakeBytes initiation, WallTime now) {
    return std::ranges::any_of(slots(now), [&](const SymmetricKey& key) {
        return is_mac(mac(key.bytes(), mac1_of(initiation)), mac2_of(initiation));
    });
}

}  // namespace tollgate::crypto
