// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "agent/tunnel_process/channel.hpp"
#include "crypto/secret.hpp"

/// Values as bytes and back, between processes of one program on one machine: numbers as they are
/// in memory, what has a length after its length. How a struct is written is said once, by a
/// function
///
///     template <typename Codec> void fields(Codec& codec, Struct& value);
///
/// that hands each member to the codec; found by its argument.
namespace tollgate::agent::tunnel_process {

/// Neither bool nor an enumeration, in which not every bit pattern is a value.
template <typename T>
concept PlainNumber = std::is_arithmetic_v<T> && !std::is_same_v<T, bool>;

/// Writes.
class Encoder {
  public:
    template <typename T>
    void operator()(const T& value) {
        write(value);
    }
    template <typename Enum>
    void among(const Enum& value, Enum /*last*/) {
        write(static_cast<std::uint32_t>(value));
    }
    [[nodiscard]] const SecretBytes& bytes() const { return bytes_; }

  private:
    void append(const void* from, std::size_t size) {
        const auto* const bytes = static_cast<const std::byte*>(from);
        bytes_.insert(bytes_.end(), bytes, bytes + size);
    }
    void write_size(std::size_t size) { write(static_cast<std::uint32_t>(size)); }

    template <typename T>
    void write(const T& value) {
        if constexpr (PlainNumber<T>) {
            append(&value, sizeof value);
        } else {
            fields(*this, const_cast<T&>(value));
        }
    }
    void write(const bool& value) { write(static_cast<std::uint8_t>(value)); }
    void write(const std::string& text) {
        write_size(text.size());
        append(text.data(), text.size());
    }
    template <typename Rep, typename Period>
    void write(const std::chrono::duration<Rep, Period>& time) {
        write(static_cast<std::int64_t>(time.count()));
    }
    template <std::size_t N>
    void write(const crypto::Secret<N>& secret) {
        append(secret.bytes().data(), N);
    }
    template <PlainNumber T, std::size_t N>
    void write(const std::array<T, N>& values) {
        append(values.data(), sizeof values);
    }
    template <std::size_t N>
    void write(const std::array<std::byte, N>& values) {
        append(values.data(), N);
    }
    template <typename T>
    void write(const std::optional<T>& value) {
        write(value.has_value());
        if (value) {
            write(*value);
        }
    }
    template <typename T>
    void write(const std::vector<T>& values) {
        write_size(values.size());
        for (const T& value : values) {
            write(value);
        }
    }
    template <typename Key, typename Value, typename Hash>
    void write(const std::unordered_map<Key, Value, Hash>& values) {
        write_size(values.size());
        for (const auto& [key, value] : values) {
            write(key);
            write(value);
        }
    }

    SecretBytes bytes_;
};

/// Reads what may come from a process that has been taken over: memory is made only for what is
/// there, and whatever is not a value of its type is refused. After the first fault every value is
/// the one that it was made with.
class Decoder {
  public:
    explicit Decoder(std::span<const std::byte> bytes) : left_{bytes} {}

    template <typename T>
    void operator()(T& value) {
        read(value);
    }
    /// @param last  the greatest value of the enumeration, which begins at 0 and has no gap
    template <typename Enum>
    void among(Enum& value, Enum last) {
        std::uint32_t number = 0;
        read(number);
        if (number > static_cast<std::uint32_t>(last)) {
            fail();
        } else if (is_sound_) {
            value = static_cast<Enum>(number);
        }
    }
    /// For what only the reader of a struct can see.
    void fail() {
        is_sound_ = false;
        left_ = {};
    }
    /// Whether all of it was read, and nothing is left.
    [[nodiscard]] bool is_done() const { return is_sound_ && left_.empty(); }

  private:
    [[nodiscard]] bool take(void* to, std::size_t size) {
        if (size > left_.size()) {
            fail();
            return false;
        }
        if (size == 0) {
            return true;  // memcpy(3) wants memory even for nothing
        }
        std::memcpy(to, left_.data(), size);
        left_ = left_.subspan(size);
        return true;
    }
    /// Of things that take a byte each, at least.
    [[nodiscard]] std::size_t read_size() {
        std::uint32_t size = 0;
        read(size);
        if (size > left_.size()) {
            fail();
            return 0;
        }
        return size;
    }

    template <typename T>
    void read(T& value) {
        if constexpr (PlainNumber<T>) {
            T number{};
            if (take(&number, sizeof number)) {
                value = number;
            }
        } else {
            fields(*this, value);
        }
    }
    void read(bool& value) {
        std::uint8_t number = 0;
        read(number);
        if (number > 1) {
            fail();
        } else if (is_sound_) {
            value = number == 1;
        }
    }
    void read(std::string& text) {
        const std::size_t size = read_size();
        text.assign(size, '\0');
        static_cast<void>(take(text.data(), size));
    }
    template <typename Rep, typename Period>
    void read(std::chrono::duration<Rep, Period>& time) {
        std::int64_t count = 0;
        read(count);
        time = std::chrono::duration<Rep, Period>{static_cast<Rep>(count)};
    }
    template <std::size_t N>
    void read(crypto::Secret<N>& secret) {
        static_cast<void>(take(secret.bytes().data(), N));
    }
    template <PlainNumber T, std::size_t N>
    void read(std::array<T, N>& values) {
        static_cast<void>(take(values.data(), sizeof values));
    }
    template <std::size_t N>
    void read(std::array<std::byte, N>& values) {
        static_cast<void>(take(values.data(), N));
    }
    template <typename T>
    void read(std::optional<T>& value) {
        bool is_there = false;
        read(is_there);
        value.reset();
        if (is_there) {
            read(value.emplace());
        }
    }
    template <typename T>
    void read(std::vector<T>& values) {
        const std::size_t size = read_size();
        values.clear();
        while (is_sound_ && values.size() < size) {
            read(values.emplace_back());
        }
    }
    template <typename Key, typename Value, typename Hash>
    void read(std::unordered_map<Key, Value, Hash>& values) {
        const std::size_t size = read_size();
        values.clear();
        for (std::size_t i = 0; is_sound_ && i < size; ++i) {
            Key key{};
            read(key);
            read(values[key]);
        }
    }

    std::span<const std::byte> left_;
    bool is_sound_ = true;
};

template <typename... Values>
[[nodiscard]] SecretBytes encode(const Values&... values) {
    Encoder encoder;
    (encoder(values), ...);
    return encoder.bytes();
}

/// @return false: those are not the bytes of such values
template <typename... Values>
[[nodiscard]] bool decode(std::span<const std::byte> bytes, Values&... values) {
    Decoder decoder{bytes};
    (decoder(values), ...);
    return decoder.is_done();
}

}  // namespace tollgate::agent::tunnel_process
