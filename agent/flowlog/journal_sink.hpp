// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>

#include <tollgate/result.hpp>

#include "agent/flowlog/sink.hpp"

namespace tollgate::agent {

/// systemd's journal, and how records go to it.
struct JournalSinkOptions {
    std::filesystem::path path = "/run/systemd/journal/socket";
    /// Records that wait while the journal cannot be reached, 1 to 1,000,000; further ones drive
    /// out the oldest.
    std::size_t buffer_records = 16384;
};

/// Makes the sink; connects later. @return what is wrong with the options
[[nodiscard]] Result<std::unique_ptr<FlowLogSink>> make_journal_sink(JournalSinkOptions options);

/// A record as the journal takes it (systemd's native journal protocol): MESSAGE is the JSON line,
/// and what one looks for has a field of its own, TOLLGATE_RULE and so on.
[[nodiscard]] std::string to_journal_entry(const FlowLogRecord& record);

}  // namespace tollgate::agent
