// SPDX-License-Identifier: MIT
#include "agent/tunnel/handshake_clock.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "agent/system/file.hpp"

namespace tollgate::agent {

using crypto::Tai64n;

namespace {

constexpr std::size_t kFileMax = 64;

std::string text_of(const Tai64n& time) {
    return std::to_string(time.to_time().time_since_epoch().count()) + "\n";
}

std::optional<Tai64n> parse(std::string_view text) {
    if (!text.ends_with('\n')) {
        return std::nullopt;
    }
    text.remove_suffix(1);
    std::int64_t nanoseconds = 0;
    const auto [end, error] = std::from_chars(text.begin(), text.end(), nanoseconds);
    if (error != std::errc{} || end != text.end() || nanoseconds < 0) {
        return std::nullopt;
    }
    return Tai64n::from(
        std::chrono::sys_time<std::chrono::nanoseconds>{std::chrono::nanoseconds{nanoseconds}});
}

}  // namespace

Result<HandshakeClock> HandshakeClock::open(std::filesystem::path file, Store store) {
    const auto text = read_file(file, kFileMax);
    const bool is_new = !text && text.error().code.value() == ENOENT;
    if (!text && !is_new) {
        return Failure{text.error()};
    }
    const auto floor = is_new ? Tai64n{} : parse(*text);
    if (!floor) {
        return failure(EINVAL,
                       file.string() +
                           " holds no time of handshakes; remove it if the clock of "
                           "this host is right");
    }
    if (!store) {
        store = [file = std::move(file)](const Tai64n& time) {
            return write_time(file, time);
        };
    }
    return HandshakeClock{std::move(store), *floor};
}

bool HandshakeClock::write_time(const std::filesystem::path& file, const Tai64n& time) {
    return write_file(file, text_of(time)).has_value();
}

Tai64n HandshakeClock::next(std::chrono::sys_time<std::chrono::nanoseconds> wall) {
    last_ = std::max(Tai64n::from(wall), last_.next());
    if (last_ >= reserved_) {
        reserved_ = Tai64n::from(last_.to_time() + kReserve);
        persistent_ = store_(reserved_);
    }
    return last_;
}

}  // namespace tollgate::agent
