// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <tl/expected.hpp>

#include <tollgate/abi/drop_reason.h>

namespace tollgate {

/// Why a control-plane operation failed: what was being done to what, and the system's reason.
struct [[nodiscard]] Error {
    std::error_code code;
    std::string context;

    /// One line for people: "attach xdp_gate to eth0: Operation not permitted".
    [[nodiscard]] std::string message() const {
        return code ? context + ": " + code.message() : context;
    }
};

/// The value, or why there is none. Used by everything that is not done per packet.
template <typename T>
using Result = tl::expected<T, Error>;

using Failure = tl::unexpected<Error>;

/// The value, or a reason of another kind than Error.
template <typename T, typename E>
using Expected = tl::expected<T, E>;

template <typename E>
using Unexpected = tl::unexpected<E>;

/// A failure with the reason in words only.
[[nodiscard]] inline Failure failure(std::string context) {
    return Failure{Error{{}, std::move(context)}};
}

/// A failure of a system call. @param error_number a positive errno value
[[nodiscard]] inline Failure failure(int error_number, std::string context) {
    return Failure{Error{{error_number, std::generic_category()}, std::move(context)}};
}

/// Why a packet is dropped; the values of tg_drop_reason.
enum class DropReason : std::uint8_t {
#define X(name, label, meaning) label = TG_DROP_##name,
    TG_DROP_REASONS(X)
#undef X
};

/// The reason's label, as in metrics and JSON.
[[nodiscard]] constexpr std::string_view label(DropReason reason) {
    switch (reason) {
#define X(name, text, meaning) \
    case DropReason::text:     \
        return #text;
        TG_DROP_REASONS(X)
#undef X
    }
    return "unknown";
}

}  // namespace tollgate
