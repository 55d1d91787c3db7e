// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "agent/tunnel/secret_text.hpp"
#include "agent/tunnel/tunnel_config.hpp"

/// WireGuard's cross-platform userspace protocol, which wg(8) speaks: lines of key=value; an
/// operation ends with an empty line. https://www.wireguard.com/xplatform/
namespace tollgate::agent {

/// The client asks for the state: "get=1".
struct UapiGet {};

/// An operation that is not understood, to be answered with format_uapi_error().
struct UapiFault {
    /// EINVAL: an unknown key or a bad value; EPROTONOSUPPORT: another protocol version; E2BIG:
    /// more peers or allowed IPs than kUapiPeersMax or kUapiAllowedIpsMax.
    int error = 0;
    bool is_lost = false;  ///< nobody knows where the next operation begins: answer and hang up
};

using UapiOperation = std::variant<UapiGet, DeviceChange, UapiFault>;

// Bounds of one operation: what a device can have.
inline constexpr std::size_t kUapiPeersMax = std::size_t{1} << 16U;
inline constexpr std::size_t kUapiAllowedIpsMax = std::size_t{1} << 20U;

/// Reads one client's operations from pieces of any size. Keeps at most one line of text, and
/// wipes it. A set is done as a whole or not at all: after a bad line the rest is read over.
class UapiReader {
  public:
    static constexpr std::size_t kLineMax = 256;

    UapiReader() = default;
    ~UapiReader() { forget_line(); }
    UapiReader(const UapiReader&) = delete;
    UapiReader& operator=(const UapiReader&) = delete;

    /// Takes bytes from the front of `bytes` until an operation is complete or none are left.
    [[nodiscard]] std::optional<UapiOperation> read(std::string_view& bytes);

  private:
    enum class State : std::uint8_t { between, get, set };

    [[nodiscard]] std::optional<UapiOperation> end_line();
    [[nodiscard]] std::optional<UapiOperation> begin(std::string_view line);
    [[nodiscard]] UapiOperation finish();
    [[nodiscard]] int apply(std::string_view line);
    [[nodiscard]] int begin_peer(std::string_view value);
    void forget_line();

    State state_ = State::between;
    DeviceChange change_;
    std::size_t allowed_ips_ = 0;
    int error_ = 0;  ///< the first of this operation
    std::array<char, kLineMax> line_{};
    std::size_t length_ = 0;
    bool is_too_long_ = false;
};

/// The answer to a get, with its errno line, in the order in which wireguard-go gives it.
[[nodiscard]] SecretText format_uapi_state(const DeviceState& state);
/// The answer to a set, and to whatever failed: "errno=-22\n\n". Negative, so that wg(8) finds
/// the words for it. @param error a positive errno value; 0: done
[[nodiscard]] std::string format_uapi_error(int error);

}  // namespace tollgate::agent
