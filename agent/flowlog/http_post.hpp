// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <tollgate/result.hpp>

#include "agent/flowlog/batch.hpp"
#include "agent/tunnel/secret_text.hpp"

namespace tollgate::agent {

/// The parts of "https://logs.example.org:8443/ingest?source=tollgate".
struct HttpUrl {
    bool tls = false;
    std::string host;  ///< of an IPv6 address without brackets
    std::uint16_t port = 0;
    std::string target;  ///< path and query

    /// What the Host header says: the port only if it is not the scheme's.
    [[nodiscard]] std::string authority() const;
    /// Whether nobody on the way can read: TLS, or an address of this host.
    [[nodiscard]] bool is_private() const;
    /// @return nothing: no http or https URL; one with a user, a fragment or odd characters neither
    [[nodiscard]] static std::optional<HttpUrl> parse(std::string_view text);
};

/// What came of one POST.
struct PostOutcome {
    enum class Kind : std::uint8_t {
        retry,      ///< it may work later: 408, 429, 5xx, or no answer
        delivered,  ///< 2xx
        refused,    ///< it never will: any other answer
    };
    Kind kind = Kind::retry;
    std::chrono::seconds retry_after{0};  ///< as the receiver asks for
    std::string error;                    ///< not delivered: why
};

/// Posts batches of JSON lines to one receiver, over a connection that is kept. Redirects are not
/// followed. Blocks; stop() ends that from another thread.
class HttpPost {
  public:
    struct Options {
        HttpUrl url;
        std::filesystem::path ca_file;  ///< whom to trust with TLS; empty: whom the system trusts
        SecretText token;               ///< sent as "Authorization: Bearer …"; empty: none
        std::chrono::milliseconds timeout{10'000};  ///< for each of: connect, send, an answer
    };

    explicit HttpPost(Options options);
    ~HttpPost();
    HttpPost(const HttpPost&) = delete;
    HttpPost& operator=(const HttpPost&) = delete;

    [[nodiscard]] PostOutcome post(const Batch& batch);
    /// Makes a post() that waits return soon, and every later one at once.
    void stop();

  private:
    class Connection;
    std::unique_ptr<Connection> connection_;
};

/// The value of a Retry-After header (RFC 9110, 10.2.3): seconds, or a date.
/// @return zero: neither, or it is over
[[nodiscard]] std::chrono::seconds parse_retry_after(std::string_view value,
                                                     std::chrono::system_clock::time_point now);

}  // namespace tollgate::agent
