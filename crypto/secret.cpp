// SPDX-License-Identifier: MIT
#include "crypto/secret.hpp"

#include <atomic>
#include <cstdint>
#include <exception>
#include <new>

#include <sodium.h>

namespace tollgate::crypto::secret_memory {
namespace {

/// sodium_malloc() puts a canary of 16 bytes before what it returns. A slot less leaves room for
/// it.
constexpr std::size_t kChunkSize = 64 * std::size_t{1024} - kSecretSlotSize;

/// A slot that nobody holds: zeros but for the link.
struct FreeSlot {
    FreeSlot* next;
};
static_assert(sizeof(FreeSlot) <= kSecretSlotSize);
static_assert(kSecretSlotSize % alignof(FreeSlot) == 0);

/// Chunks are never given back: whoever exits last may still hold a slot.
class Arena {
  public:
    std::byte* allocate() {
        const Lock lock{busy_};
        if (free_ == nullptr) {
            grow();
        }
        FreeSlot* const slot = free_;
        free_ = slot->next;
        slot->next = nullptr;
        return reinterpret_cast<std::byte*>(slot);
    }

    void release(std::byte* bytes) noexcept {
        sodium_memzero(bytes, kSecretSlotSize);
        const Lock lock{busy_};
        push(bytes);
    }

    [[nodiscard]] bool is_locked() const { return is_locked_.load(std::memory_order_relaxed); }

  private:
    class Lock {
      public:
        explicit Lock(std::atomic_flag& busy) noexcept : busy_{busy} {
            while (busy_.test_and_set(std::memory_order_acquire)) {
                busy_.wait(true, std::memory_order_relaxed);
            }
        }
        ~Lock() {
            busy_.clear(std::memory_order_release);
            busy_.notify_one();
        }
        Lock(const Lock&) = delete;
        Lock& operator=(const Lock&) = delete;

      private:
        std::atomic_flag& busy_;
    };

    void push(std::byte* bytes) noexcept { free_ = new (bytes) FreeSlot{free_}; }

    void grow() {
        // Whatever needs libsodium needs a secret first, so this is where it starts.
        if (sodium_init() < 0) {
            std::terminate();
        }
        auto* const chunk = static_cast<std::byte*>(sodium_malloc(kChunkSize));
        if (chunk == nullptr) {
            std::terminate();
        }
        // sodium_malloc() has tried this already, and does not say how it went.
        if (sodium_mlock(chunk, kChunkSize) != 0) {
            is_locked_.store(false, std::memory_order_relaxed);
        }
        sodium_memzero(chunk, kChunkSize);
        for (std::size_t end = kChunkSize; end > 0; end -= kSecretSlotSize) {
            push(chunk + end - kSecretSlotSize);
        }
    }

    std::atomic_flag busy_;
    std::atomic<bool> is_locked_ = true;
    FreeSlot* free_ = nullptr;
};

constinit Arena arena;

}  // namespace

std::byte* allocate() {
    return arena.allocate();
}

void release(std::byte* slot) noexcept {
    arena.release(slot);
}

bool is_locked() {
    return arena.is_locked();
}

bool equal(const std::byte* left, const std::byte* right, std::size_t size) noexcept {
    return sodium_memcmp(left, right, size) == 0;
}

void wipe(std::byte* bytes, std::size_t size) noexcept {
    sodium_memzero(bytes, size);
}

}  // namespace tollgate::crypto::secret_memory
