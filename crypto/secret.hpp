// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>

namespace tollgate::crypto {

/// Size in bytes of a slot of secret memory.
inline constexpr std::size_t kSecretSlotSize = 32;

namespace secret_memory {

/// A zeroed slot of kSecretSlotSize bytes in memory that is locked, left out of core dumps and
/// surrounded by guard pages. Terminates if there is no memory. Thread-safe.
[[nodiscard]] std::byte* allocate();
/// Wipes the slot and takes it back. Thread-safe.
void release(std::byte* slot) noexcept;
/// Whether the kernel locked all of it (RLIMIT_MEMLOCK); if not, secrets may reach swap.
[[nodiscard]] bool is_locked();
[[nodiscard]] bool equal(const std::byte* left, const std::byte* right, std::size_t size) noexcept;
void wipe(std::byte* bytes, std::size_t size) noexcept;

}  // namespace secret_memory

/// N secret bytes: in locked memory, never in a core dump, wiped when they are given up, compared
/// in constant time. Moved, never copied by accident: clone() says so. There is no way to print
/// one.
template <std::size_t N>
class Secret {
    static_assert(N > 0 && N <= kSecretSlotSize);

  public:
    /// All zeros.
    Secret() : slot_{secret_memory::allocate()} {}
    /// Copies; the caller wipes its own.
    explicit Secret(std::span<const std::byte, N> bytes) : Secret() {
        std::copy(bytes.begin(), bytes.end(), slot_);
    }
    ~Secret() { release(); }
    /// The other is left without a value: only assign to it or destroy it.
    Secret(Secret&& other) noexcept : slot_{std::exchange(other.slot_, nullptr)} {}
    Secret& operator=(Secret&& other) noexcept {
        if (this != &other) {
            release();
            slot_ = std::exchange(other.slot_, nullptr);
        }
        return *this;
    }
    Secret(const Secret&) = delete;
    Secret& operator=(const Secret&) = delete;

    [[nodiscard]] Secret clone() const { return Secret{bytes()}; }

    [[nodiscard]] std::span<const std::byte, N> bytes() const {
        return std::span<const std::byte, N>{slot_, N};
    }
    [[nodiscard]] std::span<std::byte, N> bytes() { return std::span<std::byte, N>{slot_, N}; }

    void wipe() { secret_memory::wipe(slot_, N); }
    /// In constant time.
    [[nodiscard]] bool is_zero() const { return *this == Secret{}; }
    [[nodiscard]] friend bool operator==(const Secret& left, const Secret& right) {
        return secret_memory::equal(left.slot_, right.slot_, N);
    }

  private:
    void release() noexcept {
        if (slot_ != nullptr) {
            secret_memory::release(slot_);
        }
    }

    std::byte* slot_;
};

}  // namespace tollgate::crypto
