// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>

#include <tollgate/result.hpp>

#include "agent/flowlog/sink.hpp"

namespace tollgate::agent {

/// A receiver of batches of JSON lines over HTTP, and how they go to it.
struct HttpSinkOptions {
    std::string url;  ///< needed: http or https
    /// Certificates (PEM) of whom to trust with https; empty: whom the system trusts.
    std::filesystem::path ca_file;
    /// A file with a bearer token, closed to other users; with http only for receivers on this
    /// host. Empty: none.
    std::filesystem::path token_file;
    std::size_t batch_records = 1000;                   ///< most in one request: 1 to 10,000
    std::size_t batch_bytes = std::size_t{512} << 10U;  ///< the same: 4 KiB to 8 MiB
    std::chrono::seconds batch_age{5};                  ///< a smaller batch goes then: 1 s to 5 min
    std::chrono::milliseconds timeout{10'000};      ///< of each step of a request: 100 ms to 1 min
    std::chrono::milliseconds retry_first{1'000};   ///< pause after a failure: 10 ms to 1 min
    std::chrono::milliseconds retry_most{300'000};  ///< grows up to this: to 1 h
    std::size_t memory_bytes = std::size_t{4} << 20U;  ///< of batches that wait: 64 KiB to 64 MiB
    /// A folder of this sink's own for batches that wait through failures and restarts; empty: they
    /// wait in memory only.
    std::filesystem::path spool_folder;
    std::uint64_t spool_bytes = std::uint64_t{64} << 20U;  ///< 1 MiB to 16 GiB
};

/// Makes the sink, opens its spool, and starts its thread; as long as a file or the spool cannot be
/// used, it does so later (LateSink). @return what is wrong with the options
[[nodiscard]] Result<std::unique_ptr<FlowLogSink>> make_http_sink(const HttpSinkOptions& options);

}  // namespace tollgate::agent
