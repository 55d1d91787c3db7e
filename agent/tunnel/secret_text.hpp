// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "crypto/secret.hpp"

namespace tollgate::agent {

/// Wipes memory before it goes back.
template <typename T>
struct WipingAllocator {
    using value_type = T;

    WipingAllocator() = default;
    template <typename U>
    explicit WipingAllocator(const WipingAllocator<U>&) {}

    [[nodiscard]] T* allocate(std::size_t count) { return std::allocator<T>{}.allocate(count); }
    void deallocate(T* memory, std::size_t count) noexcept {
        crypto::secret_memory::wipe(reinterpret_cast<std::byte*>(memory), count * sizeof(T));
        std::allocator<T>{}.deallocate(memory, count);
    }
    bool operator==(const WipingAllocator&) const = default;
};

/// Text with secrets in it, on its way out or in: no copy of it stays behind when it grows or is
/// given up. Moved, never copied.
class SecretText {
  public:
    SecretText() = default;
    SecretText(SecretText&&) noexcept = default;
    SecretText& operator=(SecretText&&) noexcept = default;
    SecretText(const SecretText&) = delete;
    SecretText& operator=(const SecretText&) = delete;
    ~SecretText() = default;

    SecretText& operator+=(std::string_view text) {
        bytes_.insert(bytes_.end(), text.begin(), text.end());
        return *this;
    }
    [[nodiscard]] std::string_view view() const { return {bytes_.data(), bytes_.size()}; }

  private:
    std::vector<char, WipingAllocator<char>> bytes_;
};

/// Adds a secret as text that encode_base64() or encode_hex() made, and wipes that text.
template <std::size_t N>
void append_wiped(SecretText& to, std::array<char, N>&& encoded) {
    to += std::string_view{encoded.data(), encoded.size()};
    crypto::secret_memory::wipe(reinterpret_cast<std::byte*>(encoded.data()), encoded.size());
}

}  // namespace tollgate::agent
